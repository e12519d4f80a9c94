"""What a generator is worth: features -> numbers, with floors, intervals and a card that says what was measured.

Start with `compare(real, fake)`; `docs/evaluate.md` says which number to trust for what.
"""

from gansmith.data.generators import from_noise
from gansmith.evaluate.comparison import compare, numbers, paired
from gansmith.evaluate.copying import memorisation, nearest_pairs
from gansmith.evaluate.counts import (
    class_counts,
    grid_modes,
    inception_score,
    jensen_shannon,
    kullback_leibler,
    ndb,
    parzen_log_likelihood,
    stacked_modes,
    vendi_score,
)
from gansmith.evaluate.distances import (
    Moments,
    frechet_distance,
    frechet_from_moments,
    kernel_distance,
    mind,
    mmd,
)
from gansmith.evaluate.neighbours import (
    density_coverage,
    distance_ratios,
    expected_coverage,
    prdc,
    precision_recall,
    realism,
)
from gansmith.evaluate.protocol import Card, Score, Scores, rank
from gansmith.evaluate.two_sample import c2st, mmd_test, one_nearest_neighbour

__all__ = [
    "Card",
    "Moments",
    "Score",
    "Scores",
    "c2st",
    "class_counts",
    "compare",
    "density_coverage",
    "distance_ratios",
    "expected_coverage",
    "frechet_distance",
    "frechet_from_moments",
    "from_noise",
    "grid_modes",
    "inception_score",
    "jensen_shannon",
    "kernel_distance",
    "kullback_leibler",
    "memorisation",
    "mind",
    "mmd",
    "mmd_test",
    "ndb",
    "nearest_pairs",
    "numbers",
    "one_nearest_neighbour",
    "paired",
    "parzen_log_likelihood",
    "prdc",
    "precision_recall",
    "rank",
    "realism",
    "stacked_modes",
    "vendi_score",
]
