"""StyleGAN2: lazy penalties and their steps, path length's closed form, mixing, truncation, ADA for few pictures."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith import penalties
from gansmith.data.dataset import Batch
from gansmith.testing import begin

SMALL = {"width": 2, "latent": 8, "path_length": 2.0, "generator_step": 1.0}


def pictures(n=40, side=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side), np.uint8)


def game(**settings):
    return begin(gs.StyleGAN2, gs.read(pictures()), SMALL | settings, 0).game


class Linear(nn.Module):
    """Pictures (n, 1, 8, 8) that are `size` times the mean over layers of the styles' first numbers, everywhere."""

    def __init__(self, size: float):
        super().__init__()
        self.size = size

    def unsquashed(self, styles):
        return self.size * styles[:, :, 0].mean(1)[:, None, None, None].expand(-1, 1, 8, 8)


def test_the_path_length_of_a_linear_generator():
    """∂/∂w_l of Σ y·G is (size / layers) Σ y, Σ y is normal with variance 1, so ‖Jᵀ y‖ = size · |Σ y| / layers."""
    made = game()
    made.generator = Linear(3.0)
    torch.manual_seed(0)
    lengths = made.path_lengths(torch.randn(20_000, 4, 8))
    assert lengths.mean().item() == pytest.approx(3 / 4 * (2 / np.pi) ** 0.5, rel=0.03)


def test_lazy_r1_is_r1_on_average():
    made = game(gamma=2.0, r1_every=4)
    x = torch.randn(8, 1, 8, 8)
    made.discriminator.variation = nn.Sequential()  # what compares items gives way to an item's own feature
    once = made.r1_loss(Batch(real=x, index=torch.arange(8)))["r1"]
    assert once.item() == pytest.approx(4 * 2.0 * penalties.r1(made.discriminator, x).item(), rel=1e-4)
    every = {turn.loss.__name__: turn.every for turn in made.turns()}
    assert every == {"discriminator_loss": 1, "r1_loss": 4, "generator_loss": 1, "path_loss": 4}
    assert "path_loss" not in {turn.loss.__name__ for turn in game(path_length=0.0).turns()}


def test_gamma_follows_pixels_and_batch():
    made, x = game(), torch.randn(8, 1, 8, 8)
    found = made.r1_loss(Batch(real=x, index=torch.arange(8)))["r1"].item()
    wanted = 16 * 0.0002 * 64 / 8 * penalties.r1(made.discriminator, x).item()
    assert found == pytest.approx(wanted, rel=1e-3)


def test_adam_is_corrected_for_the_penalties_between_moves():
    made = game(learning_rate=0.1, r1_every=16, path_every=4)
    for player, share in (("discriminator", 16 / 17), ("generator", 4 / 5)):
        (group,) = made.optimizer(player, [torch.zeros(3, requires_grad=True)]).param_groups
        assert group["lr"] == pytest.approx(0.1 * share)
        assert group["betas"] == pytest.approx((0.0, 0.99**share))


def test_mixed_styles_are_one_up_to_a_layer_and_another_from_there():
    made = game(mixing=1.0)
    torch.manual_seed(0)
    styles = made.mixed(200, None)
    layers = styles.shape[1]
    changes = (styles[:, 1:] != styles[:, :-1]).any(2)
    assert (changes.sum(1) == 1).all() and set(changes.int().argmax(1).tolist()) == set(range(layers - 1))
    assert not (game(mixing=0.0).mixed(20, None).diff(dim=1) != 0).any()


def test_samples_by_hand_are_samples():
    made = gs.StyleGAN2(**SMALL).fit(pictures(), steps=2, batch_size=8)
    styles = made.styles(3, seed=1)
    assert np.array_equal(made.synthesize(styles), made.sample(3, seed=1))
    flat = made.sample(4, seed=1, psi=0.0)
    assert np.array_equal(flat, flat[:1].repeat(4, 0))
    with pytest.raises(gs.UserError, match="share, 0 … 1"):
        made.sample(1, psi=1.5)


def test_few_pictures_are_augmented():
    spec = gs.read(pictures()).spec
    few, many, asked = gs.StyleGAN2(), gs.StyleGAN2(), gs.StyleGAN2(augment="none")
    assert "augment ada: 500 pictures" in few.choose(spec, 500) and few.augment == "ada"
    many.choose(spec, 50_000), asked.choose(spec, 500)
    assert many.augment == asked.augment == "none"
    assert begin(gs.StyleGAN2, gs.read(pictures()), SMALL, 0).augment.kind == "ada"


def test_models_and_runs_from_before_output_was_a_setting_are_linear(tmp_path, monkeypatch):
    now, new = gs.StyleGAN2.settings, ("output", "generator_step")
    monkeypatch.setattr(gs.StyleGAN2, "settings", lambda self: {k: v for k, v in now(self).items() if k not in new})
    run = tmp_path / "run"
    made = gs.StyleGAN2(**SMALL, output="linear").fit("digits", steps=2, batch_size=8, out=run)
    monkeypatch.undo()
    old = gs.load(run / "model.gan")
    assert old.output == "linear" and np.array_equal(old.sample(3, seed=0), made.sample(3, seed=0))
    again = gs.resume(run, steps=3)
    assert (again.output, again.generator_step) == ("linear", 1.0) and gs.StyleGAN2().output == "tanh"


def test_on_a_cpu_g_steps_farther_and_there_is_no_path_length():
    made, rates = begin(gs.StyleGAN2, gs.read(pictures()), {"width": 2}, 0).game, []
    for player in ("generator", "discriminator"):
        (group,) = made.optimizer(player, [torch.zeros(3, requires_grad=True)]).param_groups
        rates.append(group["lr"])
    assert len(made.turns()) == 3 and rates == pytest.approx([4 * 2.5e-3, 2.5e-3 * 16 / 17])


def test_other_data_is_refused():
    with pytest.raises(gs.UserError, match="StyleGAN2 makes pictures"):
        gs.StyleGAN2().fit(np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32), steps=1)
