"""The cache of decoded pictures: quick, never stale, never half written."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.data import decode, read, sources
from gansmith.data.cache import folder as cache_folder
from gansmith.errors import UserError


def entries() -> list[Path]:
    return list((cache_folder() / "pictures").glob("*")) + list((cache_folder() / "pictures").glob(".*"))


@pytest.fixture
def builds(monkeypatch):
    """How often pictures were decoded."""
    count = []
    write = decode._write
    monkeypatch.setattr(decode, "_write", lambda *a: count.append(1) or write(*a))
    return count


def test_the_second_read_decodes_nothing(folder, builds):
    first, second = read(folder), read(folder)
    assert len(builds) == 1 and len(entries()) == 1
    assert isinstance(second.fields["real"], np.memmap) and not second.fields["real"].flags.writeable
    assert (first.digest, first.notes, first.files) == (second.digest, second.notes, second.files)


def test_another_policy_or_another_file_is_another_entry(folder, builds):
    read(folder)
    read(folder, size=8)
    before = read(folder).digest
    Image.new("RGB", (20, 16), "red").save(folder / "cat/00.png")
    after = read(folder)
    assert len(builds) == 3 and after.digest != before and tuple(after.raw([0])[0, :, 0, 0]) == (255, 0, 0)


@pytest.mark.parametrize("damage", ["cut", "changed", "no notes", "bad notes", "other shape"])
def test_a_damaged_entry_is_made_again(folder, builds, damage):
    wanted = read(folder).raw(np.arange(12))
    (entry,) = entries()
    pixels, about = entry / "pixels.npy", entry / "about.json"
    if damage == "cut":
        pixels.write_bytes(pixels.read_bytes()[:1000])
    elif damage == "changed":
        content = bytearray(pixels.read_bytes())
        content[500] ^= 255
        pixels.write_bytes(content)
    elif damage == "no notes":
        about.unlink()
    elif damage == "bad notes":
        about.write_text("{")
    else:
        about.write_text(json.dumps({**json.loads(about.read_text()), "shape": [11, 3, 16, 20]}))
    np.testing.assert_array_equal(read(folder).raw(np.arange(12)), wanted)
    assert len(builds) == 2 and len(entries()) == 1


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_or_ctrl_c_leaves_nothing_behind(folder, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(decode, "_checksum", fail)  # after the pixels are written, before they are in place
    with pytest.raises((UserError, KeyboardInterrupt)) as caught:
        read(folder)
    assert entries() == []
    if isinstance(error, OSError):
        assert "No space left" in str(caught.value) and "GANSMITH_CACHE" in str(caught.value)
    monkeypatch.undo()


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot keep the decoded pictures in .*file"):
        read(folder, cache=tmp_path / "file")


def test_a_pair_of_processes_may_build_the_same_entry(folder, monkeypatch):
    wanted = read(folder)
    replace, (entry,) = os.replace, entries()
    entry.rename(entry.with_name("elsewhere"))

    def other_is_first(source, target):
        entry.with_name("elsewhere").rename(entry)
        replace(source, target)

    monkeypatch.setattr(decode.os, "replace", other_is_first)
    assert read(folder).digest == wanted.digest and entries() == [entry]


def test_where_the_cache_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "g"))
    assert cache_folder() == tmp_path / "g" and cache_folder(tmp_path) == tmp_path
    monkeypatch.delenv("GANSMITH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x/gansmith"


def test_any_byte_of_an_entry_that_changed_is_found(folder, builds):
    wanted = read(folder)
    (entry,) = entries()
    rng = np.random.default_rng(0)
    for path in sorted(entry.iterdir()):
        whole = path.read_bytes()
        for at in rng.integers(0, len(whole), 12):
            changed = bytearray(whole)
            changed[at] ^= 1 << int(rng.integers(8))
            path.write_bytes(changed)
            again = read(folder)
            np.testing.assert_array_equal(again.raw(np.arange(12)), wanted.raw(np.arange(12)))
            assert (again.digest, again.notes, again.left_out) == (wanted.digest, wanted.notes, wanted.left_out)
            path.write_bytes(whole)


def failing(monkeypatch, name: str, error: Exception):
    """Opening the picture `name` fails."""
    real = sources.Image.open

    def open_(file, *args, **options):
        if str(file).endswith(name):
            raise error
        return real(file, *args, **options)

    monkeypatch.setattr(sources.Image, "open", open_)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO, errno.ESTALE])
def test_what_passes_is_not_kept_for_good(folder, builds, monkeypatch, number):
    failing(monkeypatch, "cat/00.png", OSError(number, os.strerror(number)))
    for _ in range(2):
        found = read(folder)
        assert len(found) == 11 and found.left_out == {"cat/00.png": os.strerror(number)}
    assert len(builds) == 1
    monkeypatch.undo()
    assert len(read(folder)) == 12 and not read(folder).left_out


def test_what_is_wrong_with_the_content_is_kept(folder, builds, monkeypatch):
    (folder / "cat/00.png").write_bytes(b"no picture")
    assert len(read(folder)) == len(read(folder)) == 11 and len(builds) == 1


def test_what_killed_processes_left_is_swept(folder):
    read(folder)
    (entry,) = entries()
    left = entry.with_name(".0123456789abcdef.4")  # version 0.1
    left.mkdir()
    os.utime(left, (1, 1))
    read(folder, size=8)
    assert not left.exists() and len(entries()) == 2
