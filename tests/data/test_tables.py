import gzip
import shlex
import subprocess
import sys

import numpy as np
import pandas
import pytest

from gansmith.data import read
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
    assert data.spec.centre == pytest.approx((3, 15.5 / 3)) and data.fields["real"].dtype == np.float32


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
        read(write(text), form="items")
    assert "\n" not in str(caught.value)


def test_a_torn_gzip_is_refused(write):
    path = write("a,b\n" + "1,2\n" * 5000, "t.csv.gz")
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(UserError, match="cannot be read as a table"):
        read(path)


@pytest.mark.parametrize("text", ["a,b,c\n1,x,3\n2,y,4\n", "a,c\n1,3\n,5\n2,4\n"])
def test_what_the_error_tells_to_type_works(write, tmp_path, text):
    with pytest.raises(UserError) as caught:
        read(write(text), form="items")
    command = shlex.split(str(caught.value)[str(caught.value).index("python -c") :])
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    data = read(tmp_path / "t-numbers.csv")
    assert data.spec.columns == ("a", "c") and data.fields["real"].tolist() == [[1, 3], [2, 4]]
