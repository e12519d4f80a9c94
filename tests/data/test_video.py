"""Videos of any make: the clips they give, what is left out, and how they are shown, written, measured."""

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data import read
from gansmith.data.kinds.video import Video
from gansmith.data.kinds.video import read as reading
from gansmith.data.kinds.video.kind import squares
from gansmith.data.kinds.video.measures import SHARE, frozen, made_up, motion_energy, trained_network
from gansmith.data.kinds.video.read import Reel, at_rate, looked_at
from gansmith.data.kinds.video.sources import Header
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError

av = pytest.importorskip("av", reason="video files are read by PyAV: pip install 'gansmith[video]'")
SIZE = (24, 32)


def film(frames=20, step=1, start=0, size=SIZE):
    """(frames, h, w, 3): a bright bar that moves to the right, `step` pixels a frame."""
    x = np.full((frames, *size, 3), 40, np.uint8)
    for t in range(frames):
        x[t, :, (start + step * t + np.arange(6)) % size[1]] = (200, 120, 60)
    return x


def put(path, frames, rate=25, ticks=None):
    """A video file; `ticks`: of each frame, in thousandths of a second, where the rate is not constant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = "libvpx" if path.suffix == ".webm" else "libx264"
    with av.open(str(path), "w") as box:
        stream = box.add_stream(codec, rate=rate, options={"crf": "8"})
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000 if ticks is not None else rate)
        for i, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = i if ticks is None else ticks[i]
            picture.time_base = stream.codec_context.time_base
            box.mux(stream.encode(picture))
        box.mux(stream.encode())
    return path


def near(one, other):
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).mean() < 6


@pytest.fixture
def folder(tmp_path):
    """Six videos of 20 frames in slow/ and fast/."""
    for i in range(6):
        put(tmp_path / "clips" / ("slow", "fast")[i % 2] / f"{i}.mp4", film(20, 1 + i % 2, 3 * i))
    return tmp_path / "clips"


# --- reading ---------------------------------------------------------------------------------------------------------
def test_folder_and_zip_give_the_same_clips_as_the_files_hold(folder):
    data = read(folder, length=8, stride=8)
    packed = read(shutil.make_archive(str(folder), "zip", folder), length=8, stride=8)
    assert data.spec.shape == (3, 8, *SIZE) and data.spec.rate == 25 and data.spec.classes == ("fast", "slow")
    assert data.digest == packed.digest and data.files[:2] == ("fast/1.mp4", "fast/1.mp4 at 0.32 s")
    assert near(data.raw([1])[0], film(20, 2, 3)[8:16].transpose(3, 0, 1, 2))
    assert len(data) == 12 and data.batch(torch.arange(12)).label.tolist() == [0] * 6 + [1] * 6


def test_overlapping_clips_are_held_out_by_whole_videos(folder):
    data = read(folder, length=8)
    train, held = data.split(0.2)
    owners = [set(part.owner[part.rows.numpy()]) for part in (train, held)]
    assert len(data) == 6 * 13 and owners[0] and owners[1] and not owners[0] & owners[1]
    halves = [set(part.owner[part.rows.numpy()]) for part in data.halves()]  # so is real data from real data
    assert halves[0] and halves[1] and not halves[0] & halves[1]
    train, held = read(folder / "slow/0.mp4", length=4).split(0.2)
    last = train.place[train.rows.numpy()].max() + 4
    assert last <= held.place[held.rows.numpy()].min() and len(held) > 1


def test_animations_strips_and_frames_are_known_for_videos(tmp_path):
    for i in range(3):
        frames = [Image.fromarray(x) for x in film(12, 1, i, (16, 16))]
        (tmp_path / "gifs").mkdir(exist_ok=True)
        frames[0].save(tmp_path / f"gifs/{i}.gif", save_all=True, append_images=frames[1:], duration=100)
        (tmp_path / "strips").mkdir(exist_ok=True)
        Image.fromarray(np.concatenate(film(12, 1, i, (16, 16)), 1)).save(tmp_path / f"strips/{i}.png")
        (tmp_path / f"frames/{i}").mkdir(parents=True)
        for t, frame in enumerate(frames):
            frame.save(tmp_path / f"frames/{i}/frame{t}.png")
    rates = {"gifs": 10, "strips": 25, "frames": 25}
    for name, rate in rates.items():
        data = read(tmp_path / name, length=12)
        assert (data.spec.kind, data.spec.shape, data.spec.rate) == ("video", (3, 12, 16, 16), rate), name
        assert len(data) == 3 and near(data.raw([2])[0], film(12, 1, 2, (16, 16)).transpose(3, 0, 1, 2)), name
    assert "nothing says how many frames a second" in " ".join(read(tmp_path / "strips").notes)
    assert read(tmp_path / "strips", form="images").spec.kind == "images"
    shutil.rmtree(tmp_path / "frames/1")
    (tmp_path / "frames/2/frame3.png").unlink()
    assert read(tmp_path / "frames", length=11, stride=11).files == ("0", "2")


def test_long_pictures_are_strips_only_where_their_frames_are_alike(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        banner = np.repeat(rng.integers(0, 255, (5, 40, 3), np.uint8), 4, 1).repeat(4, 0)
        Image.fromarray(banner).save(tmp_path / f"{i}.png")
    assert read(tmp_path).spec.kind == "images"
    assert "--kind video" in " ".join(gs.check(read(tmp_path)).notes)
    assert read(tmp_path, form="video").spec.shape == (3, 8, 20, 20)


def test_a_gif_among_videos_and_one_that_is_cut_short(folder):
    frames = [Image.fromarray(x) for x in film(20)]
    for name in ("a", "cut"):
        frames[0].save(folder / f"slow/{name}.gif", save_all=True, append_images=frames[1:], duration=40)
    whole = (folder / "slow/cut.gif").read_bytes()
    (folder / "slow/cut.gif").write_bytes(whole[: len(whole) // 2])
    assert "slow/a.gif" in read(folder, length=8, stride=8).files
    shutil.copytree(folder / "slow", folder.parent / "gifs", ignore=shutil.ignore_patterns("*.mp4"))
    data = read(folder.parent / "gifs", length=4, stride=4)
    assert "cut.gif" in data.files and "broken, what is before is used" in " ".join(data.notes)


def test_clips_in_memory_of_the_length_that_is_asked_for(tmp_path):
    data = read(np.stack([film(6), film(6, 2)]))
    np.save(tmp_path / "made.npy", data.fields["real"])
    assert read(tmp_path / "made.npy", **data.spec.read_options()).spec.shape == data.spec.shape
    with pytest.raises(DataError, match="6 frames each"):
        read(np.stack([film(6), film(6, 2)]), length=4)


def test_pictures_stay_pictures(tmp_path):
    for i in range(12):
        (tmp_path / str(i % 3)).mkdir(exist_ok=True)
        Image.fromarray(film(1)[0]).save(tmp_path / f"{i % 3}/{i}.png")
    assert read(tmp_path).spec.kind == "images"
    data = read(tmp_path, form="video", rate=5)
    assert data.spec.shape == (3, 4, *SIZE) and data.spec.rate == 5 and len(data) == 3


def test_frames_are_taken_by_their_times():
    x = np.arange(4, dtype=np.uint8)[:, None]
    seen = lambda times, rate: (reel := at_rate(Reel(x, times), rate)).x[reel.shown].ravel().tolist()  # noqa: E731
    uneven = np.array([0.0, 0.1, 0.4, 0.5])
    assert Reel(x, uneven).uneven and not Reel(x, uneven[:2]).uneven and not Reel(x, None).uneven
    assert (
        seen(uneven, 10) == [0, 1, 1, 1, 2, 3]
        and seen(uneven, 5) == [0, 1, 2]
        and len(at_rate(Reel(x, uneven), 5).x) == 3
    )
    assert seen(None, 10) == seen(np.arange(4) * 5.0, 0.2) == [0, 1, 2, 3]
    assert seen(np.array([0, 0.1, 3600, 3600.1]), 10) == [0, *20 * [1], 2, 3]  # two seconds of the hour


def test_a_frame_in_hours_is_a_rate():
    headers = {i: Header(2, rate, 8, 8, "h264") for i, rate in enumerate((1e-4, 1e-4, 25.0))}
    assert reading.usual_rate(headers) == 1e-4 and reading.usual_rate({0: Header(2, 29.97003, 8, 8, "h264")}) == 29.97


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_of_a_long_pause_two_seconds_are_kept_and_memory_is_known_before_it_is_taken(tmp_path, monkeypatch, ending):
    put(tmp_path / f"a.{ending}", film(20), ticks=[40 * t + 3_600_000 * (t > 10) for t in range(20)])
    data = read(tmp_path, length=8)
    notes = " ".join(data.notes)
    assert data.spec.rate == 25 and 60 < len(data) < 65 and "broken" not in notes
    assert f"1 with a pause, of which 2 s are kept: a.{ending} (3,600 s)" in notes
    monkeypatch.setattr(reading, "MOST", 20_000)
    with pytest.raises(DataError, match="frames of these videos at 24 x 32 pixels take more than .* a smaller size"):
        read(tmp_path, length=8)


def test_a_file_that_does_not_say_how_many_frames_it_has_is_known_for_cut_short(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (30, *SIZE, 3), np.uint8)
    whole = put(tmp_path / "a.webm", noise)
    assert "broken" not in " ".join(read(tmp_path).notes)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert "broken, what is before is used: a.webm" in " ".join(read(tmp_path).notes)


def test_bad_videos_are_left_out_or_converted_and_named(folder):
    put(folder / "slow/one.mp4", film(1))
    put(folder / "slow/short.webm", film(5))
    put(folder / "slow/uneven.mp4", film(20), ticks=[40 * t + 200 * (t > 10) for t in range(20)])
    put(folder / "slow/quick.mp4", film(40), rate=50)
    put(folder / "slow/tall.mp4", film(20, size=SIZE[::-1]))
    put(folder / "slow/still.mp4", film(20, 0))
    put(folder / "slow/cut.mp4", np.concatenate([film(10), 255 - film(10)]))
    (folder / "slow/text.mp4").write_text("no video at all" * 9)
    (folder / "slow/zero.mp4").write_bytes(b"")
    whole = put(folder / "slow/broken.mp4", np.random.default_rng(0).integers(0, 255, (30, *SIZE, 3), np.uint8))
    content = bytearray(whole.read_bytes())
    middle = len(content) * 2 // 3
    content[middle : middle + 4000] = b"\0" * 4000
    whole.write_bytes(content)
    data = read(folder, length=10, stride=10)
    check = gs.check(data)
    assert check.left_out.keys() == {f"slow/{name}" for name in ("one.mp4", "short.webm", "text.mp4", "zero.mp4")}
    assert check.left_out["slow/one.mp4"] == "one frame: a picture, not a video"
    assert check.left_out["slow/short.webm"].startswith("5 frames at 25 a second, and a clip has 10")
    assert check.left_out["slow/text.mp4"].startswith("not a video that FFmpeg can read")
    notes, problems = "\n".join(check.notes), "\n".join(check.problems)
    assert "1 of variable rate, brought to 25 frames a second: slow/uneven.mp4" in notes
    assert "1 brought to 25 frames a second (rate=N for another): slow/quick.mp4 (50)" in notes
    rare = "1 portrait among landscape videos, of which the centre is seen: slow/tall.mp4"
    assert rare in problems and rare in data.notes and "4 cannot be read" in problems
    assert "broken, what is before is used: slow/broken.mp4" in problems
    assert "2 static: nothing moves: slow/still.mp4" in problems
    assert check.sizes == {"32x24": 12, "24x32": 1} and check.modes["50 frames a second"] == 1


def test_cuts_and_still_clips_are_found():
    clips = np.stack([film(10), np.concatenate([film(5), 255 - film(5)]), film(10, 0)]).transpose(0, 4, 1, 2, 3)
    assert looked_at(clips) == ([1], [2])


def test_nothing_left_is_one_line_and_exit_code_2(tmp_path, capsys):
    put(tmp_path / "a.mp4", film(1))
    (tmp_path / "b.mp4").write_bytes(b"")
    assert main(["check", str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1 and "none of 2 videos can be used" in error and "b.mp4: 0 bytes" in error
    put(tmp_path / "b.mp4", film(9))
    for wrong in ({"length": 1}, {"rate": 0}, {"stride": 0}, {"channels": 2}, {"length": 30}):
        with pytest.raises(DataError):
            read(tmp_path, **wrong)


def test_arrays():
    x = np.stack([film(6), film(6, 2)])
    for given in (x, x.transpose(0, 1, 4, 2, 3), x.transpose(0, 4, 1, 2, 3)):
        data = read(given)
        assert data.spec.kind == "video" and np.array_equal(data.raw([0, 1]), x.transpose(0, 4, 1, 2, 3))
    grey = read(x[..., 0] / 255.0, rate=10)
    assert grey.spec.shape == (1, 6, *SIZE) and grey.spec.rate == 10
    assert read(x[..., 0] / 7.0).spec.kind == "arrays" and read(x, size=12).spec.shape == (3, 6, 12, 12)


# --- showing and writing ---------------------------------------------------------------------------------------------
def test_units_and_form_come_back():
    data = squares((3, 4, 8, 8))
    x = data.raw(np.arange(10))
    assert np.array_equal(data.spec.to_data(data.spec.to_network(torch.from_numpy(x))), x)
    assert Kind.from_json(data.spec.to_json()) == data.spec and data.spec.axes == 3 and data.spec.bounded


@pytest.mark.parametrize("name", ["made.gif", "made.mp4", "made.webm"])
def test_files_are_read_again_as_they_were_written(tmp_path, name):
    form = Video((3, 6, 15, 17), rate=10.0)
    x = film(6, 2, size=(15, 17)).transpose(3, 0, 1, 2)
    again = read(write_samples(x[None], f"{tmp_path}/{name}", form), length=3)
    assert again.spec.rate == 10 and again.files[1:2] == (f"{name} at 0.10 s",)
    even = 0 if name == "made.gif" else 1  # players of the others take even sides only
    assert again.spec.shape == (3, 3, 15 + even, 17 + even)
    assert near(again.raw([3])[0, :, :, :15, :17], x[:, 3:])
    write_samples(np.stack([x, x]), f"{tmp_path}/two-{name}", form)  # beside each other, in one
    assert read(tmp_path / f"two-{name}", length=3, size=(17, 37)).spec.shape == (3, 3, 17, 37)


def test_a_folder_gets_a_file_for_each_and_they_are_data_again(tmp_path):
    x = np.stack([film(8, k, size=(16, 16)) for k in (1, 2, 3)]).transpose(0, 4, 1, 2, 3)
    write_samples(x, f"{tmp_path}/made/", Video((3, 8, 16, 16), rate=12.5), labels=["a", "b", "b"])
    assert [path.name for path in sorted((tmp_path / "made").iterdir())] == ["0-a.mp4", "1-b.mp4", "2-b.mp4"]
    again = read(tmp_path / "made", length=8)
    assert again.spec.rate == 12.5 and near(again.raw(np.arange(3)), x)


def test_a_sheet_is_a_film_strip_and_plays(tmp_path):
    data = squares((1, 4, 8, 9))
    x = data.raw(np.arange(5))
    assert data.spec.preview(x).shape == ((1 + 5 * 9) * 17, (1 + 4 * 10) * 17)
    data.spec.keep(x, tmp_path / "0001")
    [(mime, content)] = data.spec.played(tmp_path / "0001")
    (tmp_path / "again.webp").write_bytes(content)
    assert mime == "image/webp" and Image.open(tmp_path / "again.webp").n_frames == 4
    assert data.spec.beside(x[:, :, 0], x).shape == (5, 1, 5, 8, 9)


# --- measuring -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def gliding():
    """200 clips of 8 frames of 16 × 16 in which things glide, half of them to compare with."""
    torch.manual_seed(1)
    clips = np.round(made_up(260)[0].numpy() * 127.5 + 127.5).astype(np.uint8)
    moving = clips[motion_energy(clips) > 1][:200]
    return moving[:100], moving[100:]


def test_the_trained_net_sees_motion():
    torch.manual_seed(3)
    clips, moves, kinds = made_up(200)
    told = trained_network().head(trained_network().see(clips))
    assert float((told[:, :2] - moves).square().mean() / moves.square().mean()) < 0.7
    assert float(((told[:, 2:] > 0) == (kinds > 0.5)).float().mean()) > 0.8


def test_measures_tell_frozen_and_shuffled_clips_from_real_ones(gliding):
    real, other = gliding
    form = Video(real.shape[1:])
    names = list(form.measures(real[:4], other[:4]))
    numbers = {
        what: list(form.measures(real, x).values())
        for what, x in {
            "real": other, "frozen": frozen(other), "shuffled": form.shuffled(other, np.random.default_rng(0)),
        }.items()
    }  # fmt: skip
    alike, still, mixed = (np.array(numbers[what]) for what in ("real", "frozen", "shuffled"))
    assert (alike[:2] < still[:2]).all() and (alike[:2] < mixed[:2]).all() and 1.3 * alike[1] < min(still[1], mixed[1])
    assert names[2] == SHARE and alike[2] < 0.5 and still[2] == pytest.approx(1) and mixed[2] > 1.3 * alike[2]
    assert alike[3] < still[3] == pytest.approx(1)  # it sees motion less
    assert alike[4] == pytest.approx(1, abs=0.2) and still[4] == 0 and mixed[4] > 1.2 and alike[5] < 2 < still[5]
    said = [form.says(*(dict(zip(names, v)) for v in (values, alike, mixed))) for values in (alike, still, mixed)]
    assert "motion is like it" in said[0] and "adds little" in said[1] and "random order" in said[2]


def test_numbers_of_motion_are_exact():
    clips = np.zeros((2, 1, 3, 2, 2), np.uint8)
    clips[1, :, 1:] = 4
    assert motion_energy(clips).tolist() == [0, 8]  # (16 + 0) / 2
    assert np.array_equal(frozen(clips), np.zeros_like(clips))
    mixed = Video((1, 9, 2, 2)).shuffled(np.arange(9).repeat(4).reshape(1, 1, 9, 2, 2), np.random.default_rng(0))
    assert sorted(mixed[0, 0, :, 0, 0]) == list(range(9)) and np.ptp(mixed, axis=(3, 4)).max() == 0


def test_train_picks_a_game_and_shows_it(folder, tmp_path):
    run = str(tmp_path / "run")
    assert main(["train", str(folder), "--size", "8", "--length", "8", "--steps", "1", "--out", run, "--quiet"]) == 0
    page = Path(run, "report.html").read_text()
    assert "data:image/webp" in page
    assert main(["sample", run, "-n", "2", "-o", f"{tmp_path}/made/"]) == 0
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["0.mp4", "1.mp4"]
