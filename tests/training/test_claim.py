"""A run's folder belongs to one process at a time, and only what gansmith wrote there is replaced."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gansmith as gs
from gansmith.atomic import beside
from gansmith.data.write import write_samples
from gansmith.distributed.ranks import Ranks
from gansmith.runs.train import fit, resume
from gansmith.training.claim import LOCK, claimed, clear, numbered, refuse_if_taken

SMALL = {"steps": 2, "batch_size": 8, "device": "cpu", "precision": "fp32", "evaluate": False}


def tree(folder: Path) -> dict:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run: to read, not to change."""
    out = tmp_path_factory.mktemp("claim") / "run"
    fit(gs.GAN(width=8, latent=2), "ring8", out=out, **SMALL)
    return out


@pytest.fixture
def copied(run, tmp_path):
    for name, content in tree(run).items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_bytes(content)
    return tmp_path / "run"


FOREIGN = {
    "somebody's settings.json": {"settings.json": '{"editor.fontSize": 12}', "src/thesis.txt": "years"},
    "no json at all": {"settings.json": "fontSize = 12"},
    "other files": {"thesis.txt": "years"},
    "samples of music": {"samples/kick.wav": "boom"},
    "a log of something else": {"log.jsonl": "{}", "notes.txt": "mine"},
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_folder_is_left_as_it_is(tmp_path, files):
    for name, text in files.items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text(text)
    before = tree(tmp_path)
    for overwrite in (False, True):
        with pytest.raises(gs.UserError, match="not a run of gansmith"):
            fit(gs.GAN(width=8), "ring8", out=tmp_path / "out", overwrite=overwrite, **SMALL)
    assert tree(tmp_path) == before


def test_overwrite_replaces_what_is_ours_and_nothing_else(copied):
    (copied / "notes.txt").write_text("mine")
    (copied / "samples" / "favourite.png").write_text("mine")
    (copied / "post-mortem").mkdir()
    (copied / "post-mortem" / "log.jsonl").write_text("old")
    (copied / "best.gan").write_text("old")
    with pytest.raises(gs.UserError, match="--overwrite"):
        fit(gs.GAN(width=8, latent=2), "ring8", out=copied, **SMALL)
    fit(gs.GAN(width=8, latent=2), "ring8", out=copied, overwrite=True, **SMALL | {"steps": 1})
    assert (copied / "notes.txt").read_text() == (copied / "samples" / "favourite.png").read_text() == "mine"
    assert not (copied / "best.gan").exists() and not (copied / "post-mortem").exists()
    assert gs.load(copied).trained["rounds"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_not_followed(copied, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "0000001.png").write_text("elsewhere")
    for path in (copied / "samples").iterdir():
        path.unlink()
    (copied / "samples").rmdir()
    (copied / "samples").symlink_to(tmp_path / "disk", target_is_directory=True)
    clear(copied)
    assert tree(tmp_path / "disk") == {"0000001.png": b"elsewhere"} and set(os.listdir(copied)) == {
        "settings.json",
        LOCK,
    }
    link = tmp_path / "link"
    link.symlink_to(copied, target_is_directory=True)
    fit(gs.GAN(width=8, latent=2), "ring8", out=link, overwrite=True, **SMALL)
    assert link.is_symlink() and (copied / "model.gan").is_file()


def test_the_folder_one_stands_in_can_be_a_run(copied, monkeypatch):
    monkeypatch.chdir(copied)
    fit(gs.GAN(width=8, latent=2), "ring8", out=".", overwrite=True, **SMALL)
    assert gs.load(".").trained["rounds"] == 2


def test_what_a_killed_train_left_can_be_overwritten(tmp_path):
    (tmp_path / "run" / "samples").mkdir(parents=True)
    with pytest.raises(gs.UserError, match="what is left of a run"):
        refuse_if_taken(tmp_path / "run")
    (tmp_path / "run" / "checkpoint").write_text("half")
    fit(gs.GAN(width=8, latent=2), "ring8", out=tmp_path / "run", overwrite=True, **SMALL)
    assert gs.load(tmp_path / "run").trained["rounds"] == 2


def test_what_a_killed_process_left_is_swept_by_the_next(copied, tmp_path):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = beside(Path("0000009.png")).name.replace(str(os.getpid()), gone.stdout.strip())
    for folder in (copied, copied / "samples", tmp_path / "made"):
        folder.mkdir(exist_ok=True)
        (folder / left).write_text("half")
    with claimed(copied):
        assert not list(copied.rglob("*.part"))
    write_samples(gs.load(copied).sample(2), str(tmp_path / "made" / "x.npz"), gs.load(copied).spec)
    assert os.listdir(tmp_path / "made") == ["x.npz"]


def test_one_process_at_a_time(copied):
    with claimed(copied):
        for attempt in (
            lambda: resume(copied, steps=4),
            lambda: fit(gs.GAN(width=8), "ring8", out=copied, overwrite=True, **SMALL),
        ):
            with pytest.raises(gs.UserError, match="another process is training into") as refusal:
                attempt()
            assert "\n" not in str(refusal.value)
    assert resume(copied, steps=4).trained["rounds"] == 4


@pytest.mark.skipif(sys.platform == "win32", reason="processes end otherwise there")
def test_the_lock_of_a_killed_process_is_no_lock(copied):
    script = (
        f"from gansmith.training.claim import claimed\nfrom pathlib import Path\nwith claimed(Path({str(copied)!r})):\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script + " print(1, flush=True); input()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert child.stdout.readline() == b"1\n"
    left = copied / next(p for p in os.listdir(copied) if p == LOCK)
    with pytest.raises(gs.UserError, match="another process"), claimed(copied):
        pass
    child.kill()
    child.wait()
    assert left.exists()
    with claimed(copied):
        pass


def test_nothing_is_left_where_nothing_was_made(tmp_path):
    with pytest.raises(gs.UserError), claimed(tmp_path / "a" / "b"):
        raise gs.UserError("bad data")
    (tmp_path / "mine").mkdir()
    with claimed(tmp_path / "mine"):
        pass
    assert os.listdir(tmp_path) == ["mine"] and not os.listdir(tmp_path / "mine")


def test_default_folders_are_taken_at_once(tmp_path):
    ranks, name = Ranks(), tmp_path / "runs" / "ring8-gan"
    with numbered(name, ranks) as one, numbered(name, ranks) as two:
        assert (one.name, two.name) == ("ring8-gan", "ring8-gan-2")
        (two / "settings.json").write_text("{}")
    assert [path.name for path in name.parent.iterdir()] == ["ring8-gan-2"]
    with numbered(name, ranks) as one:
        assert one == name
    (tmp_path / "file").write_text("")
    with pytest.raises(gs.UserError, match="--out"), numbered(tmp_path / "file" / "x", ranks):
        pass


def test_a_folder_that_is_taken_away_under_way_is_said_in_one_line(tmp_path):
    moved = []

    def move(state, row):
        if not moved:
            moved.append(os.replace(tmp_path / "run", tmp_path / "moved"))

    with pytest.raises(gs.UserError, match="was moved or removed while it was trained into"):
        fit(gs.GAN(width=8, latent=2), "ring8", out=tmp_path / "run", watch=move, **SMALL | {"steps": 50})
    os.replace(tmp_path / "moved", tmp_path / "run")
    assert resume(tmp_path / "run", steps=3).trained["rounds"] == 3
