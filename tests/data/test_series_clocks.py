"""Dates with zones: local time comes back as local time, over clock changes and beyond the data."""

import json

import numpy as np
import pandas as pd
import pytest

import gansmith as gs
from gansmith.data.kinds.series.clocks import Clock, begins_at, seconds
from gansmith.data.kinds.series.write import Made
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples
from gansmith.errors import DataError, UserError

RNG = np.random.default_rng(0)


def spelled(times) -> list[str]:
    return [t.isoformat() for t in times]


def hours(start, days=21, zone="Europe/Madrid"):
    times = pd.date_range(start, periods=days * 24, freq="h", tz=zone)
    return pd.DataFrame(
        {"when": spelled(times), "trips": RNG.poisson(9, len(times)), "heat": RNG.normal(size=len(times))}
    )


def twin(data) -> Made:
    """Each series of the data as a whole, as `sample` gives them."""
    form, steps = data.spec, data.spec.shape[1]
    most = max(m.length for m in form.members)
    items = np.full((len(form.members), form.shape[0], most), np.nan)
    first = [data.place[data.owner == i].min() for i in range(len(items))]
    for row, (owner, place) in enumerate(zip(data.owner, data.place)):
        at = place - first[owner]
        items[owner, :, at : at + steps] = data.fields["real"][row]
    return Made.of(items, np.array([m.codes for m in form.members]), np.array([m.start for m in form.members]))


def written(data, path) -> pd.DataFrame:
    write_samples(twin(data), str(path), data.spec)
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.mark.parametrize("start", ["2025-03-20", "2025-10-15"])
def test_local_hours_come_back_over_a_change_of_the_clock(start, tmp_path):
    frame = hours(start)
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = gs.read(tmp_path / "a.csv")
    assert str(data.spec.step) == "hour" and data.spec.members[0].length == len(frame)
    made = written(data, tmp_path / "made.csv")
    assert made.when.tolist() == frame.when.tolist() and made.trips.tolist() == frame.trips.tolist()
    assert Kind.from_json(json.loads(json.dumps(data.spec.to_json()))) == data.spec


def test_the_calendar_goes_by_the_clock_on_the_wall():
    data = gs.read(hours("2025-03-20"))
    place = data.spec.columns.index("hour sin")
    noon = [pd.Timestamp(day, tz="Europe/Madrid").timestamp() for day in ("2025-03-25 06:00", "2025-04-05 06:00")]
    told = data.spec.context(np.zeros((2, 0)), np.array(noon), 1)[:, place - data.spec.values, 0]
    np.testing.assert_allclose(told, 1)


@pytest.mark.parametrize("freq, step", [("h", "hour"), ("D", "day"), ("MS", "month"), ("B", "working day")])
def test_typed_dates_with_a_zone_come_back(freq, step, tmp_path):
    times = pd.date_range("2024-11-01", periods=200, freq=freq, tz="Europe/Madrid")
    frame = pd.DataFrame({"when": times, "x": RNG.normal(size=200)})
    data = gs.read(frame)
    assert str(data.spec.step) == step
    made = written(data, tmp_path / "made.parquet")
    assert (made.when == frame.when).all() and made.when.dt.tz is not None


def test_days_begin_at_midnight_whatever_the_clock_does(tmp_path):
    times = pd.date_range("2025-03-01", periods=80, freq="D", tz="Europe/Madrid")
    frame = pd.DataFrame({"when": spelled(times), "x": RNG.normal(size=80)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert written(gs.read(tmp_path / "a.csv"), tmp_path / "made.csv").when.tolist() == frame.when.tolist()


def test_each_city_keeps_its_own_offset(tmp_path):
    places = {"Lima": "America/Lima", "Oslo": "Europe/Oslo", "Pune": "Asia/Kolkata"}
    frame = pd.concat([hours("2025-03-20", zone=zone).assign(city=city) for city, zone in places.items()])
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = gs.read(tmp_path / "a.csv", group="city")
    assert written(data, tmp_path / "made.csv").when.tolist() == frame.when.tolist()
    begins = begins_at(data.spec, np.array([m.codes for m in data.spec.members]), "2025-04-02")
    assert (begins == [pd.Timestamp("2025-04-02", tz=zone).timestamp() for zone in places.values()]).all()


def test_beyond_the_data_the_clock_goes_as_in_another_year():
    times = pd.date_range("2025-01-01", periods=366, freq="D", tz="Europe/Madrid")
    east = np.array([t.utcoffset().total_seconds() for t in times])
    clock = Clock.of(np.array([t.timestamp() for t in times]), east)
    asked = [pd.Timestamp(day, tz="Europe/Madrid") for day in ("2031-07-01", "2027-03-27", "2027-03-29", "2019-12-24")]
    seen = clock.offset(np.array([t.timestamp() for t in asked]))
    assert seen.tolist() == [t.utcoffset().total_seconds() for t in asked]
    short = Clock.of(*(x[70:100] for x in (np.array([t.timestamp() for t in times]), east)))  # March and April
    summer, winter = (pd.Timestamp(day).timestamp() for day in ("2025-08-01", "2025-12-01"))
    assert short.offset(np.array([summer, winter])).tolist() == [7200, 3600]


def test_a_start_is_local_time_or_an_instant():
    form = gs.read(hours("2025-03-20")).spec
    local = pd.Timestamp("2025-04-05 06:00", tz="Europe/Madrid").timestamp()
    for start in ("2025-04-05T06:00", "2025-04-05 06:00", "2025-04-05T04:00Z", "2025-04-05T06:00+02:00"):
        assert begins_at(form, np.zeros((1, 0)), start) == [local], start
    plain = gs.read(hours("2025-03-20").assign(when=lambda f: pd.date_range("2025", periods=len(f), freq="h"))).spec
    with pytest.raises(UserError, match="leave .02:00 out"):
        begins_at(plain, np.zeros((1, 0)), "2025-04-05T06:00+02:00")


def test_what_was_made_in_one_offset_is_compared_at_the_same_hours(tmp_path):
    """A short made table has one offset, which is then read as part of how its dates are written."""
    data = gs.read(hours("2025-03-20", 40), window=24)
    other = gs.read(hours("2025-03-22", 5), window=24, form="series")
    real = data.spec.like(other).fields["real"]
    hour = data.spec.columns.index("hour sin")
    np.testing.assert_allclose(real[0, hour : hour + 2, 0], [0, 1], atol=1e-9)


@pytest.mark.parametrize(
    "text, hours",
    [
        ("+01:00", 1),
        ("-0530", -5.5),
        ("Z", 0),
        (" CEST", 2),
        ("+02", 2),
        ("-05:00[America/Lima]", -5),
        ("-00:30", -0.5),
    ],
)
def test_offsets_are_read(text, hours):
    assert seconds(text) == hours * 3600


def test_an_unknown_zone_is_named():
    frame = hours("2025-03-20").assign(when=lambda f: f.when.str.replace("+01:00", "QQT").str.replace("+02:00", "QRT"))
    with pytest.raises(DataError, match="zone 'Q[QR]T', which is not known: write offsets"):
        gs.read(frame, form="series")
