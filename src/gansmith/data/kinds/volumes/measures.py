"""The numbers of shapes: how near they are by IoU and by Chamfer distance, and what each looks like by itself.

Shapes are occupied cells, bool (n, X, Y, Z). Every number of two sets is of as many of the one as of the other.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.kinds.volumes.cells import coarse

MOST, SIDE = 100, 32  # shapes of each set that are compared, and cells along their sides, at most


# --- two sets --------------------------------------------------------------------------------------------------------
def iou_distances(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """(n, m): 1 − the cells that two shapes share ÷ the cells that either has. Two empty shapes share nothing."""
    a, b = (torch.from_numpy(np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)) for x in (one, two))
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None] - both
    return 1 - (both / either.clamp(min=1)).numpy()


def chamfer_distances(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """(n, m): the mean distance of a cell of the one shape to the nearest of the other, and back, added; in cells.

    Each shape's distance transform says how far every cell is from it, so all pairs are two matrix products. An empty
    shape is as far from all others as the grid is long, there and back.
    """
    far = float(np.linalg.norm(one.shape[1:]))
    to_two = transforms(two, far)
    to_one = to_two if one is two else transforms(one, far)
    return one_way(one, to_two, far) + one_way(two, to_one, far).T


def transforms(x: np.ndarray, far: float) -> Tensor:
    """(n, cells) float32: how far each cell is from the nearest occupied one, in cells."""
    from scipy.ndimage import distance_transform_edt

    made = [distance_transform_edt(~shape) if shape.any() else np.full(shape.shape, far) for shape in x]
    return torch.from_numpy(np.stack(made).reshape(len(x), -1).astype(np.float32))


def one_way(x: np.ndarray, fields: Tensor, far: float) -> np.ndarray:
    """(n, m): the mean over a shape's cells of their distance to each of m other shapes, by those' transforms."""
    cells = torch.from_numpy(np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32))
    count = cells.sum(1, keepdim=True)
    return torch.where(count > 0, (cells @ fields.T) / count.clamp(min=1), far).numpy()


def nearest(apart: np.ndarray) -> dict[str, float]:
    """What is told from who is nearest to whom (Yang et al. 2019, https://arxiv.org/abs/1906.12320).

    apart  (2n, 2n) distances between n reals, then n fakes

    coverage  share of reals that are the nearest real of some fake: what the fakes reach of the data
    mmd       mean distance of a real to its nearest fake
    one_nn    share of shapes whose nearest other one comes from their own set: .5 when the sets are alike. Independent
              cells have it by IoU, too, since all shapes are nearest to a real one: never read it without coverage
    """
    count = len(apart) // 2
    across, fake = apart[:count, count:], np.arange(2 * count) >= count
    other = apart + np.diag(np.full(2 * count, np.inf))
    return {
        "coverage": len(set(across.argmin(0).tolist())) / count,
        "mmd": float(across.min(1).mean()),
        "one_nn": float((fake[other.argmin(1)] == fake).mean()),
    }


# --- each shape ------------------------------------------------------------------------------------------------------
def largest_piece(x: np.ndarray) -> np.ndarray:
    """(n,) share of a shape's cells in its largest piece, cells touching by a corner being one; 0 of an empty one."""
    from scipy.ndimage import label

    made = []
    for shape in x:
        pieces, count = label(shape, np.ones((3, 3, 3)))
        made.append(np.bincount(pieces.ravel())[1:].max() / shape.sum() if count else 0.0)
    return np.array(made)


def symmetry(x: np.ndarray, axis: int) -> np.ndarray:
    """(n,) IoU of a shape with its mirror image along `axis`, 0 to 2: 1 when it is symmetric."""
    mirrored = np.flip(x, axis + 1)
    both, either = (op(x, mirrored).sum((1, 2, 3)) for op in (np.logical_and, np.logical_or))
    return both / np.maximum(either, 1)


def measured(real: np.ndarray, fake: np.ndarray, most: int = MOST) -> dict[str, float]:
    """All of them, by the names that tables show, which are the same for any fakes beside the same reals."""
    real, fake = (coarse(x, SIDE).astype(bool, copy=False) for x in (real, fake))
    axis = int(np.argmax([symmetry(real, axis).mean() for axis in range(3)]))
    rng, count = np.random.default_rng(0), min(len(real), len(fake), most)
    real, fake = (x[rng.permutation(len(x))[:count]] for x in (real, fake))
    both, found = np.concatenate([real, fake]), {}
    for name, distances in (("IoU", iou_distances), ("Chamfer", chamfer_distances)):
        near = nearest(distances(both, both))
        found[f"coverage by {name}: data that some sample is nearest to"] = near["coverage"]
        found[f"1-NN accuracy by {name}; 0.5 when alike"] = near["one_nn"]
        mean = {"IoU": 1 - near["mmd"], "Chamfer": near["mmd"]}[name]
        found[f"{'IoU' if name == 'IoU' else 'Chamfer distance'} of the data with the nearest sample"] = mean
    full = max(float(real.mean()), 1e-9)
    return found | {
        "occupied cells, of the data's": float(fake.mean()) / full,
        "largest piece of a sample": float(largest_piece(fake).mean()),
        f"symmetry along {'xyz'[axis]}: IoU with the mirror image": float(symmetry(fake, axis).mean()),
    }


# --- feature spaces --------------------------------------------------------------------------------------------------
class Pooled:
    """Volumes to (n, 512): how full each of 8 × 8 × 8 parts of the grid is, or how bright."""

    name = "pooled-8"

    def __call__(self, items) -> np.ndarray:
        parts = torch.from_numpy(np.asarray(items)).split(64)
        return torch.cat([F.adaptive_avg_pool3d(x.float(), 8).flatten(1) for x in parts]).numpy()


class RandomVolumes(nn.Module):
    """A frozen, never trained net of convolutions over three axes, volumes to (n, 512): its 64 last channels in each
    half of every axis. It ranks models of the same data and means nothing across data sets."""

    name = "random-volumes"

    def __init__(self, center: float, scale: float):
        super().__init__()
        self.center, self.scale = center, scale
        self.convs = nn.ModuleList(nn.Conv3d(a, b, 4, 2, 1) for a, b in ((1, 16), (16, 32), (32, 64)))
        for name, values in self.convs.named_parameters():
            nn.init.zeros_(values) if name.endswith("bias") else nn.init.kaiming_normal_(values, a=0.2)

    def forward(self, items: Tensor) -> Tensor:
        x = (items.float() - self.center) / self.scale
        x = F.interpolate(x, [max(8, side) for side in x.shape[2:]]) if min(x.shape[2:]) < 8 else x
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        return F.adaptive_avg_pool3d(x, 2).flatten(1)


def random_network(center: float, scale: float) -> RandomVolumes:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RandomVolumes(center, scale).eval().requires_grad_(False)
