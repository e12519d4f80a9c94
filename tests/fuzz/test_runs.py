"""Runs and models whose files somebody changed, by chance or by hand: refused in one line, or read as what they are."""

import contextlib
import io
import json
import shutil

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save

import gansmith as gs
from gansmith.cli import main as cli
from gansmith.data.write import write_samples
from gansmith.errors import UserError
from gansmith.runs.evaluate import report
from gansmith.runs.train import fit, resume
from gansmith.testing.examples import made_up, made_up_table
from gansmith.training import modelfile

HOW = {"steps": 2, "batch_size": 8, "device": "cpu", "precision": "fp32", "evaluate": False}
GAMES = {
    "points": lambda: gs.GAN(width=8, latent=2).fit("ring8", **HOW),
    "pictures": lambda: gs.DCGAN(width=4, latent=8, conditional=True).fit(made_up((1, 8, 8)), **HOW),
    "rows": lambda: gs.CTGAN(width=8, latent=4).fit(made_up_table(), **HOW),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """(header, tensors, bytes) of a model of each of GAMES."""
    made = []
    for name, begin in GAMES.items():
        path = tmp_path_factory.mktemp("models") / f"{name}.gan"
        begin().save(path)
        with safe_open(str(path), framework="pt") as file:
            about = json.loads(file.metadata()["gansmith"])
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
        made.append((about, tensors, path.read_bytes()))
    return made


def forged(about, tensors) -> bytes:
    """A model file whose digest is right: anyone can compute it."""
    text = json.dumps(about)
    return save(tensors, metadata={"gansmith": text, "digest": modelfile._digest(text, tensors)})


def other_tensors(rng, tensors: dict) -> dict:
    name = list(tensors)[rng.integers(len(tensors))]
    x = tensors[name]
    tensors = dict(tensors)
    match rng.integers(6):
        case 0:
            del tensors[name]
        case 1:
            odd = [float("nan"), float("inf"), 1e38, 0][rng.integers(4)]
            tensors[name] = torch.full_like(x, odd if x.is_floating_point() else -1)
        case 2:
            tensors[name] = x.to([torch.float64, torch.float16, torch.int64, torch.bool][rng.integers(4)])
        case 3:
            tensors[name] = torch.zeros([int(n) for n in rng.integers(0, 5, rng.integers(0, 5))])
        case 4:
            tensors[["raw.generator.x", "raw.discriminator.weight", "x", ""][rng.integers(4)]] = x.clone()
        case 5:
            tensors[name] = x.reshape(-1, 1).clone()
    return tensors


@pytest.mark.inputs(2000)
def test_model_files(fuzz, models, damaged, edited):
    def look(rng, folder):
        about, tensors, whole = models[rng.integers(len(models))]
        match rng.integers(4):
            case 0:
                content = damaged(rng, whole)
            case 1:
                content = forged(about, other_tensors(rng, tensors))
            case _:
                content = forged(edited(rng, about), tensors)
        (folder / "x.gan").write_bytes(content)
        try:
            game = gs.load(folder / "x.gan")
        except UserError as error:
            assert "x.gan" in str(error)
            raise
        made = game.sample(3, seed=0)
        write_samples(made, str(folder / "made.csv" if len(game.spec.shape) == 1 else folder / "made.npz"), game.spec)
        write_samples(made, str(folder / "sheet.png"), game.spec) if ".png" in game.spec.endings else None

    fuzz(look)


# --- runs ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of three rounds that was measured, and its samples when it is taken to five: to read, not to change."""
    out = tmp_path_factory.mktemp("runs") / "run"
    points = np.random.default_rng(0).normal(size=(60, 2)).astype("f4")
    np.save(out.parent / "points.npy", points)
    how = HOW | {"steps": 3, "evaluate": True}
    fit(gs.GAN(width=8, latent=2), str(out.parent / "points.npy"), out=out, **how)
    report(out, seconds=1)
    return out


@pytest.fixture(scope="module")
def sound(run, tmp_path_factory):
    """Samples of the run, undisturbed, taken to five rounds."""
    return gone_on(shutil.copytree(run, tmp_path_factory.mktemp("sound") / "run"))


def gone_on(run):
    """Samples after two more rounds."""
    return resume(run, steps=5).sample(8, seed=1)


@pytest.fixture
def unmeasured(monkeypatch):
    """Resuming measures nothing and writes no page: that is not what is tried here."""
    monkeypatch.setattr("gansmith.runs.train.report", lambda *_, **__: None)


def put(rng, state) -> None:
    """Something else at one place of nested dicts and lists."""
    odd = [None, 1, -1, "a", [], {}, 1.5, float("nan"), 2**70, torch.zeros(3), torch.zeros(0), torch.arange(2)]
    while True:
        keys = list(state) if isinstance(state, dict) else range(len(state))
        key = keys[rng.integers(len(keys))]
        inner = state[key]
        if isinstance(inner, (dict, list)) and inner and rng.random() < 0.8:
            state = inner
        elif isinstance(inner, torch.Tensor) and rng.random() < 0.4:
            state[key] = [inner.double(), inner.reshape(-1)[:1], inner[None], inner * float("nan")][rng.integers(4)]
            return
        elif isinstance(state, dict) and rng.random() < 0.2:
            del state[key]
            return
        else:
            state[key] = odd[rng.integers(len(odd))]
            return


@pytest.mark.inputs(500)
def test_checkpoints(fuzz, run, sound, damaged, unmeasured):
    whole = (run / "checkpoint").read_bytes()

    def look(rng, folder):
        copied = shutil.copytree(run, folder / "run")
        if rng.random() < 0.5:
            (copied / "checkpoint").write_bytes(damaged(rng, whole))
            made = gone_on(copied)
            assert np.array_equal(made, sound), "went on from altered weights"
        else:
            state = torch.load(io.BytesIO(whole), weights_only=True)
            put(rng, state)
            torch.save(state, copied / "checkpoint")
            gone_on(copied)

    fuzz(look)


COMMANDS = [
    ["diagnose", "run"],
    ["report", "run", "--within", "0"],
    ["sample", "run", "-n", "2", "-o", "x.csv"],
    ["resume", "run", "-q"],
    ["resume", "run", "-q", "--steps", "5"],
]


def typed(rng, monkeypatch, folder) -> None:
    """One of COMMANDS, typed in `folder`: it ends in one line at worst."""
    words = COMMANDS[rng.integers(len(COMMANDS))]
    monkeypatch.chdir(folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(words)
    lines = [line for line in err.getvalue().splitlines() if not line.startswith("gansmith: note:")]
    assert code in ((0, 3, 4, 2) if words[0] == "diagnose" else (0, 1, 2)), (words, code, lines)
    assert len(lines) == (1 if code in (1, 2) else 0), (words, code, lines)
    assert "out of memory" not in err.getvalue(), (words, lines)
    assert not [c for c in out.getvalue() + err.getvalue() if ord(c) < 32 and c != "\n"], words


@pytest.mark.inputs(600)
def test_settings(fuzz, run, damaged, edited, monkeypatch, unmeasured):
    text = (run / "settings.json").read_text()

    def look(rng, folder):
        copied = shutil.copytree(run, folder / "run")
        if rng.random() < 0.15:
            (copied / "settings.json").write_bytes(damaged(rng, text.encode()))
        else:
            (copied / "settings.json").write_text(json.dumps(edited(rng, json.loads(text))))
        typed(rng, monkeypatch, folder)

    fuzz(look)


LOGS = ("log.jsonl", "scores.jsonl", "findings.jsonl", "measures.npz", "samples", "model.gan", "real.npy")


@pytest.mark.inputs(400)
def test_logs_and_what_lies_beside_them(fuzz, run, damaged, edited, monkeypatch, unmeasured):
    def look(rng, folder):
        copied = shutil.copytree(run, folder / "run")
        names = [name for name in LOGS if (copied / name).exists()]
        path = copied / names[rng.integers(len(names))]
        if path.is_dir():
            path = sorted(path.iterdir())[rng.integers(len(list(path.iterdir())))]
        content = path.read_bytes()
        if path.suffix == ".jsonl" and content and rng.random() < 0.7:
            rows = [json.loads(line) for line in content.splitlines()]
            at = int(rng.integers(len(rows)))
            rows[at] = edited(rng, rows[at])
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        elif rng.random() < 0.1:
            path.unlink()
        elif rng.random() < 0.1:
            path.unlink()
            path.mkdir()
        else:
            path.write_bytes(damaged(rng, content))
        typed(rng, monkeypatch, folder)

    fuzz(look)
