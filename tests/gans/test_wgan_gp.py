"""What a WGAN-GP critic reads is known exactly in one dimension, and it is not the Wasserstein distance."""

import numpy as np
import pytest
import torch
from torch import nn

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.spec import DataSpec
from gansmith.game import Turn


class Reader(gs.WGANGP):
    """A critic alone between N(0, 1) and N(shift, 1)."""

    shift: float = gs.setting(1.0, "mean of the fakes")
    averaged = ()

    def build(self, spec):
        super().build(spec)
        self.generator = nn.Identity()

    def fake(self, batch):
        return self.shift + torch.randn(len(batch), 1)

    def players(self):
        return {"discriminator": [self.discriminator]}

    def turns(self):
        return [Turn("discriminator", self.discriminator_loss)]


def read(shift, **settings):
    real = np.random.default_rng(0).standard_normal((200_000, 1)).astype(np.float32)
    data = Dataset(DataSpec("vectors", (1,)), {"real": real}, digest="normals")
    gan = Reader(shift=shift, width=64, learning_rate=3e-3, decay=1.0, beta2=0.99, **settings)
    gan.fit(data, steps=1200, batch_size=512, val=0)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        on_real = gan.discriminator(torch.randn(400_000, 1, generator=draw)).mean()
        on_fake = gan.discriminator(shift + torch.randn(400_000, 1, generator=draw)).mean()
    return (on_real - on_fake).item()


@pytest.mark.parametrize("shift, expected", [(1.0, 1.0545), (2.0, 2.210), (4.0, 4.813)])
def test_the_critic_reads_its_closed_form(shift, expected):
    """1-D optimum: slope 1 + |F_q − F_p| / (2λr), hence more than the shift itself; λ = 10."""
    assert read(shift) == pytest.approx(expected, rel=0.05)


def test_a_weak_penalty_reads_far_more():
    """λ = 0.1, the toys' setting: 6.45 in place of 1.05 at a shift of 1."""
    assert read(1.0, penalty=0.1) > 3
