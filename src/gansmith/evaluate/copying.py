"""Did the generator copy its training set? Only a held-out split of reals can tell, so every number here needs one.

No published number tells copying from a shrunken mode (Stein et al. 2023): look at the closest pairs as well.
"""

import math
from typing import NamedTuple

import torch

from gansmith.errors import UserError
from gansmith.evaluate.inputs import pair
from gansmith.evaluate.neighbours import nearest, own_distances
from gansmith.evaluate.two_sample import one_nearest_neighbour


class Memorisation(NamedTuple):
    """Levels of honest samples in brackets; the `held_out` ones are measured, not assumed."""

    ratio: float  # median distance to the training set, fakes over held-out reals (1; 0 = copies)
    c_t: (
        float  # z of Mann-Whitney's U: fakes nearer to the training set than held-out reals are (0; below -3 = copying)
    )
    authenticity: float  # share of fakes farther from their training neighbour than that is from its own (see next)
    authenticity_held_out: float  # the same of held-out reals: what `authenticity` should be
    one_nn: float  # leave-one-out accuracy of 1-NN, training set against fakes (0.5; towards 0 = copies)
    spread: float = 1.0  # different training items that are some fake's nearest, over the most there could be

    @property
    def copied(self) -> bool:
        """The alarm: ratio < 0.5 with c_t < -5, or one_nn < 0.4; of fakes that lie near more than a few items.

        Grey or average pictures lie nearer to the data than held-out reals do, all to the same few items: those are no
        copies, unless hardly any distance is left."""
        near = (self.ratio < 0.5 and self.c_t < -5) or self.one_nn < 0.4
        return near and (self.spread > 0.1 or self.ratio < 0.05)


class Pairs(NamedTuple):
    fake: torch.Tensor  # (count,) indices, closest first
    real: torch.Tensor  # (count,) indices of their nearest reals
    distance: torch.Tensor  # (count,)


def nearest_pairs(real, fake, count: int = 8, *, rows: int | None = None) -> Pairs:
    """The `count` fakes that lie closest to a real, with that real: what to look at before claiming anything."""
    real, fake = pair(real, fake, least=1)
    distance, index = nearest(fake, real, rows=rows)
    order = distance.argsort(stable=True)[:count]
    return Pairs(order, index[order], distance[order])


def memorisation(train, held_out, fake, *, cells: int = 1, seed: int = 0, rows: int | None = None) -> Memorisation:
    """Nearest-neighbour ratio, C_T, authenticity, 1-NN of `fake` (m, d) against `train` (n, d), `held_out` (t, d).

    C_T is Meehan et al. 2020's, over `cells` k-means cells of the training set (1: no cells); authenticity is Alaa et
    al. 2022's. `held_out` must be reals the generator was not trained on, prepared in the same way.
    """
    if held_out is None or not len(held_out):
        raise UserError("copying cannot be told without held-out reals; train with val=0.05, or give a test split.")
    train, fake = pair(train, fake)
    _, held_out = pair(train, held_out)
    fake_near, fake_index = nearest(fake, train, rows=rows)
    test_near, test_index = nearest(held_out, train, rows=rows)
    near, place = torch.cat([fake_index, test_index]).unique(return_inverse=True)
    own = own_distances(train, near, rows=rows)[place]
    middle = float(test_near.median())
    if not middle:
        raise UserError("half of the held-out reals are also in the training set; split again without duplicates.")
    return Memorisation(
        ratio=float(fake_near.median()) / middle,
        c_t=_c_t(train, fake, held_out, fake_near, test_near, cells, seed),
        authenticity=float((fake_near > own[: len(fake)]).double().mean()),
        authenticity_held_out=float((test_near > own[len(fake) :]).double().mean()),
        one_nn=one_nearest_neighbour(train, fake, seed=seed, rows=rows).accuracy,
        spread=len(fake_index.unique()) / min(len(fake), len(train)),
    )


def _c_t(train, fake, held_out, fake_near, test_near, cells, seed) -> float:
    """Mean over cells of the U-test's z, weighted by held-out share; cells with too few of either side are left out."""
    if cells == 1:
        return mann_whitney(fake_near, test_near)
    from sklearn.cluster import KMeans

    means = KMeans(cells, n_init=1, random_state=seed).fit(train.cpu().numpy())
    fake_cell, test_cell = (torch.from_numpy(means.predict(x.cpu().numpy())).to(train.device) for x in (fake, held_out))
    total = weight = 0.0
    for cell in range(cells):
        a, b = fake_near[fake_cell == cell], test_near[test_cell == cell]
        if min(len(a), len(b)) >= 20:
            total, weight = total + len(b) * mann_whitney(a, b), weight + len(b)
    if not weight:
        raise UserError(f"none of the {cells} cells holds 20 fakes and 20 held-out reals; type cells=1.")
    return total / weight


def mann_whitney(a: torch.Tensor, b: torch.Tensor) -> float:
    """z of Mann-Whitney's U: below 0 when `a` tends to be the smaller. Ties count one half."""
    n, m = len(a), len(b)
    b = b.sort().values
    below, upto = torch.searchsorted(b, a), torch.searchsorted(b, a, right=True)
    u = float((below + upto).double().sum()) / 2  # how often a > b
    return (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
