"""Files that others wrote: what can be read is read as it was meant, and what cannot is refused in one line."""

import json
import zipfile

import numpy as np
import pytest

from gansmith.data import npz, read
from gansmith.data.preflight import look_over
from gansmith.errors import UserError


@pytest.fixture
def photos(tmp_path, photo):
    """Six pictures, without classes."""
    (tmp_path / "photos").mkdir()
    for i in range(6):
        photo(seed=i).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


COCO = {
    "images": [{"id": 10 + i, "file_name": f"{i}.png"} for i in range(6)],
    "annotations": [{"image_id": 10 + i, "caption": f"café {i}"} for i in range(6)] + [{"image_id": 0, "caption": "x"}],
}
PLAIN = {f"{i}.png": f"café {i}" for i in range(6)}
TABLE = "file,caption\n" + "".join(f"{i}.png,café {i}\n" for i in range(6))
GOOD = {
    "coco": ("captions.json", json.dumps(COCO).encode()),
    "utf-8": ("captions.json", json.dumps(PLAIN, ensure_ascii=False).encode()),
    "a mark first": ("captions.json", b"\xef\xbb\xbf" + json.dumps(PLAIN, ensure_ascii=False).encode()),
    "latin-1": ("captions.json", json.dumps(PLAIN, ensure_ascii=False).encode("latin-1")),
    "utf-16": ("captions.json", json.dumps(PLAIN, ensure_ascii=False).encode("utf-16")),
    "table": ("captions.csv", TABLE.encode()),
    "table with a mark first": ("captions.csv", TABLE.encode("utf-8-sig")),
    "table in latin-1": ("captions.csv", TABLE.encode("latin-1")),
    "paths of Windows": ("captions.json", json.dumps({f".\\{i}.png": f"café {i}" for i in range(6)}).encode()),
    "other folders": ("captions.json", json.dumps({f"train2014/{i}.png": f"café {i}" for i in range(6)}).encode()),
}


@pytest.mark.parametrize("how", GOOD)
def test_captions_of_every_hand(photos, how):
    name, content = GOOD[how]
    (photos / name).write_bytes(content)
    found = read(photos)
    assert len(found) == 6 and set(found.spec.also["text"].columns) == {"café", *"012345"}
    number = {word: i for i, word in enumerate(found.spec.also["text"].columns, 1)}
    assert found.fields["text"][3, 0].tolist() == [number["café"], number["3"]]
    assert any("cp1252" in note for note in found.notes) == ("latin-1" in how)


def test_pictures_whose_captions_are_null_are_left_out(photos):
    (photos / "captions.json").write_text(json.dumps(PLAIN | {"0.png": None, "1.png": [None, "a dog"], "2.png": []}))
    found = read(photos)
    assert found.files == ("1.png", "3.png", "4.png", "5.png")
    assert "2 pictures without a caption left out" in found.notes


BAD = {
    "numbers": json.dumps({"0.png": [1, 2]}).encode(),
    "nested": json.dumps({"0.png": [["x"]]}).encode(),
    "a number": b"3",
    "null": b"null",
    "deep": b"[" * 100_000,
    "no json": b"{",
    "bytes": bytes(range(256)),
    "half of coco": json.dumps(COCO | {"images": [{"id": 1}]}).encode(),
    "unknown names": json.dumps({"x.png": "a"}).encode(),
}


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("zipped", [False, True])
def test_captions_that_are_none(photos, tmp_path, how, zipped):
    (photos / "captions.json").write_bytes(BAD[how])
    if zipped:
        with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
            for file in photos.iterdir():
                archive.write(file, file.name)
    with pytest.raises(UserError, match="captions.json") as refusal:
        read(tmp_path / "p.zip" if zipped else photos)
    assert "\n" not in str(refusal.value)


def test_a_table_of_captions_too_long_to_be_any(photos):
    (photos / "captions.csv").write_text("file,caption\n0.png," + "x " * 100_000 + "\n")
    with pytest.raises(UserError, match="captions.csv"):
        read(photos)


PICTURES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
JPEG = np.frombuffer(b"\xff\xd8\xff" * 3, np.uint8)
ARRAYS = {
    "objects": {"images": PICTURES, "labels": np.array([None] * 12)},
    "items of objects": {"images": np.array([None] * 12)},
    "names of objects": {"images": PICTURES, "class_names": np.array([None, 1], object)},
    "one name": {"images": PICTURES, "class_names": np.array("cat")},
    "names that are numbers": {"images": PICTURES, "class_names": np.arange(3)},
    "no offsets": {"train_jpeg": JPEG},
    "one offset": {"train_jpeg": JPEG, "train_offsets": np.array(0)},
    "offsets beyond the end": {"train_jpeg": JPEG, "train_offsets": np.array([0, 5, 99])},
    "offsets that fall": {"train_jpeg": JPEG, "train_offsets": np.array([5, 2, 9])},
    "negative offsets": {"train_jpeg": JPEG, "train_offsets": np.array([-3, 2, 9])},
    "offsets with fractions": {"train_jpeg": JPEG, "train_offsets": np.array([0.5, 2, 9])},
    "pixels for bytes": {"train_jpeg": PICTURES, "train_offsets": np.array([0, 2])},
    "infinite labels": {"images": PICTURES, "labels": np.r_[np.inf, np.zeros(11)]},
    "labels of another length": {"images": PICTURES, "labels": np.zeros(5)},
    "two unknown arrays": {"one": PICTURES, "two": np.array([[None]])},
    "nothing": {},
}  # fmt: skip


def test_what_a_npz_holds_beside_the_items_is_named(tmp_path):
    np.savez(tmp_path / "keras.npz", X_train=PICTURES, y_train=np.arange(12) % 2, x_test=PICTURES[:3])
    data = read(tmp_path / "keras.npz")
    assert len(data) == 12 and len(data.spec.classes) == 2 and "and not x_test (3, 8, 8)" in " ".join(data.notes)
    np.savez(tmp_path / "one.npz", frames=PICTURES, labels=np.arange(12) % 2)
    assert read(tmp_path / "one.npz").spec.classes
    splits = np.ones((4, 8, 8, 8), bool)
    splits[:, 2:4] = False
    np.savez(tmp_path / "splits.npz", train=splits, test=splits[:2])
    data = read(tmp_path / "splits.npz")
    assert len(data) == 6 and not data.spec.classes and "train, test read together" in data.notes


@pytest.mark.parametrize("how", ARRAYS)
def test_arrays_that_are_none(tmp_path, how):
    np.savez(tmp_path / "x.npz", **ARRAYS[how])
    with pytest.raises(UserError) as refusal:
        read(tmp_path / "x.npz")
    assert "\n" not in str(refusal.value) and "x.npz" in str(refusal.value)


def header(text: str) -> bytes:
    content = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(content).to_bytes(2, "little") + content + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, 4)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2**62)}"),
        header("{'descr': 'O', 'fortran_order': False, 'shape': (4,)}"),
        header("{'descr': '<f4'}"),
        header("[" * 5000),
        header("import os"),
        b"\x93NUMPY\x09\x09",
        b"\x93NUM",
    ],
)
def test_a_npy_that_is_none(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UserError, match="x.npy") as refusal:
        read(tmp_path / "x.npy")
    assert "\n" not in str(refusal.value)


def test_a_bomb_of_an_array_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "LARGE", 2**20)
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((40, 256, 256), np.uint8))
    with pytest.raises(UserError, match=r"would become 2,621,\d+, over 200 times as many"):
        read(tmp_path / "bomb.npz")
    monkeypatch.undo()
    np.savez_compressed(tmp_path / "sound.npz", images=np.tile(PICTURES, (1, 8, 8)))
    assert len(read(tmp_path / "sound.npz")) == 12


def test_an_array_that_is_shorter_than_its_header_says(tmp_path):
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000)}"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", header(text))
    with pytest.raises(UserError, match="images holds less than its header says"):
        read(tmp_path / "x.npz")


def test_small_and_large_numbers_are_looked_at_without_a_warning(tmp_path, recwarn):
    rng = np.random.default_rng(0)
    for x in (rng.normal(size=(20, 8, 8)).astype("f2"), (rng.normal(size=(20, 3)) * 1e30).astype("f4")):
        str(look_over(x))
    assert not recwarn.list


def test_names_in_a_zip_that_are_no_names(tmp_path, photos):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a.png\0.txt", b"x")
        archive.writestr(".", b"x")
        archive.writestr("QQQ", b"x")  # which becomes a name of no letters
        for file in photos.iterdir():
            archive.write(file, file.name)
    content = (tmp_path / "p.zip").read_bytes()
    (tmp_path / "p.zip").write_bytes(content.replace(b"QQQ", b"\0QQ"))
    assert len(read(tmp_path / "p.zip")) == 6
