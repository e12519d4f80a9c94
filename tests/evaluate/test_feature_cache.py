"""Features kept between runs: what was damaged since is made again; a cache that cannot be written is done without."""

import numpy as np

from gansmith.evaluate.feature_cache import kept


def save(array, path):
    with open(path, "wb") as file:
        np.save(file, array)


def test_a_damaged_file_is_made_again(tmp_path):
    made = []

    def make():
        made.append(1)
        return np.arange(100.0)

    path = tmp_path / "f.npy"
    again = lambda: kept(path, make, np.load, save)  # noqa: E731
    assert np.array_equal(again(), again()) and len(made) == 1
    whole = path.read_bytes()
    for damaged in (whole[:-3] + b"\x01" + whole[-2:], whole[:50], b""):
        path.write_bytes(damaged)
        assert np.array_equal(again(), np.arange(100.0))
    path.with_name("f.npy.sha256").unlink()
    assert np.array_equal(again(), np.arange(100.0)) and len(made) == 5
    assert {file.name for file in tmp_path.iterdir()} == {"f.npy", "f.npy.sha256"}


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    assert kept(tmp_path / "file" / "f.npy", lambda: 3, np.load, save) == 3
