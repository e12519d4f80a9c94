"""What is measured of clips: two feature spaces that see motion, and the numbers of the field."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.kinds.video.read import differences
from gansmith.distributed.track import task

if TYPE_CHECKING:
    from gansmith.data.kinds.video.kind import Video

LARGEST = 32  # pixels of the longer side that networks see
UNTRAINED = "Fréchet distance, random 3-D net; 0 when alike"
TRAINED = "Fréchet distance, 3-D net trained on motion; 0 when alike"
SHARE = "distance as a share of the same clips frozen at their first frame; below 0.8 when they move as they should"
UNTRAINED_SHARE = "… by the random 3-D net, which sees motion less"


def measures(real: np.ndarray, fake: np.ndarray, form: Video) -> dict[str, float]:
    """Of clips uint8 (n, C, T, H, W): distances in both feature spaces, that of the same clips frozen at their first
    frame, which must be larger, and how much they move beside the real ones."""
    still = frozen(fake)
    far, near = ([distance(space, real, clips) for clips in (fake, still)] for space in form.features())
    energy = [np.sort(10 * np.log10(motion_energy(x) + 1e-3)) for x in (real, fake)]
    share = np.linspace(0, 1, 101)
    return {
        UNTRAINED: far[0],
        TRAINED: near[0],
        SHARE: near[0] / max(near[1], 1e-9),
        UNTRAINED_SHARE: far[0] / max(far[1], 1e-9),
        "frame-to-frame difference, as a multiple of the data's": float(
            differences(fake).mean() / max(differences(real).mean(), 1e-9)
        ),
        "difference of motion energy, dB": float(
            np.abs(np.quantile(energy[0], share) - np.quantile(energy[1], share)).mean()
        ),
    }


def distance(space: nn.Module, one: np.ndarray, other: np.ndarray) -> float:
    """The Fréchet distance of two sets of clips in a feature space."""
    from gansmith.evaluate.distances import frechet_distance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few clips: what as many reals score stands beside it
        return float(frechet_distance(through(space, one), through(space, other)))


def says(values: dict[str, float], control: dict[str, float]) -> str:
    share = values[SHARE]
    if share > 1.02:
        return (
            f"frozen at their first frame the clips are {1 - 1 / share:.0%} nearer to the data: their motion is wrong"
        )
    if share > 0.8:
        return "frozen at their first frame the clips are about as near to the data: their motion adds little"
    if values[TRAINED] >= control[TRAINED]:
        return "the motion of the clips is no nearer to the data's than that of real frames in random order"
    return (
        f"frozen at their first frame the clips are {1 / share:.1f} times as far from the data: their motion is like it"
    )


def frozen(clips: np.ndarray) -> np.ndarray:
    """Every clip (n, C, T, H, W) as its first frame, T times."""
    return np.repeat(clips[:, :, :1], clips.shape[2], 2)


def motion_energy(clips: np.ndarray) -> np.ndarray:
    """(n,) mean squared difference of frames that follow each other, in grey levels squared."""
    steps = [np.square(np.diff(part.astype(np.float32), axis=2)) for part in np.split(clips, range(64, len(clips), 64))]
    return np.concatenate([part.mean((1, 2, 3, 4)) for part in steps])


@torch.no_grad()
def through(network: nn.Module, clips: np.ndarray) -> np.ndarray:
    parts = [
        network(torch.from_numpy(np.ascontiguousarray(part))) for part in np.split(clips, range(64, len(clips), 64))
    ]
    return torch.cat(parts).numpy()


# --- feature spaces --------------------------------------------------------------------------------------------------
class Seeing(nn.Module):
    """Convolutions over time, height and width, uint8 (n, C, T, H, W) to (n, 256): the 64 last channels in each quarter
    of the picture, over the whole time. Frames are made LARGEST pixels long, where they are longer."""

    def __init__(self, channels: int, name: str):
        super().__init__()
        self.channels, self.name = channels, name
        first = nn.Conv3d(channels, 16, (3, 5, 5), (1, 2, 2), (1, 2, 2))
        self.convs = nn.ModuleList([first, nn.Conv3d(16, 32, 3, 2, 1), nn.Conv3d(32, 64, 3, 2, 1)])

    def forward(self, clips: Tensor) -> Tensor:
        return self.see(brought(clips, self.channels))

    def see(self, x: Tensor) -> Tensor:
        """Of clips in −1 … 1."""
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        return F.adaptive_avg_pool3d(x, (1, 2, 2)).flatten(1)


def brought(clips: Tensor, channels: int) -> Tensor:
    """uint8 (n, C, T, H, W) as float in −1 … 1, no longer than LARGEST; of one channel the mean of all."""
    x = clips.float() / 127.5 - 1
    x = x.mean(1, keepdim=True) if channels == 1 else x
    scale = LARGEST / max(x.shape[3:])
    if scale < 1:
        x = F.interpolate(x, (x.shape[2], *(max(1, round(scale * side)) for side in x.shape[3:])), mode="area")
    return x


@cache
def random_network(channels: int) -> Seeing:
    """Frozen and never trained. It ranks models of the same data and means nothing across data sets."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Seeing(channels, "random-3d")
        for name, values in network.convs.named_parameters():
            nn.init.zeros_(values) if name.endswith("bias") else nn.init.kaiming_normal_(values, a=0.2)
    return network.eval().requires_grad_(False)


class Moving(Seeing):
    """Trained to say how made-up clips move; its features are of grey clips."""

    def __init__(self):
        super().__init__(1, "motion-3d")
        self.head = nn.Linear(256, 4)


@cache
def trained_network(steps: int = 120, batch: int = 16) -> Moving:
    """Trained on made-up clips (see `made_up`) to say which way and how fast things go, whether they stand still and
    whether the frames are in order. The same on every machine but for rounding."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        network = Moving()
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        with task("training a net to see motion", steps) as advance:
            for _ in range(steps):
                clips, moves, kinds = made_up(batch)
                told = network.head(network.see(clips))
                loss = (told[:, :2] - moves).square().mean()
                loss = loss + F.binary_cross_entropy_with_logits(told[:, 2:], kinds)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                advance()
    return network.eval().requires_grad_(False)


def made_up(n: int, steps: int = 8, side: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Clips (n, 1, steps, side, side) in −1 … 1 of a patch that glides over a ground, both of smooth noise.

    Beside them its steps (n, 2), in pixels a frame, and (n, 2): whether it stands still, and whether the frames are in
    random order (then, and of those that stand still, the steps are 0).
    """
    ground, patch = (smooth_noise(n, 2 * side) for _ in range(2))
    still, mixed = (torch.rand(2, n) < 0.2).float()
    move = (4 * torch.rand(n, 2) - 2) * (1 - still)[:, None]
    time = torch.arange(steps) - (steps - 1) / 2
    place = move[:, None] * time[:, None] / side  # (n, steps, 2): a pixel is 1/side, of a ground from −1 to 1
    axis = torch.linspace(-0.5, 0.5, side)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij")[::-1], -1)  # (side, side, 2): x, y
    seen = grid - place[:, :, None, None]
    over = F.grid_sample(patch, seen.flatten(1, 2), align_corners=False, padding_mode="reflection")
    centre = 0.6 * torch.rand(n, 1, 1, 1, 2) - 0.3
    inside = torch.sigmoid(40 * (0.25 - (seen - centre).norm(dim=-1))).view(n, 1, steps, side, side)
    whole = (torch.rand(n) < 0.3).float().view(n, 1, 1, 1, 1)  # of some everything moves, as under a moving camera
    inside = torch.maximum(inside, whole)
    under = F.grid_sample(ground, grid.expand(n, side, side, 2), align_corners=False)[:, :, None]
    clips = inside * over.view(n, 1, steps, side, side) + (1 - inside) * under
    order = torch.rand(n, steps).argsort(1)
    order = torch.where(mixed[:, None] > 0, order, torch.arange(steps))
    clips = clips.gather(2, order[:, None, :, None, None].expand_as(clips))
    mixed = mixed * (1 - still)  # in any order what stands still is the same
    return clips, move * (1 - mixed)[:, None], torch.stack([still, mixed], 1)


def smooth_noise(n: int, side: int) -> Tensor:
    """(n, 1, side, side) in −1 … 1."""
    coarse = torch.rand(n, 1, side // 4, side // 4)
    return 2 * F.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1) - 1
