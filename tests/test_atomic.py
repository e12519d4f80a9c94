"""Files are written beside and renamed: a failed write leaves the old one."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gansmith.atomic import DiskFull, beside, replacing, sweep


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ValueError), replacing(path) as part:
        part.write_text("half")
        raise ValueError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("file write failed")])
def test_a_full_disk_is_named(tmp_path, error):
    with pytest.raises(DiskFull, match="no space left"), replacing(tmp_path / "x"):
        raise error


def dead_pid() -> int:
    """Of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.skipif(sys.platform == "win32", reason="there is no harmless way to ask after a process there")
def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path):
    mine = beside(tmp_path / "checkpoint")
    killed = Path(str(mine).replace(f"-{os.getpid()}.", f"-{dead_pid()}."))
    folder = killed.with_name(f".cache{killed.name}")
    elsewhere = tmp_path / ".checkpoint.another-host-1.part"
    others = [tmp_path / name for name in ("checkpoint", ".hidden", ".gitignore.part", "x.part", ".a.b.c")]
    for path in (mine, killed, elsewhere, *others):
        path.write_text("x")
    (folder / "inside").mkdir(parents=True)
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, elsewhere, *others}
    old = tmp_path / ".model.gan.123.part"  # version 0.1
    for path in (elsewhere, old):
        path.write_text("x")
        os.utime(path, (1, 1))
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, *others}


def test_a_folder_that_is_gone_says_so(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "gone" / "x") as part:
        part.write_text("x")
