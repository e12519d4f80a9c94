"""Data sets by name: digits (inside scikit-learn), toys (computed), mnist, fashion_mnist, cifar10 (fetched)."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import numpy as np

from gansmith.data import cache as caching
from gansmith.data import toys
from gansmith.data.npz import from_npz
from gansmith.data.numeric import from_array
from gansmith.errors import DataError, nearest

_IDX = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}  # the folders torchvision lays out
_CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
}
_PLAIN = ("digits", "mnist", "mnist_test", "fashion_mnist", "fashion_mnist_test", "cifar10", "cifar10_test")
NAMES = (*_PLAIN, *toys.TOYS, "toy-showers")


def from_name(name: str, *, cache=None, **options):
    """The Dataset called `name`, one of `NAMES`; `_test` names are the ten thousand pictures kept for tests.

    Looked for in $GANSMITH_DATA, then in the cache; then torchvision downloads it into the cache.
    """
    if name in toys.TOYS:
        return _toy(name, **options)
    if name == "toy-showers":
        return _toy_showers(**options)
    if name == "digits":
        return _digits(**options)
    if name not in NAMES:
        raise DataError(f"no data set is called {name!r}.{nearest(name, NAMES)} There are {', '.join(NAMES)}")
    base, train = name.removesuffix("_test"), not name.endswith("_test")
    if base == "cifar10":
        return _cifar10(name, train, cache, **options)
    raw = _find(base, f"{_IDX[base]}/raw", _idx_files(train), cache)
    images, labels = (_read_idx(raw, stem) for stem in _idx_files(train))
    return from_array(images, labels, classes=_CLASSES[base], name=name, **options)


def _toy(name: str, **options):
    toy = toys.TOYS[name]
    x, label = toy.labelled(toys.POINTS) if hasattr(toy, "labelled") else (toy.sample(toys.POINTS), None)
    return from_array(x, label, name=name, **options)


def _toy_showers(kind=None, **options):
    from gansmith.data.kinds.showers import Showers

    found = Showers.read(toys.ToyShowers().sample(toys.SHOWERS), **options)
    found.name = "toy-showers"
    return found


def _digits(**options):
    from sklearn.datasets import load_digits

    data = load_digits()
    images = np.round(data.images * (255 / 16)).astype(np.uint8)
    return from_array(images, data.target, classes=tuple("0123456789"), name="digits", **options)


def _idx_files(train: bool) -> tuple[str, str]:
    stem = "train" if train else "t10k"
    return f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"


def roots(cache=None) -> list[Path]:
    """Where data sets are looked for, in order: $GANSMITH_DATA, then `datasets` in the cache."""
    given = os.environ.get("GANSMITH_DATA")
    return ([Path(given).expanduser()] if given else []) + [caching.folder(cache) / "datasets"]


def _find(name: str, inside: str, stems, cache) -> Path:
    """The folder `inside` one of the roots that has all files `stems`, plain or .gz; downloaded if there is none."""
    for root in roots(cache):
        if all(_idx_path(root / inside, stem) for stem in stems):
            return root / inside
    _download(name, f"{inside}/{stems[0]}.gz and its companions", cache)
    return roots(cache)[-1] / inside


def _idx_path(folder: Path, stem: str) -> Path | None:
    return next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), None)


def _read_idx(folder: Path, stem: str) -> np.ndarray:
    """An idx file of bytes: two zeros, type 8, the number of axes, their lengths (big-endian), the bytes."""
    path = _idx_path(folder, stem)
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        axes = data[3]
        shape = np.frombuffer(data, ">i4", axes, offset=4)
        return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as problem:
        raise DataError(f"{path} is damaged ({problem}): delete it and let it be fetched again") from None


def _cifar10(name: str, train: bool, cache, **options):
    from torchvision.datasets import CIFAR10

    for root in roots(cache):
        if (packed := root / "cifar10_jpeg.npz").is_file():
            return from_npz(packed, part="train" if train else "test", name=name, cache=cache, **options)
        if (root / "cifar-10-batches-py").is_dir():
            break
    else:
        _download("cifar10", "cifar-10-batches-py/", cache)
    try:
        data = CIFAR10(root, train=train, download=False)  # checks the md5 of what it unpickles
    except Exception as problem:
        raise DataError(
            f"{root}/cifar-10-batches-py is damaged ({problem}): delete it and let it be fetched again"
        ) from None
    return from_array(data.data, data.targets, classes=data.classes, name=name, **options)


def _download(name: str, files: str, cache) -> None:
    import contextlib
    import io

    from torchvision import datasets

    root = roots(cache)[-1]
    fetch = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST, "cifar10": datasets.CIFAR10}[name]
    try:
        root.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            fetch(root, download=True)
    except Exception as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise DataError(
            f"{name} is not on this machine and could not be downloaded ({reason}): put {files} into {root}, "
            "or name a folder that has it: GANSMITH_DATA=FOLDER"
        ) from None
