"""Games with inputs on the command line: pictures in, pictures out; captions in; nothing in."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gansmith as gs
from gansmith.cli.main import main
from gansmith.cli.progress import whats_next
from gansmith.data.kinds.video.kind import squares
from gansmith.testing import made_up_pairs


def lay(folder, sizes):
    folder.mkdir()
    for name, (width, height) in sizes.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        x = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
        Image.fromarray(x).save(path)
    return folder


def test_a_folder_is_translated_under_its_own_names(tmp_path, capsys):
    gs.Pix2Pix(width=4).fit(made_up_pairs((3, 8, 8), channels=3), steps=1).save(tmp_path / "x.gan")
    photos = lay(tmp_path / "photos", {"one.jpg": (20, 16), "more/two.png": (8, 8)})
    assert (
        main(["sample", str(tmp_path / "x.gan"), "--input", str(photos), "-o", str(tmp_path / "made"), "--seed", "1"])
        == 0
    )
    assert Image.open(tmp_path / "made/one.png").size == (20, 16)  # in tiles of the size that was trained on
    assert Image.open(tmp_path / "made/more/two.png").size == (8, 8)
    assert (
        main(["sample", str(tmp_path / "x.gan"), "--input", str(photos / "one.jpg"), "-o", str(tmp_path / "1.png")])
        == 0
    )
    assert Image.open(tmp_path / "1.png").size == (20, 16)  # one picture is no sheet
    assert main(["sample", str(tmp_path / "x.gan"), "-o", str(tmp_path / "2.png")]) == 2
    assert "--input" in capsys.readouterr().err
    words = ["sample", str(tmp_path / "x.gan"), "--input", str(photos), "-o", str(tmp_path / "3")]
    for option in ("-n 2", "--label a", "--text x", "--psi .5", "--refine obrs", "--budget 3", "--temperature .5"):
        assert main([*words, *option.split()]) == 2
        assert f"takes no {option.split()[0]}: remove {option.split()[0]}" in capsys.readouterr().err
    assert not (tmp_path / "3").exists()


def test_pictures_of_any_size_are_enlarged(tmp_path, capsys):
    x = np.random.default_rng(0).integers(0, 255, (4, 3, 32, 32), np.uint8)
    gs.SRGAN(width=4, blocks=1, scale=2, crop=32).fit(x, steps=1, batch_size=2).save(tmp_path / "x.gan")
    photos = lay(tmp_path / "photos", {"a.png": (20, 16), "b.png": (9, 30)})
    assert main(["sample", str(tmp_path / "x.gan"), "--input", str(photos), "-o", str(tmp_path / "made")]) == 0
    assert Image.open(tmp_path / "made/a.png").size == (40, 32) and Image.open(tmp_path / "made/b.png").size == (18, 60)
    assert main(["sample", str(tmp_path / "x.gan"), "--input", str(photos), "-o", str(tmp_path / "s.png")]) == 2
    assert "differ in size" in capsys.readouterr().err


def test_what_is_said_to_be_next_can_be_typed(tmp_path, monkeypatch):
    x = np.random.default_rng(0).integers(0, 255, (8, 3, 32, 32), np.uint8)
    plays = {
        "pix2pix": (gs.Pix2Pix(width=4), made_up_pairs((3, 8, 8), channels=3)),
        "srgan": (gs.SRGAN(width=4, blocks=1, scale=2, crop=32), x),
        "gan": (gs.GAN(width=4), x),
    }
    for name, (game, data) in plays.items():
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        lay(Path("pictures"), {"a.png": (20, 16)})
        game.fit(data, steps=1, batch_size=2, out="run", evaluate=False, diagnose=False)
        typed = whats_next(Path("run"), game).splitlines()[1]
        assert ("--input pictures/" in typed) == (name != "gan")
        assert main(shlex.split(typed)[shlex.split(typed).index("sample") :]) == 0
    assert Image.open(tmp_path / "srgan/made/a.png").size == (40, 32) and Path("grid.png").is_file()


def test_captions_and_games_that_take_none(tmp_path, capsys):
    x = np.zeros((8, 8, 8), np.uint8)
    gs.GANINTCLS(width=4).fit((x, ["grey", "black"] * 4), steps=1, batch_size=4).save(tmp_path / "t.gan")
    assert main(["sample", str(tmp_path / "t.gan"), "--text", "black", "-n", "3", "-o", str(tmp_path / "t.npy")]) == 0
    assert np.load(tmp_path / "t.npy").shape == (3, 1, 8, 8)
    gs.DCGAN(width=4).fit("digits", steps=1).save(tmp_path / "d.gan")
    for word in (["--text", "black"], ["--input", str(tmp_path)]):
        assert main(["sample", str(tmp_path / "d.gan"), *word, "-o", str(tmp_path / "d.png")]) == 2
        assert f"remove {word[0]}" in (said := capsys.readouterr().err)
    assert said.endswith("remove --input, or train pix2pix or cyclegan, which make pictures of pictures\n")


def test_what_writes_a_file_is_looked_for_before_anything_is_made(tmp_path, monkeypatch, capsys):
    gs.WGANGP(width=4).fit(squares((1, 4, 8, 8)), steps=1, batch_size=4).save(tmp_path / "v.gan")
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(gs.WGANGP, "sample", None)
    for place, said in (
        ("made/", r"\.mp4 files are written by av: pip install 'gansmith\[video\]', or name a file \.gif, \.npz"),
        ("made.webm", r"made\.webm: \.webm files are written by av"),
        ("made.wav", r"made\.wav: clips are written to \.mp4, \.gif"),
    ):
        assert main(["sample", str(tmp_path / "v.gan"), "-o", f"{tmp_path}/{place}"]) == 2
        assert re.search(said, capsys.readouterr().err), place
    monkeypatch.undo()
    assert main(["sample", str(tmp_path / "v.gan"), "-n", "2", "-o", str(tmp_path / "made.gif")]) == 0


def test_styles_are_moved_towards_their_mean(tmp_path, capsys):
    gs.StyleGAN2(width=2, latent=8).fit(np.zeros((8, 8, 8), np.uint8), steps=1, batch_size=4).save(tmp_path / "s.gan")
    sample = ["sample", str(tmp_path / "s.gan"), "-n", "3", "-o", str(tmp_path / "s.npy"), "--psi"]
    assert main([*sample, "0"]) == 0
    made = np.load(tmp_path / "s.npy")
    assert (made == made[:1]).all()
    assert main([*sample, "1.5"]) == 2
    gs.DCGAN(width=4).fit("digits", steps=1).save(tmp_path / "s.gan")
    assert main([*sample, "0.5"]) == 2
    assert "DCGAN has no styles: remove --psi" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["train", "neural-crypto"]])
def test_a_game_without_data_is_trained_without_data(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--steps", "3", "--batch-size", "8", "--bits", "4", "--quiet"]) == 0
    assert (tmp_path / "runs/neural-crypto/report.html").is_file()
    assert main(["sample", "runs/neural-crypto", "-n", "5", "-o", "c.csv"]) == 0
