"""Captions: where they lie, how they are numbered, what is left out."""

import json

import numpy as np
import pytest
from PIL import Image

import gansmith as gs
from gansmith.data.captions import numbered, to_ids, words
from gansmith.gans.recommend import choose


def lay(root, count=4):
    (root / "images").mkdir()
    for i in range(count):
        Image.fromarray(np.full((8, 8), 40 * i, np.uint8)).save(root / "images" / f"{i}.png")
    return root


def test_json_and_csv_say_the_same(tmp_path):
    lay(tmp_path)
    said = [{"file": f"images/{i}.png", "captions": [f"Grey {i}.", "a picture"]} for i in range(3)]
    (tmp_path / "captions.json").write_text(json.dumps(said))
    one = gs.read(tmp_path)
    rows = [f"images/{i}.png,{c}" for i in range(3) for c in (f"Grey {i}.", "a picture")]
    (tmp_path / "captions.json").unlink()
    (tmp_path / "captions.csv").write_text("file,caption\n" + "\n".join(rows))
    two = gs.read(tmp_path)
    assert np.array_equal(one.fields["text"], two.fields["text"]) and one.digest == two.digest
    assert len(one) == 3 and one.fields["text"].shape == (3, 2, 2) and one.raw([2])[0].max() == 80
    assert "1 pictures without a caption left out" in one.notes and choose(one)[0] == "gan-int-cls"
    vocabulary = one.spec.of("text").columns
    assert [vocabulary[i - 1] for i in one.fields["text"][1, 0]] == ["grey", "1"]
    assert gs.read(tmp_path, form="items").fields.keys() == {"real"}


def test_words_are_numbered_from_one_and_unknown_ones_dropped():
    assert words("A dog's  life, über-all!") == ["a", "dog", "s", "life", "über", "all"]
    assert to_ids(["a red cat", ""], numbered(("cat", "a")), 4).tolist() == [[2, 1, 0, 0], [0, 0, 0, 0]]


def test_captions_in_memory():
    data = gs.read((np.zeros((3, 8, 8), np.uint8), ["one", ["two", "zwei"], "three"]), form="captions")
    assert data.fields["text"].shape == (3, 2, 1) and (data.fields["text"][0, 0] == data.fields["text"][0, 1]).all()


@pytest.mark.parametrize(
    "captions, says",
    [
        (["one", None, "three"], r"captions\[1\] is None: give each picture a text or a list"),
        (["one", "two", []], r"captions\[2\] is \[\]"),
        ([3, "two", "three"], r"captions\[0\] is 3"),
        (["one", float("nan"), "three"], r"captions\[1\] is nan"),
        (["one", ["two", 2], "three"], r"captions\[1\] is \['two', 2\]"),
        (["", "", ""], r"captions\[0\] is ''"),
        (["one", {"two": 2}, "three"], r"captions\[1\] is \{'two': 2\}"),
        ({"0.png": "one", "1.png": "two", "2.png": "three"}, "captions are a dict: give a list"),
        ("one", "captions are a str"),
        (3, "captions are a int"),
    ],
)
def test_captions_in_memory_are_one_for_each_picture(captions, says):
    with pytest.raises(gs.UserError, match=says):
        gs.read((np.zeros((3, 8, 8), np.uint8), captions), form="captions")


def test_what_cannot_be_read_says_what_to_write(tmp_path):
    lay(tmp_path)
    with pytest.raises(gs.UserError, match="has no captions"):
        gs.read(tmp_path, form="captions")
    (tmp_path / "captions.json").write_text('{"elsewhere.png": "a dog"}')
    with pytest.raises(gs.UserError, match="names none of the pictures"):
        gs.read(tmp_path)
    (tmp_path / "captions.json").write_text("[1, 2")
    with pytest.raises(gs.UserError, match="cannot be read"):
        gs.read(tmp_path)


@pytest.mark.parametrize(
    "name, text",
    [
        ("captions.csv", "file; caption\n0.png; a dog\n1.png; a cat\n"),
        ("captions.csv", "\ufeffImage,Text\n0.png,a dog\n1.png,a cat\n"),
        ("captions.csv", "image\tdescription\r\n0.png\ta dog\r\n1.png\ta cat\r\n"),
        ("captions.json", '[{"file_name": "0.png", "text": "a dog"}, {"file_name": "1.png", "text": "a cat"}]'),
    ],
)
def test_columns_go_by_the_names_that_others_give_them(tmp_path, name, text):
    lay(tmp_path)
    (tmp_path / "images" / name).write_text(text, encoding="utf-8", newline="")
    data = gs.read(tmp_path)
    assert len(data) == 2 and set(data.spec.of("text").columns) == {"a", "dog", "cat"}


def test_captions_that_say_nothing_are_refused(tmp_path):
    lay(tmp_path)
    for text, says in (
        ("[]", "holds no caption"),
        ('{"0.png": null}', "holds no caption"),
        ('[{"x": 1}]', "no file, but x"),
    ):
        (tmp_path / "captions.json").write_text(text)
        with pytest.raises(gs.UserError, match=says):
            gs.read(tmp_path)
