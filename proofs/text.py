"""Text: captions of COCO by likelihood, SeqGAN, RelGAN and a trigram model: quality against diversity.

    GANSMITH_DATA=folder python proofs/text.py      (image_coco_train.txt.gz, image_coco_test.txt.gz in the folder)
    … --minutes 1 --no-record                       to see that it works

10,000 captions are trained on, 10,000 others are what samples are judged by, word by word as they are written (split at
spaces). Quality: the share of samples' 2-, 3- and 4-grams that the others have, and their perplexity under a trigram
model of the training captions. Diversity: the share of 3-grams that differ, self-BLEU, and the perplexity of the others
under a trigram model of the samples (the "reverse" one, which falls only when samples are good and differ). Every
neural model is drawn from at several temperatures, so that each is a curve, as Caccia et al. (ICLR 2020) ask: no claim
is made that a curve does not carry. The check: at temperature 1 the GAN that is the default for text (RelGAN) is below
the trigram model's reverse perplexity and copies at most one caption in a hundred.

Floor: the training captions. Control, which must fail: their words shuffled. Baseline: the trigram model, which backs
off one time in ten, and takes a second.
"""

import argparse
import gzip
import os
import time
from pathlib import Path

import numpy as np
import torch
from gallery import GALLERY
from record import record

import gansmith as gs
from gansmith.data import read
from gansmith.data.kinds.symbols import Symbols, measures
from gansmith.data.kinds.symbols.ngrams import NGramModel, lengths_of

TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
COUNT = 4000  # samples, as many as every comparison has
GAMES = {"likelihood": gs.LanguageModel, "seqgan": gs.SeqGAN, "relgan": gs.RelGAN}


class Judge:
    """Numbers of lines of text against the captions that nothing was trained on."""

    def __init__(self, train: list[str], test: list[str]):
        every = sorted({word for line in (*train, *test) for word in line.split()})
        self.number = {word: i for i, word in enumerate(every, 1)}
        self.steps = max(len(line.split()) for line in (*train, *test))
        self.k = len(every) + 1  # the last: what neither has
        self.train, self.test = self.ids(train), self.ids(test)
        self.model, self.known = NGramModel(self.train, self.k), set(map(str.strip, train))

    def ids(self, lines: list[str]) -> np.ndarray:
        found = np.zeros((len(lines), self.steps), np.int64)
        for row, line in enumerate(lines):
            codes = [self.number.get(word, self.k) for word in line.split()][: self.steps]
            found[row, : len(codes)] = codes
        return found

    def __call__(self, lines: list[str]) -> dict[str, float]:
        made, test = self.ids(lines), self.test
        found = {f"{n}-grams": measures.precision(test, made, n, self.k) for n in (2, 3, 4)}
        found["forward"] = self.model.perplexity(made)
        found["reverse"] = NGramModel(made, self.k).perplexity(test[:1500])
        found["distinct 3-grams"] = measures.distinct(made, 3, self.k)
        found["BLEU-4 of 500"] = measures.bleu(made[:500], test[:500], self.k)
        found["self-BLEU-4 of 500"] = measures.bleu(made[:500], None, self.k)
        found["copies"] = float(np.mean([line.strip() in self.known for line in lines]))
        found["words"] = float(lengths_of(made).mean())
        return {name: round(value, 4) for name, value in found.items()}


def captions(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def trigrams(train: list[str], count: int, seed: int) -> list[str]:
    """Samples of the counts of three words in a row; one time in ten, or where there are none, of two, then of one."""
    rng, tables = np.random.default_rng(seed), [{}, {}, {}]
    for line in train:
        words = ["<s>", "<s>", *line.split(), "</s>"]
        for at in range(2, len(words)):
            for order in range(3):
                tables[order].setdefault(tuple(words[at - order : at]), []).append(words[at])
    lines = []
    while len(lines) < count:
        words = ["<s>", "<s>"]
        while len(words) < 42 and words[-1] != "</s>":
            order = 2
            while order and (tuple(words[-order:]) not in tables[order] or (order == 2 and rng.random() < 0.1)):
                order -= 1
            nexts = tables[order][tuple(words[len(words) - order :])]
            words.append(nexts[rng.integers(len(nexts))])
        if len(words) > 3:
            lines.append(" ".join(word for word in words[2:] if word != "</s>"))
    return lines


def draw(curves: dict[str, list[dict]], points: dict[str, dict], path: Path) -> None:
    """Quality (3-grams that others have) against diversity (3-grams that differ), and both perplexities."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter

    figure = Figure((9, 4), layout="tight")
    pairs = (("distinct 3-grams", "3-grams"), ("reverse", "forward"))
    for axes, (across, up) in zip(figure.subplots(1, 2), pairs):
        for name, curve in curves.items():
            axes.plot([c[across] for c in curve], [c[up] for c in curve], marker="o", markersize=3, label=name)
        for name, point in points.items():
            axes.plot(point[across], point[up], "x", label=name)
        axes.set(xlabel=across, ylabel=up)
        if across == "reverse":
            axes.set(xscale="log", yscale="log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.set_major_formatter(ScalarFormatter())
                axis.set_minor_locator(NullLocator())
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=110)


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=5.0, help="of each neural model")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--no-record", action="store_true")
    asked = parse.parse_args()
    folder, begun = Path(os.environ["GANSMITH_DATA"]), time.monotonic()
    train, test = (captions(folder / f"image_coco_{part}.txt.gz") for part in ("train", "test"))
    judge, rng = Judge(train, test), np.random.default_rng(0)
    found = {
        "floor": judge(train[:COUNT]),
        "control": judge([" ".join(rng.permutation(line.split())) for line in train[:COUNT]]),
        "trigrams": judge(trigrams(train, COUNT, asked.seed)),
    }
    print(*found.items(), sep="\n", flush=True)
    data, curves, lines = read(folder / "image_coco_train.txt.gz"), {}, {}
    assert isinstance(data.spec, Symbols)
    for name, game in GAMES.items():
        settings = {"rollouts": 4, "baseline": True, "width": 128, "embedding": 64} if name == "seqgan" else {}
        gan = game(**settings)
        gan.fit(data, minutes=asked.minutes, seed=asked.seed, device="cpu", evaluate=False, diagnose=False)
        made = {t: gan.spec.texts(gan.sample(COUNT, seed=asked.seed, temperature=t)) for t in TEMPERATURES}
        curves[name] = [{"temperature": t, **judge(made[t])} for t in TEMPERATURES]
        lines[name], found[name] = made[1.0][:10], judge(made[1.0]) | {"rounds": gan.trained["rounds"]}
        print(name, *curves[name], *lines[name], sep="\n", flush=True)
    print(f"{(time.monotonic() - begun) / 60:.1f} minutes")
    if asked.no_record:
        return
    GALLERY.mkdir(exist_ok=True)
    draw(curves, {name: found[name] for name in ("floor", "trigrams")}, GALLERY / "text.png")
    (GALLERY / "text.txt").write_text("".join(f"{n}\n" + "".join(f"  {x}\n" for x in lines[n]) for n in lines))
    best = found["relgan"]
    record(
        "text",
        passed=best["reverse"] < found["trigrams"]["reverse"] < found["control"]["reverse"] and best["copies"] <= 0.01,
        curves=curves,
        trigrams=found["trigrams"],
        models={name: found[name] for name in GAMES},
        goal="RelGAN at temperature 1: reverse perplexity below the trigram model's, at most 1 % copies",
        floor={"what": "training captions", **found["floor"]},
        control={"what": "words of training captions shuffled", **found["control"]},
        protocol=f"10,000 captions of COCO, {COUNT} samples, {asked.minutes} minutes of two cores for each model",
        seed=asked.seed,
    )


if __name__ == "__main__":
    torch.set_num_threads(min(2, torch.get_num_threads()))
    main()
