"""Labels in the three papers that know them: joined, named, projected (for the last see test_sngan)."""

import math

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.kinds.images import Images
from gansmith.networks.mlp import MLPGenerator
from gansmith.testing import begin, made_up

DIGITS = Images((1, 28, 28), tuple("0123456789"))


def test_the_papers_layers_at_mnist_size():
    gan = gs.CGAN()
    gan.build(DIGITS)
    g, d = gan.generator, gan.discriminator
    assert [m.out_features for m in (g.of_noise, g.of_label, g.joint)] == [200, 1000, 1200]
    assert [m.form for m in (d.of_item, d.of_label, d.joint)] == [(240, 5), (50, 5), (240, 4)]


@pytest.mark.parametrize("game", [gs.CGAN, gs.ACGAN])
def test_another_label_makes_another_item_and_no_labels_are_refused(game):
    state = begin(game, made_up((1, 8, 8)), {"width": 24}, 0)
    z = state.game.latents(3)
    with state.game.at_rest():
        one, two = (state.game.generate(z, torch.full((3,), y)) for y in (0, 1))
    assert not torch.allclose(one, two)
    with pytest.raises(gs.UserError, match="needs labels"):
        game().fit(np.zeros((20, 8, 8), np.uint8), steps=1)


def test_cgan_s_discriminator_reads_the_label_and_acgan_s_does_not():
    for game, reads in ((gs.CGAN, True), (gs.ACGAN, False)):
        made = begin(game, made_up((1, 8, 8)), {"width": 24}, 0).game
        x = torch.randn(4, 1, 8, 8)
        with made.at_rest():
            one, two = (made.discriminator(x, torch.full((4,), y)) for y in (0, 1))
        assert torch.equal(one, two) != reads


def test_a_classifier_that_knows_nothing_pays_log_classes_for_reals_and_for_fakes():
    for fakes, price in ((True, 2 * math.log(3)), (False, math.log(3))):
        state = begin(gs.ACGAN, made_up((1, 8, 8)), {"width": 8, "classify_fakes": fakes, "class_weight": 0.5}, 0)
        torch.nn.init.zeros_(state.game.classifier.weight)
        torch.nn.init.zeros_(state.game.classifier.bias)
        said = state.game.discriminator_loss(state.data.batch(torch.arange(8)))
        assert said["class"].item() == pytest.approx(price / 2, rel=1e-5)


def test_acgan_s_generator_is_paid_for_fakes_of_the_class_asked_for():
    state = begin(gs.ACGAN, made_up((1, 8, 8)), {"width": 8, "class_weight_generator": 0.1}, 0)
    game, batch = state.game, state.data.batch(torch.arange(8))
    torch.nn.init.zeros_(game.classifier.weight)
    game.classifier.bias.data = torch.tensor([50.0, 0.0, 0.0])  # sure that all is class 0
    batch.label = torch.zeros(8).long()
    assert game.generator_loss(batch)["class"].item() == pytest.approx(0, abs=1e-6)
    batch.label = torch.ones(8).long()
    assert game.generator_loss(batch)["class"].item() == pytest.approx(5, rel=1e-4)
    assert set(game.classify(state.data.fields["real"][:6]).tolist()) == {0}


def test_a_label_is_one_number_beside_the_noise():
    """A long embedding is louder than the noise and leaves one sample a class."""
    generator, seen = MLPGenerator(5, (2,), 8, 1, classes=3), []
    generator.body = lambda z: seen.append(z) or z
    z, label = torch.randn(4, 5), torch.tensor([2, 0, 1, 2])
    generator(z, label)
    assert torch.equal(seen[0], torch.cat([z, torch.eye(3)[label]], 1)) and generator.inputs == 8
