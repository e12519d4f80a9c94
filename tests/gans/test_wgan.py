"""Clipping after every move, a hundred moves where the paper wants them, and what a clipped line reads."""

import pytest
import torch

import gansmith as gs
from gansmith.networks.mlp import MLPDiscriminator
from gansmith.testing import begin, made_up, rounds


def test_every_weight_is_clipped_after_every_move_of_the_discriminator_alone():
    seen = []

    class Watched(gs.WGAN):
        def moved(self, player):
            super().moved(player)
            largest = lambda network: max(p.abs().max().item() for p in network.parameters())  # noqa: E731
            seen.append((player, largest(self.discriminator), largest(self.generator)))

    rounds(begin(Watched, made_up((1, 8, 8)), {"width": 4, "discriminator_steps_far": 3}, 0), 2)
    assert [player for player, *_ in seen] == (["discriminator"] * 3 + ["generator"]) * 2
    assert all(discriminator <= 0.01 for _, discriminator, _ in seen) and all(free > 0.01 for *_, free in seen)


def test_the_discriminator_moves_a_hundred_times_at_the_start_and_at_every_500th_round():
    times = gs.WGAN().times
    assert [times(r) for r in (0, 24, 25, 499, 500, 501, 1000)] == [100, 100, 5, 5, 100, 5, 100]


class Line(gs.WGAN):
    """With a critic w·x + b."""

    def build(self, spec):
        super().build(spec)
        self.discriminator = MLPDiscriminator(spec.shape, depth=0)


@pytest.mark.parametrize("clip", [0.01, 0.5])
def test_a_clipped_line_reads_clip_times_the_shift_with_reals_high(clip, between_normals, two_normals):
    line = between_normals(Line, 2.0, steps=150, items=5000, batch_size=64, clip=clip, learning_rate=0.01)
    assert line.discriminator.score.weight.item() == pytest.approx(-clip, abs=1e-6)  # fakes lie to the right
    real, fake = two_normals(2.0)
    with torch.no_grad():
        read = line.discriminator(real).mean() - line.discriminator(fake).mean()
    assert read.item() == pytest.approx(2 * clip, rel=0.01)
