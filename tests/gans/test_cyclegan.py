"""CycleGAN: the paper's networks to the number, the pool, the losses of translators that change nothing."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import gansmith as gs
from gansmith.data.dataset import Batch
from gansmith.gans.cyclegan import Pool
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.translator import Translator
from gansmith.testing import made_up_pairs


def test_the_networks_have_the_papers_parameters():
    assert sum(p.numel() for p in Translator(3, 3, 64, 9).parameters()) == 11_378_179
    assert sum(p.numel() for p in PatchDiscriminator(3, norm=nn.InstanceNorm2d).parameters()) == 2_764_737


def test_a_pool_hands_back_past_fakes_only_and_half_of_the_time():
    torch.manual_seed(0)
    pool, past, exchanged = Pool(5, (1,)), set(), 0
    for i in range(2000):
        new = torch.full((1, 1), float(i))
        past.add(float(i))
        (shown,) = pool(new).flatten().tolist()
        assert shown in past
        if i < 5:
            assert shown == i
        exchanged += shown != i
    assert 0.45 < exchanged / 1995 < 0.55 and len(set(pool.kept.flatten().tolist())) == 5
    assert not pool(new.requires_grad_()).requires_grad


def test_an_empty_pool_passes_everything_on():
    pool, fakes = Pool(0, (2,)), torch.randn(7, 2)
    assert torch.equal(pool(fakes), fakes) and len(pool.kept) == 0


def test_the_pools_are_in_the_checkpoint_and_not_in_the_model(tmp_path):
    data = made_up_pairs((1, 8, 8), paired=False)
    gan = gs.CycleGAN(width=4).fit(data, steps=3, out=tmp_path / "run")
    checkpoint = torch.load(tmp_path / "run/checkpoint", weights_only=True)
    assert checkpoint["game"]["pool_target.count"] == 3 and checkpoint["game"]["pool_source.kept"].any()
    assert not [name for name in load_file(tmp_path / "run/model.gan") if "pool" in name]
    x = data.raw(np.arange(3), "source")
    loaded = gs.load(tmp_path / "run/model.gan")
    assert np.array_equal(loaded.translate(x), gan.translate(x)) and loaded.pool_target.count == 0


def test_each_domain_is_jittered_by_itself():
    gan = gs.CycleGAN(width=4, jitter=1.25, mirror=True)
    gan.build(made_up_pairs((1, 16, 16), paired=False).spec)
    x = torch.rand(4, 1, 16, 16)
    batch = Batch(source=x, target=x, index=torch.arange(4))
    gan.generator_loss(batch)
    assert not torch.equal(batch.memo["x"], batch.memo["y"])
    assert batch.memo["x"].min() >= 0 and batch.memo["x"].shape == x.shape


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def same(n, value):
    return torch.full((n, 1, 8, 8), value)


def test_translators_that_change_nothing_have_no_cycle_loss():
    gan = gs.CycleGAN(width=4, identity=0.5)
    gan.build(made_up_pairs((1, 8, 8), paired=False).spec)
    gan.generator = gan.inverse = nn.Identity()
    gan.discriminator_target = gan.discriminator_source = Apply(lambda x: x.mean((1, 2, 3)))
    batch = Batch(source=same(3, 0.25), target=same(3, -0.5), index=torch.arange(3))
    said = gan.generator_loss(batch)
    assert said["cycle"] == said["identity"] == 0
    assert said["adversarial"].item() == pytest.approx(0.75**2 + 1.5**2)
    judged = gan.discriminator_loss(batch)
    assert judged["target"].item() == pytest.approx((1.5**2 + 0.25**2) / 2)
    assert judged["source"].item() == pytest.approx((0.75**2 + 0.5**2) / 2)
    gan.inverse = Apply(lambda x: x + 0.1)
    said = gan.generator_loss(batch)
    assert said["cycle"].item() == pytest.approx(10 * 0.2, rel=1e-4)
    assert said["identity"].item() == pytest.approx(5 * 0.1, rel=1e-4)


def test_both_ways_with_different_channels():
    data = made_up_pairs((3, 12, 16), channels=1, paired=False)
    gan = gs.CycleGAN(width=4).fit(data, steps=2, batch_size=4)
    there = gan.translate(data.raw(np.arange(5), "source"))
    assert there.shape == (5, 3, 12, 16) and gan.back(there).shape == (5, 1, 12, 16)
    with pytest.raises(gs.UserError, match="needs equal channels"):
        gs.CycleGAN(width=4, identity=0.5).fit(data, steps=1)


def test_the_sides_meet_by_chance():
    """A translator may not be handed the pairs that happen to lie in the same order."""
    data = made_up_pairs((1, 8, 8), n=200, paired=False)
    rows = torch.arange(200)
    assert (data.at(rows, "source") == data.at(rows, "target")).sum() < 10
