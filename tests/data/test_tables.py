"""Tables: files and frames read as they are, and written back in the same form."""

import gzip
import json
import shlex
import subprocess
import sys

import numpy as np
import pandas
import pytest

import gansmith as gs
from gansmith.data import check, read
from gansmith.data.write import write_samples
from gansmith.errors import UserError


@pytest.fixture
def write(tmp_path):
    def make(text, name="t.csv", encoding="utf-8"):
        path = tmp_path / name
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return make


def as_vectors(data, **options):
    """What a game of vectors plays on."""
    return gs.R3GAN().read(data, **options)


# --- numbers only ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sep", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_numbers_are_a_table_and_vectors_that_know_their_columns_for_games_of_numbers(write, sep, name):
    path = write("a,b\n1,2\n3,4.5\n5,9\n".replace(",", sep), name)
    assert read(path).spec.kind == "table" and read(path, form="items").spec.kind == "table"
    for data in (as_vectors(path), as_vectors(read(path))):
        assert data.spec.columns == ("a", "b") and data.spec.kind == "vectors"
        np.testing.assert_array_equal(data.fields["real"], [[1, 2], [3, 4.5], [5, 9]])
        assert data.spec.center == pytest.approx((3, 15.5 / 3)) and data.fields["real"].dtype == np.float32


def test_first_row_of_numbers_is_no_header(write):
    data = read(write("1,2\n3,4\n"))
    assert len(data) == 2 and as_vectors(data).spec.columns == () and "row like the others" in data.notes[0]


def test_frames_parquet_and_label_columns(tmp_path):
    frame = pandas.DataFrame({"x": [1.0, 2, 3], "yes": [True, False, True], "kind": ["b", "a", "b"]})
    data = read(frame, labels="kind")
    assert data.spec.columns == ("x", "yes") and data.spec.classes == ("a", "b")
    assert data.fields["label"].tolist() == [1, 0, 1]
    frame.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet", labels="kind").digest == data.digest
    assert read((frame[["x"]], [0, 1, 1])).spec.classes == ("0", "1")
    assert read((frame[["x"]], [0, 1, 1]), limit=2).fields["label"].tolist() == [0, 1]
    for labels, says in (("sort", "no column 'sort'"), ([0, 1], "3 items but labels of shape")):
        with pytest.raises(UserError, match=says):
            read(frame[["x"]], labels=labels)
    with pytest.raises(UserError, match="'kind' has no label in row 2"):
        read(frame.assign(kind=["a", None, "b"]), labels="kind")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,\n5,6\n", "column 'b' is empty .NaN. in row 2; 1 of 3 rows"),
        ("a,b\n1,2\n3,x y\n5,6\n", "column 'b' has 'x y' in row 2"),
        ("a,b\n1,u\n3,v\n5,w\n", "column 'b' holds text .'u' in row 1"),
        ("a,b\n1,2020-01-01\n3,2020-01-02\n", "column 'b' holds dates"),
        ("a,b\n1,25:00\n3,26:30\n", "column 'b' holds durations"),
        ("a,b\nu,v\nw,x\n", "There is no column of numbers"),
        ("a,b\n", "0 rows and 2 columns"),
        ("a,b\n1,2\n", "1 rows and 2 columns"),
        ("a,b\n1,2\n3,4,5,6\n", "cannot be read as a table: row 2 has 4 cells where others have 2"),
        ("a,b\n1e39,2\n2e39,3\n", "holds 1e.39 in item 0, column 'a', more than float32 can hold"),
        ("", "0 bytes"),
    ],
)
def test_bad_tables_are_refused_in_one_line(write, text, message):
    with pytest.raises(UserError, match=message) as caught:
        as_vectors(write(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a,b,c\n1,x,3\n2,y,4\n", "a,c\n1,3\n,5\n2,4\n", "a;b;c\n1;x;3\n2;y;4\n"])
def test_what_the_error_tells_to_type_works(write, tmp_path, text):
    with pytest.raises(UserError) as caught:
        as_vectors(write(text))
    command = shlex.split(str(caught.value)[str(caught.value).index("python -c") :])
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    data = as_vectors(tmp_path / "t-numbers.csv")
    assert data.spec.columns == ("a", "c") and data.fields["real"].tolist() == [[1, 3], [2, 4]]


NUMBERS = '"Income, EUR",Pregnancies,unix_time,Smoker,Outcome,row\n' + "".join(
    f"{i * 7919 % 10007 / 100:.2f},{i % 15},{1700000000 + i * 97},{i % 3 == 0},{i % 2},{i}\n" for i in range(300)
)


def test_vectors_of_a_table_are_written_as_its_columns_are(write, tmp_path):
    data = as_vectors(write(NUMBERS))
    assert data.spec.shape == (5,) and "left out, since they name the rows: row" in data.notes
    form = type(data.spec).from_json(json.loads(json.dumps(data.spec.to_json())))
    assert form == data.spec
    write_samples(data.raw(np.arange(300)).astype(np.float64), str(tmp_path / "same.csv"), form)
    rows = [line.rsplit(",", 1)[0] for line in NUMBERS.splitlines()]
    same = [line.rsplit(",", 1)[0] for line in (tmp_path / "same.csv").read_text().splitlines()]
    assert [row.split(",")[-2:] for row in same] == [row.split(",")[-2:] for row in rows] and same[0] == rows[0]
    made = np.array([[1.234, 3.7, 1700000012.4, 0.6, 0.45], [-9, -5, 0, -2, 7]])
    write_samples(made, str(tmp_path / "made.csv"), form)
    lines = (tmp_path / "made.csv").read_text().splitlines()
    assert lines[1:] == ["1.23,4,1700000012,True,0,300", "0.00,0,1700000000,False,1,301"]
    write_samples(made, str(tmp_path / "made.parquet"), form)
    back = pandas.read_parquet(tmp_path / "made.parquet")
    assert back["Outcome"].tolist() == [0, 1] and back["Smoker"].dtype == bool


def test_more_columns_than_a_table_may_have(tmp_path):
    numbers = pandas.DataFrame(np.ones((3, 2500)), columns=[f"g{i}" for i in range(2500)])
    assert read(numbers).spec.kind == "vectors" and read(numbers).spec.columns[2] == "g2"
    with pytest.raises(UserError, match="2,500 columns that are not all numbers, and at most 2,000"):
        read(numbers.astype(str) + "x")
    with pytest.raises(UserError, match="2,500 columns, and at most 2,000"):
        read(numbers, form="table")


# --- files of text ---------------------------------------------------------------------------------------------------
MIXED = "id,kind,since,amount\n" + "".join(
    f"r{i},{'abc'[i % 3]},2024-01-{i % 28 + 1:02d},{i * 1.5}\n" for i in range(60)
)


def test_mixed_columns_are_a_table_whose_rows_come_back_as_they_were(write):
    path = write(MIXED)
    data = read(path)
    assert data.spec.kind == "table" and [c.kind for c in data.spec.entries] == [
        "id",
        "categorical",
        "date",
        "continuous",
    ]
    whole, back = pandas.read_csv(path), data.raw(np.arange(60))
    pandas.testing.assert_frame_equal(back.drop(columns="id"), whole.drop(columns="id"))
    train, held = data.split(0.25)
    assert len(held.raw(np.arange(15))) == 15 and len(read(path, limit=10)) == 10
    assert type(data.spec).from_json(json.loads(json.dumps(data.spec.to_json()))) == data.spec
    assert np.array_equal(data.spec.codes(back[["amount", "since", "kind"]]), data.fields["real"])


def rows_of(count, *columns):
    """Text of a file: names, and `count` rows of what the functions of the row's number say."""
    return "".join(",".join(str(f(i)) for f in columns) + "\n" for i in range(count))


LETTER = ["x", "y"].__getitem__
FILES = {  # text of the file -> what the notes say, and what comes back where it is not the same
    "plain": ("a,b\n" + rows_of(30, lambda i: i * i, lambda i: LETTER(i % 2)), "", None),
    "semicolons and decimal commas": (
        "Preis;Ort\n" + rows_of(30, lambda i: i * 7).replace("\n", ",25;Köln\n"),
        "",
        None,
    ),
    "quotes": ('"Income, EUR",b\n"1,234","x ""y"""\n"20","z"\n' * 1, "", None),
    "quoted line breaks": ('a,b\n"x\ny",1\n"z",2\n', "", None),
    "no header": (
        rows_of(30, lambda i: i * 7 % 45, lambda i: LETTER(i % 2), lambda i: i * i),
        "there is no header",
        None,
    ),
    "names that count": (
        "0,1\n" + rows_of(9, lambda i: i / 4, lambda i: i / 8),
        "taken for names, since it counts",
        None,
    ),
    "years as names": ("country,2019,2020\nDE,1,2\nFR,3,4\n", "it counts years", None),
    "two columns alike": ("x,x\n" + rows_of(9, lambda i: i * i, lambda i: i % 3), "the second goes by 'x.1'", None),
    "no name": (",a\n" + rows_of(30, lambda i: i, lambda i: i * i), "", "id"),
    "tabs": ("a\tb\n1\tx,y\n2\tz\n", "", None),
    "bars": ("a|b\n1|x\n2|z\n", "", None),
    "spaces after commas": ("age, workclass\n39, Private\n50, ?\n", "spaces after ',' are left out", "spaces"),
    "a separator too many": ("a,b\n1,2,\n3,4,\n", "rows end in a ','", "last"),
    "a separator too many everywhere": ("a,b,\n1,2,\n3,4,\n", "rows end in a ','", "last"),
    "one cell more than names": ("a,b\nx,1,2\ny,3,4\n", "the first names the rows", "head"),
    "comments": ("# made by a program\n#\na,b\n1,2\n3,4\n", "2 lines of comments", "comments"),
    "names in a comment": ("# x,y\n1.0,2.0\n3.0,4.0\n", "stand in a comment", "comment"),
    "the separator named": ("sep=;\na;b\n1;2\n3;4\n", "names the separator, ';'", "sep"),
    "empty lines": ("a,b\n\n1,2\n\n3,4\n", "", "empty"),
    "carriage returns": ("a,b\r\n1,2\r\n3,4\r\n", "", None),
    "two separators too many": ("a,b\n1,2,,\n3,4,,\n", "rows end in a ','", "last two"),
    "a title above": ("Report,,\n\na,b,k\n1,x,2\n3,y,4\n5,z,6\n", "2 lines above the header", "title"),
    "names after a hash": ("#id,b,k\n10,x,2\n30,y,4\n50,z,6\n", "stand in a comment", "hash"),
    "single quotes": ("'a','b'\n'1','x'\n'3','y'\n", "in single quotes", "single"),
    "quotes after a backslash": ('a,b\n1,"say \\"x\\" y"\n2,"z, \\"q\\" r"\n', "marked by a backslash", "escaped"),
    "spaces around bars": ("a | b\n1 | x\n3 | y\n", "spaces around '|' are left out", "all spaces"),
    "parted by spaces": ("  a b\n 10 x\n  7 y\n", "parted by spaces", "some spaces"),
    "carets": ("a^b\n1^x,y\n2^z\n", "", None),
    "lone carriage returns": ("a,b\r1,2\r3,4\r", "", None),
    "numbers of one width": (
        "a,b,k\n" + rows_of(9, lambda i: f"{i * i:>4}", lambda i: "xyz"[i % 3] + f",{i}"),
        "spaces beside the numbers of 'a'",
        "wide",
    ),
    "one column of decimal commas": ("v\n" + rows_of(9, lambda i: f"-{i},{i}5"), "", None),
    "the end of a file of DOS": ("a,b\n1,2\n3,4\n\x1a", "", "dos"),
    "short rows": ("a,b,c\n1,2,3\n4\n5,6,7\n", "1 rows are short of cells, the first is row 2", "short"),
    "marks of gaps": (
        "a,b\n" + rows_of(60, lambda i: "NA" if i % 7 == 0 else i * 3, lambda i: ["NA", "", "U"][i % 3]),
        "",
        None,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_back_as_it_was(write, tmp_path, name):
    text, note, _ = FILES[name]
    path = write(text)
    data = read(path)
    assert any(note in line for line in data.notes) if note else not data.notes
    write_samples(data.raw(np.arange(len(data))), str(tmp_path / "back.csv"), data.spec)
    back = (tmp_path / "back.csv").read_bytes().decode()
    changed = {
        "id": text.replace("\n29,", "\n30,"),
        "spaces": text.replace(", ", ","),
        "last": text.replace(",\n", "\n"),
        "last two": text.replace(",,\n", "\n"),
        "title": text.partition("\n\n")[2],
        "hash": text[1:],
        "single": text.replace("'", ""),
        "escaped": text.replace('"say', "say").replace(' y"', " y"),
        "all spaces": text.replace(" ", ""),
        "some spaces": "a b\n10 x\n7 y\n",
        "head": "," + text,
        "comments": text.split("#\n")[-1],
        "comment": text[2:],
        "sep": text[6:],
        "empty": text.replace("\n\n", "\n"),
        "wide": text.replace(" ", ""),
        "dos": text[:-1],
        "short": text.replace("4\n", "4,,\n"),
        None: text,
    }[FILES[name][2]]
    if FILES[name][2] == "id":
        assert back.splitlines()[0] == ",a" and back.splitlines()[1].startswith("30,")  # 0 … 29 are taken
    elif name == "tabs":
        assert back == text.replace("x,y", '"x,y"').replace("\t", ",")
        write_samples(data.raw([0, 1]), str(tmp_path / "back.tsv"), data.spec)
        assert (tmp_path / "back.tsv").read_text() == text
    else:
        plain = lambda t: t.replace('"20"', "20").replace('"z"', "z")  # noqa: E731  (quotes that nothing needs)
        assert plain(back) == plain(changed)


@pytest.mark.parametrize(("encoding", "note"), [("cp1252", "read as Windows-1252"), ("utf-16", "read as UTF-16")])
def test_other_encodings_are_read_with_a_note_and_written_again(write, tmp_path, encoding, note):
    data = read(write("Ort,x\nKöln,1\nBonn,2\n", encoding=encoding))
    assert note in data.notes[0] and (encoding != "cp1252" or "'Köln'" in data.notes[0])
    write_samples(data.raw([0, 1]), str(tmp_path / "b.csv"), data.spec)
    assert (tmp_path / "b.csv").read_bytes().decode(encoding).replace("\ufeff", "") == "Ort,x\nKöln,1\nBonn,2\n"
    data = read(write("\ufeffOrt;x\nKöln;1,5\nBonn;2,5\n"))
    assert not data.notes and data.spec.columns == ("Ort", "x") and data.raw([0, 1])["x"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n" + "x" * 200_000 + ",1\n2,3\n", "a cell has more than 131,072 characters: is a quote left open"),
        ('a,b\n"x,1\n' + "y,2\n" * 60_000, "a cell has more than 131,072 characters"),
        ("a,b\n1,\0\n", "bytes that no text has"),
        ("# nothing\n", "it has no rows"),
        ("a,b\n" + "1,2,\n" * 300 + "1,2,3\n", "row 301 holds '3' in a last column that has no name"),
        ("a,b,\n" + "1,2,\n" * 300 + "1,2,3\n", "row 301 holds '3' in a last column that has no name"),
    ],
)
def test_files_that_are_no_tables_are_refused_in_one_line(write, text, says):
    with pytest.raises(UserError, match=says) as caught:
        read(write(text))
    assert "\n" not in str(caught.value)


def test_a_torn_gzip_and_a_forged_parquet_are_refused(write, tmp_path):
    path = write("a,b\n" + "1,2\n" * 5000, "t.csv.gz")
    path.write_bytes(path.read_bytes()[:30])
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing more PAR1")
    for bad in (path, tmp_path / "t.parquet"):
        with pytest.raises(UserError, match="cannot be read as a table"):
            read(bad)


def test_a_line_or_a_file_without_end_is_refused(write, monkeypatch):
    monkeypatch.setattr("gansmith.data.kinds.table.csv.MOST_LINE", 1000)
    with pytest.raises(UserError, match="a line has more than 1,000 characters"):
        read(write("a,b\n" + ",".join(["1"] * 1000)))
    monkeypatch.setattr("gansmith.data.kinds.table.csv.MOST_BYTES", 1000)
    with pytest.raises(UserError, match="more than 0 GiB of text"):
        read(write("a,b\n" + "1,2\n" * 1000, "t.csv.gz"))


# --- frames ----------------------------------------------------------------------------------------------------------
def test_frames_keep_their_names_whatever_they_are():
    rng = np.random.default_rng(0)
    plain = pandas.DataFrame({"a": rng.normal(size=30), "b": rng.choice(["u", "v"], 30)})
    frames = {
        "integers": plain.set_axis([3, 0], axis=1),
        "alike": plain.set_axis(["x", "x"], axis=1),
        "two levels": plain.set_axis(pandas.MultiIndex.from_tuples([("a", 1), ("a", 2)]), axis=1),
        "text and numbers": plain.set_axis(["x", 1], axis=1),
        "nothing and a fraction": plain.set_axis(pandas.Index([None, 1.5], dtype=object), axis=1),
        "dates": plain.set_axis(pandas.to_datetime(["2020-01-01", "2020-01-02"]), axis=1),
    }
    for name, frame in frames.items():
        data = read(frame)
        form = type(data.spec).from_json(json.loads(json.dumps(data.spec.to_json())))
        assert form == data.spec, name
        pandas.testing.assert_frame_equal(form.frame(form.codes(frame)), frame, check_column_type=False)
        assert len(data.spec.numbers(frame)) == 30 and data.spec.preview(frame).ndim == 3
    assert "df.reset_index()" in read(plain.set_index(pandas.Index(rng.normal(size=30)))).notes[0]
    shuffled = plain.set_index(pandas.Index(rng.normal(size=30)))
    pandas.testing.assert_frame_equal(read(shuffled).raw(np.arange(30)), plain)


def test_masked_values_are_gaps_of_a_table_and_refused_as_vectors():
    x = np.ma.masked_greater(np.random.default_rng(0).normal(size=(60, 2)), 1)
    assert gs.CTGAN(modes=2).read(x).spec.entries[0].missing == pytest.approx(x.mask[:, 0].mean())
    with pytest.raises(UserError, match=f"{x.mask.sum()} values are masked"):
        read(x)
    assert read(np.ma.array(x.data)).spec.kind == "vectors"


def test_labels_without_end_are_refused():
    labels = np.array([0.0, 1, np.inf] * 20)
    with pytest.raises(UserError, match="a label is inf"):
        read(np.random.default_rng(0).integers(0, 255, (60, 8, 8), np.uint8), labels=labels)


# --- looking ---------------------------------------------------------------------------------------------------------
def test_rows_as_numbers_lie_one_apart_where_a_value_differs(write):
    data = read(write(MIXED))
    rows = data.raw([0, 3, 1]).assign(amount=0.0, since="2024-01-01")
    x = data.spec.numbers(rows)
    assert np.linalg.norm(x[0] - x[1]) == 0 and np.linalg.norm(x[0] - x[2]) == pytest.approx(1.0)
    assert len(data.spec.numbers(rows.assign(kind="of somebody else"))) == 3


def test_a_look_at_a_table_says_what_each_column_was_taken_for_and_what_is_not_kept(write):
    rows = MIXED.replace(",amount", ",amount,same,copy,text").replace("\n", ",x,0,z\n").replace("text,x,0,z", "text")
    found = check(write("\n".join(f"{line[:-2]}{i}" if i else line for i, line in enumerate(rows.splitlines())) + "\n"))
    text = str(found)
    assert "60 rows of 7" in text and "id: names its row" in found.types["id"]
    assert found.types["kind"].startswith("categorical: 3 values: 'a' 33.3%")
    assert any("one value only" in p and "same" in p for p in found.problems)
    assert found.problems[0].startswith("not kept: id, copy: names of rows, which are not learned and numbered anew")
    assert found.to_json()["types"]["amount"] == "continuous: 0.0 … 88.5" and not found.ok


def test_a_look_says_which_cells_a_spreadsheet_would_run(write, tmp_path):
    path = write("a,b\n" + "=cmd('x'),1\n-5,2\n@SUM(A1),3\nplain,4\n" * 20)
    found = check(path)
    assert any("--safe-csv: a (=cmd('x')" in p for p in found.problems)
    data = read(path)
    write_samples(data.raw([0, 1, 2, 3]), str(tmp_path / "plain.csv"), data.spec)
    write_samples(data.raw([0, 1, 2, 3]), str(tmp_path / "safe.csv"), data.spec, safe=True)
    assert (tmp_path / "plain.csv").read_text() == "a,b\n=cmd('x'),1\n-5,2\n@SUM(A1),3\nplain,4\n"
    assert (tmp_path / "safe.csv").read_text() == "a,b\n'=cmd('x'),1\n-5,2\n'@SUM(A1),3\nplain,4\n"
    with pytest.raises(UserError, match="safe: that is for .csv of tables and texts"):
        write_samples(
            np.zeros((3, 2)),
            str(tmp_path / "x.csv"),
            read(np.random.default_rng(0).normal(size=(9, 2))).spec,
            safe=True,
        )


def test_bad_tables_of_columns_are_refused_in_one_line(write):
    for text, options, says in (
        (MIXED, {"types": {"kimd": "id"}}, "Did you mean kind"),
        (MIXED, {"types": "kind=integer"}, "'a' in row 1"),
        (MIXED, {"types": "kind=colour"}, "choose one of categorical"),
        (MIXED, {"size": 32}, "size is for .*pictures"),
        ("a,b\nx,y\n", {}, "1 rows and 2 columns"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            read(write(text), **options)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError):
        read("digits", form="table")


def test_names_with_commas_can_be_asked_for(write):
    data = read(write(NUMBERS), types="Income, EUR=id, Outcome=categorical")
    assert [c.kind for c in data.spec.entries if c.name in ("Income, EUR", "Outcome")] == ["id", "categorical"]
