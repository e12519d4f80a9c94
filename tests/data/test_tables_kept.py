"""Made-up tables of every sort of column, through a game that knows them by heart: what comes out is what went in."""

import json

import numpy as np
import pandas
import pytest

from gansmith.data import read
from gansmith.data.spec import Kind
from gansmith.data.write import write_samples


def floats(rng, n):
    """Numbers of one to seventeen digits, of sizes that lie far apart."""
    size = 10.0 ** rng.integers(-12, 13) * (10.0 ** rng.integers(-6, 6, n) if rng.random() < 0.3 else 1)
    return rng.normal(size=n) * size


def dates(rng, n):
    start = np.datetime64(f"{rng.integers(1, 9990):04d}-01-01", "s")
    return start + rng.integers(0, 10 ** rng.integers(4, 9), n).astype("m8[s]")


def shown(values, form):
    return [form(v) for v in values]


# What a cell of a file may be: (rng, rows) -> texts
CELLS = {
    "as Python writes it": lambda r, n: shown(floats(r, n).tolist(), repr),
    "decimals": lambda r, n: (lambda d: shown(floats(r, n), lambda v: f"{v:.{d}f}"))(r.integers(0, 7)),
    "figures": lambda r, n: (lambda d: shown(floats(r, n), lambda v: f"{v:.{d}g}"))(r.integers(3, 15)),
    "exponents": lambda r, n: (lambda d: shown(floats(r, n), lambda v: f"{v:.{d}e}"))(r.integers(0, 18)),
    "capitals": lambda r, n: (lambda d: shown(floats(r, n), lambda v: f"{v:.{d}E}"))(r.integers(1, 9)),
    "whole": lambda r, n: shown(r.integers(-(10 ** r.integers(1, 18)), 10 ** r.integers(1, 18), n), str),
    "few": lambda r, n: shown(r.integers(0, r.integers(2, 9), n), str),
    "long": lambda r, n: shown(10 ** r.integers(15, 18) + r.integers(0, 99, n), str),
    "yes or no": lambda r, n: shown(
        r.random(n) < 0.4, [str, lambda v: str(v).upper(), lambda v: str(v).lower()][n % 3]
    ),
    "thousands": lambda r, n: shown(r.normal(size=n) * 1e6, lambda v: f"{v:,.2f}"),
    "decimal commas": lambda r, n: shown(r.normal(size=n) * 1e3, lambda v: f"{v:.2f}".replace(".", ",")),
    "points and commas": lambda r, n: shown(
        r.normal(size=n) * 1e6, lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,"))
    ),
    "spaces": lambda r, n: shown(r.integers(0, 10**7, n), lambda v: f"{v:,}".replace(",", "\u202f")),
    "prices": lambda r, n: shown(r.random(n) * 1e5, lambda v: f"${v:,.2f}"),
    "debts": lambda r, n: shown(r.normal(size=n) * 1e5, lambda v: f"{'-' if v < 0 else ''}€{abs(v):.2f}"),
    "shares": lambda r, n: shown(r.random(n) * 100, lambda v: f"{v:.1f} %"),
    "weights": lambda r, n: shown(r.integers(40, 120, n), lambda v: f"{v} kg"),
    "signs": lambda r, n: shown(r.normal(size=n), lambda v: f"{v:+.3f}"),
    "without a zero": lambda r, n: shown(r.normal(size=n), lambda v: f"{v:.3f}".replace("0.", ".", 1)),
    "codes": lambda r, n: shown(r.integers(0, 40, n), lambda v: f"{v:05d}"),
    "words": lambda r, n: r.choice(["NA", "None", "null", "Köln", 'a "b"', "x, y", " z", "=cmd()", "-"], n).tolist(),
    "days": lambda r, n: shown(dates(r, n), lambda v: str(v)[:10]),
    "days, short": lambda r, n: (
        pandas.to_datetime(r.integers(-6 * 10**8, 2 * 10**9, n), unit="s")
        .strftime(["%d.%m.%y", "%m/%d/%Y", "%d %b %Y", "%B %d, %Y", "%Y%m%d"][r.integers(5)])
        .tolist()
    ),
    "times": lambda r, n: shown(dates(r, n), lambda v: str(v) + ["", "Z", "+02:00", ".250"][n % 4]),
    "times, unlike offsets": lambda r, n: shown(dates(r, n), lambda v: f"{v}+0{1 + int(v.astype(int) % 2)}:00"),
    "durations": lambda r, n: shown(r.integers(0, 10**6, n), lambda v: f"{v // 3600}:{v // 60 % 60:02d}:{v % 60:02d}"),
    "places": lambda r, n: shown(r.normal(size=(n, 2)) * 50, lambda v: f"{v[0]:.4f}, {v[1]:.5f}"),
    "two units": lambda r, n: shown(r.integers(0, 999, n), lambda v: f"{v} {'kg' if v % 3 else 'lb'}"),
    "endless": lambda r, n: shown(np.where(r.random(n) < 0.1, np.inf, r.normal(size=n)).tolist(), repr),
    "brackets": lambda r, n: shown(r.normal(size=n) * 1e4, lambda v: f"(${-v:,.2f})" if v < 0 else f"${v:,.2f}"),
    "minus behind": lambda r, n: shown(r.normal(size=n) * 1e4, lambda v: f"{-v:.2f}-" if v < 0 else f"{v:.2f}"),
    "lakhs": lambda r, n: shown(
        r.integers(10**5, 10**7, n), lambda v: f"₹{v // 10**5},{v // 1000 % 100:02d},{v % 1000:03d}"
    ),
    "ranges": lambda r, n: shown(r.integers(0, 900, n), lambda v: f"{v}-{v + 1 + v * 7 % 90}"),
    "heights": lambda r, n: shown(r.integers(50, 80, n), lambda v: f"{v // 12}'{v % 12}\""),
    "hours and minutes": lambda r, n: shown(r.integers(0, 1440, n), lambda v: f"{v // 60}h {v % 60:02d}m"),
    "addresses": lambda r, n: shown(r.integers(0, 256, (n, 4)), lambda v: ".".join(map(str, v))),
    "bills": lambda r, n: shown(r.integers(0, 10**5, n), lambda v: f"INV-2023-{v:05d}"),
    "times of programs": lambda r, n: (
        pandas.to_datetime(r.integers(0, 2 * 10**9, n), unit="s")
        .strftime(["%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S +0000 %Y", "%Y%m%dT%H%M%SZ", "%d.%m.%Y %H:%M CET"][n % 4])
        .tolist()
    ),
}
MARKS = [["", ""], ["NA", "NA"], ["", "?"], ["unknown", ""]]


def file_of(rng, n):
    """(cells of a made-up file by columns, its separator)."""
    names = rng.choice(list(CELLS), rng.integers(2, 7), replace=False)
    columns = []
    for name in names:
        cells = CELLS[name](rng, n)
        if rng.random() < 0.4:
            marks = MARKS[rng.integers(len(MARKS))]
            cells = [marks[i % 2] if gone else cell for i, (cell, gone) in enumerate(zip(cells, rng.random(n) < 0.2))]
        columns.append((f"{name}, {len(columns)}" if rng.random() < 0.5 else f"c{len(columns)}", cells))
    return columns, [",", ";", "\t"][rng.integers(3)]


MANY = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(60, 1000)]


@pytest.mark.parametrize("seed", [*range(60), *MANY])
def test_a_file_comes_back_cell_by_cell(tmp_path, seed):
    import csv

    rng = np.random.default_rng(seed)
    n = int(rng.choice([30, 60, 200]))
    columns, separator = file_of(rng, n)
    with open(tmp_path / "in.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerows([[name for name, _ in columns], *zip(*(cells for _, cells in columns))])
    data = read(tmp_path / "in.csv", form="table")
    form = Kind.from_json(json.loads(json.dumps(data.spec.to_json())))
    codes = form.codes(data.raw(np.arange(n)), strict=True)
    ids = [column.kind == "id" for column in form.entries]
    assert np.array_equal(codes[:, ~np.array(ids)], data.fields["real"][:, ~np.array(ids)], equal_nan=True)
    write_samples(form.frame(data.fields["real"]), str(tmp_path / "out.csv"), form)
    written = ";" if separator == ";" else ","
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file, delimiter=written))
    assert header == [name for name, _ in columns] and len(rows) == n
    for columns_of, (name, cells), back in zip(form.cells(), columns, zip(*rows), strict=True):
        if columns_of[0].kind != "id" and not columns_of[0].lost:
            assert list(back) == cells, name


TYPES = {
    "int8": lambda r, n: r.integers(-100, 100, n).astype("int8"),
    "int64": lambda r, n: r.integers(-(2 ** r.integers(3, 62)), 2 ** r.integers(3, 62), n),
    "uint64": lambda r, n: np.uint64(2**63) + r.integers(0, 2**40, n).astype("uint64"),
    "float64": floats,
    "rounded": lambda r, n: floats(r, n).round(int(r.integers(0, 8))),
    "float32": lambda r, n: (r.normal(size=n) * 10.0 ** r.integers(-20, 20)).astype("float32"),
    "float16": lambda r, n: r.normal(size=n).astype("float16"),
    "bool": lambda r, n: r.random(n) < 0.5,
    "object": lambda r, n: r.choice(["a", "b", "NA", ""], n).astype(object),
    "text of numbers": lambda r, n: np.array(CELLS["prices"](r, n), object),
    "ordered": lambda r, n: pandas.Categorical(r.choice(["lo", "hi"], n), ["lo", "mid", "hi"], ordered=True),
    "cut": lambda r, n: pandas.cut(r.normal(size=n), int(r.integers(2, 9))),
    "datetime64[s]": dates,
    "datetime64[us]": lambda r, n: dates(r, n).astype("M8[us]") + r.integers(0, 10**6, n).astype("m8[us]"),
    "zoned": lambda r, n: pandas.to_datetime(r.integers(0, 2 * 10**9, n), unit="s", utc=True).tz_convert(
        "Europe/Paris"
    ),
    "timedelta64": lambda r, n: pandas.to_timedelta(r.integers(-(10**9), 10**9, n), unit="ms"),
    "period": lambda r, n: pandas.period_range("1970-01", periods=600, freq="M")[r.integers(0, 600, n)],
    "Int64": lambda r, n: pandas.array(
        [None if v % 5 == 0 else 2**55 + int(v) for v in r.integers(0, 999, n)], "Int64"
    ),
    "boolean": lambda r, n: pandas.array([[True, False, None][v] for v in r.integers(0, 3, n)], "boolean"),
    "string": lambda r, n: pandas.array([["a", "b", None][v] for v in r.integers(0, 3, n)], "string"),
    "endless": lambda r, n: np.where(r.random(n) < 0.1, -np.inf, r.normal(size=n)),
}
GAPS = {"float64", "rounded", "float32", "object", "ordered", "datetime64[s]", "zoned", "timedelta64", "period", "cut"}


@pytest.mark.parametrize("seed", [*range(60), *MANY])
def test_a_frame_comes_back_with_its_types_and_values(seed):
    rng = np.random.default_rng(seed)
    n, names = int(rng.choice([25, 60, 300])), rng.choice(list(TYPES), rng.integers(1, 7), replace=False)
    parts = {}
    for name in names:
        parts[name] = pandas.Series(TYPES[name](rng, n))
        if name in GAPS and rng.random() < 0.5:
            parts[name] = parts[name].where(rng.random(n) < 0.8)
    frame = pandas.DataFrame(parts)
    data = read(frame, form="table")
    form = Kind.from_json(json.loads(json.dumps(data.spec.to_json())))
    kept = [columns[0].name for columns in form.cells() if columns[0].kind != "id" and not columns[0].lost]
    assert set(names) - set(kept) <= {"int64", "text of numbers"}  # as wide as to be names
    pandas.testing.assert_frame_equal(form.frame(form.codes(frame))[kept], frame[kept], check_exact=True)
    pandas.testing.assert_frame_equal(data.raw(np.arange(n))[kept], frame[kept], check_exact=True)
