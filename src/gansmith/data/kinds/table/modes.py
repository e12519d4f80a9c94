"""Mode-specific normalisation's mixtures (Xu et al. 2019, section 4.2): one for each column of numbers of a table."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from gansmith.data.kinds.table import Table
from gansmith.data.labels import evenly

LEAST = 0.005  # weight of a component that is kept
ROWS = 5000  # enough to see a mode of that weight; the fit takes as long as the rows are many


def with_modes(table: Table, most: int, spikes: bool = True) -> Table:
    """`table` with a variational Gaussian mixture of at most `most` components fitted to each column of numbers, in
    units of its standard deviation; its spikes, which the mixture is not to model, are left out.

    spikes  False: columns have none, and whole numbers of which there are few are numbers as others
    """
    codes, entries = table.fields["real"], list(table.spec.entries)
    for i, column in enumerate(entries):
        if column.discrete:
            continue
        if not spikes:
            words = [(level, share) for level, share in zip(column.levels, column.shares) if level > column.high]
            column = replace(column, levels=tuple(v for v, _ in words), shares=tuple(s for _, s in words))
        x = codes[:, i]
        x = x[~np.isnan(x) & ~np.isin(x, np.array(column.levels, np.float64))]
        entries[i] = replace(column, modes=mixture((x - table.spec.center[i]) / table.spec.scale[i], most))
    return replace(table, spec=replace(table.spec, entries=tuple(entries)))


def mixture(x: np.ndarray, most: int) -> tuple[tuple[float, float, float], ...]:
    """(mean, sd, weight) of each component of more than LEAST weight, by mean; the same for the same `x` (n,)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    values = x[evenly(len(x), min(ROWS, len(x)))] if len(x) else x
    most = min(most, len(np.unique(values)))
    if most < 2:
        return ((float(values[0]) if len(x) else 0.0, max(1e-3, float(np.std(x)) if len(x) else 1.0), 1.0),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = BayesianGaussianMixture(
            n_components=most, weight_concentration_prior=0.001, random_state=0, max_iter=100
        ).fit(values[:, None])
    kept = np.flatnonzero(fitted.weights_ > LEAST)
    kept = kept[np.argsort(fitted.means_[kept, 0])]
    weights = fitted.weights_[kept] / fitted.weights_[kept].sum()
    sds = np.sqrt(fitted.covariances_[kept, 0, 0])
    return tuple(zip(fitted.means_[kept, 0].tolist(), sds.tolist(), weights.tolist()))
