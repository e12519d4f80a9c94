"""MidiNet: bars that know their chord and the bar before, sampled as long as one likes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.cli.main import main
from gansmith.data.dataset import Batch
from gansmith.data.kinds.music import midi, rolls
from gansmith.data.kinds.music.kind import tunes
from gansmith.data.kinds.music.lead import NONE, chords_of, lead_sheet, triads
from gansmith.errors import DataError, UserError
from gansmith.gans.midinet import law_of, one_voice
from gansmith.networks.bars import BarGenerator, chord_code, halvings


@pytest.fixture(scope="module")
def trained():
    return gs.MidiNet(width=8, hidden=16, noise=4).fit(
        tunes(60), steps=6, batch_size=16, evaluate=False, diagnose=False
    )


def test_the_sizes_of_the_paper():
    """16 steps are halved to 2 and come back; layers of G take 128 + 13 + 16 maps (section 3.2)."""
    g = BarGenerator(100, 128, 16, 128, 1024)
    assert (g.base, [rise[0].in_channels for rise in g.rises], g.last.in_channels) == (2, [157] * 3, 157)
    assert g.second[0].in_features == 1024 + 13 and len(g.conditioner) == 4
    assert [halvings(steps) for steps in (16, 12, 48, 8, 7, 1)] == [3, 2, 3, 2, 0, 0]


def test_chords_are_thirteen_numbers():
    code = chord_code(torch.tensor([0, 14, NONE]))
    assert code[0].nonzero().flatten().tolist() == [0] and code[1].nonzero().flatten().tolist() == [2, 12]
    assert not code[2].any()


def test_a_lead_sheet_is_one_voice_over_triads_and_stays_so():
    data = lead_sheet(tunes(8))
    x, form = data.fields["real"], data.spec
    assert (x[:, 0].sum(2) <= 1).all() and set(np.unique(x[:, 1].sum(2))) <= {0, 3}
    np.testing.assert_array_equal(lead_sheet(data).fields["real"], x)
    chords = chords_of(x, form)
    np.testing.assert_array_equal(triads(form)[chords].repeat(form.bar, 1), x[:, 1])
    assert set(np.unique(chords)) <= {0, 5, 7, 21}  # C, F, G and Am are what they are made of


def test_networks_read_chords_and_bars_from_the_rolls(trained):
    data = lead_sheet(tunes(8))
    z = data.spec.to_network(torch.from_numpy(data.fields["real"]))
    z[0, 1] = -1
    bars, chords = trained.generator.bars(z)
    assert chords[0].tolist() == [NONE, NONE]
    np.testing.assert_array_equal(chords[1:], chords_of(data.fields["real"], data.spec)[1:])
    assert bars.shape == (8, 2, 24, 8) and set(bars.unique().tolist()) == {0.0, 1.0}


def test_the_losses_are_those_of_the_paper():
    """BCE with .9 for reals; the means of batches, squared and halved, weighted λ₁ and λ₂."""
    game = gs.MidiNet(match_items=0.5, match_features=2.0)
    bar, fake = torch.zeros(4, 2, 3), torch.ones(4, 2, 3)
    game.one_bar, game.made = lambda batch: (bar, torch.zeros(4, 13), None), lambda chord, before: fake
    game.discriminator = lambda x, chord: (x.sum((1, 2)), 2 * x)
    batch = Batch(index=torch.arange(4))
    want = -0.9 * np.log(0.5) - 0.1 * np.log(0.5) + np.log1p(np.exp(6))
    assert float(game.discriminator_loss(batch)["adversarial"]) == pytest.approx(want, rel=1e-5)
    terms = game.generator_loss(batch)
    assert float(terms["adversarial"]) == pytest.approx(np.log1p(np.exp(-6)), rel=1e-4)
    assert (float(terms["items"]), float(terms["features"])) == (0.5 * 6 / 2, 2 * 24 / 2)


def test_one_voice_has_the_likeliest_pitch_or_none():
    bar = torch.tensor([[[0.2, 0.05], [0.9, 0.02]]])
    assert one_voice(bar, 0.1).tolist() == [[[0, 0], [1, 0]]]


def test_chords_follow_as_in_the_data(trained):
    begins, follows = law_of(np.array([[0, 7, 0], [0, 7, 5]]))
    assert begins[0] == 2 and follows[0, 7] == 2 and follows[7, [0, 5]].tolist() == [1, 1]
    assert follows[3].sum() == 6  # never heard: as often as all
    z = torch.linspace(-3, 3, 1000)
    g = trained.generator
    g_begins = g.begins.clone()
    try:
        g.begins = torch.zeros(25).index_fill(0, torch.tensor([2, 9]), 1.0)
        assert set(g.next_chord(z, None).tolist()) == {2, 9}
    finally:
        g.begins = g_begins


def test_samples_have_the_chords_and_bars_that_are_asked_for(trained):
    x = trained.sample(3, chords="C Am F G", bars=6, seed=1)
    assert x.shape == (3, 2, 48, 24) and x.dtype == bool and (x[:, 0].sum(2) <= 1).all()
    assert chords_of(x, trained.spec).tolist() == [[0, 21, 5, 7, 0, 21]] * 3
    assert trained.sample(2, chords="C G", seed=1).shape[2] == 16 and trained.sample(2, bars=1).shape[2] == 8
    for wrong in ({"chords": "C H"}, {"bars": 5000}, {"chords": []}, {"melody": np.zeros((7, 24), bool)}):
        with pytest.raises(UserError):
            trained.sample(1, **wrong)


def test_a_tune_goes_on_from_another_bar_as_another_tune(trained):
    one, two = np.zeros((2, 8, 24), bool)
    one[:, 12] = two[:, 20] = True
    parts = [trained.sample(20, melody=roll, chords="C", bars=1, seed=3) for roll in (one, two)]
    assert parts[0].shape[2] == 16
    np.testing.assert_array_equal(parts[0][0, 0, :8], one)
    before = torch.from_numpy(np.stack([one, two])).float().transpose(1, 2)
    z, chord = torch.randn(1, 4).expand(2, -1), chord_code(torch.zeros(2, dtype=torch.long))
    with trained.at_rest():
        made = trained.generator.bar(z, chord, before)
    assert not torch.equal(made[0], made[1])


def test_a_model_of_one_key_plays_in_the_key_that_it_is_given(trained, monkeypatch, tmp_path):
    """F sharp major comes back as F sharp major, and what the model was told is C major."""
    pytest.importorskip("symusic", reason="MIDI files are written by symusic: pip install 'gansmith[music]'")
    scale = np.array([60, 62, 64, 65, 67, 69, 71, 72])
    times = np.arange(8.0)
    part = midi.Part("melody", 73, times, times + 1, scale + 6)
    midi.write([part], tmp_path / "a.mid", (4, 4), 90)
    monkeypatch.setattr(trained, "spec", replace(trained.spec, move="key"))
    told, tune = [], trained.generator.tune
    monkeypatch.setattr(trained.generator, "tune", lambda *given: told.append(given) or tune(*given))
    with pytest.warns(UserWarning, match="moved by -6 semitones"):
        made = trained.sample(2, melody=tmp_path / "a.mid", chords="F# B", seed=1)
    assert told[0][1].tolist() == [[0, 5]] * 2 and chords_of(made, trained.spec)[0, -2:].tolist() == [6, 11]
    assert (np.flatnonzero(made[0, 0, :2].any(0)) + trained.spec.low) % 12 == 6
    made = trained.sample(2, chords="F# D#m B C#", seed=1)
    assert told[1][1].tolist() == [[0, 21, 5, 7]] * 2 and chords_of(made, trained.spec)[0].tolist() == [6, 15, 11, 1]


def test_from_a_folder_of_midi_to_midi_on_the_command_line(tmp_path, monkeypatch, capsys):
    pytest.importorskip("symusic", reason="MIDI files are written by symusic: pip install 'gansmith[music]'")
    monkeypatch.chdir(tmp_path)
    data = tunes(12)
    for i, item in enumerate(data.fields["real"]):
        (tmp_path / "in").mkdir(exist_ok=True)
        midi.write(rolls.parts_of(item, data.spec), tmp_path / "in" / f"{i}.mid", (4, 4), 100)
    how = {"bars": 2, "resolution": 2, "width": 8, "hidden": 16, "noise": 4, "steps": 2, "batch-size": 8, "out": "run"}
    assert main(["train", "in", "-q", *(f"--{name}={value}" for name, value in how.items())]) == 0
    assert gs.load("run").name == "midinet"
    assert (
        main(["sample", "run", "-n", "2", "-o", "made/", "--chords", "C Am", "--bars", "3", "--melody", "in/0.mid"])
        == 0
    )
    tune = midi.parse((tmp_path / "made" / "0.mid").read_bytes())
    assert [part.name for part in tune.parts][-1] == "chords" and tune.end == 4 * (2 + 3)
    assert main(["sample", "run", "-o", "made2/", "--chords", "X"]) == 2
    assert "'X' is no chord" in capsys.readouterr().err


def test_other_data_is_refused():
    with pytest.raises(DataError, match="MIDI"):
        gs.MidiNet().read(np.zeros((20, 3), np.float32) + np.arange(3))
