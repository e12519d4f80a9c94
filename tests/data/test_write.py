"""Items on their way to files: one after the other, under their names, a single one as it is."""

import warnings

import numpy as np
import pytest
from PIL import Image

from gansmith.data.crops import opened
from gansmith.data.kinds.images import Images
from gansmith.data.write import write_samples
from gansmith.distributed.collectives import stream_across_ranks

FORM = Images((1, 8, 8))


def test_each_is_decoded_made_and_written_before_the_next(tmp_path):
    for i in range(4):
        Image.fromarray(np.full((9, 7), i, np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes()[:-30])  # a whole header, and half a picture
    with pytest.warns(UserWarning, match="1 cannot be read and are left out: 3.png"):
        items = opened(tmp_path, 1)
    out, before = tmp_path / "out", []

    def make(name):
        before.append(len([*out.glob("*")]))
        return items[name]

    write_samples(stream_across_ranks(make, list(items), "making"), str(out), FORM, names=list(items))
    assert before == [0, 1, 2] and sorted(path.name for path in out.iterdir()) == ["0.png", "1.png", "2.png"]
    assert (np.asarray(Image.open(out / "2.png")) == np.full((9, 7), 2)).all()


def test_one_item_with_a_name_is_no_sheet(tmp_path):
    x = np.arange(70 * 9, dtype=np.uint8).reshape(1, 1, 9, 70)
    write_samples(iter(x), str(tmp_path / "one.png"), FORM, names=["photo.jpg"])
    assert np.array_equal(np.asarray(Image.open(tmp_path / "one.png")), x[0, 0])
    write_samples(x, str(tmp_path / "sheet.png"), FORM)
    assert Image.open(tmp_path / "sheet.png").size > (70, 9)


def test_pictures_brought_to_a_size_are_counted(tmp_path):
    for i, side in enumerate((8, 9, 20)):
        Image.fromarray(np.zeros((side, side), np.uint8)).save(tmp_path / f"{i}.png")
    with pytest.warns(UserWarning, match="2 brought to 8x8, the size that was trained on"):
        assert {x.shape for x in opened(tmp_path, 1, (8, 8)).values()} == {(1, 8, 8)}


def test_transparency_that_is_lost_is_told(tmp_path):
    Image.fromarray(np.zeros((8, 8, 4), np.uint8), "RGBA").save(tmp_path / "clear.png")
    with pytest.warns(UserWarning, match="1 with transparency, laid over white"):
        assert (opened(tmp_path, None)["clear.png"] == 255).all()
    with warnings.catch_warnings(action="error"):
        assert opened(tmp_path, 4)["clear.png"].shape == (4, 8, 8)
