import gzip
import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.data import named, read
from gansmith.data.cache import folder
from gansmith.errors import UserError


def idx(array):
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
LABELS = (np.arange(20) % 10).astype(np.uint8)


def lay_out(root, set_, packed, stem="train"):
    raw = root / set_ / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, array in ((f"{stem}-images-idx3-ubyte", IMAGES), (f"{stem}-labels-idx1-ubyte", LABELS)):
        (raw / (name + ".gz" * packed)).write_bytes(gzip.compress(idx(array)) if packed else idx(array))


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_in_the_given_folder_or_the_cache(tmp_path, monkeypatch, packed):
    lay_out(tmp_path, "MNIST", packed)
    lay_out(folder() / "datasets", "FashionMNIST", packed, "t10k")
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))
    data = read("mnist")
    np.testing.assert_array_equal(data.fields["real"][:, 0], IMAGES)
    assert data.fields["label"].tolist() == LABELS.tolist() and data.spec.classes == tuple("0123456789")
    assert read("fashion_mnist_test").spec.classes[5] == "Sandal"
    assert read("mnist", size=32).spec.shape == (1, 32, 32)


def test_damaged_idx_is_named(tmp_path, monkeypatch):
    lay_out(tmp_path, "MNIST", True)
    path = tmp_path / "MNIST/raw/train-images-idx3-ubyte.gz"
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))
    for content in (path.read_bytes()[:200], b"nothing", gzip.compress(idx(IMAGES)[:999])):
        path.write_bytes(content)
        with pytest.raises(UserError, match="train-images-idx3-ubyte.gz is damaged"):
            read("mnist")


def test_offline_says_what_to_put_where(monkeypatch):
    def no_network(*_, **__):
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\nno route")

    for set_ in ("MNIST", "CIFAR10"):
        monkeypatch.setattr(f"torchvision.datasets.{set_}.__init__", no_network)
    for name, file in (("mnist", "MNIST/raw/train-images-idx3-ubyte.gz"), ("cifar10", "cifar-10-batches-py")):
        with pytest.raises(UserError, match=f"could not be downloaded.*put {file}.*GANSMITH_DATA=FOLDER") as caught:
            read(name)
        assert "\n" not in str(caught.value)


def test_digits_ship_with_scikit_learn():
    data = read("digits")
    assert len(data) == 1797 and data.spec.shape == (1, 8, 8) and data.fields["real"].max() == 255
    assert np.bincount(data.fields["label"]).min() == 174


def test_cifar10_packed_as_files(tmp_path, monkeypatch):
    blobs = []
    for i in range(6):
        file = io.BytesIO()
        Image.new("RGB", (32, 32), (40 * i, 0, 0)).save(file, "PNG")
        blobs.append(file.getvalue())
    offsets = np.cumsum([0, *map(len, blobs)])
    packed = np.frombuffer(b"".join(blobs), np.uint8)
    np.savez(
        tmp_path / "cifar10_jpeg.npz",
        train_jpeg=packed,
        train_offsets=offsets,
        y_train=np.arange(6),
        class_names=list("abcdef"),
    )
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))
    data = read("cifar10")
    assert data.fields["real"][:, 0, 0, 0].tolist() == [0, 40, 80, 120, 160, 200] and data.spec.classes == tuple(
        "abcdef"
    )


def test_npz_and_npy(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS, class_names=list("abcdefghijk"))
    data = read(tmp_path / "a.npz")
    assert len(data.spec.classes) == 10 and data.fields["label"].tolist() == LABELS.tolist()
    np.savez(tmp_path / "b.npz", scores=IMAGES[:, 0].astype(np.float32))
    assert read(tmp_path / "b.npz").spec.kind == "vectors"
    np.save(tmp_path / "c.npy", IMAGES)
    assert isinstance(read(tmp_path / "c.npy").fields["real"], np.memmap)
    np.savez(tmp_path / "d.npz", left=IMAGES, right=IMAGES)
    np.save(tmp_path / "e.npy", np.array([{}, {}]), allow_pickle=True)
    (tmp_path / "f.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    (tmp_path / "g.npy").write_bytes((tmp_path / "c.npy").read_bytes()[:500])
    (tmp_path / "h.doc").write_text("words")
    for file, message in (
        ("d.npz", r"left \(20, 28, 28\), right .*rename"),
        ("e.npy", "Python objects"),
        ("f.npz", "cannot be read"),
        ("g.npy", "cannot be read"),
        ("h.doc", "unsupported file type .doc"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            read(tmp_path / file)
        assert "\n" not in str(caught.value)


def test_a_path_is_never_a_name(tmp_path, monkeypatch, photo):
    (tmp_path / "ring8").mkdir()
    for i in range(2):
        photo(seed=i).save(tmp_path / f"ring8/{i}.png")
    monkeypatch.chdir(tmp_path)
    assert read("ring8").spec.kind == "vectors"
    assert read("./ring8").spec.kind == read(Path("ring8")).spec.kind == "images"


def test_importing_loads_neither_torch_nor_pillow():
    code = "import sys, gansmith.data; assert not {'torch', 'PIL', 'numpy', 'pandas'} & set(sys.modules), sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_that_are_unknown():
    with pytest.raises(UserError, match="Did you mean digits"):
        read("digit")
    assert "grid25" in named.NAMES
