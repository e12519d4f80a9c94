"""SeqWGAN: letters as one-hot places, folds that come undone, ends, and a generator that learns one sequence."""

import numpy as np
import pytest
import torch

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.networks.letters import Attention, LetterDiscriminator, LetterGenerator, ResidualLetters, folded, unfolded

GENES = ["ATGAAAGGGTAA", "ATGCCCTAAGGGCCCTGA", "ATGAAACCCTGA", "ATGGGGTTTTAG"] * 10
SMALL = {"width": 4, "depth": 1, "latent": 3}


def built(texts=GENES, **settings):
    gan = gs.SeqWGAN(**SMALL | settings)
    data = gan.read(texts)
    gan.choose(data.spec, len(data))
    gan.build(data.spec)
    gan.spec = data.spec
    return gan, data


def test_genes_of_whole_codons_share_places_and_others_do_not():
    assert built()[0].fold == 3
    assert built([*GENES, "ATGA"])[0].fold == 1
    assert built(["a dog runs", "a cat runs"] * 5)[0].fold == 1


@pytest.mark.parametrize("length, fold", [(12, 3), (11, 3), (7, 1)])
def test_bodies_take_any_length(length, fold):
    made = LetterGenerator(3, (5, length), 4, fold=fold, depth=2, dilated=True, attention=True)(torch.randn(2, 3))
    assert made.shape == (2, 5, length)
    assert LetterDiscriminator((5, length), 4, fold=fold, depth=2)(made).shape == (2,)


def test_folding_puts_the_letters_of_a_codon_into_one_place_and_back():
    x = torch.arange(2 * 4 * 6).view(2, 4, 6)
    assert torch.equal(unfolded(folded(x, 3), 3), x) and folded(x, 3).shape == (2, 12, 2)
    assert folded(x, 3)[0, :, 1].view(4, 3).tolist() == x[0, :, 3:6].tolist()


def test_blocks_begin_near_the_identity_and_see_as_far_as_they_say():
    torch.manual_seed(0)
    x = torch.randn(1, 4, 30)
    attention = Attention(4)
    assert torch.equal(attention(x), x)  # γ is 0 at the start
    for apart in (1, 4):
        block = ResidualLetters(4, 3, apart)
        other = x.clone()
        other[0, :, 15] += 1
        seen = (block(x) != block(other)).any(1).nonzero()[:, 1]
        assert (seen.min(), seen.max()) == (15 - 2 * apart, 15 + 2 * apart)


def test_one_hot_is_spelled_as_it_was_and_nothing_follows_an_end():
    gan, data = built()
    ids = data.batch(torch.arange(4)).real
    hot = gan.one_hot(ids)
    assert torch.equal(gan.spelled(hot), ids) and torch.equal(hot.sum(1), torch.ones(4, 18))
    hot[0, :, 4] = torch.tensor([1.0, 0, 0, 0, 0])  # an end in the middle
    assert gan.spelled(hot)[0].tolist() == [*ids[0, :4].tolist(), *[0] * 14]


def test_no_sequence_is_empty_and_none_ends_where_none_of_the_data_does():
    gan, data = built()
    assert (gan.generate(torch.randn(50, 3))[:, 0, 0] < -1000).all() and data.spec.ends
    whole, _ = built(["ACGTACGTACGT", "TTGTACGTACGA"] * 10)
    assert (whole.generate(torch.randn(50, 3)).argmax(1) > 0).all()


def test_the_critic_s_loss_on_known_scores():
    gan, data = built(penalty=0.0)

    class Share(torch.nn.Module):  # of A at the first place
        def forward(self, x, label=None):
            return x[:, 1, 0]

    gan.discriminator = Share()
    batch = data.batch(torch.arange(8))
    gan.fake = lambda batch: torch.full((8, 5, 18), 0.2)
    assert gan.discriminator_loss(batch)["adversarial"].item() == pytest.approx(0.2 - 1)  # all begin with A
    assert gan.generator_loss(batch)["adversarial"].item() == pytest.approx(-0.2)


def test_the_critic_of_proteingan_is_divided_by_its_spectral_norms():
    def largest(**settings):
        torch.manual_seed(0)
        gan, data = built(width=8, attention=True, dilated=True, **settings)
        seen = gan.one_hot(data.batch(torch.arange(8)).real)
        for module in gan.discriminator.modules():
            for weight in module.parameters(recurse=False):
                weight.data.mul_(9)
        for _ in range(30):  # of power iteration
            gan.discriminator(seen)
        gan.discriminator.eval()
        maps = [m for m in gan.discriminator.modules() if isinstance(m, (torch.nn.Conv1d, torch.nn.Linear))]
        return [torch.linalg.matrix_norm(m.weight.detach().flatten(1), 2).item() for m in maps]

    assert max(largest(spectral_norm=True)) < 1.05 < 2 < max(largest()) and len(largest()) >= 6


def test_gumbel_noise_leaves_shares_and_lower_temperatures_letters():
    gan, data = built(gumbel=0.1)
    batch = Batch(index=torch.arange(200))
    sharp = gan.fake(batch)
    gan.gumbel = 0.0
    assert torch.allclose(sharp.sum(1), torch.ones(()), atol=1e-4)
    assert sharp.amax(1).mean() > gan.fake(batch).amax(1).mean() + 0.2


def test_features_of_the_critic_are_of_sequences_as_it_sees_them():
    gan, data = built()  # refining asks for them
    assert gan.apply_in_batches(lambda x, _: gan.discriminator.features(x), data.raw([0, 1])).shape == (2, 4 * 6)


def test_settings_are_those_of_letters_and_of_this_machine():
    gan = gs.SeqWGAN()
    gan.choose(gan.read(GENES).spec, len(GENES))
    assert (gan.latent, gan.penalty, gan.learning_rate) == (128, 10.0, 2e-3)
    assert (gan.width, gan.depth, gan.discriminator_steps, gan.batch_size) == (32, 3, 2, 32)


def test_it_begins_with_how_often_each_letter_stands_at_each_place():
    gan = gs.SeqWGAN(**SMALL, learning_rate=0.0).fit(GENES, steps=1, batch_size=16, val=0, diagnose=False)
    share = (gan.generator.often.exp() - LetterGenerator.RAREST).detach()
    assert torch.allclose(share.sum(0), torch.ones(()), atol=1e-4)
    known = gan.spec.vocabulary
    first = {letter: share[known.index(letter) + 1, 3].item() for letter in "ACG"}  # the first letter after ATG
    assert first == pytest.approx({"A": 0.5, "C": 0.25, "G": 0.25}, abs=1e-4)
    assert share[0, 12].item() == pytest.approx(0.75, abs=1e-4)  # of four genes one is longer than 12


def test_it_learns_the_letter_that_all_genes_begin_with():
    gan = gs.SeqWGAN(width=8, depth=1, latent=4, discriminator_steps=2, learning_rate=1e-2, average_half_life=0)
    gan.fit(GENES, steps=25, batch_size=16, val=0, diagnose=False)
    made = gan.spec.texts(gan.sample(40, seed=0))
    assert np.mean([text[:1] == "A" for text in made]) > 0.9
    assert gan.score_samples(gan.sample(3, seed=0)).shape == (3,)
    with pytest.raises(gs.UserError, match="no data for sequences"):
        gs.SeqWGAN().fit(np.zeros((20, 1, 8, 8), np.uint8), steps=1)
