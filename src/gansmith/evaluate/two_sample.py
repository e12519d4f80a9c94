"""Two-sample tests: can anything tell real from fake, and how often would chance alone?"""

import math
from typing import NamedTuple

import torch
from torch import nn

from gansmith.errors import UserError
from gansmith.evaluate.distances import median_distance
from gansmith.evaluate.inputs import pair
from gansmith.evaluate.neighbours import blocks


class C2ST(NamedTuple):
    accuracy: float  # 0.5 where nobody can tell
    p_value: float  # one-sided: the chance of at least this accuracy if real and fake were the same
    null_sd: float  # standard deviation of the accuracy under that hypothesis, 1/sqrt(4 n_test)


class OneNN(NamedTuple):
    accuracy: float  # 0.5 ideal; towards 1 = far apart; towards 0 = fakes are copies
    real: float
    fake: float


class Permutation(NamedTuple):
    mmd: float
    p_value: float


def c2st(real, fake, *, hidden: int = 32, steps: int = 300, seed: int = 0) -> C2ST:
    """Classifier two-sample test: held-out accuracy of a small net, real against fake  (Lopez-Paz & Oquab 2017).

    As many of each side, half to train a one-hidden-layer net on standardised features, half to test it; under the null
    the accuracy is N(1/2, 1/(4 n_test)).
    """
    real, fake = pair(real, fake, least=8)
    n = min(len(real), len(fake)) // 2 * 2
    random = torch.Generator().manual_seed(seed)
    real, fake = (x[torch.randperm(len(x), generator=random)[:n].to(x.device)] for x in (real, fake))
    half = n // 2
    train, test = torch.cat([real[:half], fake[:half]]), torch.cat([real[half:], fake[half:]])
    mean, std = train.mean(0), train.std(0)
    train, test = ((x - mean) / std.where(std > 0, 1) for x in (train, test))
    label = torch.cat([torch.ones(half), torch.zeros(half)]).to(train)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Linear(train.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )
    net.to(train)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=0.1)
    with torch.enable_grad():
        for _ in range(steps):
            picked = torch.randint(len(train), (min(256, len(train)),), generator=random).to(train.device)
            loss = nn.functional.binary_cross_entropy_with_logits(net(train[picked])[:, 0], label[picked])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        accuracy = float(((net(test)[:, 0] > 0) == (label > 0)).double().mean())
    sd = 1 / math.sqrt(4 * len(test))
    return C2ST(accuracy, 0.5 * math.erfc((accuracy - 0.5) / sd / math.sqrt(2)), sd)


def one_nearest_neighbour(real, fake, *, seed: int = 0, rows: int | None = None) -> OneNN:
    """Leave-one-out accuracy of the 1-nearest-neighbour classifier on equally many of each side; nothing to train.

    Two-sided: 0.5 when alike, towards 1 when apart, towards 0 when each fake sits on its own real  (Xu et al. 2018).
    """
    real, fake = pair(real, fake)
    n = min(len(real), len(fake))
    random = torch.Generator().manual_seed(seed)
    real, fake = (
        x if len(x) == n else x[torch.randperm(len(x), generator=random)[:n].to(x.device)] for x in (real, fake)
    )
    both = torch.cat([real, fake])
    is_real = torch.arange(2 * n, device=both.device) < n
    right = torch.empty(2 * n, dtype=torch.float64, device=both.device)
    for part, squared in blocks(both, both, rows):
        index = torch.arange(part.start, part.stop, device=both.device)
        squared[index - part.start, index] = torch.inf
        own = squared.masked_fill(is_real[part, None] != is_real, torch.inf).amin(1)
        other = squared.masked_fill(is_real[part, None] == is_real, torch.inf).amin(1)
        right[part] = (own < other).double() + (own == other).double() / 2  # a tie is a coin toss
    return OneNN(float(right.mean()), float(right[:n].mean()), float(right[n:].mean()))


def mmd_test(real, fake, *, bandwidth: float | None = None, permutations: int = 500, seed: int = 0) -> Permutation:
    """Unbiased Gaussian-kernel MMD^2 and the share of random relabellings that give at least as much.

    `bandwidth` None: the median distance. Holds the whole kernel, so at most 4,000 samples of each side.
    """
    real, fake = pair(real, fake)
    if max(len(real), len(fake)) > 4000:
        raise UserError(
            f"{len(real)} and {len(fake)} samples would need the whole kernel in memory; give 4,000 of each."
        )
    n, m = len(real), len(fake)
    width = bandwidth or median_distance(real, fake)
    both = torch.cat([real, fake])
    kernel = torch.cat([(squared / (-2 * width**2)).exp() for _, squared in blocks(both, both)])
    kernel.fill_diagonal_(0)
    random = torch.Generator().manual_seed(seed)
    is_real = torch.zeros(n + m, permutations + 1, dtype=torch.float64)
    is_real[:n, 0] = 1
    for column in range(1, permutations + 1):
        is_real[torch.randperm(n + m, generator=random)[:n], column] = 1
    is_real = is_real.to(both.device)
    product = kernel @ is_real
    inside = (is_real * product).sum(0)  # within the "real" label
    across = ((1 - is_real) * product).sum(0)
    rest = kernel.sum() - inside - 2 * across
    values = inside / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m)
    return Permutation(float(values[0]), float((values >= values[0] - 1e-12).double().mean()))
