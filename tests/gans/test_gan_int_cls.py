"""GAN-INT-CLS: both losses on known scores, reading before painting, captions in and out."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.networks.text_encoder import TextDiscriminator, TextEncoder
from gansmith.testing import played_on

SMALL = {"width": 4, "text_width": 8}


class Known(nn.Module):
    """Scores are the text's mean, plus the picture's."""

    def forward(self, x, text):
        return self.score_maps(self.body(x), text)

    def body(self, x):
        return x.mean((1, 2, 3))

    def score_maps(self, maps, text):
        return maps + text.mean(1)


class Plain(nn.Module):
    def forward(self, text):
        return text[:, 0].float()


class Blank(nn.Module):
    def forward(self, z, text):
        return torch.zeros(len(z), 1, 8, 8) + self.value

    value = -1.0


def soft(t):
    return math.log1p(math.exp(t))


def known(**settings):
    gan = gs.GANINTCLS(**SMALL, **settings)
    gan.build(played_on(gs.GANINTCLS).spec)
    gan.text_encoder, gan.generator, gan.discriminator = Plain(), Blank(), Known()
    text = torch.tensor([1, 3])[:, None, None].expand(2, 1, 4)  # captions that mean 1 and 3
    return gan, Batch(real=torch.ones(2, 1, 8, 8), text=text, index=torch.arange(2))


def test_the_discriminator_s_three_kinds_of_pairs():
    gan, batch = known()
    said = gan.discriminator_loss(batch)
    assert said["cost_real"].item() == pytest.approx((soft(-2) + soft(-4)) / 2, rel=1e-5)
    assert said["cost_fake"].item() == pytest.approx((soft(0) + soft(2)) / 4, rel=1e-5)
    assert said["cost_mismatched"].item() == pytest.approx((soft(4) + soft(2)) / 4, rel=1e-5)
    assert "cost_mismatched" not in known(mismatched=0.0)[0].discriminator_loss(batch)


def test_the_generator_is_asked_for_captions_in_between():
    gan, batch = known()
    said = gan.generator_loss(batch)
    assert said["adversarial"].item() == pytest.approx((soft(0) + soft(-2)) / 2, rel=1e-5)
    assert said["interpolated"].item() == pytest.approx(soft(-1), rel=1e-5)  # (1 + 3) / 2 − 1, on half the batch


def test_a_caption_is_the_mean_of_its_words_whatever_follows():
    torch.manual_seed(0)
    read = TextEncoder(9, 8)
    short, long = torch.tensor([[[3, 5, 0, 0]]]), torch.tensor([[[5, 3, 0, 0], [3, 5, 0, 0]]])
    assert torch.allclose(read(short), read(long), atol=1e-6)
    assert read(short).norm().item() == pytest.approx(8**0.5, rel=1e-5)


def test_scores_keep_their_precision_in_half_of_it():
    torch.manual_seed(0)
    judge = TextDiscriminator((3, 16, 24), 8, width=4)
    with torch.autocast("cpu", torch.bfloat16):
        score = judge(torch.rand(20, 3, 16, 24), torch.rand(20, 8))
    assert score.shape == (20,) and score.dtype == torch.float32 and (score != score.bfloat16().float()).any()


def test_captions_are_learned_first_and_then_left_alone():
    data = played_on(gs.GANINTCLS)
    gan, seen = gs.GANINTCLS(reading=0.5, **SMALL), []

    def watch(state, row):
        seen.append((row["step"], state.game.text_encoder.embed.weight.clone()))

    gan.fit(data, steps=40, batch_size=8, watch=watch)
    at = dict(seen)
    assert not torch.equal(at[1], at[11]) and torch.equal(at[21], at[31])
    assert "text_encoder/matching" in gan.history[0] and "discriminator/mismatched" in gan.history[-1]


def test_captions_by_word(tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (20, 3, 8, 8), np.uint8)
    captions = [f"a {('red', 'blue')[i % 2]} thing" for i in range(20)]
    gan = gs.GANINTCLS(**SMALL).fit((x, captions), steps=4, batch_size=8)
    made = gan.sample(4, text=["a red thing", "blue"], seed=0)
    assert made.shape == (4, 3, 8, 8) and gan.score_samples(made, "a red thing").shape == (4,)
    gan.save(tmp_path / "x.gan")
    assert np.array_equal(gs.load(tmp_path / "x.gan").sample(4, text=["a red thing", "blue"], seed=0), made)
    with pytest.raises(gs.UserError, match="no word of 'green' is known"):
        gan.sample(1, text="green")
    with pytest.raises(gs.UserError, match="give sample"):
        gan.sample(1)
    with pytest.raises(gs.UserError, match="number 1 .* is None"):
        gan.sample(2, text=["blue", None])
    assert np.array_equal(gan.sample(4, text=np.array(["a red thing", "blue"]), seed=0), made)
    with pytest.raises(gs.UserError, match="has no captions"):
        gs.GANINTCLS().fit(x, steps=1)
