"""Files of one kind in a folder or a zip: which are found, what they are called, which class each has."""

import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from gansmith.data import read
from gansmith.data.once import once
from gansmith.data.sources import endings_in, files_in, pictures_at
from gansmith.errors import UserError


def pack(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def png(folder):
    return next(folder.rglob("*.png")).read_bytes()


def test_files_of_any_kind_with_their_classes(tmp_path):
    names = ["hi/1.WAV", "hi/2.wav", "lo/3.wav", "lo/notes.txt", ".hidden/4.wav", "lo/.5.wav"]
    for name in names:
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_bytes(name.encode())
    packed = pack(tmp_path / "d.zip", {name: name.encode() for name in names})
    for path in (tmp_path / "d", packed):
        found = files_in(path, (".wav", ".flac"), "recordings")
        assert found.files == ["hi/1.WAV", "hi/2.wav", "lo/3.wav"]
        assert found.classes == ("hi", "lo") and found.label.tolist() == [0, 0, 1]
        assert [found.open(i).read() for i in range(3)] == [b"hi/1.WAV", b"hi/2.wav", b"lo/3.wav"]
        assert "passed over, being no recordings: 1 .txt" in found.notes
        assert found.take([2]).open(0).read() == b"lo/3.wav" and found.take([2]).label.tolist() == [1]
        assert endings_in(path) == {".wav": 3, ".txt": 1}
        with once():  # what is told of a folder is told once, however often it is read
            assert files_in(path, (".wav",)).notes == files_in(path, (".wav",)).notes
        with pytest.raises(
            UserError, match=r"no tunes in .*: found 3 \.wav, 1 \.txt; name one file, or a folder of .mid"
        ):
            files_in(path, (".mid",), "tunes")
    assert files_in(tmp_path / "d" / "hi" / "1.WAV", (".wav",)) is None and not endings_in(tmp_path / "nothing")


def test_a_file_changes_the_stamp(tmp_path):
    (tmp_path / "1.wav").write_bytes(b"1")
    stamp = files_in(tmp_path, (".wav",)).stamp
    assert files_in(tmp_path, (".wav",)).stamp == stamp
    (tmp_path / "1.wav").write_bytes(b"22")
    assert files_in(tmp_path, (".wav",)).stamp != stamp


def test_names_in_a_zip_stay_inside_it(tmp_path, png):
    names = [
        "pets\\cat\\1.png",
        "pets\\dog\\2.png",
        "pets\\dog\\",
        "../pets/cat/3.png",
        "/pets/dog/4.png",
        "C:\\pets\\cat\\5.png",
    ]
    found = pictures_at(pack(tmp_path / "d.zip", dict.fromkeys(names, png)))
    assert found.files == [f"pets/{name}.png" for name in ("cat/1", "cat/3", "cat/5", "dog/2", "dog/4")]
    assert found.classes == ("cat", "dog") and found.label.tolist() == [0, 0, 0, 1, 1]
    inside = pictures_at(tmp_path / "d.zip" / "pets" / "cat")
    assert inside.files == ["1.png", "3.png", "5.png"]


def test_hidden_folders_in_a_zip_are_no_classes(tmp_path, png):
    names = [".thumbs/cat/1.png", "cat/1.png", "cat/.1.png", "dog/2.png", "__MACOSX/cat/._1.png", "dog/.git/3.png"]
    found = pictures_at(pack(tmp_path / "d.zip", dict.fromkeys(names, png)))
    assert found.files == ["cat/1.png", "dog/2.png"]


def test_of_a_name_twice_in_a_zip_the_last_is_taken(tmp_path):
    path = tmp_path / "d.zip"
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.wav", b"old")
        archive.writestr("a.wav", b"new")
    found = files_in(path, (".wav",))
    assert found.files == ["a.wav"] and found.open(0).read() == b"new" and "names twice" in found.notes[0]


@pytest.mark.parametrize("zipped", [True, False])
def test_labels_of_stylegan(tmp_path, folder, zipped):
    names = [f"{i // 6:05}/img{i:08}.png" for i in range(12)]
    labels = [[name, 3 * (i % 2)] for i, name in enumerate(names)]
    root = tmp_path / "stylegan"
    for name, file in zip(names, sorted(folder.rglob("*.png"))):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / name)

    def reading(about):
        (root / "dataset.json").write_text(about)
        if not zipped:
            return read(root)
        shutil.make_archive(str(root), "zip", root)
        return read(f"{root}.zip")

    found = reading(json.dumps({"labels": labels}))
    assert found.fields["label"].tolist() == [0, 1] * 6 and found.spec.classes == ("0", "3")
    for none in ({"labels": None}, {"labels": labels[:-1]}, {"labels": [[n, [0.5, 1.0]] for n in names]}):
        found = reading(json.dumps(none))
        assert "label" not in found.fields and any("dataset.json" in note for note in found.notes)
    found = reading(json.dumps({"labels": [[name.replace("/", "\\"), "ab"[i % 2]] for i, name in enumerate(names)]}))
    assert found.fields["label"].tolist() == [0, 1] * 6 and found.spec.classes == ("a", "b")
    outer = root.parent / "outer"  # a zip of the folder, not of what is in it
    shutil.copytree(root, outer / "inner")
    (outer / "inner" / "dataset.json").write_text(json.dumps({"labels": labels}))
    assert read(outer).spec.classes == ("0", "3")
    for other in ("[1, 2]", '{"labels": 3}', "nothing", '{"labels": [[1]]}'):
        assert reading(other).spec.classes == ("00000", "00001")  # a file of the same name: folders are classes


def test_runs_below_the_data_are_passed_over(tmp_path, folder, png):
    run = folder / "runs" / "pets-gan"
    (run / "samples").mkdir(parents=True)
    (run / "settings.json").write_text('{"gansmith": "0.2.0"}')
    (run / "samples" / "0000100.png").write_bytes(png)
    (folder / "cat" / "settings.json").write_text('{"editor.fontSize": 12}')  # somebody else's
    shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    for path in (folder, tmp_path / "packed.zip"):
        found = pictures_at(path)
        assert len(found) == 12 and found.classes == ("cat", "dog")
        assert "passed over, being runs of gansmith: runs/pets-gan" in found.notes
    with pytest.raises(UserError, match="is a run of gansmith, not data"):
        pictures_at(run)


def test_a_bomb_in_a_zip_is_left_out(tmp_path, folder):
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.name)
        archive.writestr("bomb.png", bytes(2**26 + 1))
    found = read(path)
    assert len(found) == 12 and "a bomb; unpack it yourself" in found.left_out["bomb.png"]


def test_only_pictures_are_opened_as_pictures(folder, tmp_path, monkeypatch):
    """EPS under the name of a PNG would make Pillow call Ghostscript."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    (programs / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    (folder / "cat" / "eps.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 16\n%%EndComments\nshowpage\n%%EOF\n"
    )
    found = read(folder)
    assert found.left_out == {"cat/eps.png": "not a picture that Pillow can read"}
    assert not (tmp_path / "called").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "cat" / "pipe.png")
    assert "a pipe or a device" in read(folder).left_out["cat/pipe.png"]


def test_labels_are_numbers_of_classes(folder):
    assert np.asarray(pictures_at(folder).label).dtype.kind == "i"
