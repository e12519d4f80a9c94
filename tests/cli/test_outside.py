"""Names and files from outside: nothing is written elsewhere, no name commands the terminal, and none ends a run."""

import os
import zipfile
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.cli import main as cli
from gansmith.cli.console import say, take_any_text


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    """A run of pix2pix on pictures of noise: to read, not to change."""
    root = tmp_path_factory.mktemp("pairs")
    noise = np.random.default_rng(0).integers(0, 256, (2, 8, 16, 16, 3), np.uint8)
    for side, pixels in zip("AB", noise):
        (root / "data" / side).mkdir(parents=True)
        for i, x in enumerate(pixels):
            Image.fromarray(x).save(root / "data" / side / f"{i}.png")
    words = ["train", "pix2pix", str(root / "data"), "--width", "4", "--steps", "2", "--precision", "fp32", "-q"]
    assert cli.main([*words, "--out", str(root / "run")]) == 0
    return root


def test_what_is_translated_from_a_zip_stays_in_the_folder(translator, tmp_path, capsys):
    picture = (translator / "data" / "A" / "0.png").read_bytes()
    names = ["../escaped.png", f"{tmp_path}/absolute.png", "..\\..\\windows.png", "a.jpg", "a.gif", "A.PNG", "ok/b.png"]
    with zipfile.ZipFile("evil.zip", "w") as archive:
        for name in names:
            archive.writestr(name, picture)
    before = set(tmp_path.rglob("*"))
    out = tmp_path / "deep" / "er" / "out"
    assert cli.main(["sample", str(translator / "run"), "--input", "evil.zip", "-o", f"{out}/"]) == 0
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert len(made) == len(names) and all(out in path.parents for path in made)
    assert {"escaped.png", "windows.png", "a.jpg.png", "a.gif.png", "A.PNG.png", "b.png"} < {p.name for p in made}


def odd_folder(pictures, names: list[bytes]) -> Path:
    plain = pictures(Path("plain"), 6)
    for name in names:
        os.makedirs(os.path.join(b"odd", name))
        for path in plain.iterdir():
            with open(os.path.join(b"odd", name, os.fsencode(path.name)), "wb") as file:
                file.write(path.read_bytes())
    return Path("odd")


def test_names_do_not_command_the_terminal(pictures, capsys):
    folder = odd_folder(pictures, [b"a\x1b[31m", b"b\r\n  nothing odd found", b"c\x1b]0;owned\x07"])
    assert cli.main(["check", str(folder)]) == 0
    told = capsys.readouterr().out
    assert not [c for c in told if ord(c) < 32 and c != "\n"] and "a\\x1b[31m 6" in told
    assert "  nothing odd found" not in told.splitlines()
    assert cli.main(["check", f"{folder}/\x1b[2Jnothing"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_name_that_is_not_utf8_ends_no_training(pictures, capsys, tmp_path):
    try:
        folder = odd_folder(pictures, [b"caf\xe9", b"the"])
    except OSError:
        pytest.skip("this disk takes no names that are not UTF-8")
    words = ["train", "gan", str(folder), "--steps", "2", "--width", "8", "--conditional", "--precision", "fp32"]
    assert cli.main([*words, "--out", "run"]) == 0
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert "caf\ufffd" in page and "caf\ufffd" in capsys.readouterr().out
    assert cli.main(["sample", "run", "-n", "2", "--label", os.fsdecode(b"caf\xe9"), "-o", "x.npz"]) == 0


def test_a_terminal_of_few_letters_gets_all_the_same(monkeypatch):
    stream = TextIOWrapper(BytesIO(), encoding="cp1252")
    monkeypatch.setattr("sys.stdout", stream)
    take_any_text()
    say("λ 猫")
    assert stream.buffer.getvalue() == b"\\u03bb \\u732b\n"


def test_advice_can_be_typed_as_it_stands(small, capsys):
    assert cli.main(["train", "gan", "ring8", "--steps", "2", "--out", "my $(run)", *small]) == 0
    assert "sample 'my $(run)' -n" in capsys.readouterr().out
    assert cli.main(["train", "gan", "ring8", "--steps", "2", "--out", "my $(run)", *small]) == 2
    assert "resume 'my $(run)'" in capsys.readouterr().err
    assert "resume &#39;my $(run)&#39;" in Path("my $(run)/report.html").read_text()
