"""Series measured: real data by blocks of time, baselines that take no training, pictures of weeks."""

import numpy as np
import pandas as pd
import pytest

import gansmith as gs
from gansmith.data.kinds.series import measures
from gansmith.data.kinds.series.figures import weeks
from gansmith.runs.field import field_numbers, reals_for
from gansmith.runs.reference import reals

RNG = np.random.default_rng(0)


def demand(days=30):
    """Hours of counts with a season of a day, and of a number without one."""
    times = pd.date_range("2025-01-01", periods=days * 24, freq="h")
    level = 20 * (1.5 + np.sin(2 * np.pi * np.arange(len(times)) / 24))
    return pd.DataFrame(
        {"when": times.astype(str), "trips": RNG.poisson(level), "heat": RNG.normal(15, 4, len(times)).round(1)}
    )


def cities(days=20):
    return pd.concat([demand(days).assign(city=city) for city in ("Lima", "Oslo", "Pune")], ignore_index=True)


def test_measures_know_reals_from_what_is_destroyed():
    data = gs.read(cities(60))
    train, held = data.split(0.3)
    real, other = (part.raw(np.arange(0, len(part), 14)) for part in (train, held))
    form, rng = train.spec, np.random.default_rng(0)
    floor, control = form.measures(real, other), form.measures(real, form.shuffled(other, rng))
    assert floor.keys() == control.keys() and all(np.isfinite(v) for v in floor.values())
    for name in floor:
        if name.startswith(("autocorrelation", "hour-of-week", "AUROC", "predictive")):
            assert floor[name] < control[name], name
    same = next(v for name, v in control.items() if name.startswith("marginal"))
    assert same == next(v for name, v in floor.items() if name.startswith("marginal"))  # what shuffling keeps


def test_a_broken_gan_does_not_beat_what_takes_no_training_and_real_windows_do(monkeypatch):
    monkeypatch.setattr(measures, "MOVES", 2)  # of the judge that takes longest
    train, held = gs.read(cities(60)).split(0.3)
    real, other = (part.raw(np.arange(0, len(part), 14)) for part in (train, held))
    form, steps = train.spec, train.spec.shape[1]
    made = form.baselines(real, 50, np.random.default_rng(0))
    assert {name: items.shape for name, items in made.items()} == dict.fromkeys(made, (50, *form.shape))
    blocks = made["seasonal blocks"]
    assert all(np.isin(column, values).all() for column, values in zip(blocks[:, :2].T, real[:, :2].T))
    assert not (blocks[:, None, :2] == real[None, :, :2]).all((2, 3)).any(1).all()  # not windows as they were
    wide = [np.cov(x[:, 0, :3].T) for x in (real, form.baselines(real, 4000, np.random.default_rng(0))["one Gaussian"])]
    np.testing.assert_allclose(*wide, rtol=0.2, atol=0.1 * wide[0].max())
    broken = real.copy()
    broken[:, : form.values] = RNG.normal(size=(len(real), form.values, steps)) * 30
    told = [str(field_numbers(form, real, other, items)["field_says"]) for items in (broken, other)]
    assert "do not beat what takes no training: one Gaussian" in told[0]
    assert told[1].startswith("These samples beat what takes no training: one Gaussian, persistence")


def test_a_page_shows_windows_autocorrelations_and_weeks():
    data = gs.read(cities(60))
    shown = data.spec.figures(data.raw(np.arange(50)), data.raw(np.arange(100, 130)))
    assert [caption.split()[0] for caption in shown] == ["Windows", "Mean", "Mean"]
    assert all(p.dtype == np.uint8 and p.shape[2] == 3 and p.std() > 1 for p in shown.values())
    spectrum = data.spec.spectrum(data.raw(np.arange(50)), data.raw(np.arange(50)))
    assert (spectrum["power_real"] == spectrum["power_fake"]).all()


def test_weeks_are_made_from_the_time_of_the_longest_stretch_that_is_held_out():
    frame = cities(60)
    _, held = gs.read(frame).split(0.1, seed=3)
    asked = []

    def roll(codes, begins, steps):
        asked.append((codes, begins, steps))
        return np.zeros((2, held.spec.shape[0], steps[0]))

    (caption,) = weeks(held.spec, held, roll)
    owner, place, real = held.longest(1000)
    first = place - held.place.min()  # of all series, which begin at once
    (codes, begins, steps), city = asked[0], frame[frame.city == ["Lima", "Oslo", "Pune"][owner]]
    assert (begins == pd.Timestamp(city.when.iloc[first]).timestamp()).all() and caption.startswith(f"{steps[0]} steps")
    assert steps[0] == min(real.shape[1], 7 * 24) >= 3 * 24 and tuple(codes[0]) == held.spec.members[owner].codes
    assert (real == city[["trips", "heat"]].to_numpy()[first : first + real.shape[1]].T).all()


def test_more_columns_than_are_shown_are_counted():
    frame = demand(60).assign(**{f"x{i}": RNG.normal(size=60 * 24) for i in range(7)})
    data = gs.read(frame)
    assert any("(3 more columns not looked at)" in note for note in gs.check(data).notes)
    assert all("(4 of 9 columns)" in caption for caption in data.spec.figures(*[data.raw(np.arange(50))] * 2))


def test_feature_spaces_tell_shuffled_windows():
    data = gs.read(demand(60))
    real = data.raw(np.arange(200))
    levels, moves = (space(real) for space in data.spec.features())
    assert np.isfinite(levels).all() and np.isfinite(moves).all() and len(levels) == 200
    destroyed = data.spec.features()[1](data.spec.shuffled(real, np.random.default_rng(0)))
    assert abs(destroyed.mean(0) - moves.mean(0)).max() > 0.3


@pytest.mark.parametrize("days, held", [(30, 0.05), (60, 0.05), (60, 0.0)])
def test_what_real_data_scores_is_measured_between_blocks_of_time(days, held):
    data = gs.read(demand(days))
    train, kept = data.split(held) if held else (data, None)
    one, other, _ = reals_for(train, kept, 500, 2000)
    assert len(one) > len(train) / 5 and len(other) > len(train) / 5
    against, _ = reals(train, kept)
    assert not moments(one) & moments(other) and not moments(against.items) & moments(against.others)


def moments(items):
    return {x[:2, t : t + 3].tobytes() for x in items for t in range(items.shape[2] - 2)}
