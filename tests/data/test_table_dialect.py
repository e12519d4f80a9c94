"""Quotes and encodings of files of rows that would change or swallow cells: read as they stand, or refused."""

import numpy as np
import pytest

from gansmith.data import read
from gansmith.data.write import write_samples
from gansmith.errors import DataError


@pytest.mark.parametrize("rows", ['2,"y\n3,z\n', '2,"y\n3,"z"\n4,w\n', '2,"say "hi" now"\n'])
def test_a_quote_that_is_left_open_or_not_doubled_is_refused_with_its_place(tmp_path, rows):
    (tmp_path / "x.csv").write_text("a,b\n1,x\n" + rows)
    with pytest.raises(DataError, match="a \" behind the row '1,x' is left open, or is not doubled within a cell"):
        read(tmp_path / "x.csv")


def test_spaces_behind_a_quote_are_left_out_as_those_behind_others(tmp_path):
    (tmp_path / "x.csv").write_text('a , b , c\n1 , "x" , 3\n2 , "z" , 4\n')
    assert read(tmp_path / "x.csv").raw([0, 1])["b"].tolist() == ["x", "z"]


def test_bytes_that_an_encoding_has_not_come_back_wherever_they_stand(tmp_path):
    content = b"a,b\n" + b"1,x\n" * 50 + b"2,K\xf6ln\n" + b"1,x\n" * 50 + b"3,\x8f\n"  # no byte of Windows-1252
    (tmp_path / "x.csv").write_bytes(content)
    data = read(tmp_path / "x.csv")
    assert "read as Latin-1" in data.notes[0]
    write_samples(data.raw(np.arange(102)), str(tmp_path / "back.csv"), data.spec)
    assert (tmp_path / "back.csv").read_bytes() == content


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa,b\n1,x\n2,\xe9\n", "a,b\n1,x\n".encode("utf-16") + b"\0\xd8"])
def test_what_is_not_as_its_first_bytes_say_is_refused(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match="begins as UTF-.* and goes on otherwise: save the file as UTF-8"):
        read(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "content, what",
    [
        ("<!DOCTYPE html>\n<html></html>\n", "a web page"),
        ('[{"a": 1},\n {"a": 2}]\n', "JSON"),
        ('{"a": 1}\n{"a": 2}\n', "JSON"),
    ],
)
def test_what_is_no_rows_is_called_what_it_is(tmp_path, content, what):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(DataError, match=f"it holds {what}"):
        read(tmp_path / "x.csv")
