import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gansmith.data import check
from gansmith.errors import UserError


def test_a_sound_folder_has_nothing_odd(tmp_path, photo):
    for i in range(200):
        path = tmp_path / "all" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(seed=i).save(path)
    found = check(tmp_path / "all")
    assert found.ok and found.items == 200 and found.classes == {"a": 100, "b": 100}
    assert found.sizes == {"20x16": 200} and found.modes == {"RGB": 200} and found.formats == {"PNG": 200}
    assert "nothing odd found" in str(found) and json.loads(json.dumps(found.to_json()))["ok"] is True


def test_every_oddity_is_named(folder, photo):
    shutil.copy(folder / "cat/00.png", folder / "dog/copy.png")
    Image.new("RGB", (20, 16), "red").save(folder / "cat/red.png")
    photo(200, 16).save(folder / "cat/wide.png")
    photo(3, 3).save(folder / "cat/tiny.png")
    Image.fromarray(np.linspace(0, 60000, 320).astype(np.uint16).reshape(16, 20)).save(folder / "cat/deep.png")
    photo(mode="CMYK").save(folder / "cat/ink.jpg")
    (folder / "dog/broken.png").write_bytes(b"no")
    found = check(folder)
    text = str(found)
    assert not found.ok and list(found.left_out) == ["dog/broken.png"]
    assert found.duplicates == [["cat/00.png", "dog/copy.png"]] and "different labels" in text
    named = {name.split(" ")[0]: what for what, names in found.odd.items() for name in names}
    for name, what in (("red", "one colour"), ("wide", "less than half"), ("tiny", "enlarged"), ("deep", "8 bits")):
        assert what in named[f"cat/{name}.png"] and f"cat/{name}.png" in text
    assert "colour space" in named["cat/ink.jpg"] and "cat/01.png" not in named


def test_channels_and_range():
    x = np.random.default_rng(0).integers(0, 100, (300, 1, 6, 6), dtype=np.uint8)
    assert "values reach 99 of 255 only" in str(check(x))
    grey = np.repeat(np.clip(x.astype(int) * 2, 0, 255).astype(np.uint8), 3, axis=1)
    assert "channels=1 says the same" in str(check(grey))
    grey[:, 2] = 7
    found = check(grey)
    assert "constant channels, the same in every item: 2 (7)" in str(found)
    assert found.low[2] == found.high[2] == 7 and found.sd[2] == pytest.approx(0, abs=1e-6)
    assert found.mean[0] == pytest.approx(grey[:, 0].mean()) and found.sd[0] == pytest.approx(grey[:, 0].std())


def test_labels_with_gaps():
    x = np.random.default_rng(0).normal(size=(300, 2))
    label = np.repeat([0, 1, 4], [150, 145, 5])
    text = str(check((x, label)))
    assert "holes: 2, 3 missing between 0 and 4" in text and "few items" in text and "4 (5)" in text
    assert "one class only" in str(check((x, np.zeros(300, int))))


def test_columns_that_are_no_measurements():
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 6))
    x[:, 1], x[:, 2], x[:, 3], x[:, 4] = np.arange(600), x[:, 0], 5, np.arange(600) % 3
    x[7, 5] = 500
    text = str(check(x))
    for part in (
        "count the rows: 1",
        "say the same: 2 = 0",
        "constant columns",
        "4 (3 values)",
        "far from all others: 5",
    ):
        assert part in text
    assert check(random.normal(size=(600, 3))).ok


def test_duplicates_of_rows():
    x = np.random.default_rng(0).normal(size=(300, 2))
    x[200] = x[100] = x[3]
    found = check(x)
    assert found.duplicates == [["item 3", "item 100", "item 200"]] and "2 duplicates" in str(found)


def test_two_folders_of_the_same_names_may_be_pairs(tmp_path, photo):
    for i in range(20):
        for side in ("label", "photo"):
            (tmp_path / side).mkdir(exist_ok=True)
            photo(seed=i).save(tmp_path / side / f"{i}.png" if side == "label" else tmp_path / side / f"{i}.jpg")
    assert "label and photo hold the same file names" in str(check(tmp_path))
    (tmp_path / "photo" / "3.jpg").rename(tmp_path / "photo" / "other.jpg")
    assert "are they pairs" in str(check(tmp_path))
    for i in range(10, 20):
        (tmp_path / "photo" / f"{i}.jpg").rename(tmp_path / "photo" / f"x{i}.jpg")
    assert "are they pairs" not in str(check(tmp_path))


def test_few_items_and_bad_data(tmp_path):
    assert "are few" in str(check(np.random.default_rng(0).normal(size=(50, 2))))
    with pytest.raises(UserError, match="there is no"):
        check(tmp_path / "nothing.csv")
