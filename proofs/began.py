"""BEGAN on Fashion-MNIST at 16 pixels: does the control hold the balance, and does the measure of convergence fall?

    GANSMITH_DATA=… python proofs/began.py [--steps 8000]

The check: L(fake)/L(real), averaged over the last fifth, is within .05 of γ; k is strictly between 0 and 1 and moves;
the measure M ends at 60 % or less of what it was at round 200; the samples vary at least half as much as the data.
Control: λ_k = 0, so that k stays 0, which must lose the balance.
"""

import argparse

import numpy as np
from gallery import hang
from record import record

import gansmith as gs


def measure(data, steps: int, **settings):
    gan = gs.BEGAN(gamma=0.75, width=16, learning_rate=1e-3, beta1=0.9, **settings)
    gan.fit(data, steps=steps, val=0, seed=0)
    log = {name: np.array([row[name] for row in gan.history]) for name in gan.history[0]}
    last = log["samples"] > 0.8 * log["samples"][-1]
    early = np.abs(log["step"] - 200) <= 50
    made = gan.sample(2000, seed=1)
    deviation = [np.asarray(x).reshape(len(x), -1).std(0).mean() for x in (made, data.fields["real"])]
    return gan, made, {
        "ratio": float(log["balance/ratio"][last].mean()),
        "k_least": float(log["balance/k"][last].min()),
        "k_most": float(log["balance/k"][last].max()),
        "convergence": float(log["balance/convergence"][last].mean()),
        "convergence_at_200": float(log["balance/convergence"][early].mean()),
        "deviation": float(deviation[0] / deviation[1]),
    }  # fmt: skip


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--steps", type=int, default=8000)
    asked = parse.parse_args()
    data = gs.read("fashion_mnist", size=16)
    gan, made, found = measure(data, asked.steps, lambda_k=0.01)
    _, _, without = measure(data, asked.steps // 3, lambda_k=0.0)
    hang("began", made[:64], columns=16)

    def good(n):
        balanced = abs(n["ratio"] - gan.gamma) <= 0.05 and 0 < n["k_least"] < n["k_most"] < 1
        return balanced and n["convergence"] <= 0.6 * n["convergence_at_200"] and n["deviation"] >= 0.5

    record(
        "began",
        passed=good(found) and not good(without),
        **found,
        floor={"ratio wanted": gan.gamma, "deviation of the data": 1.0},
        goal="ratio within 0.05 of gamma, 0 < k < 1 and moving, M <= 60 % of round 200's, deviation >= half the data's",
        control={"what": "lambda_k = 0, a third of the rounds", **without},
        protocol=f"{gan!r}, Fashion-MNIST at 16 pixels, {asked.steps} rounds, 2,000 samples",
        seed=0,
    )


if __name__ == "__main__":
    main()
