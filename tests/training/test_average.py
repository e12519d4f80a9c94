import pytest
import torch

import gansmith as gs
from gansmith.testing import begin, made_up, rounds
from gansmith.training.average import Average


def state(**settings):
    return begin(gs.DCGAN, made_up((1, 8, 8)), {"width": 4, **settings}, 0)


def test_a_weight_counts_half_after_the_half_life():
    game = state(average_half_life=100).game
    average = Average(game)
    for p in average.copies["generator"].parameters():
        p.zero_()
    for p in game.generator.parameters():
        p.data.fill_(1.0)
    seen = 1_000_000  # the warm-up is long over
    for _ in range(10):
        average.update(10, seen)
    for p in average.copies["generator"].parameters():
        assert torch.allclose(p, torch.tensor(0.5), atol=1e-5)


def test_statistics_of_batch_norm_are_averaged_and_other_buffers_copied():
    game = state(average_half_life=100).game
    average = Average(game)
    for buffer in average.copies["generator"].buffers():
        buffer.zero_()
    for buffer in game.generator.buffers():
        buffer.fill_(4)
    for _ in range(10):
        average.update(10, 1_000_000)
    for name, buffer in average.copies["generator"].named_buffers():
        assert buffer.float().mean().item() == pytest.approx(4 if "num_batches" in name else 2)


def test_at_first_it_follows_closely():
    playing = state(average_half_life=1_000_000)
    rounds(playing, 3)
    mine, theirs = playing.average.copies["generator"], playing.game.generator
    for a, b in zip(mine.parameters(), theirs.parameters()):
        assert torch.allclose(a, b, atol=2e-4)  # steps of 2e-4; half-life a twentieth of what was seen
    assert any(not torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters()))


def test_a_half_life_of_zero_is_the_raw_network():
    playing = state(average_half_life=0)
    rounds(playing, 3)
    for a, b in zip(playing.average.copies["generator"].parameters(), playing.game.generator.parameters()):
        assert torch.equal(a, b)


def test_playing_puts_the_average_in_place_and_takes_it_out_again():
    playing = state()
    raw = playing.game.generator
    with pytest.raises(RuntimeError), playing.average.playing(playing.game):
        assert playing.game.generator is playing.average.copies["generator"]
        raise RuntimeError
    assert playing.game.generator is raw
