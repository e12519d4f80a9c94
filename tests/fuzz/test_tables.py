"""Tables that anybody may have: every cell comes back as it was, or `check` says of its column that it does not."""

import csv
import io

import numpy as np
import pandas
import pytest

from gansmith.data import read
from gansmith.data.preflight import look_over
from gansmith.data.write import write_samples

CELLS = {
    "whole": lambda r: str(r.integers(-99, 99)),
    "large": lambda r: str(r.integers(2**53, 2**63 - 1)),
    "beyond": lambda r: str(10 ** int(r.integers(18, 40))),
    "decimals": lambda r: f"{r.normal() * 10.0 ** r.integers(-12, 12):.{r.integers(0, 9)}f}",
    "digits": lambda r: repr(float(r.normal() * 10.0 ** r.integers(-300, 300))),
    "exponent": lambda r: f"{r.normal():.3e}",
    "zeros": lambda r: f"{r.integers(0, 9999):05d}",
    "comma": lambda r: f"{r.normal() * 100:.2f}".replace(".", ","),
    "thousands": lambda r: f"{r.integers(0, 10**7):,}",
    "price": lambda r: f"${r.random() * 100:.2f}",
    "percent": lambda r: f"{r.random() * 100:.1f} %",
    "unit": lambda r: f"{r.integers(1, 99)} kg",
    "yes": lambda r: ["yes", "no"][r.integers(2)],
    "true": lambda r: ["True", "False"][r.integers(2)],
    "day": lambda r: str(np.datetime64("1900-01-01") + int(r.integers(0, 60000))),
    "old day": lambda r: str(np.datetime64("0001-01-01") + int(r.integers(0, 3 * 10**6))),
    "other day": lambda r: f"{r.integers(1, 29)}.{r.integers(1, 13)}.{r.integers(1900, 2030)}",
    "time": lambda r: str(np.datetime64("2000-01-01T00:00:00") + int(r.integers(0, 10**9))),
    "zone": lambda r: f"{np.datetime64('2000-01-01T00:00:00') + int(r.integers(0, 10**9))}+0{r.integers(0, 9)}:00",
    "clock": lambda r: f"{r.integers(0, 99)}:{r.integers(0, 60):02d}",
    "place": lambda r: f"{r.normal():.3f},{r.normal():.3f}",
    "word": lambda r: ["a", "b", "NA", "None", "x y", " z", 'q"q', "é", "=1+1", "@x", "猫"][r.integers(11)],
    "odd": lambda r: ["\x1b[31m", "a\nb", "a\rb", "\u202e", "", "'", '"', ",", ";", "\t", "\u00a0", "a\\"][
        r.integers(12)
    ],
    "id": lambda r: f"u{r.integers(10**9)}",
    "long": lambda r: "x" * int(r.integers(1, 3000)),
    "json": lambda r: '{"a": [1, 2]}',
    "special": lambda r: [
        "inf",
        "-inf",
        "nan",
        "NaN",
        "1e400",
        "-0",
        "-0.0",
        "0x1F",
        "1_000",
        "٣",
        "½",
        "∞",
        "9" * 400,
        "9" * 5000,
    ][r.integers(14)],
    "none": lambda r: "",
}
NAMES = ["a", "b", "", " ", "a", "1", "é", "x,y", 'q"', "label", "\x1b[1m", "a\nb", "=x()", "id", "date", "0", "None"]


def cells(rng) -> tuple[list[str], list[list[str]]]:
    """(names, rows) of a made-up table."""
    count, wide = int(rng.integers(2, 60)), int(rng.integers(1, 7))
    kinds, columns = list(CELLS), []
    for _ in range(wide):
        main, other = (CELLS[kinds[k]] for k in rng.integers(0, len(kinds), 2))
        rare = [0, 0, 0.05, 0.5][rng.integers(4)]
        columns.append([(other if rng.random() < rare else main)(rng) for _ in range(count)])
    names = [NAMES[k] if rng.random() < 0.2 else f"c{i}" for i, k in enumerate(rng.integers(0, len(NAMES), wide))]
    return names, [list(row) for row in zip(*columns)]


def back(data, folder, coding: str = "utf-8", separator: str = ",") -> list[list[str]]:
    """The rows of the data, header first, once written to a file, which is of the form that the data had."""
    write_samples(data.raw(np.arange(len(data))), str(folder / "out.csv"), data.spec)
    text = (folder / "out.csv").read_bytes().decode(coding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def said_of(data) -> set:
    """Names of the columns that `check` says do not come back as they were."""
    return {columns[0].name for columns in data.spec.cells() if columns[0].kind == "id" or any(c.lost for c in columns)}


@pytest.mark.inputs(1500)
def test_files_of_rows(fuzz):
    def look(rng, folder):
        names, rows = cells(rng)
        file = io.StringIO(newline="")
        separator, ends = ",;\t|"[rng.integers(4)], ["\n", "\r\n"][rng.integers(2)]
        quoting = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL][rng.integers(2)]
        csv.writer(file, delimiter=separator, lineterminator=ends, quoting=quoting).writerows([names, *rows])
        coding = ["utf-8", "utf-8", "utf-8-sig", "utf-16"][rng.integers(4)]
        (folder / "in.csv").write_bytes(file.getvalue().encode(coding))
        data = read(folder / "in.csv")
        told = str(look_over(data))
        assert not [c for c in told if ord(c) < 32 and c != "\n"]
        if data.spec.kind != "table":
            return
        if "one cell more than the header" in told:  # a column alone whose cells hold commas: two, and it is said
            return
        header, *again = back(data, folder, coding, "," if separator == "\t" or len(names) == 1 else separator)
        assert len(again) == len(rows) or "rows" in told, (len(again), len(rows))
        lost, ids = said_of(data), {c[0].name for c in data.spec.cells()}
        for column, (cells_of, before, after) in enumerate(zip(data.spec.cells(), zip(*rows), zip(*again))):
            name = cells_of[0].name
            if name not in lost and len(again) == len(rows):
                changed = [(a, b) for a, b in zip(before, after) if a != b]
                assert not changed, (column, name, changed[:3], str(cells_of[0]), told)
        assert ids

    fuzz(look)


@pytest.mark.inputs(700)
def test_files_that_are_half_a_table(fuzz, damaged):
    def look(rng, folder):
        names, rows = cells(rng)
        lines = [",;\t| "[rng.integers(5)].join(row) for row in [names, *rows]]
        for _ in range(int(rng.integers(0, 3))):
            at = int(rng.integers(len(lines) + 1))
            lines[at:at] = [["", ",,,", '"', "# note", "\0", "a,b,c,d,e,f,g,h", "total,1"][rng.integers(7)]]
        content = ["\n", "\r\n", "\r"][rng.integers(3)].join(lines)
        content = content.encode(["utf-8", "cp1252", "utf-16", "utf-32", "latin-1"][rng.integers(5)], "replace")
        path = folder / ["t.csv", "t.tsv", "t.txt", "t.csv.gz", "t.parquet"][min(4, rng.integers(12))]
        path.write_bytes(damaged(rng, content) if rng.random() < 0.6 else content)
        types = ["c0=categorical", "c0=date", "c1=id", "c0=continuous, c1=integer", "c0=warp", "=", None, None][
            rng.integers(8)
        ]
        data = read(path, **({"types": types} if types else {}))
        str(look_over(data))
        write_samples(data.raw(np.arange(len(data))), str(folder / "out.csv"), data.spec)

    fuzz(look)


ROWS = 12
VALUES = {
    "objects": lambda r: np.array([[1, "a", None, 2.5, True, b"x", (1, 2), [1], {"a": 1}, float("nan"), 10**30, 1j][k]
                                   for k in r.integers(0, 12, ROWS)] + [None], object)[:-1],
    "whole": lambda r: r.integers(-5, 5, ROWS),
    "large": lambda r: r.integers(2**60, 2**62, ROWS),
    "floats": lambda r: r.normal(size=ROWS) * 10.0 ** r.integers(-300, 300),
    "odd floats": lambda r: np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, 5e-324, 1.5])[r.integers(0, 8, ROWS)],
    "halves": lambda r: r.normal(size=ROWS).astype("f2"),
    "unsigned": lambda r: r.integers(0, 2**64, ROWS, dtype="u8"),
    "truths": lambda r: r.random(ROWS) < 0.5,
    "texts": lambda r: np.array(["a", "", "01", "NA", "1e5", "é", "\x1b[1m"], object)[r.integers(0, 7, ROWS)],
    "classes": lambda r: pandas.Categorical(r.choice(["a", "b"], ROWS), ["b", "a", "c"], ordered=r.random() < 0.5),
    "days": lambda r: pandas.to_datetime(r.integers(0, 2**31, ROWS), unit="s"),
    "zoned": lambda r: pandas.to_datetime(r.integers(0, 2**31, ROWS), unit="s", utc=True).tz_convert("Asia/Tokyo"),
    "spans": lambda r: pandas.to_timedelta(r.integers(-(10**9), 10**9, ROWS), unit="ms"),
    "Int8": lambda r: pandas.array([1, None, 3] * 4, "Int8"),
    "complex": lambda r: r.normal(size=ROWS) * 1j,
    "bytes": lambda r: np.array([b"a", b"b"] * 6, object),
    "nothing": lambda r: np.full(ROWS, None, object),
    "intervals": lambda r: pandas.cut(r.normal(size=ROWS), 3),
    "string": lambda r: pandas.array(["a", None, "b"] * 4, "string"),
    "sparse": lambda r: pandas.arrays.SparseArray([0, 0, 1] * 4),
}  # fmt: skip


@pytest.mark.inputs(500)
def test_frames(fuzz):
    def look(rng, folder):
        kinds = [list(VALUES)[k] for k in rng.integers(0, len(VALUES), rng.integers(1, 6))]
        frame = pandas.concat([pandas.Series(VALUES[kind](rng)) for kind in kinds], axis=1)
        frame.columns = [[kind, "a", 3, ("x", "y"), None, 1.5][rng.integers(6)] for kind in kinds]
        if rng.random() < 0.2:
            frame.index = pandas.Index(rng.permutation(ROWS), name=["a", None, 3][rng.integers(3)])
        if rng.random() < 0.1:
            frame = frame.iloc[: rng.integers(0, 3)]
        before = frame.copy(deep=True)
        try:
            data = read(frame)
        finally:
            pandas.testing.assert_frame_equal(frame, before)
        str(look_over(data))
        if data.spec.kind == "table":
            made, lost = data.raw(np.arange(len(data))), said_of(data)
            for i, columns in enumerate(data.spec.cells()):
                if columns[0].name not in lost:
                    pandas.testing.assert_series_equal(
                        made.iloc[:, i], frame.iloc[:, i].reset_index(drop=True), check_exact=True, check_names=False
                    )
            write_samples(made, str(folder / "out.csv"), data.spec)

    fuzz(look)
