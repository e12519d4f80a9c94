"""SeriesGAN: starts as good as a linear law, goes on as long as asked, from nothing or from history."""

import numpy as np
import pandas as pd
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.data.kinds.series.linear import fit
from gansmith.data.write import write_samples
from gansmith.errors import UserError
from gansmith.gans.seriesgan import SeriesGAN
from gansmith.networks.steps import Law

RNG = np.random.default_rng(0)


def demand(city, level, days=40):
    times = pd.date_range("2025-01-01", periods=days * 24, freq="h")
    wave = level * (1.5 + np.sin(2 * np.pi * times.hour / 24))
    slow = np.zeros(len(times))
    for t in range(1, len(times)):
        slow[t] = 0.9 * slow[t - 1] + RNG.normal(0, 0.1)
    return pd.DataFrame({"city": city, "time": times.astype(str), "trips": RNG.poisson(wave * np.exp(slow))})


DATA = pd.concat([demand("Lima", 30), demand("Oslo", 6, 30)], ignore_index=True)


@pytest.fixture(scope="module")
def game():
    return SeriesGAN(width=16).fit(DATA, steps=20, batch_size=64, diagnose=False, evaluate=False)


def test_it_is_what_series_are_trained_with():
    assert gs.read(DATA).spec.default_game == "seriesgan"


def test_without_a_number_it_makes_the_twin_of_the_data(game, tmp_path):
    made = game.sample(seed=0)
    write_samples(made, str(tmp_path / "made.csv"), game.spec)
    back = pd.read_csv(tmp_path / "made.csv")
    assert list(back.columns) == list(DATA.columns) and list(back.dtypes) == list(DATA.dtypes)
    assert (back.time == DATA.time).all() and (back.city == DATA.city).all()
    assert not (back.trips == DATA.trips).all()


def test_it_is_near_the_data_from_the_beginning(game):
    """The law alone knows the level of each city, the day, and how steps hang together."""
    made = game.sample(300, seed=1, where={"city": "Lima"})[:, 0]
    other = game.sample(300, seed=1, where={"city": "Oslo"})[:, 0]
    real = DATA[DATA.city == "Lima"].trips
    assert abs(made.mean() / real.mean() - 1) < 0.2 and made.mean() > 3 * other.mean()
    hours = real.groupby(np.arange(len(real)) % 24).mean()
    day = game.sample(300, seed=1, where={"city": "Lima"}, start="2025-01-10")[:, 0].mean(0)
    assert np.corrcoef(day, hours)[0, 1] > 0.9


def test_start_and_length_are_kept(game, tmp_path):
    made = game.sample(2, seed=0, start="2026-05-01T06:00", length=100, where={"city": "Oslo"})
    assert made.shape == (2, game.spec.shape[0], 100)
    write_samples(made, str(tmp_path / "made.csv"), game.spec)
    back = pd.read_csv(tmp_path / "made.csv")
    assert back.time[0] == "2026-05-01 06:00:00" and set(back.city) == {"Oslo"} and list(back.series.unique()) == [1, 2]


def test_it_goes_on_from_history_without_a_seam(game):
    last = DATA[DATA.city == "Lima"].iloc[-48:].copy()
    high = last.assign(trips=(last.trips * 2).astype(int))
    made = game.sample(200, seed=0, history=last, length=24)
    raised = game.sample(200, seed=0, history=high, length=24)
    assert made.start[0] == pd.Timestamp("2025-02-10").timestamp() and len(made) == 200
    assert raised[:, 0, :3].mean() > made[:, 0, :3].mean()
    with pytest.raises(UserError, match="too few to go on from"):
        game.sample(1, history=last.iloc[:3])


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"where": {"city": "Rome"}}, "city=Rome: no row has that value. There are: Lima, Oslo"),
        ({"where": {"trips": 3}}, "can be asked"),
        ({"where": {"city": ["Lima", "Oslo"]}}, "no value is Lima and Oslo"),
        ({"start": "soon"}, "give a date"),
    ],
)
def test_what_cannot_be_made_is_said(game, asked, words):
    with pytest.raises(UserError, match=words):
        game.sample(2, **asked)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_law_takes_a_step_apart_and_puts_it_together(groups):
    torch.manual_seed(0)
    law = Law(
        0.1 * torch.randn(groups, 4, 1 + 3 + 6, 2),
        torch.rand(groups, 4, 2) + 0.5,
        torch.randn(groups, 2, 50).sort(2).values.double(),
        torch.eye(groups, 2),
        lambda c, b: torch.cat([c[:, :1] * 0 + 1, c, b], 1),
    )
    before, known, context = torch.randn(20, 3, 2), torch.randint(4, (20,)), torch.randn(20, 3)
    innovation = torch.randn(20, 2).clamp(-2, 2)
    step = law.step(innovation, before, known, context)
    kept = step.abs() < 4.2
    assert torch.allclose(law.innovation(step, before, known, context)[kept], innovation[kept], atol=1e-3)


def test_each_group_has_a_law_of_its_own():
    """Of a walk of large steps that soon forgets, and one of small steps that goes on: one law would be of neither."""
    rng = np.random.default_rng(0)
    z = np.zeros((300, 1, 24))
    told = np.repeat(np.eye(2)[:, :, None], 24, 2)[np.arange(300) % 2]
    keep, size = np.where(np.arange(300) % 2, 0.9, 0.1), np.where(np.arange(300) % 2, 0.2, 1.0)
    for t in range(1, 24):
        z[:, 0, t] = keep * z[:, 0, t - 1] + size * rng.standard_normal(300)
    law = fit(z, told, 0, 3, np.arange(300) % 2, 2)
    weight, scale = np.array(law.weight)[:, 3, 3:6, 0], np.array(law.scale)[:, 3, 0]
    np.testing.assert_allclose(weight[:, 0], [0.1, 0.9], atol=0.06)
    np.testing.assert_allclose(scale, [1.0, 0.2], rtol=0.15)
    assert np.array(fit(z, told, 0, 3).scale)[0, 3, 0] > 0.5  # the control


def test_a_saved_game_goes_on_as_before(game, tmp_path):
    game.save(tmp_path / "model.gan")
    again = gs.load(tmp_path / "model.gan")
    assert np.array_equal(again.sample(3, seed=4, length=40), game.sample(3, seed=4, length=40), equal_nan=True)


def test_windows_put_aside_are_not_learned_from_and_share_no_step_with_those_that_are(game):
    """Windows side by side overlap: parts of time are put aside whole, and only their middle is watched."""
    made = SeriesGAN(width=16, aside=60)
    made.build(game.spec)
    made.spec, steps = game.spec, game.spec.shape[1]
    learned, n = [], 1200
    windows = torch.arange(n)[:, None, None] + torch.zeros(n, game.spec.shape[0], steps)
    for rows in torch.arange(n).split(100):
        start, x = made.learned_from(Batch(real=windows[rows].float(), index=rows))
        assert len(start) == len(x) and start.max() <= steps - made.discriminator.ahead
        learned += x.unflatten(1, windows.shape[1:])[:, 0, 0].int().tolist()
    watched = made.watched.places[: int(made.watched.count)].unflatten(1, windows.shape[1:])[:, 0, 0].int().tolist()
    assert sorted(set(learned) | set(range(540, 600)) | set(range(1140, 1200))) == list(range(n))
    assert watched and min(abs(a - b) for a in watched for b in (539, 600, 1139, 1200)) >= 15
    assert not set(watched) & set(learned)


def test_likelihood_alone_learns_what_no_linear_law_says():
    """Innovations whose size follows the size of the last one."""
    rng = np.random.default_rng(0)
    x, size = np.zeros(4000), 1.0
    for t in range(1, 4000):
        size = 0.2 + 0.9 * abs(x[t - 1])
        x[t] = size * rng.standard_normal()
    times = pd.date_range("2025-01-01", periods=len(x), freq="h").astype(str)
    data = gs.read(pd.DataFrame({"time": times, "x": x.round(3)}), form="series", window=24)
    gan = SeriesGAN(width=32, game_share=0.0).fit(data, steps=150, val=0, seed=0)
    first, last = (gan.history[i]["generator/likelihood"] for i in (0, -1))
    assert last < first - 0.5
    made = gan.sample(200, seed=1)[:, 0]
    after = lambda w: np.corrcoef(np.abs(w[:, :-1]).ravel(), np.abs(w[:, 1:]).ravel())[0, 1]  # noqa: E731
    real = x[: 4000 // 24 * 24].reshape(-1, 24)
    law = SeriesGAN(width=32).fit(data, steps=1, val=0, seed=0).sample(200, seed=1)[:, 0]
    assert after(made) > 0.5 * after(real) and after(law) < 0.3 * after(real)
