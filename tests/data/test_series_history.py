"""What series go on from: rows of the same series, of the same step, in whatever way their dates are written."""

import numpy as np
import pandas as pd
import pytest

import gansmith as gs
from gansmith.data.kinds.series.history import history_of
from gansmith.errors import UserError

RNG = np.random.default_rng(0)


def city(name, start="2025-01-01", days=20, freq="h", zone=None, trips=9):
    times = pd.date_range(start, periods=days * 24 if freq == "h" else days, freq=freq, tz=zone)
    when = [t.isoformat() for t in times]
    return pd.DataFrame({"city": name, "when": when, "trips": RNG.poisson(trips, len(times)) / 4})


@pytest.fixture(scope="module")
def form():
    return gs.read(pd.concat([city("Lima"), city("Oslo")], ignore_index=True), group="city").spec


def test_the_last_steps_of_each_series_and_when_the_next_begins(form):
    rows = pd.concat([city("Oslo", "2025-02-01", 3), city("Lima", "2025-03-01", 3)], ignore_index=True)
    codes, begins, x = history_of(form, rows.sample(frac=1, random_state=0), 48)
    names = [form.table.entries[form.named[0]].levels[int(code)] for code in codes[:, 0]]
    ends = {"Oslo": "2025-02-04", "Lima": "2025-03-04"}
    assert begins.tolist() == [pd.Timestamp(ends[name]).timestamp() for name in names]
    for name, part in zip(names, x):
        assert part[0].tolist() == rows[rows.city == name].trips.tolist()[-48:]


def test_of_those_asked_for(form):
    rows = pd.concat([city("Oslo", days=1), city("Lima", days=3)], ignore_index=True)
    codes, _, x = history_of(form, rows, 48, {"city": "Lima"})  # the others may be short
    assert len(codes) == len(x) == 1
    with pytest.raises(UserError, match="24 steps are too few"):
        history_of(form, rows, 48)
    with pytest.raises(UserError, match="no series"):
        history_of(form, rows[rows.city == "Oslo"], 4, {"city": "Lima"})


@pytest.mark.parametrize("freq, words", [("D", "one day"), ("15min", "15 minutes"), ("2h", "2 hours")])
def test_another_step_is_refused(form, freq, words):
    with pytest.raises(UserError, match=f"rows are {words} apart, and the series go by one hour"):
        history_of(form, city("Lima", days=60, freq=freq), 8)


def test_numbers_that_were_never_seen_are_said(form):
    with pytest.warns(UserWarning, match="8 of the last 8 numbers of trips lie outside what was learned, 0.*count as"):
        history_of(form, city("Lima").assign(trips=lambda f: f.trips + 100), 8)


def test_what_a_group_never_had_is_said_though_another_had_it():
    both = pd.concat([city("Lima", days=40), city("Oslo", days=40, trips=400)], ignore_index=True)
    form = gs.read(both, group="city").spec
    assert len(form.groups) == 2
    with pytest.warns(UserWarning, match="8 of the last 16 numbers of trips lie outside what was learned, 0"):
        history_of(form, pd.concat([city("Lima", trips=400), city("Oslo", trips=400)]), 8)


def test_gaps_of_a_column_without_any_are_filled_with_the_number_before(form):
    rows = city("Lima", days=2)
    rows.loc[[20, 47], "trips"] = np.nan
    with pytest.warns(UserWarning, match="3 gaps of trips"):
        _, _, x = history_of(form, rows.drop(index=30).assign(trips=rows.trips.drop(30)), 48)
    assert x[0, 0, 20] == rows.trips[19] and x[0, 0, 47] == rows.trips[46] and x[0, 0, 30] == rows.trips[29]


def test_dates_may_be_written_otherwise_and_be_of_other_offsets():
    zone = "Europe/Madrid"
    winter = gs.read(city("Lima", days=30, zone=zone), form="series").spec
    later = city("Lima", "2025-03-20", 20, zone=zone)
    end = pd.Timestamp("2025-04-09 01:00", tz=zone).timestamp()  # one hour was none
    assert history_of(winter, later, 24)[1] == [end]
    typed = later.assign(when=pd.to_datetime(later.when, utc=True).dt.tz_convert("UTC"))
    assert history_of(winter, typed, 24)[1] == [end]
    plain = city("Lima", "2025-01-10", 4).assign(when=lambda f: pd.to_datetime(f.when).dt.strftime("%d.%m.%Y %H:%M"))
    assert history_of(winter, plain, 24)[1] == [pd.Timestamp("2025-01-14", tz=zone).timestamp()]


def test_columns_that_are_not_learned_may_be_absent(form):
    data = gs.read(
        pd.concat([city("Lima"), city("Oslo")]).assign(row=range(960), seen=lambda f: f.when), group="city"
    ).spec
    assert len(history_of(data, city("Oslo"), 8)[0]) == 1
    with pytest.raises(UserError, match="no column when"):
        history_of(form, city("Oslo").drop(columns="when"), 8)
