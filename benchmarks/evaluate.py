"""Speed and memory of the numbers, side by side with the routes they replace, on the same features in fresh processes.

    python benchmarks/evaluate.py [--n 10000] [--d 2048] [--threads 2] [--only frechet]

Frechet distance: ours against SciPy's sqrtm (what pytorch-fid and clean-fid do), from the same moments, and from the
features with numpy's covariances.
Precision, recall, density, coverage: `prdc` and the two separate calls against the package prdc (pip install prdc).
Memory is what the peak grew by during the call, features not counted. Prints ratios; asserts nothing.
"""

import argparse
import json
import os
import subprocess
import sys


def features(n: int, d: int):
    """Real and fake (n, d) float32 with a spectrum that falls as features' spectra do."""
    import numpy as np

    random, scale = np.random.default_rng(0), 1 / np.sqrt(np.arange(1, d + 1, dtype=np.float32))
    real, fake = (random.standard_normal((n, d), dtype=np.float32) for _ in range(2))
    for x in (real, fake):
        x *= scale
    fake *= np.float32(1.1)
    return real, fake


def moments(n: int, d: int):
    """Means and covariances of those features: where every route to the Frechet distance starts from."""
    import numpy as np

    return [v for x in features(n, d) for v in (x.mean(0, dtype=np.float64), np.cov(x, rowvar=False))]


def moments_ours(mu1, cov1, mu2, cov2):
    from gansmith.evaluate import frechet_from_moments

    return frechet_from_moments(mu1, cov1, mu2, cov2)


def moments_sqrtm(mu1, cov1, mu2, cov2):
    import numpy as np
    from scipy import linalg

    root = linalg.sqrtm(cov1.dot(cov2)).real
    return float(((mu1 - mu2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * np.trace(root))


def frechet_ours(real, fake):
    from gansmith.evaluate import frechet_distance

    return frechet_distance(real, fake)


def frechet_sqrtm(real, fake):
    import numpy as np

    return moments_sqrtm(*(v for x in (real, fake) for v in (x.mean(0, dtype=np.float64), np.cov(x, rowvar=False))))


def neighbours_ours(real, fake):
    from gansmith.evaluate import prdc

    return tuple(prdc(real, fake, 5, 5))


def neighbours_separate(real, fake):
    from gansmith.evaluate import density_coverage, precision_recall

    return (*precision_recall(real, fake, 5), *density_coverage(real, fake, 5))


def neighbours_prdc(real, fake):
    from prdc import compute_prdc

    return tuple(float(v) for v in compute_prdc(real, fake, nearest_k=5).values())


CASES = {
    f.__name__: f
    for f in (
        moments_ours, moments_sqrtm, frechet_ours, frechet_sqrtm, neighbours_ours, neighbours_separate, neighbours_prdc,
    )
}  # fmt: skip


def child(case: str, n: int, d: int) -> None:
    import contextlib
    import resource
    import time

    import torch  # so that its import is in nobody's time

    import gansmith.evaluate  # noqa: F401

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    make = moments if case.startswith("moments") else features
    data = make(n, d)
    with contextlib.redirect_stdout(sys.stderr):  # prdc prints
        CASES[case](*make(200, 8))
        before, start, busy = (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            time.perf_counter(),
            time.process_time(),
        )
        value = CASES[case](*data)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "cpu": busy, "extra_mb": (after - before) / 1024, "value": value}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--d", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="cases whose name begins so: moments, frechet, neighbours")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        return child(options.case, options.n, options.d)
    environment = {**os.environ, **{f"{k}_NUM_THREADS": str(options.threads) for k in ("OMP", "MKL", "OPENBLAS")}}
    found = {}
    for case in (name for name in CASES if name.startswith(options.only)):
        command = [sys.executable, __file__, "--case", case, "--n", str(options.n), "--d", str(options.d)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            print(f"{case:20s} not run: {(done.stderr.strip().splitlines() or ['killed'])[-1]}")
            continue
        found[case] = json.loads(done.stdout)
        line = "{:20s} {seconds:7.2f} s  {cpu:7.2f} s of CPU  +{extra_mb:5.0f} MB  {value}"
        print(line.format(case, **found[case]), flush=True)
    print(f"n {options.n}, d {options.d}, {options.threads} threads")
    for ours, theirs in (
        ("moments_ours", "moments_sqrtm"),
        ("frechet_ours", "frechet_sqrtm"),
        ("neighbours_ours", "neighbours_prdc"),
        ("neighbours_separate", "neighbours_prdc"),
    ):
        if ours in found and theirs in found:
            wall, cpu = (found[theirs][key] / found[ours][key] for key in ("seconds", "cpu"))
            print(f"{ours} is {wall:.1f} times as fast as {theirs}, and takes {1 / cpu:.2f} of its CPU time")


if __name__ == "__main__":
    main()
