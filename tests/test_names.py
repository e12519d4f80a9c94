"""The public names: what a package exports stays what it is, whatever has been imported before."""

import importlib
import pkgutil

import pytest

import gansmith

PACKAGES = ["gansmith", *(f"gansmith.{found.name}" for found in pkgutil.iter_modules(gansmith.__path__) if found.ispkg)]


@pytest.mark.parametrize("name", PACKAGES)
def test_no_file_of_a_package_has_the_name_of_a_function_it_exports(name):
    """Importing `package/name.py` binds `package.name` to the file, over the function of that name."""
    package = importlib.import_module(name)
    files = {found.name for found in pkgutil.iter_modules(package.__path__) if not found.ispkg}
    taken = files & set(getattr(package, "__all__", []))
    assert taken <= set(getattr(package, "_MODULES", ()))


def test_every_public_name_of_the_design_can_be_had():
    for name in gansmith.__all__:
        assert getattr(gansmith, name) is not None
