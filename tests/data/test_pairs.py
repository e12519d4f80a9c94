"""Pairs and domains: how they lie, what belongs to what, what is odd."""

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.data.pairs import Unpaired
from gansmith.gans.recommend import choose


def picture(value, size=(16, 12)):
    return Image.fromarray(np.full((size[1], size[0]), value, np.uint8))


def lay(root, files):
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(value).save(path)
    return root


def test_a_and_b_with_the_same_names_are_pairs_whatever_their_endings(tmp_path):
    lay(tmp_path, {f"A/{i}.png": i for i in range(9)} | {f"B/{i}.bmp": 100 + i for i in range(1, 10)})
    data = gs.read(tmp_path, form="pairs")
    assert len(data) == 8 and any("2 left out: on one side only: 0, 9" in note for note in data.notes)
    batch = data.batch(torch.arange(8))
    assert torch.allclose(batch.target - batch.source, torch.full_like(batch.source, 100 / 127.5), atol=1e-5)
    assert data.spec.shape == (1, 12, 16) == data.spec.of("source").shape
    assert choose(gs.read(lay(tmp_path, {"A/9.png": 9, "B/0.png": 0})))[0] == "pix2pix"


def test_pairs_for_tests_are_left_aside(tmp_path):
    lay(
        tmp_path,
        {f"{s}/{side}/{i}.png": 50 * n + i for n, s in enumerate(("train", "test")) for side in "AB" for i in (1, 2)},
    )
    data = gs.read(tmp_path)
    assert data.files == ("1", "2") and any("4 pictures in test left aside" in note for note in data.notes)
    assert np.array_equal(data.raw([0, 1], "source"), data.raw([0, 1], "target"))
    assert "2 of 2 pairs are twice the same picture" in str(gs.check(tmp_path))
    assert len(gs.read(tmp_path / "test")) == 2


def test_other_names_are_pairs_only_when_asked_for(tmp_path):
    lay(tmp_path, {f"{kind}/{i}.png": i for kind in ("cat", "dog") for i in range(4)})
    assert gs.read(tmp_path).spec.classes == ("cat", "dog")
    assert "from cat to dog" in gs.read(tmp_path, form="pairs").notes


def test_one_file_cut_in_two(tmp_path):
    for i in range(3):
        both = np.concatenate([np.full((8, 8), 10 * i), np.full((8, 8), 10 * i + 5)], 1).astype(np.uint8)
        Image.fromarray(both).save(tmp_path / f"{i}.png")
    data = gs.read(tmp_path, form="pairs")
    assert data.raw([2], "source").max() == 20 and data.raw([2], "target").min() == 25
    assert data.spec.shape == (1, 8, 8)
    assert gs.read(tmp_path).spec.shape == (1, 8, 16)  # unasked it is a wide picture


def test_different_names_are_two_domains(tmp_path):
    lay(tmp_path, {f"A/a{i}.png": i for i in range(7)} | {f"B/b{i}.png": 100 + i for i in range(4)})
    data = gs.read(tmp_path)
    assert isinstance(data, Unpaired) and len(data) == 7 and choose(data)[0] == "cyclegan"
    train, held = data.split(0.3)
    sides = {}
    for name in ("source", "target"):
        one, other = (set(part.raw(torch.arange(len(part)), name)[:, 0, 0, 0].tolist()) for part in (train, held))
        sides[name] = one | other
        assert not one & other and one and other
    assert sides == {"source": set(range(7)), "target": set(range(100, 104))}
    with pytest.raises(gs.UserError, match="has the name of one of the other"):
        gs.read(tmp_path, form="pairs")


@pytest.mark.parametrize("form, names", [("domains", ""), ("pairs", " under the same names")])
def test_other_than_two_folders_are_listed(tmp_path, form, names):
    lay(tmp_path, {f"{folder}/{i}.png": i for folder in ("cats", "dogs", "birds") for i in range(2)})
    says = f"{form} are read from two folders, and it has pictures in birds, cats, dogs: .* come out into B/{names}, or"
    with pytest.raises(gs.UserError, match=says):
        gs.read(tmp_path, form=form)


def test_train_a_and_train_b_are_domains_even_with_the_same_names(tmp_path):
    lay(tmp_path, {f"{side}/{i}.png": i for side in ("trainA", "trainB", "testA") for i in range(4)})
    assert isinstance(gs.read(tmp_path), Unpaired)
    assert len(gs.read(tmp_path, form="pairs")) == 4


def test_sides_of_unlike_size_are_said_to_be(tmp_path):
    rng = np.random.default_rng(0)
    small, large = (rng.integers(0, 255, (20, *sides, 3), np.uint8) for sides in ((16, 16), (20, 32)))
    for side, items in (("A", small), ("B", large)):
        (tmp_path / side).mkdir()
        for i, item in enumerate(items):
            Image.fromarray(item).save(tmp_path / side / f"{side}{i}.png")
    says = "the sides differ in size: the source takes the target's, 32x20 (size=N for both)"
    plan = []
    gs.CycleGAN(width=4, blocks=1).fit((small, large), steps=1, batch_size=2, say=plan.append, evaluate=False)
    assert says in str(gs.check(tmp_path)) and says in "\n".join(plan)
    assert says not in gs.read(tmp_path, size=16).notes and says not in gs.read((large, large), form="domains").notes


def test_two_arrays_are_pairs_in_their_order():
    x = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    data = gs.read((x, 255 - x), form="pairs")
    assert np.array_equal(data.raw([1], "source"), 255 - data.raw([1], "target"))
    with pytest.raises(gs.UserError, match="put what goes in into A/"):
        gs.read(x, form="pairs")


def test_games_of_items_refuse_pairs_they_are_handed():
    x = np.random.default_rng(0).integers(0, 255, (20, 8, 8), np.uint8)
    with pytest.raises(gs.UserError, match="use pix2pix or cyclegan"):
        gs.DCGAN(width=4).fit(gs.read((x, x), form="pairs"), steps=1)


LAYOUTS = {
    "of combine_A_and_B.py": ("{side}/{split}/{i}.png", ("train", "val", "test")),
    "below the parts": ("{split}/{side}/{i}.png", ("train", "test")),
    "with a line between": ("{split}_{side}/{i}.png", ("train", "test")),
    "deeper": ("maps/{split}/{side}/deep/{i}.png", ("Train", "Val")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_of_every_layout_are_those_of_the_training_part(tmp_path, layout):
    path, splits = LAYOUTS[layout]
    lay(
        tmp_path,
        {
            path.format(side=side, split=split, i=i): 50 * n + 10 * i + 100 * (side == "B")
            for n, split in enumerate(splits)
            for side in "AB"
            for i in range(1, 5)
        },
    )
    data = gs.read(tmp_path)
    assert not isinstance(data, Unpaired) and len(data) == 4
    assert (data.raw([0, 3], "target") - data.raw([0, 3], "source") == 100).all() and data.raw([3]).max() == 140
    assert any(f"{8 * (len(splits) - 1)} pictures in" in note and "left aside" in note for note in data.notes)


@pytest.mark.parametrize("splits", [("train", "val"), ("train", "val", "test"), ("val",)])
def test_files_side_by_side_below_train_and_val_are_cut_in_two(tmp_path, splits):
    for n, split in enumerate(splits):
        (tmp_path / "maps" / split).mkdir(parents=True)
        for i in range(3):
            both = np.concatenate([np.full((8, 8), 50 * n + i), np.full((8, 8), 100 + 50 * n + i)], 1)
            Image.fromarray(both.astype(np.uint8)).save(tmp_path / "maps" / split / f"{i}.png")
    data = gs.read(tmp_path, form="pairs")
    assert len(data) == 3 and data.spec.shape == (1, 8, 8)
    assert data.raw([2], "source").max() == 2 and data.raw([2], "target").min() == 102
    assert any("left aside" in note for note in data.notes) == (len(splits) > 1)


def test_files_of_one_name_and_two_endings_are_paired_or_named(tmp_path):
    lay(tmp_path, {"A/1.jpg": 10, "A/1.png": 60, "B/1.jpg": 10, "A/2.png": 20, "B/2.bmp": 20})
    data = gs.read(tmp_path, form="pairs")
    assert data.files == ("1.jpg", "2") and np.array_equal(data.raw([1], "source"), data.raw([1], "target"))
    assert "1 left out: of the same name as another but for the ending: 1.png" in data.notes
    lay(tmp_path, {"B/1.png": 60})
    data = gs.read(tmp_path, form="pairs")
    assert data.files == ("1.jpg", "1.png", "2") and data.raw([1], "source").max() == 60


@pytest.mark.parametrize(
    "layout",
    ["{}.jpg {}.png", "{}-input.png {}-output.png", "image/{}.png mask/{}_mask.png", "HR/{}.png LR/{}x4.png"],
)
def test_what_may_be_pairs_is_asked_for(tmp_path, layout):
    lay(tmp_path, {name.format(i): i + 10 * k for i in range(4) for k, name in enumerate(layout.split())})
    assert "are they pairs" in str(gs.data.preflight.look_over(tmp_path))


def test_classes_called_a_and_b_in_small_letters_are_classes(tmp_path):
    lay(tmp_path, {f"{name}/{i}.png": i for name in "ab" for i in range(3)})
    assert gs.read(tmp_path).spec.classes == ("a", "b")


def test_files_whose_names_end_in_a_and_b_are_pairs(tmp_path):
    lay(tmp_path, {f"{i}_{side}.png": 10 * i + (side == "B") for i in range(3) for side in "AB"})
    data = gs.read(tmp_path)
    assert data.files == ("0", "1", "2") and "names end in _A" in data.notes[0]
    assert [(a.max(), b.max()) for a, b in zip(data.fields["source"], data.fields["target"])] == [
        (0, 1),
        (10, 11),
        (20, 21),
    ]
    lay(tmp_path / "more", {f"{name}.png": 9 for name in ("cat_A", "dog_B")})
    assert "source" not in gs.read(tmp_path / "more").fields
