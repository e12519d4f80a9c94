"""Showers and jets: three layouts there and back, what is left out or set to 0, measures and their controls."""

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data import read
from gansmith.data.kinds.showers import Showers
from gansmith.data.kinds.showers.layers import CHALLENGE, Layers, read_layers
from gansmith.data.kinds.showers.measures import ON_SHAPES, separation, told_by_trees
from gansmith.data.kinds.showers.shapes import Shapes
from gansmith.data.spec import Kind
from gansmith.data.toys import ToyShowers
from gansmith.data.write import write_samples
from gansmith.errors import DataError

h5py = pytest.importorskip("h5py", reason="HDF5 is read by h5py: pip install 'gansmith[hep]'")
TOY = ToyShowers(layers=((2, 6), (4, 4)), depths=(0.0, 6.0, 20.0))


def put(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


def challenge(n=20, cells=12, seed=0):
    rng = np.random.default_rng(seed)
    cells = 1000 * rng.gamma(0.5, 1.0, (n, cells))
    return {"incident_energies": 2 * cells.sum(1)[:, None], "showers": cells}


# --- reading and writing ---------------------------------------------------------------------------------------------
def test_calogan_s_layout_is_read_in_gev_and_written_as_it_came(tmp_path):
    made = TOY.sample(30)
    data = read(put(tmp_path / "toy.h5", **made, overflow=np.zeros((30, 2))))
    assert isinstance(data.spec, Showers) and data.spec.shape == (1 + 12 + 16,) and len(data) == 30
    assert data.spec.layers == Layers((2, 4), (6, 4)) and data.spec.default_game == "calogan"
    x = data.raw(np.arange(30))
    np.testing.assert_allclose(x[:, 0], made["energy"][:, 0])
    np.testing.assert_allclose(x[:, 13:], made["layer_1"].reshape(30, 16) / 1000, rtol=1e-6)
    assert "cells in MeV, energies of particles in GeV" in data.notes
    write_samples(x[:5], str(tmp_path / "made.h5"), data.spec)
    with h5py.File(tmp_path / "made.h5") as file:
        assert set(file) == {"energy", "layer_0", "layer_1"} and file["layer_0"].attrs["unit"] == "MeV"
        np.testing.assert_allclose(file["layer_0"][...], made["layer_0"][:5], rtol=1e-6)
        np.testing.assert_allclose(file["energy"][...], made["energy"][:5])
    np.testing.assert_allclose(read(tmp_path / "made.h5").raw(np.arange(5)), x[:5], rtol=1e-6)
    assert Kind.from_json(data.spec.to_json()) == data.spec


def test_the_challenge_s_layout_with_layers_that_are_said(tmp_path):
    path = put(tmp_path / "c.hdf5", **challenge())
    with pytest.raises(DataError, match=r"12 voxels: say --layers ANGLESxRADII"):
        read(path)
    data = read(path, layers="2x3,1x6")
    assert data.spec.layers == Layers((2, 1), (3, 6), polar=True) and data.spec.response == pytest.approx((0.5, 0.5))
    assert data.raw([0])[0, 1:].sum() == pytest.approx(challenge()["showers"][0].sum() / 1000)  # MeV to GeV
    write_samples(data.raw(np.arange(20)), str(tmp_path / "made.hdf5"), data.spec)
    with h5py.File(tmp_path / "made.hdf5") as file:
        np.testing.assert_allclose(file["showers"][...], challenge()["showers"], rtol=1e-6)
    assert read(tmp_path / "made.hdf5", **data.spec.read_options()).spec.layers == data.spec.layers
    assert read(path, layers="2x3,1x6", limit=5).spec.shape == (13,) and len(read(path, layers="2x3,1x6", limit=5)) == 5
    with pytest.raises(DataError, match="12 voxels, and layers 3x3 have 9"):
        read(path, layers="3x3")


def test_the_published_geometries_hold_the_published_numbers_of_voxels():
    assert all(Layers(*zip(*pairs)).cells == cells for cells, pairs in CHALLENGE.items())


def test_layers_are_spelt_and_read(tmp_path):
    for text in ("3x96,12x12,12x6", "45*16x9", "30x30"):
        assert str(read_layers(text)) == text
    xml = '<Bins><Bin><Layer r_edges="0,5,10" n_bin_alpha="4"/><Layer r_edges="0" n_bin_alpha="1"/></Bin></Bins>'
    (tmp_path / "b.xml").write_text(xml)
    assert read_layers(str(tmp_path / "b.xml")) == Layers((4,), (2,))
    for wrong in ("3x", "0x4", "", "a", str(tmp_path / "none.xml")):
        with pytest.raises(DataError, match="layers|binning"):
            read_layers(wrong)


def test_images_of_two_classes_in_npz(tmp_path):
    rng = np.random.default_rng(0)
    jets = {k: rng.gamma(0.3, 9, (n, 5, 4)) * (rng.random((n, 5, 4)) < 0.3) for k, n in (("qcd", 9), ("top", 6))}
    np.savez(tmp_path / "jets.npz", **jets)
    data = read(tmp_path / "jets.npz")
    assert data.spec.classes == ("qcd", "top") and data.spec.shape == (20,) and not data.spec.has_energy
    assert data.batch(torch.arange(15)).label.tolist() == [0] * 9 + [1] * 6
    np.testing.assert_allclose(data.spec.energies(data.raw([3])), jets["qcd"][3].sum(), rtol=1e-6)
    write_samples(data.raw([0, 14]), str(tmp_path / "made.npz"), data.spec, labels=["qcd", "top"])
    assert np.load(tmp_path / "made.npz")["top"].shape == (1, 5, 4)
    assert len(read(jets["qcd"], form="showers", unit="MeV")) == 9
    assert (
        read(jets["qcd"].astype(np.float32)).spec.kind != "showers"
    )  # numbers in memory are not guessed to be energies


def test_images_with_a_few_bad_cells_are_showers_in_npz_and_in_memory_as_in_hdf5(tmp_path):
    rng = np.random.default_rng(0)
    jets = {k: rng.gamma(0.3, 9, (40, 5, 4)) * (rng.random((40, 5, 4)) < 0.3) for k in ("qcd", "top")}
    jets["qcd"][3, 0, 0], jets["top"][5, 1, 1] = np.nan, -2.0
    np.savez(tmp_path / "jets.npz", **jets)
    found = [read(tmp_path / "jets.npz"), read(jets, form="showers"), read(put(tmp_path / "jets.h5", **jets))]
    for data in found:
        notes = " ".join(data.notes)
        assert data.spec.kind == "showers" and data.spec.classes == ("qcd", "top") and len(data) == 79
        assert "1 showers with cells that are NaN" in notes and "1 negative cells in 1 showers" in notes
    dense = {name: np.abs(x) + 1 for name, x in jets.items()}
    np.savez(tmp_path / "dense.npz", **dense)
    assert len(read(tmp_path / "dense.npz", form="showers")) == len(read(dense, form="showers")) == 79
    with pytest.raises(DataError, match="rename the items"):
        read(tmp_path / "dense.npz")


def test_folders_are_classes_and_a_broken_file_is_left_out(tmp_path):
    for i, name in enumerate(("gamma", "pion")):
        put(tmp_path / "all" / name / "a.h5", **TOY.sample(8, i))
    (tmp_path / "all" / "pion" / "b.h5").write_bytes((tmp_path / "all" / "pion" / "a.h5").read_bytes()[:500])
    put(tmp_path / "all" / "pion" / "c.h5", **ToyShowers(layers=((2, 2),), depths=(0.0, 9.0)).sample(4))
    data = read(tmp_path / "all")
    assert data.spec.classes == ("gamma", "pion") and len(data) == 16
    assert "cut short" in data.left_out["pion/b.h5"] and "layers 2x2" in data.left_out["pion/c.h5"]


# --- bad input -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "arrays, said",
    [
        ({"hits": np.zeros((3, 4))}, r"bad.h5 holds no showers.*layer_0.*hits \(3, 4\)"),
        ({"layer_0": np.ones((3, 2, 2))}, "bad.h5 has no energy, the energy of each particle"),
        ({"layer_0": np.ones((3, 2, 2)), "energy": np.ones((2, 1))}, "layer_0 has 3 items, energy has 2 items"),
        ({"layer_0": np.ones((3, 4)), "energy": np.ones((3, 1))}, r"shape \(3, 4\), where \(n, rows, columns\)"),
        ({"layer_0": np.zeros((3, 2, 2)), "energy": np.ones((3, 1))}, "no cell holds any energy"),
        ({"layer_0": np.full((3, 2, 2), np.nan), "energy": np.ones((3, 1))}, "no shower that can be used: 3 showers"),
        ({"layer_0": np.full((3, 2, 2), b"x"), "energy": np.ones((3, 1))}, "an array of numbers is expected"),
    ],
)
def test_what_holds_no_showers_is_said_in_one_line(tmp_path, capsys, arrays, said):
    path = put(tmp_path / "bad.h5", **arrays)
    with pytest.raises(DataError, match=said):
        read(path)
    assert main(["train", str(path), "--steps", "1"]) == 2
    assert capsys.readouterr().err.strip().count("\n") == 0


def test_groups_links_and_bytes_that_are_no_hdf5(tmp_path):
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file.create_group("electrons")
        file["far"] = h5py.ExternalLink("/etc/passwd", "x")
    with pytest.raises(DataError, match="no arrays at its top, but electrons, far"):
        read(tmp_path / "g.h5")
    (tmp_path / "t.h5").write_bytes(b"not a file of ours")
    with pytest.raises(DataError, match="t.h5 is no HDF5 file"):
        read(tmp_path / "t.h5")


def test_nan_is_left_out_and_negative_cells_are_set_to_0_with_a_note(tmp_path, capsys):
    made = TOY.sample(20)
    made["layer_0"][3, 0, 0], made["layer_1"][5, 1, 1], made["energy"][7] = np.nan, -2.0, 0
    data = read(put(tmp_path / "odd.h5", **made))
    x = data.raw(np.arange(len(data)))
    assert len(data) == 18 and np.isfinite(x).all() and x.min() == 0
    notes = " ".join(data.notes)
    assert "1 showers with cells that are NaN" in notes and "first is item 3" in notes and "item 7" in notes
    assert "1 negative cells in 1 showers" in notes and "-0.002 GeV" in notes
    assert main(["check", str(tmp_path / "odd.h5")]) == 0
    assert "set to 0" in capsys.readouterr().out


def test_a_damaged_form_is_refused():
    form = Showers.example()[0].spec.to_json()
    for change in (
        {"heights": [9, 9]},
        {"threshold": 0.0},
        {"units": ["MeV", "miles"]},
        {"layout": "x"},
        {"widths": [1]},
    ):
        with pytest.raises(DataError, match="damaged"):
            Kind.from_json(form | change)


# --- units, pictures, measures ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("data", Showers.example(), ids=["layers", "image"])
def test_units_pictures_and_control(data):
    form, x = data.spec, data.raw(np.arange(len(data)))
    seen = form.to_network(torch.from_numpy(x))
    assert float(seen.abs().max()) <= 1
    back = form.to_data(seen)
    kept = np.where((x < form.threshold) & (np.arange(x.shape[1]) >= form.has_energy), 0, x)
    np.testing.assert_allclose(back, kept, rtol=2e-5)
    assert form.to_data(seen - 0.9)[:, 1:].min() == 0  # what is below the threshold is empty
    assert form.preview(x[:5]).dtype == np.uint8 and all(v.ndim == 3 for v in form.figures(x, x).values())
    found = form.measures(x[:20], x[:20])
    assert max(v for name, v in found.items() if "AUROC" not in name) == 0
    worst = "… of non-empty cells" + (", worst layer" if len(form.heights) > 1 else "")
    said = form.says(found | {worst: 0.3, ON_SHAPES: 0.9}, found, found)
    assert f"separation power {worst[2:]}: 0.3, and 0 of other" in said and "know 90 by their shapes" in said


def test_separation_and_trees_tell_what_the_control_destroys():
    data = read(TOY.sample(1200))
    x, control = data.raw(np.arange(1200)), data.spec.shuffled(data.raw(np.arange(600)), np.random.default_rng(0))
    shapes = data.spec.shapes
    one, two, other = shapes(x[:600]), shapes(x[600:]), shapes(control)
    share = shapes.names.index("share 0")
    assert separation(one[:, 0], two[:, 0], 20) < 0.05 < 0.3 < separation(one[:, 0], other[:, 0], 20)
    assert separation(one[:, share], one[:, share]) == 0
    assert (
        told_by_trees(one[:, :6], two[:, :6], rounds=5) < 0.6
        and told_by_trees(one[:, :6], other[:, :6], rounds=5) > 0.9
    )


def test_separation_in_closed_form():
    p, q = np.repeat([0.0, 1.0], [50, 50]), np.repeat([0.0, 1.0], [100, 0])
    assert separation(p, q, 2) == pytest.approx(0.5 * (0.5**2 / 1.5 + 0.5))
    assert separation(p, p + 5, 2) == pytest.approx(0.5 * (0.5 + 0.5**2 / 1.5))  # all lies in the last bin


def test_shapes_in_closed_form():
    shapes = Shapes(Layers((1, 2), (2, 2)), has_energy=True)
    item = np.array([[10.0, 3, 1, 0, 0, 4, 0]], np.float32)  # 3 and 1 beside each other; 4 at the lower left
    found = dict(zip(shapes.names, shapes(item)[0]))
    assert found["response"] == pytest.approx(0.8) and found["share 0"] == pytest.approx(0.5)
    assert found["depth"] == pytest.approx(0.5) and found["width of depth"] == pytest.approx(0.5)
    assert found["cells 0"] == 1 and found["cells 1"] == 0.25
    assert found["x 0"] == pytest.approx(-0.125) and found["width x 0"] == pytest.approx(np.sqrt(3) / 8)
    assert found["x 1"] == pytest.approx(-0.25) == -found["y 1"] and found["width y 1"] < 1e-6
    assert found["top 0"] == pytest.approx(0.75) and found["second 0"] == pytest.approx(0.5) and found["second 1"] == 1


def test_a_picture_shows_every_layer_where_it_lies():
    data = Showers.example()[0]
    one = np.zeros((1, 29), np.float32)
    one[0, 0], one[0, 1 + 12 + 5] = 5, 5  # second row and column of the second layer
    sheet = np.asarray(Image.fromarray(data.spec.sheet(one)).convert("L")).astype(int)
    rows, columns = np.nonzero((sheet > 200) & (sheet < 255))
    assert columns.min() > sheet.shape[1] / 2  # in the layer at the right
    assert rows.max() < 0.55 * sheet.shape[0]
    polar = Layers((4,), (3,), polar=True)
    assert set(np.unique(polar.pixels()[0])) == {-1, *range(12)}


def test_the_toy_s_depth_is_a_gamma_function_and_its_response_falls_as_the_square_root():
    toy = ToyShowers(depths=(0.0, 5.0, 10.0, 1000.0))
    energy = np.array([1.0, 100.0])
    shares = toy.shares(energy)
    a = 1 + 0.5 * (np.log(energy / 0.01) + 0.5)
    t = np.linspace(1e-4, 5, 20_001)
    for i in range(2):
        density = 0.5 * (0.5 * t) ** (a[i] - 1) * np.exp(-0.5 * t) / float(torch.lgamma(torch.tensor(a[i])).exp())
        assert shares[i, 0] == pytest.approx(density.sum() * (t[1] - t[0]), abs=1e-3)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-12)
    sd = []
    for level in (4.0, 64.0):
        made = ToyShowers(layers=((4, 4),), depths=(0.0, 1000.0), low=level, high=level, threshold=0).sample(1500)
        response = made["layer_0"].sum((1, 2)) / 1000 / made["energy"][:, 0]
        assert response.mean() == pytest.approx(1, abs=0.02)
        sd.append(response.std())
    assert sd[0] == pytest.approx(np.sqrt(2 / 25 / 4), rel=0.1) and sd[0] / sd[1] == pytest.approx(4, rel=0.12)


def test_from_the_command_line_to_a_file_of_the_layout_that_came_in(tmp_path, capsys):
    path, run, out = put(tmp_path / "s.h5", **TOY.sample(60)), tmp_path / "run", tmp_path / "made.h5"
    words = ["train", str(path), "--width", "4", "--steps", "2", "--batch-size", "8", "--out", str(run)]
    assert main(words) == 0 and "calogan: the default for showers" in capsys.readouterr().out
    assert main(["sample", str(run), "-n", "6", "-o", str(out), "--energy", "50", "--seed", "1"]) == 0
    with h5py.File(out) as file:
        np.testing.assert_allclose(file["energy"][...], 50, rtol=1e-5)
        assert file["layer_1"].shape == (6, 4, 4) and (file["layer_1"][...] == 0).any()
    capsys.readouterr()
    assert main(["sample", str(run), "-n", "6", "-o", str(tmp_path / "x.h5"), "--energy", "5000"]) == 2
    assert "trained on" in capsys.readouterr().err
    assert isinstance(gs.load(run).spec, Showers)


def test_what_else_a_file_holds_is_named_and_an_empty_one_refused(tmp_path):
    held = TOY.sample(8) | {"overflow": np.zeros((8, 3))}
    del held["layer_0"]
    notes = " ".join(read(put(tmp_path / "a.h5", **held), unit="mev").notes)
    assert "passed over: overflow (8, 3)" in notes and "has no layer_0" in notes
    with pytest.raises(DataError, match="arrays are empty"):
        read(put(tmp_path / "none.h5", **{name: x[:0] for name, x in TOY.sample(2).items()}))
