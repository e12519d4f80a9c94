"""What the classes say of themselves: complete, shown by `help`, and the same on the pages made from it."""

import importlib.util
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

import gansmith as gs
from gansmith import gans
from gansmith.gans import GAMES
from gansmith.gans.catalogue import listing, logging_classes, metrics_page
from gansmith.runs.train import fit
from gansmith.testing import played_on
from gansmith.training.metrics import explain

ROOT = Path(__file__).parents[2]


def logged(name: str) -> set[str]:
    """Every number that two rounds of a game log, on the smallest data that it takes."""
    small = {f.name for f in fields(GAMES[name])} & {"width", "latent", "discriminator_width"}
    settings = dict.fromkeys(small, 8)
    game = GAMES[name](**settings)
    game.fit(played_on(GAMES[name], **settings), steps=2, batch_size=8, device="cpu", precision="fp32")
    return {number for row in game.history for number in row}


@pytest.mark.parametrize("name", GAMES)
def test_every_number_a_game_logs_has_an_entry(name):
    numbers = logged(name)
    assert {"step", "seconds", "samples"} <= numbers and any("/" in number for number in numbers)
    assert not [number for number in numbers if explain(number, GAMES[name]) is None]


def test_no_entry_of_a_class_is_hidden_behind_another():
    for cls in logging_classes():
        for pattern, metric in vars(cls)["logs"].items():
            assert explain(pattern.replace("*", "discriminator"), cls) is metric, (cls, pattern)


def test_a_game_s_own_meaning_comes_before_the_general_one():
    assert "Wasserstein" in explain("discriminator/distance", gs.WGANGP).meaning
    assert explain("discriminator/adversarial", gs.R3GAN) is gs.R3GAN.logs["discriminator/adversarial"]
    assert explain("discriminator/adversarial", gs.DCGAN) is explain("discriminator/adversarial")
    assert explain("generator/adversarial", gs.FAnoGAN) is gs.WGANGP.logs["generator/adversarial"]


@pytest.mark.parametrize("name, game", GAMES.items())
def test_help_shows_the_paper_the_equations_and_the_settings(name, game):
    assert game.name == name and game.summary and not game.summary.endswith(".")
    assert game.paper.url.startswith("https://") and 2013 < game.paper.year < 2030
    text = game.__doc__
    assert text.startswith(game.summary) and str(game.paper) in text and "roof: proofs/" in text
    parameters = inspect.signature(game).parameters
    for field in fields(game):
        assert parameters[field.name].default == field.default and f"    {field.name} = " in text
    assert parameters.keys() == {f.name for f in fields(game)} | set(game.replaceable)


def test_a_class_of_somebody_else_is_called_by_its_own_name():
    class Mine(gs.WGANGP):
        """My equations."""

    assert Mine.name == "Mine" and "My equations." in Mine.__doc__ and "penalty = 10.0" in Mine.__doc__


def test_fit_has_the_options_of_runs_train_fit():
    def options(function):
        return {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind == p.KEYWORD_ONLY}

    assert options(gs.Game.fit) == options(fit)


def test_every_game_is_listed_and_known_to_editors():
    assert [line.split()[0] for line in listing().splitlines()] == list(GAMES)
    assert "(Gulrajani et al. 2017)" in listing() and "(Mirza & Osindero 2014)" in listing()
    assert set(gans.__all__) == {"GAMES", *(game.__name__ for game in GAMES.values())}
    assert Path(gs.__file__).with_name("py.typed").is_file()


def test_the_page_of_numbers_is_up_to_date():
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert page == metrics_page(), "python -m gansmith.gans.catalogue > docs/metrics.md"


@pytest.fixture(scope="module")
def papers():
    spec = importlib.util.spec_from_file_location("papers", ROOT / "proofs" / "papers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_papers_is_up_to_date(papers):
    assert (ROOT / "docs" / "papers.md").read_text() == papers.page(), "python proofs/papers.py"


def test_every_proof_has_its_lines_on_that_page(papers):
    """… also before it is recorded, so that the page names it among those that wait."""
    named = {
        (path.name, name)
        for path in (ROOT / "proofs").glob("*.py")
        for name in re.findall(r'\brecord\(\s*"([^"{]+)"', path.read_text())
    }
    assert len(named) > 30 and not {(file, name) for file, name in named if name not in papers.SAID}
