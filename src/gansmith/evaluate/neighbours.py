"""Nearest neighbours: fidelity, diversity and copying, in row blocks so that no n x n matrix is ever held.

`real` is (n, d), `fake` is (m, d). A perfect model does not score 1 on these: print the real-against-real value too.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from gansmith.errors import UserError
from gansmith.evaluate.inputs import pair

TIE = 1e-10  # squared distances this close (relatively) count as equal, so that rounding decides no `<=`


class PrecisionRecall(NamedTuple):
    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    density: float
    coverage: float


class PRDC(NamedTuple):
    precision: float
    recall: float
    density: float
    coverage: float


def rows_that_fit(y: torch.Tensor) -> int:
    """Rows of distances to all of y in 16 MB: larger blocks are no faster, and the allocator stops reusing them."""
    return max(1, 2**21 // len(y))


def squared_distances(x, y, xx, yy) -> torch.Tensor:
    """(n, m) squared distances by |x|^2 + |y|^2 - 2 x.y, where xx and yy are the squared norms."""
    scale = xx[:, None] + yy
    squared = torch.addmm(scale, x, y.T, alpha=-2)
    # Below this only rounding is left of the difference: the two points are the same.
    return squared.masked_fill_(squared < scale.mul_(1e-13), 0.0)


def blocks(x: torch.Tensor, y: torch.Tensor, rows: int | None = None) -> Iterator[tuple[slice, torch.Tensor]]:
    """(which rows of x, their squared distances to all of y), in float64.

    Both are moved to put y[0] at the origin, which leaves constant features exactly zero and large means harmless.
    """
    rows = rows or rows_that_fit(y)
    x, y = x - y[0], y - y[0]
    xx, yy = x.square().sum(1), y.square().sum(1)
    for start in range(0, len(x), rows):
        part = slice(start, min(start + rows, len(x)))
        yield part, squared_distances(x[part], y, xx[part], yy)


def neighbour_distances(x: torch.Tensor, k: int, rows: int | None = None) -> torch.Tensor:
    """(n, k) squared distances from each point to its 1st … k-th nearest other point.

    Distances are symmetric, so each block is computed once and read both ways: by its rows, and by its columns.
    """
    if len(x) <= k:
        raise UserError(f"{len(x)} points have no {k}-th neighbour; give more points or a smaller k.")
    rows = rows or rows_that_fit(x)
    x = x - x[0]
    xx = x.square().sum(1)
    best = x.new_full((len(x), k), torch.inf)
    for start in range(0, len(x), rows):
        stop = min(start + rows, len(x))
        squared = squared_distances(x[start:stop], x[start:], xx[start:stop], xx[start:])
        squared.diagonal().fill_(torch.inf)  # no point is its own neighbour
        best[start:stop] = smallest(torch.cat([best[start:stop], squared], 1), k)
        if stop < len(x):
            best[stop:] = smallest(torch.cat([best[stop:], squared[:, stop - start :].T], 1), k)
    return best


def smallest(x: torch.Tensor, k: int) -> torch.Tensor:
    """(n, k) smallest of each row, ascending."""
    return x.topk(k, largest=False).values.sort(1).values


def precision_recall(real, fake, k: int = 3, *, rows: int | None = None) -> PrecisionRecall:
    """Share of fakes inside a real k-NN ball, and of reals inside a fake one  (Kynkäänniemi et al. 2019, eqs. 1-2).

    Balls are closed (`<=`), as in the paper's code: identical sets score 1.
    """
    return PrecisionRecall(*prdc(real, fake, k, k, rows=rows)[:2])


def density_coverage(real, fake, k: int = 5, *, rows: int | None = None) -> DensityCoverage:
    """Mean number of real balls around a fake, over k; share of real balls that hold a fake  (Naeem et al. 2020).

    Density may exceed 1. For a perfect model coverage is `expected_coverage(n, m, k)`, not 1.
    """
    real, fake = pair(real, fake)
    balls = neighbour_distances(real, k, rows)[:, -1] * (1 + TIE)
    total, covered = 0, 0
    for part, squared in blocks(real, fake, rows):
        held = (squared <= balls[part, None]).sum(1)
        total += int(held.sum())
        covered += int((held > 0).sum())
    return DensityCoverage(total / (k * len(fake)), covered / len(real))


def prdc(real, fake, k: int = 3, coverage_k: int = 5, *, rows: int | None = None) -> PRDC:
    """The four of them from one set of distances: precision and recall at `k`, density and coverage at `coverage_k`."""
    real, fake = pair(real, fake)
    reach = neighbour_distances(real, max(k, coverage_k), rows) * (1 + TIE)
    near, wide = reach[:, k - 1], reach[:, coverage_k - 1]
    fake_balls = neighbour_distances(fake, k, rows)[:, -1] * (1 + TIE)
    inside = torch.zeros(len(fake), dtype=torch.bool, device=real.device)
    found = total = covered = 0
    for part, squared in blocks(real, fake, rows):
        inside |= (squared <= near[part, None]).any(0)
        found += int((squared <= fake_balls).any(1).sum())
        held = (squared <= wide[part, None]).sum(1)
        total += int(held.sum())
        covered += int((held > 0).sum())
    n, m = len(real), len(fake)
    return PRDC(int(inside.sum()) / m, found / n, total / (coverage_k * m), covered / n)


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Coverage of a perfect model with n reals and m fakes: 1 - prod_{i=1..k} (n - i)/(n + m - i), in any dimension."""
    missed = 1.0
    for i in range(1, k + 1):
        missed *= (n - i) / (n + m - i)
    return 1 - missed


def nearest(x: torch.Tensor, y: torch.Tensor, *, rows: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """For each row of x: distance to, and index of, its nearest row of y."""
    distance, index = x.new_empty(len(x)), torch.empty(len(x), dtype=torch.long, device=x.device)
    for part, squared in blocks(x, y, rows):
        distance[part], index[part] = squared.min(1)
    return distance.sqrt(), index


def own_distances(x: torch.Tensor, index: torch.Tensor, *, rows: int | None = None) -> torch.Tensor:
    """Distance of each of the points x[index] to its nearest other point of x."""
    distance = x.new_empty(len(index))
    for part, squared in blocks(x[index], x, rows):
        squared.scatter_(1, index[part, None], torch.inf)  # no point is its own neighbour
        distance[part] = squared.amin(1)
    return distance.sqrt()


def realism(real, fake, k: int = 3, *, rows: int | None = None) -> torch.Tensor:
    """(m,) realism of each fake: largest (real ball's radius / distance to its centre), at least 1 on the manifold.

    Balls wider than the median are left out, as in Kynkäänniemi et al. 2019, eq. 3. The lowest are the worst samples.
    """
    real, fake = pair(real, fake, least=1)
    balls = neighbour_distances(real, k, rows)[:, -1]
    small = balls <= balls.median()
    real, balls = real[small], balls[small]
    return torch.cat(
        [
            (balls / squared).nan_to_num(nan=1.0, posinf=torch.inf).amax(1).sqrt()
            for _, squared in blocks(fake, real, rows)
        ]
    )


class DistanceRatios(NamedTuple):
    nearest: float
    pairs: float


def distance_ratios(real, fake, *, rows: int | None = None) -> DistanceRatios:
    """Mean nearest-neighbour distance, and mean pairwise distance, among fakes over the same among as many reals.

    `nearest` far under 1 is a local collapse. `pairs` is the popular collapse signal: it reads 1.00 with a fifth of
    the modes missing, so it is here for comparison only.
    """
    real, fake = pair(real, fake)
    n = min(len(real), len(fake))
    found = []
    for x in (real[:n], fake[:n]):
        near = neighbour_distances(x, 1, rows)[:, 0].sqrt().mean()
        total = sum(float(squared.sqrt().sum()) for _, squared in blocks(x, x, rows))
        found.append((float(near), total / (n * (n - 1))))
    (real_near, real_pairs), (fake_near, fake_pairs) = found
    if not real_near or not real_pairs:
        raise UserError("the reals are copies of one another, so no distance ratio exists; drop duplicates first.")
    return DistanceRatios(fake_near / real_near, fake_pairs / real_pairs)
