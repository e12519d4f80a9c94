"""Every file of examples/ runs as it stands, and so does the code of CONTRIBUTING.md and of docs/own-kind.md."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import gansmith as gs
from gansmith.data.kinds import KINDS
from gansmith.gans import GAMES

ROOT = Path(__file__).parents[1]
QUICK = {  # what makes `main` a matter of seconds
    "own_loss.py": {"steps": 5},
    "own_networks.py": {"steps": 5, "out": "run", "n": 30},
    "own_kind.py": {"steps": 3},
    "refine_foreign_model.py": {"steps": 20},
    "evaluate_folders.py": {"count": 60},
    "fsdp.py": None,  # on one process and on two: tests/distributed/test_ranks.py
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder; kinds and GANs that an example adds are gone after it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gansmith.training.plan.WARM_SECONDS", 0.0)
    kinds, games = dict(KINDS), dict(GAMES)
    yield
    for before, now in ((kinds, KINDS), (games, GAMES)):
        now.clear()
        now.update(before)


def code_of(page: str) -> list[str]:
    """The Python code blocks of a page, without the indent of a list that they stand in."""
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", (ROOT / page).read_text(), flags=re.M | re.S)
    return ["".join(line[len(indent) :] for line in block.splitlines(keepends=True)) for indent, block in blocks]


def test_every_example_is_run():
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(QUICK)


@pytest.mark.parametrize("name", [name for name, options in QUICK.items() if options is not None])
def test_an_example_runs_as_it_stands(name, capsys):
    runpy.run_path(str(ROOT / "examples" / name))["main"](**QUICK[name])
    assert capsys.readouterr().out


def test_the_gan_of_contributing_is_one_file():
    (code,) = code_of("CONTRIBUTING.md")
    Path("my_gan.py").write_text(code)
    names = runpy.run_path("my_gan.py")
    (game,) = [x for x in names.values() if isinstance(x, type) and x.__module__ == "<run_path>"]
    gan = game(width=8, latent=4).fit("ring8", steps=3, batch_size=16, precision="fp32")
    assert gan.sample(5, seed=0).shape == (5, 2)
    assert np.isfinite(gan.history[-1]["discriminator/adversarial"])
    assert issubclass(game, gs.Game)
