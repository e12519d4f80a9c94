"""A GAN of your own: named once on the command line, remembered with its run, and never run by anybody else's run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gansmith as gs
from gansmith.cli import main as cli
from gansmith.gans import GAMES
from gansmith.runs.own_game import find_game

CODE = '''
import torch
from gansmith import LSGAN, setting
from helper import SHIFT


class MyGAN(LSGAN):
    """Least squares, shifted."""

    summary = "reals at a score of their own"
    target: float = setting(1.0, "the score that reals should get")
    loud: bool = setting(False, "says so")

    def discriminator_loss(self, batch):
        return {"shifted": sum(super().discriminator_loss(batch).values()) + SHIFT}
'''
SMALL = ["--width", "8", "--latent", "4", "--batch-size", "16", "--device", "cpu", "--precision", "fp32", "-q"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder with a file of one's own in it, in a process that has not seen it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gansmith.training.plan.WARM_SECONDS", 0.0)
    for module in ("measures", "evaluate"):
        monkeypatch.setattr(f"gansmith.runs.{module}.FULL", (60, 300, 3))
    Path("my_gan.py").write_text(CODE)
    Path("helper.py").write_text("SHIFT = 0.5\n")
    games, path = dict(GAMES), list(sys.path)
    yield tmp_path
    GAMES.clear()
    GAMES.update(games)
    forget()
    sys.path[:] = path


def forget():
    """As in a process that begins anew."""
    GAMES.pop("MyGAN", None)
    for name in ("own_game_my_gan", "helper", "my_gan"):
        sys.modules.pop(name, None)


def train(*more):
    return cli.main(["train", "--game", "my_gan.py:MyGAN", "ring8", "--steps", "3", "--out", "run", *SMALL, *more])


def test_it_is_trained_and_every_later_command_needs_no_flag(here, capsys):
    assert train("--target", "0.9", "--loud") == 0
    about = json.loads(Path("run/settings.json").read_text())
    assert about["game"] == "MyGAN" and about["settings"]["target"] == 0.9 and about["settings"]["loud"] is True
    assert about["code"]["file"] == str(here / "my_gan.py") and about["code"]["class"] == "MyGAN"
    for words in (
        ["sample", "run", "-n", "3", "-o", "x.npy", "--seed", "1"],
        ["sample", "run/model.gan", "-n", "3", "-o", "y.npy", "--seed", "1"],
        ["resume", "run", "--steps", "5", "-q"],
        ["report", "run"],
        ["evaluate", "run", "ring8", "-n", "60"],
    ):
        forget()
        assert cli.main(words) == 0, capsys.readouterr()
    assert cli.main(["diagnose", "run"]) in (0, 3, 4)
    assert (np.load("x.npy") == np.load("y.npy")).all()
    assert capsys.readouterr().err == ""


def test_help_and_list_know_its_settings(capsys):
    assert cli.main(["train", "--game", "my_gan.py:MyGAN", "--help"]) == 0
    assert "--target" in capsys.readouterr().out
    assert cli.main(["list", "--game", "my_gan.py:MyGAN"]) == 0
    assert "reals at a score of their own" in capsys.readouterr().out


def test_a_file_that_changed_is_used_with_a_warning(capsys):
    train()
    Path("my_gan.py").write_text(CODE + "\n# a comment\n")
    forget()
    capsys.readouterr()
    assert cli.main(["sample", "run", "-o", "x.npy"]) == 0
    assert (
        capsys.readouterr().err
        == f"gansmith: note: {Path('my_gan.py').resolve()} changed since run was trained with it\n"
    )


def test_a_run_of_somebody_else_runs_no_code_of_theirs(here, capsys, monkeypatch):
    train()
    forget()
    monkeypatch.setenv("GANSMITH_CACHE", str(here / "another"))
    for words in (["sample", "run"], ["resume", "run"], ["evaluate", "run"]):
        assert cli.main(words) == 2
        assert "if you trust it, type --game" in capsys.readouterr().err
    assert "own_game_my_gan" not in sys.modules
    assert cli.main(["sample", "run", "--game", "my_gan.py:MyGAN", "-o", "x.npy"]) == 0
    forget()
    assert cli.main(["sample", "run", "-o", "x.npy"]) == 0, "named once, it is known"


def test_from_python_the_class_is_passed_or_remembered(here):
    MyGAN = find_game("my_gan.py:MyGAN")
    gan = MyGAN(width=8, latent=4).fit("ring8", steps=3, batch_size=16, out="run", precision="fp32", evaluate=False)
    shutil.copy("run/model.gan", "alone.gan")
    made = gan.sample(3, seed=0)
    forget()
    with pytest.raises(gs.UserError, match="pass its class"):
        gs.load("alone.gan")
    assert (gs.load("alone.gan", game=MyGAN).sample(3, seed=0) == made).all()
    assert (gs.load("run").sample(3, seed=0) == made).all()
    assert gs.resume("run", steps=4, game=MyGAN).trained["rounds"] == 4


def test_a_class_named_as_one_of_ours_is_not_taken_for_it(here):
    class WGANGP(gs.WGANGP):
        """Somebody else's."""

    WGANGP(width=8, latent=4).fit("ring8", steps=2, batch_size=16, precision="fp32").save("other.gan")
    with pytest.raises(gs.UserError, match="pass its class"):
        gs.load("other.gan")
    assert type(gs.load("other.gan", game=WGANGP)) is WGANGP


def test_a_class_of_a_script_is_found_by_naming_the_script(here, capsys):
    script = (
        CODE
        + """
if __name__ == "__main__":
    import gansmith.training.plan

    gansmith.training.plan.WARM_SECONDS = 0.0
    small = {"width": 8, "latent": 4}
    MyGAN(**small).fit("ring8", steps=2, batch_size=16, out="run", precision="fp32", evaluate=False)
"""
    )
    Path("my_gan.py").write_text(script)
    subprocess.run([sys.executable, "my_gan.py"], check=True)
    assert cli.main(["sample", "run", "-o", "x.npy"]) == 2
    assert f"--game {here / 'my_gan.py'}:MyGAN" in capsys.readouterr().err
    assert cli.main(["sample", "run", "-o", "x.npy", "--game", "my_gan.py"]) == 0


@pytest.mark.parametrize(
    "text, says",
    [
        ("nowhere.py:MyGAN", "no such file"),
        ("my_gan.py:MyGNA", "Did you mean MyGAN?"),
        ("my_gan.py:SHIFT", "no game 'SHIFT'"),
        ("broken.py:X", "NameError: name 'nonsense' is not defined (line 2)"),
        ("torn.py", "line 1"),
        ("empty.py", "defines no subclass"),
        ("two.py", "defines A, B"),
        ("no_such_module:X", "no such module"),
        ("dcgan", "gansmith train dcgan DATA"),
    ],
)
def test_what_cannot_be_found_is_said_in_a_line(text, says, capsys):
    Path("broken.py").write_text("x = 1\nnonsense\n")
    Path("torn.py").write_text("def f(:\n")
    Path("empty.py").write_text("")
    Path("two.py").write_text("import gansmith as gs\nclass A(gs.GAN): pass\nclass B(gs.GAN): pass\n")
    assert cli.main(["train", "--game", text, "ring8", "--steps", "1"]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
    assert not Path("runs").exists()


def test_a_module_is_named_without_its_file():
    assert find_game("my_gan:MyGAN").__name__ == "MyGAN"
