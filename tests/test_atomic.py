"""Files are written beside and renamed: a failed write leaves the old one."""

import errno

import pytest

from gansmith.atomic import DiskFull, replacing


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ValueError), replacing(path) as beside:
        beside.write_text("half")
        raise ValueError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("file write failed")])
def test_a_full_disk_is_named(tmp_path, error):
    with pytest.raises(DiskFull, match="no space left"), replacing(tmp_path / "x"):
        raise error
