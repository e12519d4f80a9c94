"""CIFAR-10 by what `gansmith train` chooses, beside two scripts written by hand, at equal seconds of one core each.

    GANSMITH_DATA=folder python proofs/cifar10.py [--minutes 20] [--picture docs/…png]

The first script is the DCGAN of PyTorch's tutorial (https://docs.pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html)
with one layer less, for 32 pixels: width 64, batches of 128, Adam at 2e-4. The second is written after FastGAN (Liu et
al. 2021, https://arxiv.org/abs/2101.04775), which lightweight-gan follows: gated layers, small maps that excite large
ones, hinge losses, a D that also draws small copies of the reals from its features, DiffAugment, an average of G.
2,000 samples are held against 2,000 test pictures: kernel distance and coverage in two feature spaces. The check: ours
has at most half of the kernel distance of either script in both spaces. Floor: training pictures. Control, which must
fail: what is chosen after 10 seconds.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from photographs import Judge, sets
from record import RESULTS, record
from torch import nn
from torch.nn import functional as F

import gansmith as gs
from gansmith.training.augment import diffaugment
from gansmith.training.hardware import prepared

COUNT = 2000
ARMS = ("gansmith", "tutorial", "fastgan")
SPACES = ("random", "pixels")


def normal(module: nn.Module) -> None:
    """The tutorial's first weights."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def dcgan(real: torch.Tensor, seconds: float, width: int = 64) -> tuple[nn.Module, int]:
    """(G, steps) of the tutorial's DCGAN at 32 pixels."""
    up = lambda a, b: [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(True)]  # noqa: E731
    down = lambda a, b: [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2, True)]  # noqa: E731
    g = nn.Sequential(
        nn.Unflatten(1, (100, 1, 1)), nn.ConvTranspose2d(100, 4 * width, 4, bias=False), nn.BatchNorm2d(4 * width),
        nn.ReLU(True), *up(4 * width, 2 * width), *up(2 * width, width),
        nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh(),
    ).apply(normal)  # fmt: skip
    d = nn.Sequential(
        nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, True), *down(width, 2 * width), *down(2 * width, 4 * width),
        nn.Conv2d(4 * width, 1, 4), nn.Flatten(0),
    ).apply(normal)  # fmt: skip
    of_g, of_d = (torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999), fused=True) for net in (g, d))
    cost, start, steps = nn.BCEWithLogitsLoss(), time.monotonic(), 0
    while time.monotonic() - start < seconds:
        x = real[torch.randint(len(real), (128,))].float() / 127.5 - 1
        fake, one, zero = g(torch.randn(128, 100)), torch.ones(128), torch.zeros(128)
        of_d.zero_grad()
        (cost(d(x), one) + cost(d(fake.detach()), zero)).backward()
        of_d.step()
        of_g.zero_grad()
        cost(d(fake), one).backward()
        of_g.step()
        steps += 1
    return g, steps


class Fast(nn.Module):
    """G after FastGAN at 32 pixels: the 4×4 map excites the 16×16 one, the 8×8 map the 32×32 one."""

    def __init__(self, width: int = 32):
        super().__init__()
        self.first = nn.Sequential(nn.ConvTranspose2d(100, 16 * width, 4), nn.BatchNorm2d(16 * width), nn.GLU(1))
        self.ups = nn.ModuleList(self.up(a * width, b * width) for a, b in ((8, 4), (4, 2), (2, 1)))
        self.excite = nn.ModuleList(self.squeeze(a * width, b * width) for a, b in ((8, 2), (4, 1)))
        self.last = nn.Conv2d(width, 3, 3, 1, 1)

    @staticmethod
    def up(a: int, b: int) -> nn.Module:
        return nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(a, 2 * b, 3, 1, 1), nn.BatchNorm2d(2 * b), nn.GLU(1)
        )

    @staticmethod
    def squeeze(a: int, b: int) -> nn.Module:
        return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Conv2d(a, b, 4), nn.SiLU(), nn.Conv2d(b, b, 1), nn.Sigmoid())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        at4 = self.first(z[:, :, None, None])
        at8 = self.ups[0](at4)
        at16 = self.ups[1](at8) * self.excite[0](at4)
        return self.last(self.ups[2](at16) * self.excite[1](at8)).tanh()


class FastD(nn.Module):
    """Its D: a score of each place of the 8×8 map, and a small copy of the picture from the same map."""

    def __init__(self, width: int = 32):
        super().__init__()
        down = lambda a, b: [nn.Conv2d(a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]  # noqa: E731
        first = [nn.Conv2d(3, width, 3, 1, 1), nn.LeakyReLU(0.2)]
        self.see = nn.Sequential(*first, *down(width, 2 * width), *down(2 * width, 4 * width))
        self.judge = nn.Sequential(nn.Conv2d(4 * width, 4 * width, 1), nn.LeakyReLU(0.2), nn.Conv2d(4 * width, 1, 4))
        self.draw = nn.Sequential(Fast.up(4 * width, width), nn.Conv2d(width, 3, 3, 1, 1), nn.Tanh())

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = self.see(x)
        return self.judge(seen), seen


def fastgan(real: torch.Tensor, seconds: float) -> tuple[nn.Module, int]:
    """(averaged G, steps) of the script after FastGAN."""
    g, d = Fast(), FastD()
    average = [p.detach().clone() for p in g.parameters()]
    of_g, of_d = (torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999), fused=True) for net in (g, d))
    start, steps, always = time.monotonic(), 0, torch.ones(64)
    while time.monotonic() - start < seconds:
        x = diffaugment(real[torch.randint(len(real), (64,))].float() / 127.5 - 1, always)
        fake = diffaugment(g(torch.randn(64, 100)), always)
        of_d.zero_grad()
        on_real, seen = d(x)
        small = F.interpolate(x, 16, mode="area")
        (
            F.relu(1 - on_real).mean() + F.relu(1 + d(fake.detach())[0]).mean() + F.l1_loss(d.draw(seen), small)
        ).backward()
        of_d.step()
        of_g.zero_grad()
        (-d(fake)[0].mean()).backward()
        of_g.step()
        with torch.no_grad():
            for a, p in zip(average, g.parameters()):
                a.lerp_(p, max(0.005, 1 / (1 + steps / 4)))
        steps += 1
    with torch.no_grad():
        for a, p in zip(average, g.parameters()):
            p.copy_(a)
    return g, steps


def by_hand(script, pictures: np.ndarray, minutes: float, seed: int) -> tuple[np.ndarray, dict]:
    """(samples, steps) of one script after so many minutes."""
    torch.manual_seed(seed)
    with prepared(torch.device("cpu")):
        g, steps = script(torch.from_numpy(pictures), 60 * minutes)
        with torch.no_grad():  # statistics of the batch: the running ones are those of other weights
            made = torch.cat([g(torch.randn(250, 100)) for _ in range(COUNT // 250)])
    return (made * 127.5 + 127.5).round().clamp(0, 255).byte().numpy(), {"rounds": steps}


def ours(minutes: float, seed: int) -> tuple[np.ndarray, dict]:
    """(samples, rounds and width) of what is chosen."""
    gan = gs.recommend("cifar10").fit("cifar10", minutes=minutes, seed=seed, device="cpu")
    chosen = {"rounds": gan.trained["rounds"], "width": gan.width, "conditional": gan.conditional}
    return gan.sample(COUNT, seed=seed + 1), chosen


def nearer(one: dict, scripts: dict) -> bool:
    """Whether `one` has at most half of the distance of each script in each space."""
    at_most = lambda hand, at: one[at]["kernel_distance"] <= hand[at]["kernel_distance"] / 2  # noqa: E731
    return all(at_most(hand, at) for hand in scripts.values() for at in SPACES)


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=20, help="of training, of each")
    parse.add_argument("--arms", nargs="+", default=list(ARMS), choices=ARMS, help="others stay as they were found")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--picture", help="write samples of each as sheets beside this .png")
    parse.add_argument("--no-record", action="store_true", help="to see that it works")
    asked = parse.parse_args()
    protocol = f"{asked.minutes:g} minutes each, {COUNT:,} samples against as many test pictures"
    before = json.loads(RESULTS.read_text()).get("cifar10", {})
    before = before["found"] if before.get("protocol") == protocol else {}
    if missing := set(ARMS) - {*asked.arms, *before}:
        parse.error(f"of {asked.minutes:g} minutes nothing is found of {', '.join(sorted(missing))}: play them, too")
    data = sets()["cifar-10"]()
    judge, pictures = Judge(data.kept[:COUNT]), np.array(data.train)
    play = {
        "gansmith": lambda: ours(asked.minutes, asked.seed),
        "tutorial": lambda: by_hand(dcgan, pictures, asked.minutes, asked.seed),
        "fastgan": lambda: by_hand(fastgan, pictures, asked.minutes, asked.seed),
    }
    made = {name: play[name]() for name in asked.arms}
    found = before | {name: judge(x) | said for name, (x, said) in made.items()}
    for name, one in found.items():
        print(name, one, flush=True)
        if asked.picture and name in made:
            from gansmith.data.write import save_sheet

            path = Path(asked.picture)
            save_sheet(made[name][0][:64], path.with_name(f"{path.stem}_{name}"), gs.read(pictures[:2]).spec)
    scripts = {name: one for name, one in found.items() if name != "gansmith"}
    early = judge(ours(1 / 6, asked.seed)[0])
    print("after 10 seconds", early)
    if asked.no_record:
        return
    record(
        "cifar10", passed=nearer(found["gansmith"], scripts) and not nearer(early, scripts), found=found,
        floor=judge(pictures[:COUNT]), control={"what": "what is chosen, after 10 seconds"} | early, seed=asked.seed,
        goal="at most half of the kernel distance of each script, in two feature spaces",
        protocol=protocol,
    )  # fmt: skip


if __name__ == "__main__":
    main()
