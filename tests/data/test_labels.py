"""Classes: how they are called, which there are, and where samples say theirs."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.data import check, read
from gansmith.data.crops import opened
from gansmith.data.kinds.images import smooth
from gansmith.data.kinds.table.numbers import TableVectors
from gansmith.data.kinds.vectors import normal
from gansmith.data.labels import class_numbers, unmistakable
from gansmith.data.preview import grid
from gansmith.data.write import write_samples
from gansmith.errors import UserError


def test_a_class_is_called_by_its_name_and_by_number_only_where_none_is_called_by_one():
    assert class_numbers(["7", 3, "7"], ("3", "7")) == [1, 0, 1]
    assert class_numbers(["1", 0, "dog"], ("cat", "dog")) == [1, 0, 1]
    assert class_numbers(["DOG", "Cat"], ("cat", "dog")) == class_numbers(["B", "a"], ("a", "B")) == [1, 0]
    assert class_numbers(["a", "A"], ("A", "a")) == [1, 0]
    assert class_numbers(np.array([1, 0]), ("3", "7")) == class_numbers(torch.tensor([1, 0]), ("3", "7")) == [1, 0]
    for wanted, names in ((["0"], ("3", "7")), ([1], ("3", "7")), (["2"], ("cat", "dog")), (["1"], ("-1", "cat"))):
        with pytest.raises(UserError, match="no class"):
            class_numbers(wanted, names)


def test_numbers_that_might_be_names_are_given_as_names():
    assert unmistakable(np.array([1, 0]), ("3", "7")) == ["7", "3"]
    assert unmistakable(np.array([1, 0]), ("cat", "dog")).tolist() == [1, 0]
    assert unmistakable(None, ()) is None


def test_a_class_of_which_nothing_can_be_read_is_none(tmp_path):
    for name in ("0", "1", "empty"):
        (tmp_path / name).mkdir()
        for i in range(4):
            path = tmp_path / name / f"{i}.png"
            if name == "empty":
                path.write_text("no picture")
            else:
                Image.fromarray(np.full((8, 8), 20 * i + int(name), np.uint8)).save(path)
    data = read(tmp_path, cache=tmp_path / "cache")
    assert data.spec.classes == ("0", "1") and set(data.fields["label"].tolist()) == {0, 1}
    assert any("left out: empty" in problem for problem in check(tmp_path, cache=tmp_path / "cache").problems)
    named = {"class_names": np.array(["a", "b", "c"]), "labels": np.arange(20) % 2 * 2}
    np.savez(tmp_path / "x.npz", x=np.arange(40.0).reshape(20, 2), **named)
    data = read(tmp_path / "x.npz")
    assert data.spec.classes == ("a", "c") and data.fields["label"].max() == 1


def test_samples_are_written_with_their_classes(tmp_path):
    (pictures, vectors), names = (smooth((1, 8, 8), 3), normal((2,), 3)), ["cat", "dog", "cat/../x"]
    folder = write_samples(pictures.fields["real"], f"{tmp_path}/made/", pictures.spec, labels=names)
    assert sorted(p.name for p in folder.rglob("*.png")) == ["0-cat.png", "1-dog.png", "2-cat_x.png"]
    write_samples(pictures.fields["real"], f"{tmp_path}/made.npz", pictures.spec, labels=names)
    again = read(tmp_path / "made.npz")
    assert [again.spec.classes[i] for i in again.fields["label"]] == names
    with pytest.warns(UserWarning, match=r"does not say .* \.npz or a folder/ keeps them"):
        write_samples(pictures.fields["real"], f"{tmp_path}/made.npy", pictures.spec, labels=names)
    write_samples(vectors.fields["real"], f"{tmp_path}/made.csv", vectors.spec, labels=names)
    header, *rows = csv.reader((tmp_path / "made.csv").read_text().splitlines())
    assert header == ["x0", "x1", "label"] and [row[2] for row in rows] == names
    assert np.array_equal(np.float32([row[:2] for row in rows]), vectors.fields["real"])


def test_rows_with_a_column_of_labels_are_written_with_it(tmp_path):
    import pandas

    frame = pandas.DataFrame({"x": np.arange(60.0) / 3, "y": np.arange(60) ** 2, "what": ["u", "v"] * 30})
    frame.to_csv(tmp_path / "in.csv", index=False)
    data = read(tmp_path / "in.csv", labels="what")
    assert isinstance(data.spec, TableVectors)
    form = type(data.spec).from_json(data.spec.to_json())
    write_samples(data.raw(np.arange(60)), f"{tmp_path}/out.csv", form, labels=["u", "v"] * 30)
    made = pandas.read_csv(tmp_path / "out.csv")
    assert list(made.columns) == ["x", "y", "what"] and made.what.tolist() == frame.what.tolist()


def test_every_channel_of_a_picture_is_on_the_sheet():
    items = np.stack([np.zeros((4, 4), np.uint8), np.full((4, 4), 200, np.uint8)])[None]
    sheet = grid(items, gap=0, least=0)
    assert sheet.shape == (4, 8) and sheet[:, 4:].min() == 200 and sheet[:, :4].max() == 0


def test_what_cannot_be_read_of_the_pictures_to_translate_is_left_out(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.warns(UserWarning, match="1 cannot be read and are left out: bad.png"):
        assert list(opened(tmp_path, 1)) == ["good.png"]
    with pytest.raises(UserError, match="no picture could be read"):
        opened(tmp_path / "bad.png", 1)
