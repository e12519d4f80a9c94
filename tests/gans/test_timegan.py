"""TimeGAN: its supervisor looks one step ahead, its stages move whom they should."""

import torch

from gansmith.data.kinds.series import Series
from gansmith.gans.timegan import TimeGAN
from gansmith.testing import begin


def game(**settings):
    data = Series.example()[1]
    return begin(TimeGAN, data, {"width": 8, **settings}, 0).game, data


def test_the_identity_is_no_supervisor():
    """Without the shift by one step it would be the best one; with it, only foresight is."""
    made, _ = game()
    hidden = torch.rand(10, 16, 8)
    made.supervisor = torch.nn.Identity()
    assert made.ahead(hidden) > 0.05
    made.supervisor = Shifted()
    assert made.ahead(hidden) == 0


class Shifted(torch.nn.Module):
    def forward(self, x):
        return x.roll(-1, 1)


def test_its_stages_are_three_and_the_second_never_touches_g():
    made, data = game()
    stages = made.stages()
    assert [stage.name for stage in stages] == ["embedding", "supervision", "joint"]
    batch = data.batch(torch.arange(20))
    loss = sum(made.supervised(batch).values())
    moved = torch.autograd.grad(loss, [*made.generator.parameters(), *made.supervisor.parameters()], allow_unused=True)
    count = len(list(made.generator.parameters()))
    assert all(g is None for g in moved[:count]) and all(g is not None for g in moved[count:])


def test_the_discriminator_rests_while_it_wins():
    made, data = game(threshold=0.15)
    assert made.is_behind()
    made.last_loss.fill_(0.1)
    assert not made.is_behind()
    made.generator_loss(data.batch(torch.arange(20)))  # looks at it again
    assert made.is_behind()


def test_an_autoencoder_finds_series_again():
    made, data = game()
    batch = data.batch(torch.arange(40))
    optimizer = torch.optim.Adam([*made.embedder.parameters(), *made.recovery.parameters()], 1e-2)
    first = float(made.rebuilding(batch)["rebuilding"].detach())
    for _ in range(60):
        optimizer.zero_grad()
        loss = made.rebuilding(batch)["rebuilding"]
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.7 * first
