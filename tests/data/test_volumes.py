"""Volumes: meshes, .binvox files and arrays become cells, z upwards; they are shown, turned, written and measured."""

import shutil

import numpy as np
import pytest
import torch

from gansmith.cli.main import main
from gansmith.data import check, read
from gansmith.data.kinds.volumes import Volumes, measures, show
from gansmith.data.kinds.volumes.cells import occupancy, read_binvox, resized, strewn, upright
from gansmith.data.kinds.volumes.kind import blocks, threshold
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def trimesh():
    pytest.importorskip("skimage", reason="surfaces are made by scikit-image: pip install 'gansmith[volumes]'")
    return pytest.importorskip("trimesh", reason="meshes are read by trimesh: pip install 'gansmith[volumes]'")


def binvox(x, head=b"#binvox 1\ndim %d %d %d\ntranslate 0 0 0\nscale 1\ndata\n"):
    """Cells (x, y, z) as a .binvox file: x, then z, then y, in runs of at most 255."""
    out, flat = b"", x.transpose(0, 2, 1).ravel()
    for part in np.split(flat, np.flatnonzero(np.diff(flat)) + 1):
        for start in range(0, len(part), 255):
            out += bytes([int(part[0]), len(part[start : start + 255])])
    return head % (x.shape[0], x.shape[2], x.shape[1]) + out


def stl(triangles, path):
    show.write_stl(np.asarray(triangles, np.float32), path)


BOX = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
SIDES = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (2, 3, 7, 6), (1, 2, 6, 5), (0, 4, 7, 3)]


def box(size=(1, 1, 1), sides=SIDES):
    """The triangles of a box, or of some of its sides."""
    corners = BOX * size
    return [corners[list(t)] for a, b, c, d in sides for t in ((a, b, c), (a, c, d))]


# --- cells -----------------------------------------------------------------------------------------------------------
def test_binvox_keeps_every_cell_in_its_place():
    x = RNG.integers(0, 2, (3, 4, 5)).astype(np.uint8)
    assert np.array_equal(read_binvox(binvox(x)), x)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "no .binvox"),
        (b"#binvox 1\ndim 9999 9999 9999\ndata\n\x00\xff", "9999 x 9999 x 9999"),
        (b"#binvox 1\ndim 4 4 4\ndata\n\x01\x20\x00\x10", "48 of 64"),
        (b"#binvox 1\ndata\n", "'dim'"),
    ],
)
def test_a_damaged_binvox_says_what_is_wrong(content, said):
    with pytest.raises(ValueError, match=said):
        read_binvox(content)


def test_up_comes_last_by_a_rotation():
    points = RNG.random((4, 3, 5))
    for up in "xyz":
        turned = upright(points, up)
        assert turned.shape[2] == points.shape["xyz".index(up)]
        back = np.argwhere(turned == points[1, 1, 1])[0]
        assert back[2] == 1
    corner = np.zeros((2, 2, 2))
    corner[1, 0, 0] = corner[0, 1, 0] = corner[0, 0, 1] = corner[0, 0, 0] = 1  # a corner is right-handed or mirrored
    axes = {up: [np.argwhere(upright(m, up))[0] for m in np.eye(8)[[4, 2, 1]].reshape(3, 2, 2, 2)] for up in "xyz"}
    at = {up: np.argwhere(upright(np.eye(8)[0].reshape(2, 2, 2), up))[0] for up in "xyz"}
    assert all(round(np.linalg.det([a - at[up] for a in axes[up]])) == 1 for up in "xyz")


def test_resizing_keeps_thin_walls_and_proportions():
    wall = np.zeros((8, 8, 8), np.uint8)
    wall[3] = 1
    assert resized(wall, (4, 4, 4))[1].all() and resized(wall, (4, 4, 4)).sum() == 16
    assert resized(wall, (16, 16, 16)).sum() == 8 * wall.sum()
    long = np.ones((8, 4, 4), np.uint8)
    assert resized(long, (8, 8, 8)).sum() == long.sum() and resized(long, (4, 4, 4)).sum() == 16
    assert resized(np.arange(8.0).repeat(64).reshape(8, 8, 8), (2, 2, 2), grey=True)[:, 0, 0].tolist() == [1.5, 5.5]


def test_points_on_a_triangle_are_as_near_as_asked():
    triangle = np.array([[[0, 0, 0], [7, 0, 0], [0, 3, 1]], [[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]]], float)
    points = np.concatenate([*strewn(triangle, 0.5)])
    spread = RNG.dirichlet((1, 1, 1), 200) @ triangle[0]
    assert np.linalg.norm(spread[:, None] - points[None], axis=2).min(1).max() < 0.5
    assert points.min() == 0 and points.max() == 7


def test_two_values_are_cells():
    for low, high, kind in ((0, 1, np.int64), (0, 255, np.uint8), (-1, 1, np.float32), (False, True, bool)):
        x = np.array([low, high, high], kind)
        assert occupancy(x).tolist() == [0, 1, 1] and occupancy(x).dtype == np.uint8
    assert occupancy(np.array([0, 0.5, 1])) is None and occupancy(np.zeros(3)).tolist() == [0, 0, 0]
    assert 0.2 < threshold(np.r_[RNG.normal(0, 0.05, 500), RNG.normal(1, 0.05, 500)]) < 0.8


# --- arrays ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["plain", "first", "last"])
def test_arrays_of_shapes(form):
    x = RNG.integers(0, 2, (6, 8, 9, 10))
    data = read({"plain": x, "first": x[:, None], "last": x[..., None]}[form])
    assert isinstance(data.spec, Volumes) and data.spec.shape == (1, 8, 9, 10) and not data.spec.grey
    assert np.array_equal(data.raw(np.arange(6))[:, 0], x) and data.spec.dtype == np.uint8
    real = data.batch(torch.arange(6)).real
    assert set(real.unique().tolist()) == {-1, 1} and np.array_equal(data.spec.to_data(real)[:, 0], x)
    assert Kind.from_json(data.spec.to_json()) == data.spec


def test_grey_arrays_and_options():
    x = RNG.gamma(2, 30, (6, 12, 12, 12))
    data = read(x)
    assert data.spec.grey and data.spec.dtype == np.float32 and x.min() < data.spec.level < x.max()
    real = data.batch(torch.arange(6)).real
    assert real.min() == pytest.approx(-1) and real.max() == pytest.approx(1)
    np.testing.assert_allclose(data.spec.to_data(real)[:, 0], x, rtol=1e-4, atol=1e-3)
    assert Kind.from_json(data.spec.to_json()) == data.spec
    assert read(x, size=6).spec.shape == (1, 6, 6, 6) and read(x[:, :, :8] > 50, up="y").spec.shape == (1, 12, 12, 8)
    assert read(RNG.random((6, 8, 9, 10))).spec.kind == "arrays"  # channels, perhaps
    assert read(RNG.random((6, 8, 9, 10))[:, None]).spec.grey
    for wrong in ({"size": 1}, {"size": "big"}, {"up": "w"}):
        with pytest.raises(DataError, match="of volumes give"):
            read(x, **wrong)


# --- files -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def grids(tmp_path):
    """Four shapes as .binvox in a/ and .npy in b/."""
    x = RNG.integers(0, 2, (4, 6, 6, 6)).astype(np.uint8)
    for i, one in enumerate(x):
        path = tmp_path / "shapes" / ("a", "b")[i // 2] / str(i)
        path.parent.mkdir(parents=True, exist_ok=True)
        if i < 2:
            path.with_suffix(".binvox").write_bytes(binvox(np.flip(one, 1).transpose(0, 2, 1)))  # y upwards
        else:
            np.save(path.with_suffix(".npy"), one)
    return tmp_path / "shapes", x


def test_folder_and_zip_of_grids(grids):
    folder, x = grids
    data, packed = read(folder), read(shutil.make_archive(str(folder), "zip", folder))
    assert data.spec.classes == ("a", "b") and data.spec.shape == (1, 6, 6, 6) and data.digest == packed.digest
    assert np.array_equal(data.raw(np.arange(4))[:, 0], x)
    assert np.array_equal(read(folder).raw(np.arange(4))[:, 0], x)  # out of the cache
    assert read(folder, size=(6, 6, 8)).spec.shape == (1, 6, 6, 8)
    assert "y or z, comes last" in " ".join(data.notes) and len(read(folder, limit=2)) == 2


def test_what_is_wrong_is_left_out_or_converted_with_its_name(grids, capsys):
    folder, _ = grids
    np.save(folder / "b" / "small.npy", np.pad(np.ones((2, 2, 2)), 1))
    np.save(folder / "b" / "empty.npy", np.zeros((6, 6, 6)))
    np.save(folder / "b" / "flat.npy", np.ones((6, 6)))
    (folder / "a" / "cut.binvox").write_bytes(binvox(np.ones((6, 6, 6), np.uint8))[:-1])
    (folder / "a" / "no.npz").write_bytes(b"PK\x03\x04")
    data = read(folder)
    assert set(data.left_out) == {"b/empty.npy", "b/flat.npy", "a/cut.binvox", "a/no.npz"} and len(data) == 5
    assert "empty" in data.left_out["b/empty.npy"] and "shape (6, 6)" in data.left_out["b/flat.npy"]
    assert "b/small.npy (4 x 4 x 4)" in " ".join(data.notes)
    np.save(folder / "b" / "hole.npy", np.where(np.arange(216).reshape(6, 6, 6) == 7, np.nan, 1.0))
    assert "nan at cell [0, 1, 1]" in read(folder).left_out["b/hole.npy"]
    assert main(["check", str(folder)]) == 0 and "5 cannot be read" in capsys.readouterr().out


def test_too_few_are_refused_in_one_line(tmp_path, capsys):
    np.save(tmp_path / "one.npy", np.zeros((6, 6, 6)))
    (tmp_path / "two.stl").write_bytes(b"solid nothing\nendsolid nothing\n")
    assert main(["train", str(tmp_path), "--steps", "1"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "none of 2 volumes" in said


def test_files_of_scanners_are_refused_with_what_to_type(tmp_path, capsys):
    for name in ("a.nii", "b.nii.gz", "c.dcm"):
        (tmp_path / name).write_bytes(b"x" * 400)
        for named in ([], ["--kind", "volumes"]):
            assert main(["check", str(tmp_path / name), *named]) == 2
            said = capsys.readouterr().err
            assert said.count("\n") == 1 and f"file type {name[1:]}: " in said and "numpy.save('NAME.npy'" in said
    with pytest.raises(DataError, match=r"holds no data that can be read: found 1 .*; make an array.*nibabel"):
        read(tmp_path)


def test_of_few_meshes_the_smallest_and_the_largest_are_named(trimesh, tmp_path):
    for name, side in (("mm", 15), ("cm", 1)):
        stl(box((side,) * 3), tmp_path / f"{name}.stl")
    data = read(tmp_path, size=8)
    assert [*data.odd.values()] == [["cm.stl (1)", "mm.stl (15)"]]
    assert "2 meshes, 1 (cm.stl) to 15 (mm.stl) long in their units" in " ".join(data.notes)
    stl(box((2, 2, 2)), tmp_path / "mm.stl")
    assert not read(tmp_path, size=8).odd


def test_meshes_are_solid_where_all_are_closed(trimesh, tmp_path):
    for name, size in (("cube", (1, 1, 1)), ("post", (1, 1, 2)), ("giant", (900, 900, 900))):
        stl(box(size), tmp_path / f"{name}.stl")
    ball = trimesh.creation.icosphere(subdivisions=2)
    for kind in ("obj", "ply", "off", "glb"):
        ball.export(tmp_path / f"ball.{kind}")
    data = read(tmp_path, size=16)
    cells = dict(zip(data.files, data.raw(np.arange(len(data)))[:, 0]))
    assert cells["cube.stl"].all() and cells["giant.stl"].all()
    assert cells["post.stl"].any((0, 1)).all() and 8 <= cells["post.stl"].any((1, 2)).sum() <= 9  # z is the long one
    for kind in ("obj", "ply", "off", "glb"):
        assert cells[f"ball.{kind}"].sum() == pytest.approx(np.pi / 6 * 16**3, rel=0.06)
    assert data.odd == {"more than 10 times longer or shorter than most (2): in other units?": ["giant.stl (900)"]}
    assert (
        "solid, filled inside" in " ".join(data.notes)
        and not read(tmp_path, size=16, inside="hollow").raw([0])[0, 0, 8, 8, 8]
    )
    assert data.spec.pitch == pytest.approx(2 / 15)


def test_holes_keep_all_hollow_or_leave_a_mesh_out(trimesh, tmp_path):
    stl(box(), tmp_path / "closed.stl")
    stl(box((1, 1, 2)), tmp_path / "too.stl")
    stl(box(sides=SIDES[:5]), tmp_path / "open.stl")
    stl(np.zeros((0, 3, 3)), tmp_path / "empty.stl")
    data = read(tmp_path, size=8)
    assert len(data) == 3 and not data.raw([0])[0, 0, 4, 4, 4] and "empty.stl" in data.left_out
    assert "1 of 3 meshes has holes" in " ".join(data.notes) and "open.stl" in " ".join(data.notes)
    assert "holes" in read(tmp_path, size=8, inside="solid").left_out["open.stl"]


def test_up_of_a_mesh_can_be_said(trimesh, tmp_path):
    for i in range(2):
        stl(box((1, 1, 3)), tmp_path / f"{i}.stl")
    tall = lambda **how: read(tmp_path, size=9, **how).raw([0])[0, 0].any((0, 1)).sum()  # noqa: E731
    assert tall() == 9 and tall(up="y") < 5


def test_npz_with_an_array_for_each_class(tmp_path, capsys):
    x = RNG.integers(0, 2, (5, 8, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", chair=x[:3], table=x[3:])
    data = read(tmp_path / "x.npz")
    assert data.spec.classes == ("chair", "table") and data.fields["label"].tolist() == [0, 0, 0, 1, 1]
    np.savez(tmp_path / "y.npz", chair=x[:3], table=x[3:, :4])
    with pytest.raises(DataError, match="rename the items"):
        read(tmp_path / "y.npz")


# --- showing, writing ------------------------------------------------------------------------------------------------
def test_what_is_written_is_read_again_by_us_and_by_others(trimesh, tmp_path):
    data = blocks((1, 8, 8, 8), n=5)
    items = data.raw(np.arange(5))
    items[4] = 0
    write_samples(items, f"{tmp_path}/made/", data.spec)
    assert np.array_equal(read(tmp_path / "made").raw(np.arange(4)), items[:4])
    mesh = trimesh.load(tmp_path / "made" / "0.stl")
    assert mesh.is_watertight and mesh.volume > 0  # outwards
    assert mesh.volume == pytest.approx(items[0].sum(), rel=0.35)
    assert np.allclose((mesh.bounds[1] - mesh.bounds[0]), np.ptp(np.argwhere(items[0, 0]), 0) + 1, atol=0.01)
    assert (tmp_path / "made" / "4.stl").stat().st_size == 84  # no triangle
    write_samples(items, str(tmp_path / "all.stl"), data.spec)
    pieces = trimesh.load(tmp_path / "all.stl").split()
    assert len(pieces) == 4
    write_samples(items, str(tmp_path / "all.npz"), data.spec, labels=["a"] * 5)
    assert read(tmp_path / "all.npz", limit=4).spec.shape == (1, 8, 8, 8)


def test_surfaces_are_closed_even_of_noise(trimesh):
    for share in (0.1, 0.3, 0.5):
        parts = show.triangles(np.random.default_rng(0).random((6, 6, 6)) < share, 0.5)
        assert trimesh.Trimesh(parts.reshape(-1, 3), np.arange(3 * len(parts)).reshape(-1, 3)).is_watertight


def test_a_face_is_as_bright_as_its_side():
    cube = np.zeros((1, 9, 9, 9), np.uint8)
    cube[0, 2:7, 2:7, 2:7] = 1
    picture = show.isometric(cube)[0, 0].astype(int)
    assert picture.shape == (96, 96) and (picture == 255).mean() > 0.5
    middle = picture[30, 48], picture[60, 38], picture[60, 58]  # above, the left face (low y), the right one (high x)
    assert 255 > middle[0] > middle[2] > middle[1]
    assert (show.isometric(np.zeros((1, 9, 9, 9))) == 255).all()
    tall = np.zeros((1, 4, 4, 90), np.uint8)
    tall[0, 1:3, 1:3] = 1
    seen = np.argwhere(show.isometric(tall)[0, 0] < 255)
    assert np.ptp(seen[:, 0]) > 5 * np.ptp(seen[:, 1])  # upright


def test_a_page_to_turn_them_needs_no_network(tmp_path):
    data = blocks((1, 8, 8, 8), n=3)
    data.spec.keep(data.raw(np.arange(3)), tmp_path / "0001")
    ((mime, page),) = data.spec.played(tmp_path / "0001")
    assert mime == "text/html" and b"SHAPES" not in page and b"http" not in page and b"<canvas" in page
    assert b'"size": [8, 8, 8]' in page and data.spec.played(tmp_path / "0002") == []
    assert data.spec.preview(data.raw(np.arange(3))).ndim == 3


# --- measuring -------------------------------------------------------------------------------------------------------
def test_distances_of_two_shapes_are_those_by_hand():
    x = np.zeros((3, 5, 5, 5), bool)
    x[0, 0, 0, 0] = x[0, 1, 0, 0] = x[1, 1, 0, 0] = x[1, 4, 0, 0] = True  # the third is empty
    assert measures.iou_distances(x, x)[0].tolist() == pytest.approx([0, 1 - 1 / 3, 1])
    far = np.sqrt(75)
    expected = [0, (1 + 0) / 2 + (0 + 3) / 2, 2 * far]
    assert measures.chamfer_distances(x, x)[0].tolist() == pytest.approx(expected)
    one, two = RNG.random((2, 4, 5, 5, 5)) < 0.2
    points = [np.argwhere(shape) for shape in (one[1], two[2])]
    apart = np.linalg.norm(points[0][:, None] - points[1][None], axis=2)
    hand = apart.min(1).mean() + apart.min(0).mean()
    assert measures.chamfer_distances(one, two)[1, 2] == pytest.approx(hand, rel=1e-5)


def test_who_is_nearest():
    at = np.array([0.0, 10, 20, 0.1, 0.2, 0.3])  # all fakes sit on the first real
    found = measures.nearest(np.abs(at[:, None] - at[None]))
    assert found["coverage"] == pytest.approx(1 / 3) and found["mmd"] == pytest.approx((0.1 + 9.7 + 19.7) / 3)
    assert found["one_nn"] == pytest.approx(3 / 6)  # reals 1 and 2: real 2 by 1; fakes 2 and 3, fake 1 is a tie broken


def test_pieces_and_symmetry():
    x = np.zeros((3, 6, 6, 6), bool)
    x[0, :3, 0, 0] = x[0, 5, 5, 5] = True
    x[1, 2:4, 1, 1] = True
    assert measures.largest_piece(x).tolist() == [0.75, 1, 0]
    assert measures.symmetry(x, 0).tolist() == [0.0, 1, 0] and measures.symmetry(x, 1)[1] == 0


def test_the_control_reaches_nothing_and_falls_apart():
    data = blocks((1, 8, 8, 8), n=80)
    real, other = data.raw(np.arange(40)), data.raw(np.arange(40, 80))
    floor = data.spec.measures(real, other)
    control = data.spec.measures(real, data.spec.shuffled(other, RNG))
    name = {key.partition(":")[0].partition(";")[0]: key for key in floor}
    for better in ("coverage by IoU", "coverage by Chamfer", "largest piece of a sample"):
        assert floor[name[better]] > control[name[better]] + 0.05
    assert floor[name["1-NN accuracy by Chamfer"]] < control[name["1-NN accuracy by Chamfer"]]
    full = name["occupied cells, of the data's"]
    assert floor[full] == pytest.approx(control[full], abs=1e-6)
    assert "independent cells" in data.spec.says(floor, floor, control)
    one, two = (np.asarray(space(torch.from_numpy(real))) for space in data.spec.features())
    assert one.shape == two.shape == (40, 512) and len({space.name for space in data.spec.features()}) == 2
    assert data.spec.pictures(real).shape == (40, 3, 32, 32)


def test_check_says_what_is_odd():
    x = RNG.integers(0, 2, (5, 8, 8, 8))
    x[1] = 0
    found = check(x)
    assert "1 volumes are empty: item 1" in found.problems and found.axes and any("occupied" in n for n in found.notes)


def test_small_grids_are_volumes_where_they_are_named_so_and_two_other_values_are_said():
    x = np.zeros((4, 5, 6, 7), np.uint8)
    x[:, 1:3, 2:4, :3] = 255
    data = read(x, form="volumes")
    assert data.spec.shape == (1, 5, 6, 7) and set(np.unique(data.fields["real"])) == {0, 1}
    assert "0 and 255, which become 0 and 1" in " ".join(data.notes)


def test_seams_of_a_texture_are_no_holes(trimesh, tmp_path):
    for name in "ab":
        faces, lines = trimesh.creation.box().faces, []
        for x, y, z in trimesh.creation.box().vertices:
            lines.append(f"v {x} {y} {z}")
        lines += [f"vt {u} {v}" for u in (0, 1) for v in (0, 1)]
        for i, (a, b, c) in enumerate(faces + 1):
            lines.append(f"f {a}/{i % 4 + 1} {b}/{(i + 1) % 4 + 1} {c}/{(i + 2) % 4 + 1}")
        (tmp_path / f"{name}.obj").write_text("\n".join(lines))
    assert "solid, filled inside" in " ".join(read(tmp_path, size=8).notes)
