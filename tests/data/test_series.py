"""Series: found in tables, cut into windows, held out by blocks of time, written back as they came."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.series import Series
from gansmith.data.kinds.series.scores import Scores
from gansmith.data.kinds.series.steps import Step, calendar, cycles_of, seasons, step_of
from gansmith.data.kinds.series.write import rows
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError, SettingError
from gansmith.runs.evaluate import samples

RNG = np.random.default_rng(0)


def demand(days=30, freq="h", **columns):
    times = pd.date_range("2025-01-01", periods=days * 24 if freq == "h" else days, freq=freq)
    level = 20 * (1.5 + np.sin(2 * np.pi * np.arange(len(times)) / 24))
    return pd.DataFrame(
        {"when": times.astype(str), "trips": RNG.poisson(level), "heat": RNG.normal(15, 4, len(times)).round(1)}
        | columns
    )


def cities(days=20):
    return pd.concat([demand(days).assign(city=city) for city in ("Lima", "Oslo", "Pune")], ignore_index=True)


def saved(frame, path):
    frame.to_csv(path, index=False)
    return path


# --- recognised, or not ----------------------------------------------------------------------------------------------
def test_a_table_whose_dates_go_on_step_by_step_is_series_and_says_how_to_get_rows(tmp_path):
    found = gs.read(saved(demand(), tmp_path / "demand.csv"))
    assert found.spec.kind == "series" and "--kind table" in found.notes[0]
    assert gs.read(tmp_path / "demand.csv", form="table").spec.kind == "table"
    assert gs.read(tmp_path / "demand.csv", types="trips=integer").spec.kind == "table"


def test_series_of_groups_are_told_apart_by_the_column_that_does():
    found = gs.read(cities())
    assert [found.spec.table.entries[i].name for i in found.spec.told] == ["city"]
    assert len(found.spec.members) == 3 and {"city=Lima", "hour sin"} <= set(found.spec.columns)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.sample(frac=1, random_state=0),
        lambda f: f.assign(
            when=pd.to_datetime("2025-01-01") + pd.to_timedelta(np.cumsum(RNG.integers(1, 9999, len(f))), "s")
        ),
        lambda f: f.iloc[:40],
        lambda f: f.assign(trips=RNG.choice(list("abcdefg"), len(f)), heat=RNG.choice(list("uvw"), len(f))),
        lambda f: f.assign(when=RNG.choice(f.when, len(f))),
    ],
    ids=["unsorted", "irregular", "few", "words", "drawn"],
)
def test_other_tables_with_dates_stay_tables(change):
    assert gs.read(change(demand())).spec.kind == "table"


@pytest.mark.parametrize(
    "times, step",
    [
        (pd.date_range("2025-01-01", periods=60, freq="15min"), "15 minutes"),
        (pd.date_range("2020-01-31", periods=60, freq=pd.offsets.MonthEnd()), "month"),
        (pd.date_range("2020-01-01", periods=60, freq="QS"), "3 months"),
        (pd.bdate_range("2025-01-01", periods=60), "working day"),
        (pd.date_range("2025-01-01", periods=60, freq="W"), "week"),
    ],
)
def test_the_step_is_found_and_goes_on(times, step):
    seconds = times.to_numpy().astype("datetime64[s]").astype(float)
    found, share = step_of([seconds])
    assert str(found) == step and share == 1
    assert (found.times(seconds[0], 60) == seconds).all() and (np.diff(found.places(seconds)) == 1).all()


def test_a_calendar_is_known_where_the_series_is_long_enough():
    assert cycles_of(Step("seconds", 3600), 40 * 86400) == ("hour", "weekday")
    assert cycles_of(Step("seconds", 86400), 500 * 86400) == ("weekday", "year")
    assert cycles_of(Step(), 1e9) == ()


def test_seasons_are_found():
    x = np.sin(2 * np.pi * np.arange(500) / 24) + 0.1 * RNG.standard_normal(500)
    assert seasons(x, 100)[0][0] == 24


# --- numbers ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "x",
    [
        RNG.poisson(3, 2000).astype(float),
        RNG.standard_normal(5000),
        np.where(RNG.random(5000) < 0.4, 0, RNG.lognormal(size=5000)),
        np.where(RNG.random(500) < 0.2, np.nan, RNG.integers(0, 2, 500)),
    ],
    ids=["counts", "continuous", "spike", "gaps"],
)
def test_scores_are_standard_normal_and_lead_back(x):
    scores = Scores.of(x)
    z = scores.forward(x, np.random.default_rng(0))
    assert abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.05
    np.testing.assert_allclose(scores.backward(z), x, atol=0.02, rtol=0.03)
    made = scores.backward(np.random.default_rng(1).standard_normal(1000) * 2)
    assert np.nanmin(made) >= np.nanmin(x) and np.nanmax(made) <= np.nanmax(x)
    assert Scores.from_json(json.loads(json.dumps(scores.to_json()))) == scores


def test_a_form_comes_back_from_json():
    for data in (*Series.example(), gs.read(cities())):
        assert Kind.from_json(json.loads(json.dumps(data.spec.to_json()))) == data.spec


def test_missing_steps_and_values_are_gaps_of_the_windows():
    frame = demand()
    frame.loc[100:105, "trips"] = np.nan
    found = gs.read(frame.drop(index=range(300, 310)))
    assert "10 steps missing" in found.notes[-1]
    x = found.fields["real"][:, : found.spec.values]
    assert np.isnan(x[:, 0]).any() and np.isnan(x[:, 1]).any()
    made = found.spec.to_data(found.batch(torch.arange(len(found))).real)
    assert (np.isnan(made[:, : found.spec.values]) == np.isnan(x)).all()


# --- held out --------------------------------------------------------------------------------------------------------
def test_blocks_of_time_are_held_out_and_no_window_straddles():
    data = gs.read(cities(60))
    train, held = data.split(0.1, seed=3)
    steps = data.spec.shape[1]
    of = lambda part: {(o, p + t) for o, p in zip(data.owner[part.rows], data.place[part.rows]) for t in range(steps)}  # noqa: E731
    assert len(held) and len(train) > 4 * len(held)
    times = {p for _, p in of(train)}, {p for _, p in of(held)}
    assert not times[0] & times[1]  # not even of another city


def test_nothing_of_what_is_held_out_reaches_a_player():
    frame = demand(60)
    data = gs.read(frame)
    train, held = data.split(0.1)
    kept = set((data.place[held.rows][:, None] + np.arange(data.spec.shape[1])).ravel() - data.place.min())
    seen = set((data.place[train.rows][:, None] + np.arange(data.spec.shape[1])).ravel() - data.place.min())
    other = frame.copy()
    rows = sorted(kept - seen)
    other.loc[rows, ["trips", "heat"]] = other.loc[rows, ["trips", "heat"]].to_numpy()[::-1] * 2
    again, _ = gs.read(other).split(0.1)
    assert (again.rows == train.rows).all() and again.spec.scores == train.spec.scores

    index = torch.arange(len(train))
    assert torch.equal(train.batch(index).real, again.batch(index).real)


def test_series_too_short_to_hold_out_say_so():
    with pytest.raises(SettingError, match="too short to hold out"):
        gs.read(demand(3), form="series", window=48).split(0.05)


# --- written ---------------------------------------------------------------------------------------------------------
def test_windows_are_written_as_the_table_they_came_from(tmp_path):
    frame = cities().rename(columns={"when": "pickup"})
    data = gs.read(saved(frame, tmp_path / "a.csv"), window=24)
    items = data.raw(np.array([0, len(data) // 2, len(data) - 1]))
    write_samples(items, str(tmp_path / "made.csv"), data.spec, start="2026-03-01")
    made = pd.read_csv(tmp_path / "made.csv")
    assert list(made.columns) == list(frame.columns) and len(made) == 3 * 24
    assert made.pickup[0] == "2026-03-01 00:00:00" and list(made.city.unique()) == ["Lima", "Oslo", "Pune"]
    assert made.trips.dtype.kind == "i"
    assert (made.trips.to_numpy()[:24] == items[0, 0]).all()


def test_windows_of_one_series_get_a_number(tmp_path):
    data = gs.read(demand())
    write_samples(data.raw(np.arange(5)), str(tmp_path / "made.csv"), data.spec)
    made = pd.read_csv(tmp_path / "made.csv")
    assert list(made.columns) == ["series", "when", "trips", "heat"] and list(made.series.unique()) == [1, 2, 3, 4, 5]
    assert made.when[0].startswith("2025-01-01")  # found again by its calendar


# --- bad input -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "frame, options, words",
    [
        (demand(), {"date": "heat"}, "holds no dates"),
        (demand(), {"group": "citty"}, "no such column"),
        (demand(), {"window": 9999}, "window=9999"),
        (demand().assign(trips=1, heat=2.0), {}, "no column varies"),
        (demand().assign(when=[None, *demand().when[1:]]), {}, "row 1 has no date"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(frame, options, words):
    with pytest.raises(DataError, match=words):
        gs.read(frame, form="series", **options)


def test_duplicates_and_disorder_are_named_and_training_goes_on():
    frame = pd.concat([demand(), demand().iloc[:2]]).sample(frac=1, random_state=1)
    found = gs.read(frame, form="series")
    assert any("2 rows have a time that their series has already" in note for note in found.notes)
    assert (np.diff(found.place) == 1).all()


def test_irregular_steps_are_taken_as_they_come_when_asked():
    times = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.cumsum(RNG.integers(1, 9999, 200)), "s")
    found = gs.read(pd.DataFrame({"t": times, "x": RNG.standard_normal(200)}), form="series")
    assert found.spec.step.kind == "order" and any("irregular" in note for note in found.notes)


def test_arrays_are_series_when_asked():
    x = RNG.standard_normal((50, 20, 3))
    found = gs.read(x, form="series")
    assert found.spec.shape == (3, 20) and found.spec.kind == "series"
    assert gs.read(x).spec.kind != "series"


def test_check_says_frequency_groups_gaps_and_seasons():
    frame = cities()
    frame.loc[50:60, "heat"] = np.nan
    text = str(gs.check(frame))
    for words in ("3 series by city", "one hour", "missing values", "told to both players: city", "24 steps"):
        assert words in text


# --- measured --------------------------------------------------------------------------------------------------------
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


def test_a_page_shows_windows_autocorrelations_and_weeks():
    data = gs.read(cities(60))
    shown = data.spec.figures(data.raw(np.arange(50)), data.raw(np.arange(100, 130)))
    assert [caption.split()[0] for caption in shown] == ["Windows", "Mean", "Mean"]
    assert all(p.dtype == np.uint8 and p.shape[2] == 3 and p.std() > 1 for p in shown.values())
    spectrum = data.spec.spectrum(data.raw(np.arange(50)), data.raw(np.arange(50)))
    assert (spectrum["power_real"] == spectrum["power_fake"]).all()


def test_feature_spaces_tell_shuffled_windows():
    data = gs.read(demand(60))
    real = data.raw(np.arange(200))
    levels, moves = (space(real) for space in data.spec.features())
    assert np.isfinite(levels).all() and np.isfinite(moves).all() and len(levels) == 200
    destroyed = data.spec.features()[1](data.spec.shuffled(real, np.random.default_rng(0)))
    assert abs(destroyed.mean(0) - moves.mean(0)).max() > 0.3


def test_an_index_of_times_is_a_column(tmp_path):
    frame = demand().assign(when=lambda f: pd.to_datetime(f.when)).set_index("when")
    frame.to_parquet(tmp_path / "demand.parquet")
    for data in (frame, tmp_path / "demand.parquet", frame.rename_axis(index=None)):
        found = gs.read(data)
        assert found.spec.kind == "series" and "taken as a column" in " ".join(found.notes)


def test_a_date_that_is_none_is_named_by_its_row():
    frame = demand()
    frame.loc[6, "when"] = "yesterday"
    with pytest.raises(DataError, match="row 7 has 'yesterday' in when"):
        gs.read(frame, form="series")
    assert gs.read(frame).spec.kind == "table"


def test_numbers_that_hold_for_a_series_are_kept_and_names_are_not(tmp_path):
    frame = cities().assign(people=lambda f: f.city.map({"Lima": 9.5, "Oslo": 0.7, "Pune": 4.1}))
    frame["account"] = frame.city.map({"Lima": 70071, "Oslo": 70082, "Pune": 70093})
    found = gs.read(frame)
    write_samples(found.fields["real"][:4], str(tmp_path / "made.csv"), found.spec)
    made = pd.read_csv(tmp_path / "made.csv")
    assert set(made.people) <= {9.5, 0.7, 4.1}
    assert any(note.startswith("told to both players: city, people") for note in gs.check(found).notes)


def test_of_one_short_series_a_window_is_held_out():
    train, held = gs.read(demand(10), form="series").split(0.02)
    low, high = held.place[held.rows.numpy()].min(), held.place[held.rows.numpy()].max() + 24
    place = train.place[train.rows.numpy()]
    assert len(held) >= 1 and not ((place < high) & (place + 24 > low)).any()


def test_counts_of_few_values_are_learned_in_their_order_and_come_back():
    frame = demand(12).assign(trips=np.resize([2, 0, 2, 5, 2, 1], 12 * 24))
    found = gs.read(frame, form="series", window=24)
    assert found.fields["real"][0, 0, :6].tolist() == [2, 0, 2, 3, 2, 1]
    assert found.spec.table.frame(rows(found.spec, found.fields["real"][:1])[1]).trips[:6].tolist() == [
        2,
        0,
        2,
        5,
        2,
        1,
    ]


def test_what_was_made_of_groups_is_compared_with_them(tmp_path):
    data = gs.read(cities(), window=12)
    items = data.fields["real"][[0, 300, 600, 900]]
    write_samples(items, str(tmp_path / "made.csv"), data.spec)
    again = samples(str(tmp_path / "made.csv"), data.spec)
    order = [int(np.abs(items - x).sum((1, 2)).argmin()) for x in again.fields["real"]]
    told = [i for i, name in enumerate(data.spec.columns) if not name.endswith((" sin", " cos"))]
    assert sorted(order) == [0, 1, 2, 3] and np.allclose(again.fields["real"][:, told], items[order][:, told])
    made = pd.read_csv(tmp_path / "made.csv")
    for _, block in made.groupby("series"):
        times = pd.to_datetime(block.when).to_numpy("datetime64[s]").astype(float)
        row = next(x for x in again.fields["real"] if (x[0] == block.trips).all())
        assert np.allclose(row[2:6], calendar(times, data.spec.cycles))


def test_of_less_than_a_year_the_day_of_the_year_says_how_the_level_drifts_and_stays_within_what_was_seen():
    times = pd.date_range("2025-01-01", periods=150 * 24, freq="h")
    frame = pd.DataFrame(
        {"time": times.astype(str), "x": np.linspace(0, 9, len(times)) + np.sin(np.arange(len(times)))}
    )
    form = gs.read(frame, form="series").spec
    assert form.cycles == ("hour", "weekday", "year")
    start = lambda day: np.array([pd.Timestamp(day).timestamp()])  # noqa: E731
    end, winter = (form.context(np.zeros((1, 0)), start(day), 24)[0] for day in ("2025-06-20", "2026-12-05"))
    seen = form.context(np.zeros((1, 0)), start("2025-03-01"), 24)[0]
    assert np.allclose(end[4:6], winter[4:6]) and not np.allclose(end[4:6], seen[4:6], atol=0.1)
    assert np.ptp(winter[0]) > 1  # the hour goes on
    short = gs.read(frame[: 60 * 24], form="series").spec
    assert short.cycles == ("hour", "weekday")
