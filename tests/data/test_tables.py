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
from gansmith.errors import UserError


@pytest.fixture
def write(tmp_path):
    def make(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return make


@pytest.mark.parametrize("sep", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_numbers_become_vectors_that_know_their_columns(write, sep, name):
    data = read(write("a,b\n1,2\n3,4.5\n5,9\n".replace(",", sep), name))
    assert data.spec.columns == ("a", "b") and data.spec.kind == "vectors"
    np.testing.assert_array_equal(data.fields["real"], [[1, 2], [3, 4.5], [5, 9]])
    assert data.spec.center == pytest.approx((3, 15.5 / 3)) and data.fields["real"].dtype == np.float32


def test_first_row_of_numbers_is_no_header(write):
    data = read(write("1,2\n3,4\n"))
    assert len(data) == 2 and data.spec.columns == ()


def test_frames_parquet_and_label_columns(tmp_path):
    frame = pandas.DataFrame({"x": [1.0, 2, 3], "yes": [True, False, True], "kind": ["b", "a", "b"]})
    data = read(frame, labels="kind")
    assert data.spec.columns == ("x", "yes") and data.spec.classes == ("a", "b")
    assert data.fields["label"].tolist() == [1, 0, 1]
    frame.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet", labels="kind").digest == data.digest
    assert read((frame[["x"]], [0, 1, 1])).spec.classes == ("0", "1")
    with pytest.raises(UserError, match="no column 'sort'"):
        read(frame, labels="sort")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,\n5,6\n", "column 'b' is empty .NaN. in row 2; 1 of 3 rows"),
        ("a,b\n1,2\n3,x y\n5,6\n", "column 'b' has 'x y' in row 2"),
        ("a,b\n1,u\n3,v\n5,w\n", "column 'b' holds text .'u' in row 1"),
        ("a,b\n1,2020-01-01\n3,2020-01-02\n", "column 'b' holds dates"),
        ("a,b\nu,v\nw,x\n", "There is no column of numbers"),
        ("a,b\n", "0 rows and 2 columns"),
        ("a,b\n1,2\n", "one item only"),
        ("a,b\n1,2\n3,4,5,6\n", "cannot be read as a table"),
        ("", "0 bytes"),
    ],
)
def test_bad_tables_are_refused_in_one_line(write, text, message):
    with pytest.raises(UserError, match=message) as caught:
        gs.GAN().read(write(text))
    assert "\n" not in str(caught.value)


def test_a_torn_gzip_is_refused(write):
    path = write("a,b\n" + "1,2\n" * 5000, "t.csv.gz")
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(UserError, match="cannot be read as a table"):
        read(path)


@pytest.mark.parametrize("text", ["a,b,c\n1,x,3\n2,y,4\n", "a,c\n1,3\n,5\n2,4\n"])
def test_what_the_error_tells_to_type_works(write, tmp_path, text):
    with pytest.raises(UserError) as caught:
        gs.GAN().read(write(text))
    command = shlex.split(str(caught.value)[str(caught.value).index("python -c") :])
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    data = read(tmp_path / "t-numbers.csv")
    assert data.spec.columns == ("a", "c") and data.fields["real"].tolist() == [[1, 3], [2, 4]]


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


def test_numbers_stay_vectors_unless_a_table_is_asked_for(write):
    path = write("a,b\n1,2\n3,4.5\n5,9\n")
    assert read(path).spec.kind == "vectors" and read(path, form="table").spec.kind == "table"
    data = read(path, types={"a": "categorical"})
    assert data.spec.entries[0].levels == (1, 3, 5) and data.digest != read(path, form="table").digest


def test_rows_as_numbers_lie_one_apart_where_a_value_differs(write):
    data = read(write(MIXED))
    rows = data.raw([0, 3, 1]).assign(amount=0.0, since="2024-01-01")
    x = data.spec.numbers(rows)
    assert np.linalg.norm(x[0] - x[1]) == 0 and np.linalg.norm(x[0] - x[2]) == pytest.approx(1.0)


def test_a_look_at_a_table_says_what_each_column_was_taken_for(write):
    rows = MIXED.replace(",amount", ",amount,same,copy,text").replace("\n", ",x,0,z\n").replace("text,x,0,z", "text")
    found = check(write("\n".join(f"{line[:-2]}{i}" if i else line for i, line in enumerate(rows.splitlines())) + "\n"))
    text = str(found)
    assert "60 rows of 7 (columns)" in text and "id: names its row" in found.types["id"]
    assert found.types["kind"].startswith("categorical: 3 values: 'a' 33.3%")
    assert any("one value only" in p and "same" in p for p in found.problems)
    assert found.to_json()["types"]["amount"] == "continuous: 0.0 … 88.5"


def test_bad_tables_of_columns_are_refused_in_one_line(write):
    for text, options, says in (
        (MIXED, {"types": {"kimd": "id"}}, "Did you mean kind"),
        (MIXED, {"types": "kind=integer"}, "'a' in row 1"),
        (MIXED, {"size": 32}, "for pictures"),
        ("a,b\nx,y\n", {}, "1 rows and 2 columns"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            read(write(text), **options)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="is no data for rows"):
        read("digits", form="table")
