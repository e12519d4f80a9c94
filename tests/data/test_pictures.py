"""Folders and zips of pictures: policy, labels, what is left out."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.data import read
from gansmith.data.decode import choose_form
from gansmith.data.pictures import Facts, pixels, resize
from gansmith.errors import UserError


def pack(folder):
    return shutil.make_archive(str(folder), "zip", folder)


def test_folder_and_zip_give_the_same(folder):
    data, packed = read(folder), read(pack(folder))
    assert data.spec.shape == (3, 16, 20) and data.spec.classes == ("cat", "dog") and len(data) == 12
    assert data.files[:2] == ("cat/00.png", "cat/02.png") and data.digest == packed.digest
    np.testing.assert_array_equal(data.fields["real"], packed.fields["real"])
    wanted = np.asarray(Image.open(folder / "dog/01.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(data.raw([6])[0], wanted)
    assert data.batch(torch.tensor([0, 6])).label.tolist() == [0, 1]
    assert len(read(f"{folder}.zip/dog")) == 6


def test_no_classes_without_sub_folders(folder):
    assert read(folder / "cat").spec.classes == ()
    shutil.move(folder / "cat/00.png", folder / "stray.png")
    data = read(folder)
    assert "label" not in data.fields and any("beside" in note for note in data.notes)


def test_train_and_test_are_no_classes(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "all/train")
    shutil.copytree(folder, tmp_path / "all/test")
    data = read(tmp_path / "all")
    assert data.spec.classes == ("cat", "dog") and len(data) == 24 and "all/train" in data.notes[0]


def test_hidden_files_and_links_in_a_circle_are_passed_over(folder):
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "__MACOSX").mkdir()
    shutil.copy(folder / "cat/00.png", folder / "__MACOSX/00.png")
    (folder / "cat/loop").symlink_to(folder)
    assert len(read(folder)) == 12


def test_limit_size_channels(folder):
    data = read(folder, limit=4, size=(8, 10), channels=1)
    assert data.fields["real"].shape == (4, 1, 8, 10) and np.bincount(data.fields["label"]).tolist() == [2, 2]
    assert read(folder, size=8, channels=4).fields["real"][:, 3].min() == 255
    assert read(folder, labels=None).spec.classes == ()
    assert read(folder, labels=range(12)).spec.classes[-1] == "11"
    with pytest.raises(UserError, match="12 items but labels"):
        read(folder, labels=[1, 2])
    with pytest.raises(UserError, match="channels=2"):
        read(folder, channels=2)


def facts(*sizes, **more):
    return [
        Facts("PNG", "RGB", w, h, *[more.get(k, False) for k in ("turned", "moving", "alpha", "grey")])
        for w, h in sizes
    ]


def test_size_policy():
    assert choose_form(facts(*[(50, 30)] * 9, (10, 10)))[0] == (30, 50)
    assert choose_form(facts(*[(50, 30)] * 8, (10, 10), (90, 20)))[0] == (16, 16)
    assert choose_form(facts((300, 200), (200, 300), (100, 130), (640, 480)))[0] == (128, 128)
    assert choose_form(facts(*[(4000, 3000)] * 5))[0] == (256, 256)
    assert choose_form(facts((3, 3), (4, 4)))[0] == (16, 16)
    assert choose_form(facts((50, 30)), size=(7, 9))[0] == (7, 9)
    assert choose_form(facts((5, 5), grey=True))[1] == 1 and choose_form(facts((5, 5)))[1] == 3


def test_resize_covers_and_cuts_the_center():
    wide = np.repeat(np.arange(0, 240, 2, dtype=np.uint8)[None, None, None], 40, axis=2)  # 40 x 120, grey 2 * column
    made = resize(wide, (20, 20)).astype(int)
    assert made[..., 1:-1].min() >= 2 * 40 and made.max() <= 2 * 80 and np.ptp(made, axis=2).max() == 0
    assert made.mean() == pytest.approx(119, abs=1)
    assert resize(np.full((1, 1, 1, 1), 9, np.uint8), (4, 4)).tolist() == [[[[9] * 4] * 4]]


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("size", [(8, 8), (64, 64), (21, 7), (9, 30), (1, 1)])
def test_resize_is_the_bicubic_of_pillow_on_the_center(size, mode, photo):
    image = photo(30, 21, mode=mode)
    scale = max(size[0] / 21, size[1] / 30)
    width, height = round(size[1] / scale), round(size[0] / scale)
    center = image.crop(((30 - width) // 2, (21 - height) // 2, (30 + width) // 2, (21 + height) // 2))
    wanted = np.asarray(center.resize(size[::-1], Image.Resampling.BICUBIC)).reshape(*size, -1).transpose(2, 0, 1)
    made = pixels(image, size, 1 if mode == "L" else 3)
    assert made.shape == wanted.shape and np.abs(made.astype(int) - wanted).max() <= 2


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I", "F", "LAB", "PA"]
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_mode_becomes_bytes_of_like_brightness(mode, channels, photo):
    grey = np.asarray(photo(mode="L"))
    if mode in ("I;16", "I"):
        image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey.astype(np.int32) * 257)
    elif mode == "F":
        image = Image.fromarray(grey.astype(np.float32) / 255)
    elif mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(photo(), srgb, lab, outputMode="LAB")
    elif mode == "PA":
        image = photo(mode="P").convert("PA")
    else:
        image = photo(mode=mode)
    assert image.mode == mode
    made = pixels(image, (16, 20), channels)
    assert made.dtype == np.uint8 and made.shape == (channels, 16, 20)
    luma = made[0] if channels == 1 else np.tensordot([0.299, 0.587, 0.114], made[:3].astype(float), 1)
    assert abs(luma.mean() - grey.mean()) < 6


def test_transparency_is_laid_over_white_unless_kept(photo):
    image = photo(mode="RGBA")
    image.putalpha(0)
    assert (pixels(image, (16, 20), 3) == 255).all() and (pixels(image, (16, 20), 1) == 255).all()
    assert (pixels(image, (16, 20), 4)[3] == 0).all()


def test_exif_orientation_is_applied(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    for i in range(3):
        photo(20, 16, seed=i).save(tmp_path / f"{i}.png", exif=exif)
    data = read(tmp_path)
    assert data.spec.shape == (3, 20, 16) and "3 turned upright" in " ".join(data.notes)
    upright = np.rot90(np.asarray(photo(20, 16, seed=1)), -1).transpose(2, 0, 1)
    np.testing.assert_array_equal(data.raw([1])[0], upright)


def test_first_frame_and_bits_of_a_set(tmp_path, photo):
    photo(seed=0).save(tmp_path / "a.gif", save_all=True, append_images=[photo(seed=1)])
    deep = np.linspace(0, 4095, 320).astype(np.uint16).reshape(16, 20)  # 12 bits in a 16-bit file
    Image.fromarray(deep).save(tmp_path / "b.tif")
    Image.fromarray(deep // 2).save(tmp_path / "c.tif")
    data = read(tmp_path)
    assert data.raw([1]).max() == 255 and data.raw([2]).max() == 127
    assert "first frame" in " ".join(data.notes) and "12 bits are in use" in " ".join(data.notes)


def test_large_jpeg_decoded_at_a_fraction_looks_the_same(tmp_path, photo):
    for i in range(2):
        photo(800, 600, seed=i).save(tmp_path / f"{i}.jpg", quality=95)
    data = read(tmp_path, size=32)
    whole = pixels(Image.open(tmp_path / "1.jpg").copy(), (32, 32), 3)  # a copy has no file to be decoded again
    assert np.abs(data.raw([1])[0].astype(int) - whole).mean() < 2


def test_bad_pictures_are_left_out_by_name(folder):
    whole = (folder / "cat/00.png").read_bytes()
    (folder / "cat/cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "cat/none.jpg").write_bytes(b"")
    (folder / "dog/text.png").write_text("no picture")
    bomb = b"GIF89a" + b"\xff\xff\xff\xff" + b"\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02L\x01\x00;"
    (folder / "dog/bomb.gif").write_bytes(bomb)
    bad = ["cat/cut.png", "cat/none.jpg", "dog/bomb.gif", "dog/text.png"]
    for data in (read(folder), read(folder), read(pack(folder))):  # decoded, from the cache, from a zip
        assert len(data) == 12 and list(data.left_out) == bad
        assert np.bincount(data.fields["label"]).tolist() == [6, 6]
        note = next(note for note in data.notes if "left out" in note)
        assert "0 bytes" in note and "bomb" in note and "truncated" in note
        wanted = np.asarray(Image.open(folder / "dog/11.png")).transpose(2, 0, 1)
        np.testing.assert_array_equal(data.raw([11])[0], wanted)


def test_a_link_to_nothing_is_left_out(folder):
    (folder / "cat/gone.png").symlink_to(folder / "nowhere.png")
    data = read(folder)
    assert len(data) == 12 and "No such file" in data.left_out["cat/gone.png"]


def test_nothing_to_learn_from_is_refused_in_one_line(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    words = tmp_path / "words"
    words.mkdir()
    (words / "a.doc").write_text("hello")
    lone = tmp_path / "lone"
    lone.mkdir()
    shutil.copy(folder / "cat/00.png", lone)
    bad = tmp_path / "bad"
    bad.mkdir()
    for i in range(3):
        (bad / f"{i}.png").write_text("no")
    torn = tmp_path / "torn.zip"
    torn.write_bytes(Path(pack(folder)).read_bytes()[:500])
    for path, message in (
        (empty, "is empty"),
        (words, "found 1 .doc"),
        (lone, "one picture only"),
        (bad, "none of 3 pictures can be read; 0.png"),
        (torn, "not a readable zip"),
        (folder / "cat/00.png", "is one picture"),
        (tmp_path / "pest", "Did you mean pets"),
        (tmp_path / "a/b/c", "the rest is not"),
        (f"{folder}.zip/bird", "below bird is empty"),
        ("mnits", "Did you mean mnist"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            read(path)
        assert "\n" not in str(caught.value)
