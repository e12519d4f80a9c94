"""MuseGAN: who shares what noise, which critic hears what, binary neurons, accompaniment."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.music import midi, rolls
from gansmith.data.kinds.music.kind import tunes
from gansmith.errors import DataError, SettingError, UserError
from gansmith.networks.phrases import BarMaker, Encoder, PhraseCritic, binary, times_of

SMALL = {"width": 4, "noise": 3}
HOW = {"steps": 2, "batch_size": 8, "val": 0, "evaluate": False, "diagnose": False}


def built(**settings):
    game, data = gs.MuseGAN(**SMALL, **settings), tunes(12)
    game.spec = game.read(data).spec
    game.build(game.spec)
    return game.eval()


@pytest.fixture(scope="module")
def trained():
    return gs.MuseGAN(given="melody", **SMALL).fit(tunes(12), **HOW)


@pytest.mark.parametrize("steps", [1, 6, 7, 12, 16, 48, 96])
def test_bars_of_any_length_are_made_and_told_of(steps):
    assert np.prod(times_of(steps)) == steps
    told = Encoder(steps, 30, 16)(torch.zeros(2, steps, 30))
    assert BarMaker(5, 2, steps, 30, 4, told=16)(torch.zeros(2, 5), told).shape == (2, 2, steps, 30)
    assert PhraseCritic(2, 3, steps, 30, 4)(torch.zeros(2, 2, 3, steps, 30)).shape == (2,)


def changed(game, part):
    """Which tracks, and in which bars, another number of that part of the noise changes."""
    z = torch.randn(4, game.latent)
    other = z.clone()
    other[:, part * game.noise : (part + 1) * game.noise] += 3
    with torch.no_grad():
        apart = (game.generator(z) - game.generator(other)).unflatten(2, (game.spec.bars, -1)).abs().amax((0, 3, 4))
    return (apart > 1e-6).tolist()


def test_who_hears_whose_noise():
    """Parts of the noise: shared over the phrase, shared in time, then each track's own two (figure 2)."""
    every, first, second = [[True] * 2] * 2, [[True] * 2, [False] * 2], [[False] * 2, [True] * 2]
    jamming, composer, hybrid = (built(mode=mode) for mode in ("jamming", "composer", "hybrid"))
    assert [changed(jamming, k) for k in range(4)] == [first, first, second, second] and jamming.latent == 12
    assert [changed(composer, k) for k in range(2)] == [every] * 2 and composer.latent == 6
    assert [changed(hybrid, k) for k in range(6)] == [every, every, first, first, second, second]
    assert len(composer.generator.makers) == 1 and len(hybrid.generator.makers) == 2


def test_the_released_codes_variants_are_settings():
    """One temporal network that all tracks share, one critic that hears all who jam; who hears whose noise stays."""
    first, second = [[True] * 2, [False] * 2], [[False] * 2, [True] * 2]
    game = built(mode="jamming", temporal="shared", critics="joint")
    assert len(game.generator.alone) == 1 and len(game.discriminator.critics) == 1
    assert [changed(game, k) for k in range(4)] == [first, first, second, second]
    x = torch.rand(2, 2, 16, 24)
    for track in (0, 1):
        other = x.clone()
        other[:, track] = 0
        assert not torch.equal(game.discriminator.one(0, x), game.discriminator.one(0, other))
    assert len(built(mode="jamming").generator.alone) == len(built(mode="jamming").discriminator.critics) == 2


def test_what_is_shared_over_the_phrase_is_the_same_in_each_bar_and_time_is_not():
    game = built(mode="composer")
    z = torch.randn(1, 6)
    with torch.no_grad():
        one = game.generator(z).unflatten(2, (2, -1))
        game.generator.together.forward = lambda z: torch.zeros(len(z), 2, 3)
        still = game.generator(z).unflatten(2, (2, -1))
    apart = [float((x[:, :, 0] - x[:, :, 1]).abs().max()) for x in (one, still)]
    assert apart[0] > 1e-5 > 10 * apart[1]


@pytest.mark.parametrize("mode, given, heard", [("jamming", None, [[0], [1]]), ("hybrid", None, [[0, 1]])])
def test_critics_hear_what_they_should(mode, given, heard):
    game, x = built(mode=mode, given=given), torch.rand(2, 2, 16, 24)
    for i, tracks in enumerate(heard):
        for k in range(2):
            other = x.clone()
            other[:, k] += 1
            with torch.no_grad():
                differs = not torch.equal(game.discriminator.one(i, x), game.discriminator.one(i, other))
            assert differs == (k in tracks)
    assert len(game.discriminator.critics) == len(heard)


def test_binary_neurons_step_forwards_and_slope_backwards():
    logits = torch.tensor([-2.0, 0.1, 3.0], requires_grad=True)
    made = binary(logits, 0.5, slope=2.0)
    assert made.tolist() == [-1, 1, 1]
    made.sum().backward()
    s = torch.sigmoid(2 * logits.detach())
    torch.testing.assert_close(logits.grad, 2 * 2 * s * (1 - s))
    many = binary(torch.full((20_000,), 1.0), torch.rand(20_000, generator=torch.Generator().manual_seed(0)))
    assert float((many > 0).float().mean()) == pytest.approx(1 / (1 + np.exp(-1)), abs=0.01)


def test_the_refiner_is_trained_after_the_generator_which_stays():
    game = built(refining=0.25)
    first, second = game.stages()
    assert (first.share, second.share) == (0.75, 0.25)
    assert [turn.player for turn in (*first.turns, *second.turns)] == [
        "discriminator", "generator", "discriminator", "refiner",
    ]  # fmt: skip
    assert len(built(neurons="none").stages()) == 1 and built(neurons="none").refiners is None


def test_stochastic_neurons_follow_the_seed(trained):
    game = gs.MuseGAN(neurons="stochastic", **SMALL).fit(tunes(12), **HOW)
    one, two, three = (game.sample(3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, two) and not np.array_equal(one, three)


def test_a_given_track_is_kept_and_the_others_are_made(trained):
    roll = np.zeros((20, 24), bool)
    roll[:, 3] = True
    x = trained.sample(2, given=roll, seed=1)
    assert x.shape == (2, 2, 32, 24) and x.dtype == bool  # two phrases, the second filled with silence
    np.testing.assert_array_equal(x[1, 0, :20], roll)
    assert not x[:, 0, 20:].any()
    other = trained.generator(torch.zeros(1, trained.latent), told=torch.ones(1, 16, 24))
    mine = trained.generator(torch.zeros(1, trained.latent), told=-torch.ones(1, 16, 24))
    assert not torch.equal(other[:, 1], mine[:, 1])
    kept = trained.sample(5, seed=1)[:, 0]
    assert all(any(np.array_equal(one, item) for item in tunes(12).fields["real"][:, 0]) for one in kept)


def test_what_cannot_be_given_is_refused(trained):
    data = tunes(12)
    with pytest.raises(SettingError, match="melody, chords"):
        gs.MuseGAN(given="oboe", **SMALL).fit(data, **HOW)
    with pytest.raises(UserError, match="24"):
        trained.sample(2, given=np.zeros((16, 30), bool))
    with pytest.raises(UserError, match="--given TRACK"):
        game = built()
        game.sample(1, given=np.zeros((16, 24), bool))
    with pytest.raises(DataError, match="MIDI"):
        gs.MuseGAN().read(np.zeros((20, 3), np.float32) + np.arange(3))


def test_accompaniment_on_the_command_line(tmp_path, monkeypatch, capsys):
    pytest.importorskip("symusic", reason="MIDI files are written by symusic: pip install 'gansmith[music]'")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    data = tunes(12)
    low = np.pad(data.fields["real"][:, 1:, :, :12], ((0, 0), (0, 0), (0, 0), (0, 12)))  # a third track
    form = replace(data.spec, shape=(3, 16, 24), tracks=("melody", "chords", "bass"), programs=(73, 0, 33))
    items = np.concatenate([data.fields["real"], low], 1)
    for i, item in enumerate(items):
        midi.write(rolls.parts_of(item, form), tmp_path / "in" / f"{i}.mid", (4, 4), 100)
    read = gs.read("in", bars=2, resolution=2)
    assert read.spec.default_game == "musegan"
    gs.MuseGAN(given="MELODY", **SMALL).fit(read, **HOW).save("model.gan")
    assert main(["sample", "model.gan", "-n", "2", "-o", "made/", "--given", "in/0.mid"]) == 0
    tune = midi.parse((tmp_path / "made" / "0.mid").read_bytes())
    mine = [part for part in tune.parts if part.name == "melody"]
    assert len(mine) == 1 and len(mine[0].pitch) == len(rolls.notes(items[0, 0], 60)[0])
    assert main(["sample", "model.gan", "-o", "x/", "--given", "in/none.mid"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_played_on_a_data_set_of_one_track():
    data = tunes(12)
    alone = replace(data.spec, shape=(1, 16, 24), tracks=("melody",), programs=(73,))
    game = gs.MuseGAN(**SMALL).fit(Dataset(alone, {"real": data.fields["real"][:, :1]}, digest="1"), **HOW)
    assert game.sample(2, seed=0).shape == (2, 1, 16, 24)
