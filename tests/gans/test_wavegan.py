"""WaveGAN: phase shuffle by closed forms, the paper's sizes, and what its settings change."""

import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.audio import Audio, tones
from gansmith.errors import UserError
from gansmith.networks.wave import WaveDiscriminator, WaveGenerator, moved, phase_shuffle

ROW = torch.arange(6.0)[None, None]  # 0 1 2 3 4 5


@pytest.mark.parametrize(
    "shift, expected",
    [(0, [0, 1, 2, 3, 4, 5]), (2, [2, 1, 0, 1, 2, 3]), (-2, [2, 3, 4, 5, 4, 3]), (5, [5, 4, 3, 2, 1, 0])],
)
def test_a_phase_is_moved_and_reflected(shift, expected):
    assert moved(ROW, torch.tensor([[shift]])).flatten().tolist() == expected


@pytest.mark.parametrize("shift", [-2, 1, 2])
def test_it_is_the_reflecting_pad_of_the_released_code(shift):
    x = torch.randn(3, 4, 50, generator=torch.Generator().manual_seed(0))
    left, right = max(shift, 0), max(-shift, 0)
    released = torch.nn.functional.pad(x, (left, right), mode="reflect")[..., right : right + 50]
    assert torch.equal(moved(x, torch.tensor([[shift]])), released)


def test_each_item_or_the_whole_batch_and_every_shift_as_often():
    torch.manual_seed(0)
    batch = torch.arange(100.0).expand(5000, 1, 100)
    first = phase_shuffle(batch, 2)[:, 0, 50]  # 50 less the shift
    count = torch.bincount((50 - first).long() + 2, minlength=5)
    assert count.sum() == 5000 and count.min() > 850 and count.max() < 1150
    assert len(phase_shuffle(batch, 2, each=False)[:, 0, 50].unique()) == 1
    assert torch.equal(phase_shuffle(batch[:, :, :1], 2), batch[:, :, :1])  # nowhere to go


def test_the_generator_of_the_paper():
    generator = WaveGenerator(100, (1, 16_384), 64)
    assert sum(p.numel() for p in generator.parameters()) == 19_065_345
    assert [tuple(grid) for grid in generator.grids] == [(16,), (64,), (256,), (1024,), (4096,), (16_384,)]


@pytest.mark.parametrize("kernel", [24, 25, 5, 4])
@pytest.mark.parametrize("steps", [16_384, 8192, 1000, 97, 17, 5])
def test_any_length_and_kernel(kernel, steps):
    made = WaveGenerator(3, (2, steps), 1, kernel=kernel)(torch.randn(2, 3))
    assert made.shape == (2, 2, steps) and made.abs().max() <= 1
    assert WaveDiscriminator((2, steps), 1, kernel=kernel)(made).shape == (2,)


@pytest.mark.parametrize("kernel, weights", [(24, {6}), (25, {6, 7})])
def test_an_even_kernel_touches_all_outputs_alike(kernel, weights):
    conv = WaveGenerator(3, (1, 4096), 1, kernel=kernel).convs[-1]
    ones = torch.nn.ConvTranspose1d(1, 1, kernel, 4, conv.padding, conv.output_padding, bias=False)
    torch.nn.init.ones_(ones.weight)
    with torch.no_grad():
        touched = ones(torch.ones(1, 1, 64))[0, 0, 40:-40]
    assert set(touched.round().int().tolist()) == weights


def test_scores_are_made_without_shuffling():
    network = WaveDiscriminator((1, 640), 2)
    x = torch.randn(8, 1, 640)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
    assert torch.equal(*(WaveDiscriminator.forward(n, x) for n in [WaveDiscriminator((1, 640), 2, shuffle=0)] * 2))


def test_the_settings_reach_the_networks():
    data = tones((1, 640))
    gan = gs.WaveGAN(width=2, kernel=24, shuffle=3, shuffle_each=False).fit(data, steps=1, batch_size=8)
    network = gan.discriminator
    assert (network.shuffle, network.each, network.convs[0].kernel_size) == (3, False, (24,))
    made = gan.sample(3, seed=0)
    assert made.shape == (3, 1, 640) and made.dtype == data.spec.dtype and isinstance(gan.spec, Audio)


def test_pictures_are_refused():
    with pytest.raises(UserError, match="series"):
        gs.WaveGAN(width=2).fit("digits", steps=1)


def test_on_a_cpu_there_are_few_moves_on_few_sounds_unless_they_are_given(monkeypatch):
    form = tones((1, 640), 4).spec
    paper = {"discriminator_steps": 5, "learning_rate": 1e-4, "decay": 0.0}
    for name in ("WaveGAN", "SpecGAN"):
        game, typed = getattr(gs, name)(), getattr(gs, name)(**paper)
        said = " ".join(game.choose(form))
        assert (game.discriminator_steps, game.learning_rate, game.batch_size) == (2, 1e-3, 8)
        assert "discriminator_steps 2: on a CPU; 5 is for a GPU" in said
        assert not [why for why in typed.choose(form) if "CPU" in why] and typed.discriminator_steps == 5
    monkeypatch.setattr(gs.WaveGAN, "device", property(lambda self: torch.device("cuda")))
    game = gs.WaveGAN()
    game.choose(form)
    assert (game.discriminator_steps, game.learning_rate, game.batch_size) == (5, 1e-4, 64)


@pytest.mark.parametrize("asked, rate", [({}, 1e-3), ({"conditional": True}, 3e-4)])
def test_told_the_classes_it_moves_less_on_a_cpu(asked, rate):
    game = gs.WaveGAN(**asked)
    reasons = game.choose(Audio((1, 64)))
    assert game.learning_rate == rate and sum(reason.startswith("learning_rate") for reason in reasons) == 1
    given = gs.WaveGAN(**asked, learning_rate=0.5)
    given.choose(Audio((1, 64)))
    assert given.learning_rate == 0.5
