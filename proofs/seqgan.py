"""SeqGAN against an oracle: sequences of 10 of 500 words, drawn from an LSTM with fixed weights of N(0, 1).

The oracle's own likelihood says how good samples are: −log p(y) a word. Playing must lower it below what likelihood
alone reaches. That number rewards collapse, so beside it stands what no collapse can fake: the likelihood of held-out
sequences under G, and how many samples differ. And beside both the temperature sweep of the model trained by likelihood
alone, which trades one for the other for nothing ("Language GANs Falling Short"): a gain that lies on or above that
curve is a gain of temperature and of nothing else.

All of it, with every seed, is one figure: docs/gallery/seqgan.png.

    python proofs/seqgan.py                      three seeds, 18 minutes of two cores
    python proofs/seqgan.py --minutes 1 --no-record --seeds 0     to see that it works

Controls: words drawn evenly; the oracle's own samples (the least that can be reached); a run of the same length by
likelihood alone.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from gallery import GALLERY
from record import record

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.symbols import Symbols
from gansmith.networks.sequence import SequenceGenerator

WORDS, STEPS, COUNT = 500, 10, 10_000
TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
GAIN = 0.10  # nats a word


def oracle(seed: int) -> SequenceGenerator:
    """An LSTM of 32 over vectors of 32 whose weights are all drawn from N(0, 1), as in the paper."""
    torch.manual_seed(seed)
    net = SequenceGenerator(WORDS, STEPS, 32, 32, ends=False).eval().requires_grad_(False)
    for values in net.parameters():
        torch.nn.init.normal_(values)
    return net


def drawn(net: SequenceGenerator, count: int, seed: int) -> np.ndarray:
    chance = torch.rand(count, STEPS, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return torch.cat([net.draw(part) for part in chance.split(1000)]).numpy().astype(np.int16)


def nats(net: SequenceGenerator, ids: np.ndarray) -> float:
    """−log p(y) a word."""
    parts = torch.from_numpy(ids.astype(np.int64)).split(1000)
    with torch.no_grad():
        return -torch.cat([net.log_likelihoods(part).mean(1) for part in parts]).mean().item()


def judged(game, truth: SequenceGenerator, held: np.ndarray, seed: int, temperature: float = 1.0) -> dict:
    """What the oracle says of 5,000 samples, G of held-out sequences, and how many pairs of words of samples differ."""
    made = game.sample(5000, seed=seed, temperature=temperature)
    return {
        "oracle": round(nats(truth, made), 3),
        "held_out": round(-float(game.log_likelihoods(held).mean()) / STEPS, 3),
        "distinct_pairs": round(distinct(made), 3),
    }


def distinct(ids: np.ndarray) -> float:
    return len(np.unique(ids[:, :-1].astype(np.int64) * (WORDS + 1) + ids[:, 1:])) / ids[:, 1:].size


def trial(seed: int, minutes: float) -> dict:
    truth = oracle(seed)
    data, held = drawn(truth, COUNT, 1), drawn(truth, 2000, 2)
    form = Symbols.of_ids(data, [f"w{i}" for i in range(WORDS)])
    dataset = Dataset(form, {"real": data}, name=f"oracle {seed}", digest=f"oracle {seed}")
    options = {"seed": seed, "device": "cpu", "val": 0.0, "evaluate": False, "diagnose": False, "batch_size": 64}
    found = {
        "even words": {"oracle": round(nats(truth, np.random.default_rng(0).integers(1, WORDS + 1, held.shape)), 3)},
        "oracle itself": {"oracle": round(nats(truth, held), 3), "distinct_pairs": round(distinct(held), 3)},
    }
    small = {"width": 32, "embedding": 32}
    half = {"dropout": 0.0, "learning_rate": 1e-2, "decay": 0.0}
    pretrained = gs.LanguageModel(**small, **half).fit(dataset, minutes=minutes * 0.3, **options)
    found["likelihood, when the play begins"] = judged(pretrained, truth, held, seed)
    plateau = gs.LanguageModel(**small, **half | {"decay": 0.7}).fit(dataset, minutes=minutes * 0.5, **options)
    found["likelihood alone"] = judged(plateau, truth, held, seed)
    found["likelihood alone, by temperature"] = {str(t): judged(plateau, truth, held, seed, t) for t in TEMPERATURES}
    settings = {**small, "pretraining": 0.3, "baseline": True, "rollouts": 2, "learning_rate": 2e-3, "maps": 25}
    settings |= {"judge_every": 2, "discriminator_steps": 3, "discriminator_learning_rate": 1e-3}
    played = gs.SeqGAN(**settings).fit(dataset, minutes=minutes, **options)
    found["seqgan"] = judged(played, truth, held, seed)
    found["rounds"] = played.trained["rounds"]
    found["gain"] = round(found["likelihood alone"]["oracle"] - found["seqgan"]["oracle"], 3)
    found["same by temperature"] = cooled(found)
    return found


def cooled(found: dict) -> dict:
    """The temperature at which likelihood alone is as likely to the oracle as SeqGAN's samples, and its distinct pairs
    there, between the temperatures that were measured."""
    sweep = found["likelihood alone, by temperature"]
    oracle_nats = [sweep[str(t)]["oracle"] for t in TEMPERATURES]
    pairs = [sweep[str(t)]["distinct_pairs"] for t in TEMPERATURES]
    wanted = found["seqgan"]["oracle"]
    return {
        "temperature": round(float(np.interp(wanted, oracle_nats, TEMPERATURES)), 3),
        "distinct_pairs": round(float(np.interp(wanted, oracle_nats, pairs)), 3),
    }


def in_short(results: dict[str, dict]) -> dict[str, str]:
    """What the page of papers says, a number for each seed."""

    def each(what: str, number: str) -> str:
        return ", ".join(f"{found[what][number]:.2f}" for found in results.values())

    names = {"seqgan": "seqgan", "alone": "likelihood alone"}
    said = {f"{name}_{n}": each(what, n) for name, what in names.items() for n in ("oracle", "held_out")}
    return said | {"least": each("oracle itself", "oracle"), "even_words": each("even words", "oracle")}


def draw(results: dict[str, dict], path: Path) -> None:
    """What the oracle says against distinct pairs: likelihood's curve over temperatures, SeqGAN's point and the
    oracle's own samples, each seed in a colour."""
    from matplotlib.figure import Figure

    figure = Figure((5, 4), layout="tight")
    axes = figure.subplots()
    for i, (seed, found) in enumerate(results.items()):
        curve = [found["likelihood alone, by temperature"][str(t)] for t in TEMPERATURES]
        parts = (("oracle itself", "+"), ("likelihood, when the play begins", "s"), ("seqgan", "x"))
        label = f"likelihood alone, temperatures {TEMPERATURES[0]} to {TEMPERATURES[-1]}, seed {seed}"
        across = [point["distinct_pairs"] for point in curve]
        axes.plot(across, [point["oracle"] for point in curve], marker="o", markersize=3, color=f"C{i}", label=label)
        for name, mark in parts:
            point = found[name]
            axes.plot(point["distinct_pairs"], point["oracle"], mark, color=f"C{i}", label=None if i else name)
    axes.set(xlabel="distinct pairs of words", ylabel="nats a word to the oracle (less is better)")
    axes.legend(fontsize=6)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=3.3, help="of SeqGAN with each seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--no-record", action="store_true")
    args = parser.parse_args()
    begun, results = time.monotonic(), {}
    for seed in args.seeds:
        results[str(seed)] = trial(seed, args.minutes)
        for name, value in results[str(seed)].items():
            print(seed, name, value, flush=True)
    gains = [found["gain"] for found in results.values()]
    print(f"gain in nats a word {gains}, {(time.monotonic() - begun) / 60:.1f} minutes")
    if args.no_record:
        return
    GALLERY.mkdir(exist_ok=True)
    draw(results, GALLERY / "seqgan.png")
    record(
        "seqgan",
        passed=min(gains) >= GAIN
        and all(found["even words"]["oracle"] > found["likelihood alone"]["oracle"] for found in results.values()),
        **in_short(results),
        seeds=results,
        goal=f"oracle nats a word at least {GAIN} below likelihood alone, in every seed",
        floor={seed: found["oracle itself"] for seed, found in results.items()},
        control={seed: {"what": "words drawn evenly", **found["even words"]} for seed, found in results.items()},
        protocol=f"oracle LSTM of 32 with N(0, 1) weights, {WORDS} words, length {STEPS}, {COUNT} sequences; 5,000 "
        f"samples; {args.minutes} minutes of SeqGAN a seed (0.3 of them likelihood), half of that of likelihood alone",
        seed=args.seeds,
    )


if __name__ == "__main__":
    main()
