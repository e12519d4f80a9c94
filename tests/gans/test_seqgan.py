"""SeqGAN: the policy gradient is that of the expected verdict; language models learn; RelGAN's choice sharpens."""

from itertools import product

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.symbols import Symbols
from gansmith.errors import UserError
from gansmith.testing import begin

WORDS, STEPS = 3, 3


def sentences(n=64, seed=0):
    """Always 1, then 2 or 3, then the same again: what a model of pairs of words can know."""
    second = np.random.default_rng(seed).integers(2, 4, n)
    ids = np.stack([np.ones(n), second, second], 1).astype(np.int16)
    return Dataset(Symbols.of_ids(ids, ("a", "b", "c")), {"real": ids}, name="made up", digest=f"sentences {n} {seed}")


def trial(game=gs.SeqGAN, **settings):
    return begin(game, sentences(), {"width": 4, "embedding": 3} | settings, 0).game.eval()


def gradient(game, loss):
    parts = torch.autograd.grad(loss, list(game.generator.parameters()), allow_unused=True)
    return torch.cat(
        [torch.zeros(p.numel()) if g is None else g.flatten() for g, p in zip(parts, game.generator.parameters())]
    )


@pytest.mark.parametrize("baseline", [False, True])
def test_the_policy_gradient_is_the_enumerated_one_within_three_standard_errors(baseline):
    game = trial(rollouts=2, follow=0.0, baseline=baseline)
    torch.nn.init.normal_(game.generator.head.weight)
    torch.nn.init.normal_(game.discriminator.score.weight, std=3.0)
    game.begin_play()
    everything = torch.tensor(list(product(range(1, WORDS + 1), repeat=STEPS)))
    likely = game.generator.log_likelihoods(everything).sum(1).exp()
    assert likely.sum().item() == pytest.approx(1, abs=1e-5)
    with torch.no_grad():
        verdict = torch.sigmoid(game.discriminator(everything))
    true = gradient(game, -(likely * verdict).sum())
    torch.manual_seed(1)
    estimates = torch.stack([gradient(game, game.generator_loss(Batch(300))["policy"]) for _ in range(20)])
    # along directions of chance, since three standard errors hold for a handful of numbers and not for two hundred
    along = torch.randn(true.numel(), 6, generator=torch.Generator().manual_seed(0))
    seen, wanted = estimates @ along, true @ along
    error = seen.std(0) / len(seen) ** 0.5
    assert ((seen.mean(0) - wanted).abs() < 3 * error).all(), (seen.mean(0), wanted, error)
    assert (wanted.abs() > 4 * error).any()  # and not because anything would fit
    shifted = true @ along + 0.5 * wanted.abs().max()
    assert ((seen.mean(0) - shifted).abs() > 3 * error).any()


class Batch:
    """As much of a batch as G's loss looks at: how many items it has."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


def test_a_baseline_makes_the_gradient_less_noisy():
    noise = []
    for baseline in (False, True):
        game = trial(rollouts=2, follow=0.0, baseline=baseline)
        torch.manual_seed(0)
        game.discriminator.score.bias.data += 3
        seen = torch.stack([gradient(game, game.generator_loss(Batch(16))["policy"]) for _ in range(25)])
        noise.append(seen.var(0).sum().item())
    assert noise[1] < 0.5 * noise[0]


def test_rewards_of_a_sequence_are_those_of_what_follows():
    game = trial(rollouts=2, follow=0.0)
    game.begin_play()
    made = torch.tensor([[1, 2, 3]])
    reward = game.rewards(made.repeat(400, 1)).mean(0, keepdim=True)
    with torch.no_grad():
        ends = torch.tensor([[1, 2, w] for w in range(1, WORDS + 1)])
        next_word = torch.softmax(game.generator(made)[0, 2], 0)[1:]
        wanted = (torch.sigmoid(game.discriminator(ends)) * next_word).sum()
    assert reward.shape == (1, 3) and reward[0, 1].item() == pytest.approx(wanted.item(), abs=0.01)
    assert reward[0, 2].item() == pytest.approx(torch.sigmoid(game.discriminator(made)).item(), abs=1e-6)


def test_the_copy_follows_at_its_rate():
    game = trial(follow=0.75)
    with torch.no_grad():
        game.copied.head.bias.zero_()
        game.generator.head.bias.fill_(1.0)
    game.moved("discriminator")
    assert not game.copied.head.bias.any()
    game.moved("generator")
    assert torch.allclose(game.copied.head.bias, torch.tensor(0.25))


def test_a_language_model_learns_what_follows_what():
    game = gs.LanguageModel(width=16, embedding=8, dropout=0.0, learning_rate=0.03)
    game.fit(sentences(200), steps=80, batch_size=50, device="cpu", precision="fp32", evaluate=False, diagnose=False)
    made, held = game.sample(200, seed=0), sentences(50, seed=1).raw(np.arange(50))
    right = (made[:, 0] == 1) & (made[:, 1] == made[:, 2]) & (made[:, 1] > 1)
    assert right.mean() > 0.9 and 60 < (made[:, 1] == 2).sum() < 140
    assert game.perplexity(held) < 1.4  # 2^(1/3) = 1.26 is the least
    assert len(np.unique(game.sample(100, seed=0, temperature=0.05), axis=0)) <= 2
    assert game.log_likelihoods(held).shape == (50,) and game.spec.texts(made[:1])[0].count("a") == 1
    with pytest.raises(UserError, match="temperature=0"):
        game.sample(1, temperature=0)


def test_relgan_s_choice_sharpens_while_it_plays_and_reaches_g():
    game = trial(gs.RelGAN, pretraining=0.5, sharpness=100.0)
    betas = []
    for game.progress in (0.0, 0.5, 0.75, 1.0):
        betas.append(game.beta)
    assert betas == pytest.approx([1, 1, 10, 100])
    soft = game.fake(sentences().batch(torch.arange(8)))[1]
    game.progress = 0.0
    blurred = game.fake(sentences().batch(torch.arange(8)))[1]
    assert soft.amax(2).mean() > 0.9 > blurred.amax(2).mean()
    terms = game.generator_loss(sentences().batch(torch.arange(8)))
    assert gradient(game, terms["adversarial"]).abs().sum() > 0
