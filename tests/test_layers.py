"""The house of docs/architecture.md: imports go down, a kind of data is known to its own file, rooms stay small."""

import ast
import importlib
import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from gansmith.data.kinds import KINDS

SOURCE = Path(__file__).parents[1] / "src" / "gansmith"
FILES = sorted(SOURCE.rglob("*.py"))

# Rooms from the roof down: a package, or a module beside them. Each imports only from those below it.
ORDER = (
    *("__main__", "cli", "gansmith"),  # the doors; "gansmith" is the package's face, `import gansmith`
    *("runs", "testing"),
    *("diagnose", "refine", "evaluate"),
    *("gans", "training", "game"),
    *("data", "penalties", "losses", "networks"),
    *("distributed", "atomic", "version", "errors", "names", "moved"),
)
# Imports that go up, inside a function, and why that is right.
UP: dict[tuple[str, str], str] = {
    ("gansmith.data.kinds.audio.kind", "gansmith.evaluate.distances"): "a kind's `measures`, which only `runs` calls",
    ("gansmith.data.kinds.video.measures", "gansmith.evaluate.distances"): "the same",
}
# Where modules are imported by a name put together at run time, which the rule above cannot see.
BY_NAME = {
    "__init__.py": "the face: everything is looked up when first used",
    "game.py": "Game.fit and Game.save stand for what is above the contract",
    "moved.py": "old names of modules, each with its new one",
    "data/own_code.py": "--game module:CLASS and --score module:function name a module of the user's",
}

# --- imports ---------------------------------------------------------------------------------------------------------


def module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(("gansmith", *(part for part in parts if part != "__init__")))


def room(name: str) -> str:
    return (name.split(".") + ["gansmith"])[1] if "." in name else "gansmith"


def imported(path: Path) -> list[str]:
    """The modules of this package that a file imports, anywhere in it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: write imports out in full"
            for alias in node.names:
                whole = SOURCE.parent.joinpath(*node.module.split("."), alias.name)
                inside = whole.is_dir() or whole.with_suffix(".py").is_file()
                found.append(f"{node.module}.{alias.name}" if inside else node.module)
    return [name for name in found if name.split(".")[0] == "gansmith"]


@cache
def imports() -> dict[str, list[str]]:
    return {module(path): imported(path) for path in FILES}


def test_every_room_has_its_place():
    assert {room(name) for name in imports()} == set(ORDER)


@pytest.mark.parametrize("above", ORDER)
def test_imports_go_down(above):
    up = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in others
        if room(name) == above and ORDER.index(room(other)) < ORDER.index(above) and (name, other) not in UP
    ]
    assert not up


def test_no_exception_is_left_that_is_none():
    assert all(other in imports()[name] and reason for (name, other), reason in UP.items())


def test_modules_are_imported_by_name_only_where_it_is_said_why():
    found = {str(path.relative_to(SOURCE)) for path in FILES if "import_module(" in path.read_text()}
    assert found == set(BY_NAME)


def test_the_loop_loads_nothing_that_draws():
    """No sheet of samples costs a plotting library."""
    assert not [str(path) for path in FILES if re.search(r"\b(matplotlib|seaborn|plotly)\b", path.read_text())]


# --- files -----------------------------------------------------------------------------------------------------------
def test_no_file_name_stands_twice_for_two_jobs():
    # The package of a kind of data stands apart: `read.py` and `write.py` in it do the same job for each.
    names = Counter(path.name for path in FILES if path.name != "__init__.py" and path.parent.parent.name != "kinds")
    assert not [name for name, count in names.items() if count > 1]


def test_few_modules_stand_loose():
    loose = {path.stem for path in SOURCE.glob("*.py") if not path.stem.startswith("__")}
    assert len(loose) <= 8, loose


@pytest.mark.parametrize("folder", ["src", "tests", "proofs", "benchmarks", "examples"])
def test_no_file_is_longer_than_four_hundred_lines(folder):
    long = {
        str(path): count
        for path in (SOURCE.parents[1] / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_proofs_and_benchmarks_take_what_there_is():
    """No test runs them, so that a name that moved would be noticed only by whoever does."""
    lacking = []
    for folder in ("proofs", "benchmarks", "examples"):
        for path in (SOURCE.parents[1] / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gansmith"):
                    module = importlib.import_module(node.module)
                    missing = [
                        a.name for a in node.names if not hasattr(module, a.name) and not is_module(module, a.name)
                    ]
                    lacking += [f"{path.name}: {node.module}.{name}" for name in missing]
    assert not lacking


def is_module(package, name: str) -> bool:
    return hasattr(package, "__path__") and importlib.util.find_spec(f"{package.__name__}.{name}") is not None


# --- kinds of data ---------------------------------------------------------------------------------------------------
CLASSES = {one.__name__ for one in KINDS.values()}
PICTURES = "pairs, crops, probes and augmentation of pixels are of pictures and of nothing else"
# Files outside data/kinds/ that ask what a kind of data is, how often, and why: five at most.
ASKED = {
    "data/crops.py": (1, PICTURES),
    "data/pairs.py": (1, PICTURES),
    "diagnose/probes.py": (1, PICTURES),
    "gans/ctgan.py": (1, "it makes rows of tables and of nothing else"),
    "training/augment.py": (1, PICTURES),
}


def comparisons(path: Path) -> int:
    """How often a file compares a kind's name (`spec.kind == "images"`, `kind in ("table", "text")`), or asks for the
    class of a kind."""
    if path.suffix != ".py":
        return len(re.findall(r"\bkind\b[\"'\]]*\s*(==|!=|in [(\[])", path.read_text()))
    return sum(map(asks, ast.walk(ast.parse(path.read_text()))))


EQUALITY = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


def asks(node: ast.AST) -> bool:
    leaves = list(ast.walk(node))
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], EQUALITY):
        return any(isinstance(x, ast.Constant) and x.value in KINDS for x in leaves) and any(map(names_kind, leaves))
    if isinstance(node, ast.Subscript):  # {"images": …}[spec.kind]
        return isinstance(node.value, ast.Dict) and names_kind(node.slice, whole=True)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):  # SHOWN.get(spec.kind)
        return node.func.attr == "get" and any(names_kind(argument, whole=True) for argument in node.args)
    if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
        return any(isinstance(x, ast.Name) and x.id in CLASSES for x in ast.walk(node.args[1]))
    return False


def names_kind(node: ast.AST, whole: bool = False) -> bool:
    """`spec.kind`, `about["kind"]`, and `kind` alone unless the `whole` name is wanted."""
    return (
        (isinstance(node, ast.Attribute) and node.attr == "kind")
        or (isinstance(node, ast.Name) and node.id == "kind" and not whole)
        or (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == "kind")
    )


def test_a_kind_of_data_is_known_to_its_own_file():
    files = [*FILES, *SOURCE.rglob("*.jinja")]
    found = Counter(
        {
            str(path.relative_to(SOURCE)): comparisons(path)
            for path in files
            if "kinds" not in path.relative_to(SOURCE).parts
        }
    )
    asked = Counter({name: count for name, (count, why) in ASKED.items() if why})
    assert not asked - found, "no longer asked: take it from the list"
    assert not found - asked, "ask the kind itself: a method or a property of `gansmith.data.spec.Kind`"
    assert asked.total() <= 5


@pytest.mark.parametrize(
    "code, count",
    [
        ('spec.kind == "images"', 1),
        ('"x" if about["spec"]["kind"] != "table" else "y"', 1),
        ('kind in ("table", "vectors") and spec.also["text"].kind == "words"', 2),
        ('{"images": 64}.get(spec.kind, 2000)', 1),
        ('{"images": 64}[spec.kind]', 1),
        ("isinstance(spec, (Images, TableSpec))", 1),
        ('kind == "ada"', 0),
        ('x.dtype.kind == "f"', 0),
        ("spec.kind", 0),
    ],
)
def test_what_counts_as_a_comparison(code, count, tmp_path):
    path = tmp_path / "x.py"
    path.write_text(code)
    assert comparisons(path) == count
