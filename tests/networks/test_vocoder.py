"""HiFi-GAN's networks: the paper's sizes, any hop, how far a frame reaches, periods that are never mixed."""

import math

import pytest
import torch

from gansmith.networks.vocoder import HOPS, PERIODS, VERSIONS, MelGenerator, PeriodJudge, ScaleJudge, WaveJudges


def count(module) -> int:
    """Parameters, without the lengths that weight norm keeps beside each weight."""
    return sum(p.numel() for name, p in module.named_parameters() if not name.endswith("original0"))


@pytest.mark.parametrize(
    "version, exact, published", [("v1", 13_926_017, 13.92), ("v2", 925_985, 0.92), ("v3", 1_462_273, 1.46)]
)
def test_the_generators_have_the_published_sizes(version, exact, published):
    with torch.device("meta"):
        made = MelGenerator(version)
    assert count(made) == exact and math.floor(exact / 1e4) / 100 == published
    assert made.rates == VERSIONS[version].rates and math.prod(made.rates) == 256


def test_the_discriminators_are_the_paper_s():
    with torch.device("meta"):
        judges = WaveJudges()
    widths = [[conv.out_channels for conv in judge.convs] for judge in (judges.periods[0], judges.scales[0])]
    assert widths == [[32, 128, 512, 1024, 1024], [128, 128, 256, 512, 1024, 1024, 1024]]
    assert [conv.groups for conv in judges.scales[1].convs] == [1, 4, 16, 16, 16, 16, 1]
    assert sum(p.numel() for p in judges.parameters()) == 70_724_591
    heard = WaveJudges(16)(torch.zeros(2, 1, 512))
    assert len(heard) == len(PERIODS) + 3 and [len(of) for of in heard] == [6] * 5 + [8] * 3


@pytest.mark.parametrize("hop", HOPS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_frame_becomes_hop_samples_and_reaches_no_farther_than_it_says(version, hop):
    torch.manual_seed(0)
    made = MelGenerator(version, bands=4, hop=hop, width=8).double()
    reach = made.reach
    mel = torch.randn(1, 4, 2 * reach + 3, dtype=torch.double)
    other = mel.clone()
    other[..., reach + 1] += 1e3
    with torch.no_grad():
        changed = (made(mel) - made(other)).abs().flatten()
    assert len(changed) == (2 * reach + 3) * hop
    frames = changed.unflatten(0, (-1, hop)).amax(1).nonzero().flatten()
    assert frames.min() >= 1 and frames.max() <= 2 * reach + 1  # `reach` before and behind the frame, at most
    assert frames.max() >= reach + 5  # and the reach is no wild guess


def test_a_period_judge_never_mixes_columns():
    torch.manual_seed(0)
    judge = PeriodJudge(3, width=32)
    x = torch.randn(1, 1, 300)
    other = x.clone()
    other[..., 1::3] += 1
    one, two = judge(x)[-1], judge(other)[-1]
    assert torch.equal(one[..., [0, 2]], two[..., [0, 2]]) and not torch.equal(one[..., 1], two[..., 1])
    assert judge(x[..., :299])[-1].shape == one.shape  # what lacks of a period is reflected


def test_only_the_judge_of_the_whole_wave_has_spectral_norm():
    names = {name for judge in (ScaleJudge(16, True),) for name, _ in judge.named_buffers()}
    assert names and not list(ScaleJudge(16, False).named_buffers())
