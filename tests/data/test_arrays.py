import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.data import read
from gansmith.data.spec import Kind
from gansmith.errors import UserError

random = np.random.default_rng(0)
PICTURES = random.integers(0, 256, (6, 3, 5, 7), dtype=np.uint8)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (PICTURES, PICTURES),
        (PICTURES.transpose(0, 2, 3, 1), PICTURES),
        (PICTURES[:, 0], PICTURES[:, :1]),
        (PICTURES.astype(np.int64), PICTURES),
        (PICTURES.astype(np.float64), PICTURES),
        (PICTURES / np.float32(255), PICTURES),
        (PICTURES / np.float32(127.5) - 1, PICTURES),
        (torch.from_numpy(PICTURES), PICTURES),
        (torch.from_numpy(PICTURES / np.float32(255)), PICTURES),
        (PICTURES.astype(np.uint16) * 257, PICTURES),
        (np.where(PICTURES > 127, 4095, 0), np.where(PICTURES > 127, 255, 0)),
        (PICTURES > 127, np.where(PICTURES > 127, 255, 0)),
        (list(PICTURES), PICTURES),
    ],
)
def test_arrays_of_pictures_become_bytes(given, wanted):
    data = read(given)
    assert data.spec.kind == "images" and data.fields["real"].dtype == np.uint8
    np.testing.assert_array_equal(data.fields["real"], wanted)


def test_floats_that_are_no_pictures_stay_floats():
    series = random.random((10, 24, 6)).astype(np.float32)  # in [0, 1], but between 256 steps
    energy = random.gamma(1, 90, (10, 8, 8))
    fields = random.random((10, 6, 8, 8))
    for x in (series, energy, fields):
        data = read(x)
        assert data.spec.kind == "arrays" and data.spec.shape == x.shape[1:]
        real = data.batch(torch.arange(10)).real
        assert abs(real.mean()) < 1e-5 and real.std(correction=0) == pytest.approx(1, abs=1e-4)
        np.testing.assert_allclose(data.spec.to_data(real), x, atol=1e-3)
    assert any("256 grey levels" in note for note in read(series).notes)


def test_constant_column_is_centerd_and_noted():
    x = np.stack([np.arange(5.0), np.full(5, 3.0)], axis=1)
    data = read(x)
    assert data.spec.scale[1] == 1 and data.spec.center == (2, 3) and "constant" in data.notes[0]


def test_size_and_channels_of_arrays():
    data = read(PICTURES, size=10, channels=1)
    assert data.fields["real"].shape == (6, 1, 10, 10) and len(data.notes) == 2
    grey = np.asarray(Image.fromarray(PICTURES[0].transpose(1, 2, 0)).convert("L"))
    np.testing.assert_array_equal(read(PICTURES, channels=1).fields["real"][0, 0], grey)
    assert read(PICTURES[:, :1], channels=3).spec.shape == (3, 5, 7)
    assert read(PICTURES, channels=4).fields["real"][:, 3].min() == 255
    flat = np.full((2, 1, 9, 5), 77, np.uint8)
    assert (read(flat, size=(3, 4)).fields["real"] == 77).all()
    assert read(flat, size=(3, 4)).spec.shape == (1, 3, 4)


def test_labels():
    x = np.zeros((6, 2)) + np.arange(6)[:, None]
    assert read((x, ["b", "a", "b", "a", "b", "a"])).spec.classes == ("a", "b")
    data = read((x, np.array([3, 5, 3, 5, 3, 9])))
    assert data.spec.classes == ("3", "5", "9") and data.fields["label"].tolist() == [0, 1, 0, 1, 0, 2]
    assert "renumbered" in data.notes[-1]
    assert "label" not in read((x, np.arange(6)), labels=None).fields
    assert read(x, labels=torch.tensor([0, 1, 0, 1, 0, 1])).spec.classes == ("0", "1")
    assert read(x, labels=[0.0, 1.0] * 3).fields["label"].dtype == np.int64
    for bad, message in (([1, 2], "one label an item"), ([0.5] * 6, "class numbers"), ("sex", "names nothing")):
        with pytest.raises(UserError, match=message):
            read(x, labels=bad)


def test_limit_keeps_every_class():
    x, y = np.arange(100.0), np.repeat(np.arange(10), 10)
    data = read((x, y), limit=20)
    assert len(data) == 20 and np.bincount(data.fields["label"]).tolist() == [2] * 10
    with pytest.raises(UserError, match="limit"):
        read(x, limit=0)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.array([[1, 2], [3, np.nan], [5, np.inf]]), "nan in item 1, entry 1.*2 of 3"),
        (np.zeros((0, 3)), "no items"),
        (np.zeros((1, 3, 8, 8), np.uint8), "one item only"),
        (np.array(["a", "b"]), "numbers are needed"),
        (np.array([{}, {}]), "numbers are needed"),
        ([np.zeros(2), np.zeros(3)], "item 1 has shape"),
        ([[1, 2], [3]], "differ in shape"),
        ({"x": 1}, "cannot be read"),
        (7, "cannot be read"),
        ([], "without items"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(bad, message):
    with pytest.raises(UserError, match=message) as caught:
        read(bad)
    assert "\n" not in str(caught.value)


def test_numbers_too_close_for_single_precision_are_said():
    x = np.arange(60.0).reshape(30, 2)
    said = "differ by less than float32 can tell"
    assert any(said in note and " 1:" in note for note in read(x.astype(int) + [0, 2**53]).notes)
    assert any(said in note for note in read(1e12 + x.reshape(5, 2, 3, 2)).notes)
    assert not any(said in note for note in read(x + [0.1, 1e4]).notes + read(np.full((30, 2), 0.1)).notes)


def test_size_of_vectors_is_refused():
    with pytest.raises(UserError, match="for .*pictures"):
        read(np.zeros((5, 3)), size=8)
    with pytest.raises(UserError, match="not a size"):
        read(PICTURES, size="big")


def test_a_dataset_is_handed_back():
    data = read(PICTURES)
    assert read(data) is data


class Photos(torch.utils.data.Dataset):
    classes = ("cat", "dog")

    def __init__(self, make, n=6):
        self.make, self.n = make, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return self.make(i)


def test_torch_datasets(tmp_path):
    picture = [Image.fromarray(p.transpose(1, 2, 0)) for p in PICTURES]
    data = read(Photos(lambda i: (picture[i], i % 2)))
    np.testing.assert_array_equal(data.fields["real"], PICTURES)
    assert data.spec.classes == ("cat", "dog") and data.fields["label"].tolist() == [0, 1, 0, 1, 0, 1]
    mixed = Photos(lambda i: picture[i].resize((16 + i, 20)))
    assert read(mixed).spec.shape == (3, 16, 16)
    tensors = Photos(lambda i: (torch.from_numpy(PICTURES[i] / np.float32(255)), torch.tensor(i % 2)))
    data = read(tensors, limit=3)
    np.testing.assert_array_equal(data.fields["real"], PICTURES[::2])
    assert data.fields["label"].tolist() == [0, 0, 0]
    for i in range(6):
        picture[i].save(tmp_path / f"{i}.png")
    lazy = read(Photos(lambda i: Image.open(tmp_path / f"{i}.png")))
    np.testing.assert_array_equal(lazy.fields["real"], PICTURES)
    rows = Photos(lambda i: torch.arange(3.0) + i)
    assert read(rows).spec.kind == "vectors"
    with pytest.raises(UserError, match="return \\(item, label\\)"):
        read(Photos(lambda i: {"image": picture[i]}))
    with pytest.raises(UserError, match="item 1 has shape"):
        read(Photos(lambda i: torch.zeros(3, 4, 4 + i)))


def test_digest_follows_the_content():
    other = PICTURES.copy()
    other[0, 0, 0, 0] ^= 1
    assert read(PICTURES).digest == read(PICTURES.copy()).digest != read(other).digest


def windows(sizes, first):
    """600 random walks of 28 steps in channels of such sizes, which come first or last."""
    x = np.random.default_rng(0).normal(size=(600, 28, len(sizes))).cumsum(1) * np.array(sizes) + 7 * np.array(sizes)
    return (x.swapaxes(1, 2) if first else x).astype(np.float32)


@pytest.mark.parametrize("first", [True, False])
def test_channels_of_unlike_size_are_scaled_one_by_one(first):
    x = windows((1, 10, 1000, 0.01), first)
    data = read(x)
    seen = data.spec.to_network(torch.from_numpy(x))
    others = (0, 2) if first else (0, 1)
    assert seen.mean(others).abs().max() < 1e-3 and (seen.std(others) - 1).abs().max() < 1e-3
    np.testing.assert_allclose(data.spec.to_data(seen), x, rtol=1e-4, atol=1e-2)
    assert Kind.from_json(data.spec.to_json()) == data.spec and "4 channels" in " ".join(data.notes)


def test_channels_alike_keep_one_scale_and_a_silent_one_is_no_division_by_0():
    assert len(read(windows((1, 1, 1), True) - 7).spec.scale) == 1
    assert read(windows((1, 0, 100), False)).spec.scale[1] == 1.0


def test_a_form_whose_scales_do_not_fit_is_refused():
    fields = read(windows((1, 10, 1000), False)).spec.to_json()
    for damage in ({"by": 0}, {"by": 1}, {"by": "last"}, {"scale": [1.0, 2.0]}):
        with pytest.raises(UserError, match="damaged"):
            Kind.from_json(fields | damage)
