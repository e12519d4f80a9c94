"""`gansmith sample` of series: dates with offsets, starts, lengths, groups, history, as typed."""

import numpy as np
import pandas as pd
import pytest

from gansmith.cli.main import main
from gansmith.gans.seriesgan import SeriesGAN

RNG = np.random.default_rng(0)


def city(name, start="2025-03-16", days=28):
    times = pd.date_range(start, periods=days * 24, freq="h", tz="Europe/Madrid")
    return pd.DataFrame({"city": name, "time": [t.isoformat() for t in times], "trips": RNG.poisson(20, len(times))})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a table of two cities whose clocks change, and a model of it."""
    place = tmp_path_factory.mktemp("series")
    pd.concat([city("Cadiz"), city("Jaca")]).to_csv(place / "demand.csv", index=False)
    game = SeriesGAN(width=8).fit(str(place / "demand.csv"), steps=2, batch_size=32, diagnose=False, evaluate=False)
    game.save(place / "x.gan")
    return place


def sampled(place, *options) -> pd.DataFrame:
    assert main(["sample", str(place / "x.gan"), "-o", str(place / "made.csv"), "--seed", "1", *options]) == 0
    return pd.read_csv(place / "made.csv")


def test_the_twin_has_the_very_times_of_the_data(place):
    data = pd.read_csv(place / "demand.csv")
    made = sampled(place)
    assert made.time.tolist() == data.time.tolist() and made.city.tolist() == data.city.tolist()


def test_start_length_where_and_groups(place):
    made = sampled(place, "--groups", "3", "--length", "30", "--start", "2026-07-01", "--where", "city=Jaca")
    assert len(made) == 90 and set(made.city) == {"Jaca"} and made.series.nunique() == 3
    assert made.time[0] == "2026-07-01T00:00:00+02:00" and made.time[29] == "2026-07-02T05:00:00+02:00"
    assert sampled(place, "-n", "2", "--start", "2025-12-24").time[0] == "2025-12-24T00:00:00+01:00"


def test_history_is_gone_on_from_in_local_time(place, capsys):
    history = pd.concat([city("Cadiz", "2025-05-01", 5), city("Jaca", "2025-06-01", 5)])
    history.to_csv(place / "history.csv", index=False)
    options = ("--continue-from", str(place / "history.csv"))
    made = sampled(place, *options, "--length", "24")
    assert made.groupby("city").time.first().to_dict() == {
        "Cadiz": "2025-05-06T00:00:00+02:00",
        "Jaca": "2025-06-06T00:00:00+02:00",
    }
    assert set(sampled(place, *options, "--where", "city=Jaca").city) == {"Jaca"}
    history.assign(trips=history.trips * 10).to_csv(place / "history.csv", index=False)
    capsys.readouterr()
    sampled(place, *options)
    assert "numbers of trips lie outside what was learned" in capsys.readouterr().err


def test_what_cannot_be_is_one_line(place, capsys):
    history = pd.concat([city("Cadiz", days=90), city("Jaca", days=90)])
    history[history.time.str.contains("T00:00")].to_csv(place / "days.csv", index=False)
    for options, words in (
        (("--continue-from", str(place / "demand.csv"), "--start", "2026-01-01"), "leave start out"),
        (("--continue-from", str(place / "days.csv")), "rows are one day apart, and the series go by one hour"),
        (("--start", "soon"), "give a date"),
        (("--groups", "2", "-n", "3"), "give one of them"),
    ):
        assert main(["sample", str(place / "x.gan"), "-o", str(place / "made.csv"), *options]) == 2
        assert words in capsys.readouterr().err
