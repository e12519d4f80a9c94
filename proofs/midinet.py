"""MidiNet on the Nottingham folk tunes: melodies that know their chord and the bar before?

    GANSMITH_DATA=folder python proofs/midinet.py [--minutes 15] [--seed 0]

(nottingham_midi.zip in the folder.) Tunes in 4/4, every tenth kept aside. The checks, on as many made phrases as are
kept, over chords that follow as in the data: the share of the melody on tones of its chord is .10 above the same with
the chords of the bars permuted, and within .10 of kept tunes; the distance (total variation) of pitch classes to kept
tunes is at most .25; at least .8 of the notes last two steps; another bar before changes at least 1 % of the steps;
fewer than 5 % of the bars are bars of the training tunes (of the kept tunes' bars two in five are). Controls, which
must fail: the made melodies under permuted chords, and melodies of random notes. Beside it: the same of kept tunes.
"""

import argparse
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from record import record

import gansmith as gs
from gansmith.data.kinds.music.keys import TRIADS, chroma
from gansmith.data.kinds.music.lead import NONE, chords_of
from gansmith.data.kinds.music.rolls import edges

GOALS = {"above_permuted": 0.10, "from_real": 0.10, "pitch_classes": 0.25, "long": 0.8, "swapped": 0.01, "copied": 0.05}
BATCH = 64


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=15)
    parse.add_argument("--seed", type=int, default=0)
    asked = parse.parse_args()
    gan = gs.MidiNet()
    with tempfile.TemporaryDirectory() as folder:
        train, kept = (gan.read(gs.read(part)) for part in unpacked(Path(folder)))
    kept = kept.fields["real"]
    gan.fit(train, minutes=asked.minutes, seed=asked.seed, val=0, device="cpu")
    form = gan.spec
    if kept.shape[3] != form.shape[2]:
        raise SystemExit("kept tunes have other pitches than those that were trained on")
    made = gan.sample(len(kept), seed=1)
    rng = np.random.default_rng(0)
    noise = made.copy()
    noise[:, 0] = np.eye(form.shape[2], dtype=bool)[rng.integers(24, form.shape[2], made[:, 0].shape[:2])]
    judge = lambda items: judged(items, kept, train.fields["real"], form)  # noqa: E731
    found, real, random = judge(made), judge(kept), judge(noise)
    found["swapped"] = swapped(gan, kept[:BATCH], asked.seed)
    reached = passes(found, real)
    print(found, real, random, reached, flush=True)
    under = dict(found, above_permuted=0.0, on_chord=found["on_chord"] - found["above_permuted"])
    failing = {
        "permuted chords": not all(passes(under, real).values()),
        "random notes": not all(passes(dict(random, swapped=found["swapped"]), real).values()),
    }
    record(
        "midinet", passed=all(reached.values()) and all(failing.values()), found=found, reached=reached,
        beside={"kept tunes": real}, control={"random notes": random, "fails": failing},
        goal=", ".join(f"{name} {goal}" for name, goal in GOALS.items()), seed=asked.seed,
        rounds=gan.trained["rounds"], minutes=gan.trained["seconds"] / 60,
        protocol=f"{gan!r}, {asked.minutes:g} minutes on the CPU; Nottingham in 4/4, {len(train):,} phrases of "
        f"{form.bars} bars, {len(kept):,} of other tunes kept; as many made",
    )  # fmt: skip


def unpacked(folder: Path) -> tuple[Path, Path]:
    """Folders of the tunes to train on and of every tenth, which are kept."""
    parts = folder / "train", folder / "kept"
    for part in parts:
        part.mkdir()
    with zipfile.ZipFile(Path(os.environ["GANSMITH_DATA"]) / "nottingham_midi.zip") as file:
        names = [name for name in sorted(file.namelist()) if name.endswith(".mid") and name.count("/") == 1]
        for i, name in enumerate(names):
            (parts[i % 10 == 9] / Path(name).name).write_bytes(file.read(name))
    return parts


# --- judges ----------------------------------------------------------------------------------------------------------
def judged(items: np.ndarray, kept: np.ndarray, train: np.ndarray, form) -> dict[str, float]:
    chords = chords_of(items, form)
    classes = chroma(items[:, 0], form.low).reshape(len(items), -1, form.bar, 12).sum(2)
    order = np.random.default_rng(0).permutation(chords.size)
    on = share_on(classes, chords)
    beside = share_on(classes, chords.ravel()[order].reshape(chords.shape))
    onset, length = edges(items[:, 0])
    shares = [c / c.sum() for c in (chroma(x[:, 0], form.low).sum((0, 1)) for x in (items, kept))]
    known = {bar.tobytes() for bar in bars(train, form)}
    return {
        "on_chord": on,
        "above_permuted": on - beside,
        "pitch_classes": float(np.abs(shares[0] - shares[1]).sum() / 2),
        "long": float((length[onset] >= 2).mean()),
        "copied": float(np.mean([bar.tobytes() in known for bar in bars(items, form)])),
        "silent": float(1 - items[:, 0].any(2).mean()),
    }


def share_on(classes: np.ndarray, chords: np.ndarray) -> float:
    """How much of the sound (n, bars, 12) is on a tone of its bar's chord, where there is one."""
    there = chords < NONE
    inside = (classes * TRIADS[np.minimum(chords, NONE - 1)]).sum(2)
    return float(inside[there].sum() / classes.sum(2)[there].sum())


def bars(items: np.ndarray, form) -> np.ndarray:
    """The melodies of bars that sound."""
    found = items[:, 0].reshape(-1, form.bar * items.shape[3])
    return np.packbits(found[found.any(1)], axis=1)


def swapped(gan, kept: np.ndarray, seed: int) -> float:
    """Share of the steps of a bar that are others after another bar, of the same noise and chord."""
    steps, melody = gan.spec.bar, kept[:, 0]
    after = lambda i: gan.sample(BATCH, seed=seed, melody=melody[i, :steps], chords=[0], bars=1)[:, 0, steps:]  # noqa: E731
    one = after(0)
    return float(np.mean([(after(i) != one).any(2).mean() for i in range(1, min(9, len(kept)))]))


def passes(found: dict, real: dict) -> dict[str, bool]:
    return {
        "above_permuted": found["above_permuted"] >= GOALS["above_permuted"],
        "from_real": abs(found["on_chord"] - real["on_chord"]) <= GOALS["from_real"],
        "pitch_classes": found["pitch_classes"] <= GOALS["pitch_classes"],
        "long": found["long"] >= GOALS["long"],
        "swapped": found["swapped"] >= GOALS["swapped"],
        "copied": found["copied"] < GOALS["copied"],
    }


if __name__ == "__main__":
    main()
