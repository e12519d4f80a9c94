"""How rows of a table become steps of series: grids that begin anywhere, many groups, columns that are not learned."""

import numpy as np
import pandas as pd
import pytest

import gansmith as gs
from gansmith.data.kinds.series import steps as series_steps
from gansmith.data.kinds.series.write import Made
from gansmith.data.write import write_samples
from gansmith.errors import DataError

RNG = np.random.default_rng(0)


def dated(start="2025-01-01", periods=300, freq="h", **columns):
    times = pd.date_range(start, periods=periods, freq=freq)
    return pd.DataFrame({"when": times, "x": RNG.normal(size=periods).round(3)}).assign(**columns)


def groups(count, steps=30):
    times = pd.date_range("2025-01-01", periods=steps, freq="D").astype(str)
    return pd.DataFrame(
        {"shop": np.repeat(np.arange(count), steps), "day": np.tile(times, count), "x": RNG.normal(size=count * steps)}
    )


def first_series(data, tmp_path) -> pd.DataFrame:
    """A window from the beginning of the data, written."""
    member = data.spec.members[0]
    made = Made.of(data.fields["real"][:1], np.array([member.codes]), np.array([member.start]))
    write_samples(made, str(tmp_path / "made.csv"), data.spec)
    return pd.read_csv(tmp_path / "made.csv")


@pytest.mark.parametrize("start, freq", [("2025-01-01 00:30", "h"), ("2025-01-01 12:00", "D"), ("2025-01-01", "h")])
def test_no_row_is_lost_whatever_the_first_minute(start, freq):
    data = gs.read(dated(start, freq=freq))
    assert data.spec.members[0].length == 300 and not any("grid" in note for note in data.notes)
    assert (np.diff(data.place) == 1).all() and not np.isnan(data.fields["real"][:, 0]).any()


def test_months_that_end_at_noon_go_on_at_noon():
    times = pd.date_range("2020-01-31 12:00", periods=40, freq=pd.offsets.MonthEnd())
    seconds = times.to_numpy().astype("datetime64[s]").astype(float)
    step, _ = series_steps.step_of([seconds])
    assert (step.times(seconds[0], 40) == seconds).all() and (step.times(seconds[:3], 5)[1] == seconds[1:6]).all()


def test_many_groups_are_looked_through_once(monkeypatch):
    """The time that all series span takes a look at each: asked for anew for each of 10,000 it took seven minutes."""
    asked = []
    span = series_steps.span
    monkeypatch.setattr(series_steps, "span", lambda *of: asked.append(1) or span(*of))
    data = gs.read(groups(120))
    assert len(data.spec.members) == len(data) == 120 and len(asked) == 1


@pytest.mark.parametrize(
    "frame, group, words",
    [
        (dated(key=[f"k{i}" for i in range(300)]), "key", "group=key: key differs in every row"),
        (dated(size=RNG.permutation(9999)[:300]), "size", "every group of size has one row"),
    ],
)
def test_groups_of_one_row_are_refused(frame, group, words):
    with pytest.raises(DataError, match=words):
        gs.read(frame, form="series", group=group)


def test_columns_that_are_not_learned_are_named_and_come_back(tmp_path):
    frame = dated(country="ES", rate=2.5, note=None, key=[f"row {i}" for i in range(300)])
    data = gs.read(frame)
    check = gs.check(data)
    assert "columns without a value: note; leave them out" in check.problems
    assert "constant columns: country, rate; leave them out" in check.problems
    assert any("ids of rows, not learned, numbered anew in samples: key" in note for note in check.notes)
    made = first_series(data, tmp_path)
    assert list(made.columns) == list(frame.columns) and (made.rate == 2.5).all() and (made.country == "ES").all()
    assert made.note.isna().all() and made.key.is_unique


def test_other_dates_stand_where_they_stood_from_the_main_one(tmp_path):
    frame = dated(
        seen=lambda f: f.when + pd.Timedelta("90min"),
        day=lambda f: f.when.dt.floor("D"),
        paid=lambda f: f.when + pd.to_timedelta(RNG.integers(1, 4, 300), "D"),
    )
    data = gs.read(frame, date="when", form="series")
    made = first_series(data, tmp_path)
    when, seen, day, paid = (pd.to_datetime(made[name]) for name in ("when", "seen", "day", "paid"))
    assert (seen == when + pd.Timedelta("90min")).all() and (day == when.dt.floor("D")).all()
    assert (paid == when + pd.Timedelta("2D")).all()
    assert "seen stands as far from when in samples" in data.notes
    assert "paid is not learned: it stands as far as usual from when in samples" in data.notes


def test_other_dates_with_zones_of_their_own(tmp_path):
    times = pd.date_range("2025-03-25", periods=300, freq="h", tz="Europe/Madrid")
    texts = lambda of: [t.isoformat() for t in of]  # noqa: E731
    frame = pd.DataFrame({"when": texts(times), "x": RNG.normal(size=300), "utc": texts(times.tz_convert("UTC"))})
    frame["later"] = texts(times + pd.Timedelta("3h"))
    data = gs.read(frame, window=200)
    made = first_series(data, tmp_path)
    assert made.utc.tolist() == frame.utc[:200].tolist()
    assert (pd.to_datetime(made.later, utc=True) - pd.to_datetime(made.when, utc=True)).median() == pd.Timedelta("3h")


def test_durations_are_learned():
    frame = dated(took=pd.to_timedelta(RNG.integers(60, 900, 300), "s"))
    data = gs.read(frame)
    assert data.spec.columns[:2] == ("x", "took") and np.ptp(data.fields["real"][:, 1]) > 600


def test_arrays_take_no_windows_dates_or_groups():
    for option in ({"window": 4}, {"group": "key"}, {"date": "when", "stride": 2}):
        with pytest.raises(DataError, match=f"leave {', '.join(option)} out"):
            gs.read(RNG.normal(size=(30, 12, 2)), form="series", **option)


def test_wide_tables_take_neither_dates_nor_groups():
    frame = pd.DataFrame(RNG.normal(size=(30, 12)), columns=[f"t{i}" for i in range(12)])
    for option in ({"date": "nonsense"}, {"group": "t3"}):
        with pytest.raises(DataError, match="leave date and group out"):
            gs.read(frame, wide="rows", **option)
