"""Logistic regression by maximum likelihood, without the penalty that library defaults add."""

from __future__ import annotations

import numpy as np


def expit(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def logistic(x: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Maximum-likelihood logistic regression by Newton's method: (slopes..., intercept) for x (n, k), label (n,).

    Unpenalised but for a ridge of 1e-9 per sample, which only bounds the slope when the classes do not overlap.
    """
    center, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([(x - center) / scale, np.ones(len(x))])
    ridge = 1e-9 * len(x)

    def loss(beta):
        z = design @ beta
        return np.sum(np.logaddexp(0, z) - label * z) + ridge / 2 * beta @ beta

    beta = np.zeros(design.shape[1])
    current = loss(beta)
    for _ in range(100):
        p = expit(design @ beta)
        gradient = design.T @ (p - label) + ridge * beta
        hessian = (design * (p * (1 - p))[:, None]).T @ design + ridge * np.eye(len(beta))
        step = np.linalg.solve(hessian, gradient)
        while (after := loss(beta - step)) > current and np.abs(step).max() > 1e-12:
            step /= 2
        beta -= step
        if current - after <= 1e-12 * abs(current):
            break
        current = after
    slopes = beta[:-1] / scale
    return np.append(slopes, beta[-1] - slopes @ center)
