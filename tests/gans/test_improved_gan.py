"""Each of the techniques of 2016 against what it is on paper."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.images import Images
from gansmith.data.kinds.vectors import Vectors
from gansmith.game import Turn
from gansmith.gans.improved_gan import few_labels
from gansmith.networks.minibatch import MinibatchFeatures, VirtualBatchNorm
from gansmith.testing import begin, check_game, made_up, rounds


def test_pictures_without_classes_are_played_for_samples_and_others_for_a_classifier():
    for classes, given, matching, minibatch in (
        ((), {}, False, "discrimination"),
        ((), {"matching": True, "minibatch": "none"}, True, "none"),
        (("a", "b"), {}, True, "none"),
    ):
        game = gs.ImprovedGAN(**given)
        game.choose(Images((1, 8, 8), classes))
        assert (game.matching, game.minibatch) == (matching, minibatch)


@pytest.mark.parametrize(
    "settings", [{"virtual": True}, {"minibatch": "discrimination", "matching": False}, {"historical": 0.1}]
)
def test_every_technique_keeps_the_contract(settings):
    check_game(gs.ImprovedGAN, data=[made_up((1, 8, 8))], width=16, **settings)


def test_minibatch_features_equal_a_plain_loop_and_follow_the_order_of_the_batch():
    torch.manual_seed(0)
    layer, x = MinibatchFeatures(6, kernels=4, dimensions=3), torch.randn(5, 6)
    with torch.no_grad():
        layer.direction.mul_(20)
        layer.log_scale.uniform_(-1, 0)
        found = layer(x)
        scale = layer.log_scale.exp() / layer.direction.square().sum(0).sqrt()
        m = torch.einsum("bi,ikd->bkd", x, layer.direction * scale)
        for b in range(5):
            for k in range(4):
                close = sum(float((-(m[b, k] - m[i, k]).abs().sum()).exp()) for i in range(5) if i != b)
                assert found[b, 6 + k].item() == pytest.approx(close - 1, abs=1e-5)
        order = torch.tensor([3, 0, 4, 1, 2])
        assert torch.allclose(layer(x[order]), found[order], atol=1e-6)
    assert torch.equal(found[:, :6], x)


def test_alike_samples_are_close_and_a_single_one_is_alone():
    layer = MinibatchFeatures(3, kernels=2)
    assert layer(torch.ones(5, 3))[:, 3:].tolist() == [[3.0, 3.0]] * 5  # four others at distance 0, bias −1
    assert layer(torch.ones(1, 3))[:, 3:].tolist() == [[-1.0, -1.0]]


def test_virtual_batch_norm_does_not_see_a_sample_s_mates():
    torch.manual_seed(0)
    norm, reference = VirtualBatchNorm(4, 10), 2 + 3 * torch.randn(10, 4)
    x = torch.randn(6, 4)
    together = norm(torch.cat([reference, x]))[10:]
    alone = torch.cat([norm(torch.cat([reference, one[None]]))[10:] for one in x])
    assert torch.allclose(together, alone, atol=1e-6)
    own = torch.cat([reference, x[:1]])  # by hand: the batch norm of the reference and the sample together
    by_hand = (x[0] - own.mean(0)) / (own.var(0, unbiased=False) + 1e-5).sqrt()
    assert torch.allclose(together[0], by_hand, atol=1e-5)


def test_virtual_batch_norm_makes_training_samples_independent_and_batch_norm_does_not():
    for virtual in (True, False):
        game = begin(gs.ImprovedGAN, made_up((1, 8, 8)), {"width": 16, "virtual": virtual}, 0).game
        z = game.latents(8)
        assert torch.allclose(game.generator(z)[:2], game.generator(z[:2]), atol=1e-5) == virtual


def test_historical_averaging_is_zero_at_the_start_and_the_distance_to_the_mean_later():
    state = begin(gs.ImprovedGAN, made_up((1, 8, 8)), {"width": 8, "historical": 2.0}, 0)
    seen = [state.players["generator"].flat.detach().clone()]
    assert state.game.historical_terms("generator")["historical"] == 0
    for _ in range(3):
        rounds(state, 1)
        seen.append(state.players["generator"].flat.detach().clone())
    distance = (seen[-1] - torch.stack(seen).mean(0)).square().sum()
    assert state.game.historical_terms("generator")["historical"].item() == pytest.approx(2 * distance.item(), rel=1e-3)


def test_the_score_is_log_z_and_an_item_of_no_class_is_fake():
    game = begin(gs.ImprovedGAN, made_up((1, 8, 8)), {"width": 16}, 0).game.eval()
    x = torch.randn(4, 1, 8, 8)
    logits = game.discriminator.logits(x)
    real = logits.exp().sum(1) / (logits.exp().sum(1) + 1)
    assert torch.allclose(torch.sigmoid(game.discriminator(x)), real, atol=1e-6)


class Theory(gs.ImprovedGAN):
    """A discriminator alone between N(0, 1) and N(1, 1)."""

    averaged = ()

    def build(self, spec):
        super().build(spec)
        self.discriminator.noisy = lambda x, deviation: x  # else the densities are blurred by it

    def fake(self, batch):
        return 1 + torch.randn(len(batch), 1)

    def players(self):
        return {"discriminator": [self.discriminator]}

    def turns(self):
        return [Turn("discriminator", self.discriminator_loss)]


def test_one_sided_smoothing_scales_the_best_discriminator():
    real = np.random.default_rng(0).standard_normal((200_000, 1)).astype(np.float32)
    data = Dataset(Vectors((1,)), {"real": real}, digest="normals")
    gan = Theory(smoothing=0.9, width=32, decay=1.0, beta1=0.9)
    gan.fit(data, steps=800, batch_size=512, val=0)
    x = torch.linspace(-2, 3, 100)[:, None]
    with torch.no_grad():
        said = torch.sigmoid(gan.discriminator.eval()(x))
    best = 0.9 * torch.sigmoid(0.5 - x[:, 0])  # αp / (p + q)
    assert (said - best).abs().mean() < 0.03


def test_few_labels_of_each_class_are_used_and_no_others():
    data = made_up((1, 8, 8), n=60)
    few = few_labels(data, 2)
    batch, whole = few.batch(torch.arange(60)), data.batch(torch.arange(60))
    assert torch.equal(batch.real, whole.real)
    shown = {picture.numpy().tobytes(): label.item() for picture, label in zip(batch.source, batch.label)}
    assert sorted(shown.values()) == [0, 0, 1, 1, 2, 2]
    truth = {picture.numpy().tobytes(): label.item() for picture, label in zip(whole.real, whole.label)}
    assert all(truth[picture] == label for picture, label in shown.items())
    train, held = few.split(0.5)
    assert set(train.batch(torch.arange(30)).label.tolist()) == {0, 1, 2}
    assert len(held) == 30 and not set(train.rows.tolist()) & set(held.rows.tolist())
    with pytest.raises(gs.UserError, match="labels_each=1000"):
        gs.ImprovedGAN(labels_each=1000).fit("digits", steps=1)


def test_a_run_with_few_labels_classifies():
    gan = gs.ImprovedGAN(labels_each=3, width=32).fit("digits", steps=3)
    assert gan.classify(gs.read("digits").fields["real"][:5]).shape == (5,)
