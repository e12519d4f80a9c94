import numpy as np
import pytest
import torch
from torch import nn

from gansmith.data.dataset import Batch, Dataset
from gansmith.data.kinds.vectors import Vectors
from gansmith.game import Turn


@pytest.fixture
def between_normals():
    """Trains a game's discriminator alone between reals N(0, 1) and fakes N(shift, 1), where its best is known."""

    def fitted(game, shift: float, *, steps: int, items: int = 200_000, batch_size: int = 512, **settings):
        class Alone(game):
            averaged = ()

            def build(self, spec):
                super().build(spec)
                self.generator = nn.Identity()

            def fake(self, batch):
                return shift + torch.randn(len(batch), 1)

            def players(self):
                return {"discriminator": [self.discriminator]}

            def turns(self):
                return [Turn("discriminator", self.discriminator_loss)]

        real = np.random.default_rng(0).standard_normal((items, 1)).astype(np.float32)
        data = Dataset(Vectors((1,)), {"real": real}, digest="normals")
        return Alone(**settings).fit(data, steps=steps, batch_size=batch_size, val=0)

    return fitted


@pytest.fixture
def two_normals():
    """Items of N(0, 1) and of N(shift, 1), (n, 1) each, always the same."""

    def drawn(shift: float, n: int = 400_000):
        rng = torch.Generator().manual_seed(1)
        return torch.randn(n, 1, generator=rng), shift + torch.randn(n, 1, generator=rng)

    return drawn


@pytest.fixture
def losses_of():
    """(D's, G's) adversarial loss of a game whose D gives these scores to reals and to fakes."""

    def found(game, on_real, on_fake):
        batch = Batch(real=torch.zeros(len(on_real), 1), index=torch.arange(len(on_real)))
        game.scores = lambda batch, fake, joint=False: (on_real, on_fake)
        game.fake = lambda batch: torch.zeros(len(on_fake), 1, requires_grad=True)
        game.discriminator = lambda x, label=None: on_fake + 0 * x[:, 0]
        return tuple(loss(batch)["adversarial"] for loss in (game.discriminator_loss, game.generator_loss))

    return found
