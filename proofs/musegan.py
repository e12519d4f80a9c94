"""MuseGAN on Bach's chorales: do players who share noise and a critic fit each other, and do those who share none not?

    GANSMITH_DATA=folder python proofs/musegan.py [--mode jamming composer hybrid] [--minutes 6] [--seed 0] [--pop909]

(jsb_chorales_16th_satb.npz in the folder.) Four voices, four bars of 16 steps, 48 pitches; the chorales of its test
part are kept aside. The checks, on 500 phrases of each mode: the tonal distance of soprano and bass, over quarter
notes, is at most halfway between the data's and that of voices of other phrases (1.64) for composer and hybrid, and
above it for jamming, the paper's own contrast; the share of notes that last two steps is .05 higher behind the refiner
with deterministic neurons than by cutting what hybrid makes at 0; its share of empty bars is within .05 of kept
chorales. Control, which must fail: voices of other phrases together. Beside it: the same of kept chorales, and the
stochastic neurons. Two phrases of hybrid go to docs/gallery/ as MIDI.

--pop909 (pop909.zip in the folder) plays hybrid on every sixth pop song instead, three tracks (melody, bridge, piano).
The check: of the numbers of music, against songs that were learnt from, nine in ten lie nearer than those of spoiled
kept songs, the control. Beside it: kept songs as they are. No samples are kept, since the songs are in copyright.
"""

import argparse
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from gallery import GALLERY
from PIL import Image
from record import record

import gansmith as gs
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.music import Music
from gansmith.data.kinds.music.measures import portrait

VOICES = ("soprano", "alto", "tenor", "bass")
LOW, PITCHES, STEPS, MADE = 36, 48, 64, 500
PAIR = "tonal distance soprano-bass"


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--mode", nargs="+", default=["jamming", "composer", "hybrid"])
    parse.add_argument("--minutes", type=float, default=6)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--pop909", action="store_true")
    asked = parse.parse_args()
    if asked.pop909:
        return pop_songs(asked)
    train, kept = chorales()
    form = train.spec
    real, apart = portrait(kept, form), portrait(strangers(kept), form)
    halfway = (real[PAIR] + apart[PAIR]) / 2
    print(real, apart, f"halfway {halfway:.3f}", flush=True)
    found, spent = {}, {}
    for mode in asked.mode:
        gan = gs.MuseGAN(mode=mode)
        gan.fit(train, minutes=asked.minutes, batch_size=32, seed=asked.seed, val=0, device="cpu")
        made = gan.sample(MADE, seed=1)
        found[mode], spent[mode] = portrait(made, form), gan.trained["rounds"]
        found[f"{mode}, cut at 0"] = portrait(cut(gan), form)
        if mode == "hybrid":
            gan.neurons = "stochastic"
            found["hybrid, stochastic"] = portrait(gan.sample(MADE, seed=1), form)
            Image.fromarray(form.preview(made[:12])).save(GALLERY / "chorales_musegan.png", optimize=True)
            form.write(made[:2], GALLERY / "chorales_musegan.mid")
        print(mode, found[mode], found[f"{mode}, cut at 0"], flush=True)
    reached = {f"{mode} fits": found[mode][PAIR] <= halfway for mode in asked.mode if mode != "jamming"}
    if "jamming" in found:
        reached["jamming does not"] = found["jamming"][PAIR] > halfway
    if "hybrid" in found:
        longer = found["hybrid"]["notes of 2 steps"] - found["hybrid, cut at 0"]["notes of 2 steps"]
        reached["the refiner's notes are longer"] = longer >= 0.05
        reached["as many empty bars"] = abs(found["hybrid"]["empty bars"] - real["empty bars"]) <= 0.05
    record(
        "musegan", passed=all(reached.values()) and apart[PAIR] > halfway, found=found, reached=reached,
        beside={"kept chorales": real}, control={"voices of other phrases": apart}, rounds=spent, seed=asked.seed,
        goal=f"tonal distance of soprano and bass <= {halfway:.2f} (jamming above), refined notes of 2 steps >= .05 "
        "above cutting, empty bars within .05",
        protocol=f"{asked.minutes:g} minutes a mode on the CPU; JSB chorales, {len(train):,} phrases of 4 bars, "
        f"{len(kept)} of other chorales kept; {MADE} made",
    )  # fmt: skip


def chorales() -> tuple[Dataset, np.ndarray]:
    """(phrases to train on, kept ones), bool (n, 4, 64, 48)."""
    with np.load(Path(os.environ["GANSMITH_DATA"]) / "jsb_chorales_16th_satb.npz") as file:
        steps, offsets, part = file["steps"].astype(int), file["offsets"], file["split"]
    sides: dict[bool, list] = {False: [], True: []}
    for first, last, name in zip(offsets, offsets[1:], part):
        for k in range(first, last - STEPS + 1, STEPS):
            roll, voices = np.zeros((4, STEPS, PITCHES), bool), steps[k : k + STEPS].T - LOW
            for voice, pitch in zip(roll, voices):
                there = np.flatnonzero(pitch >= 0)
                voice[there, pitch[there]] = True
            sides[str(name) == "test"].append(roll)
    real = np.stack(sides[False])
    form = Music(real.shape[1:], tracks=VOICES, programs=(52,) * 4, low=LOW, tempo=80)
    return Dataset(form, {"real": real}, name="chorales", digest="jsb"), np.stack(sides[True])


def pop_songs(asked) -> None:
    """The proof on POP909."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(Path(os.environ["GANSMITH_DATA"]) / "pop909.zip") as file:
            for name in sorted(name for name in file.namelist() if name.endswith(".mid"))[::6]:
                (Path(folder) / Path(name).name).write_bytes(file.read(name))
        train, kept = gs.read(folder).split(0.1)
    form, rows = train.spec, np.random.default_rng(0).permutation(len(train))[:MADE]
    real, others = train.raw(np.sort(rows)), kept.raw(np.arange(min(MADE, len(kept))))
    gan = gs.MuseGAN().fit(train, minutes=asked.minutes, batch_size=32, seed=asked.seed, val=0, device="cpu")
    made, spoiled = gan.sample(len(others), seed=1), form.shuffled(others, np.random.default_rng(0))
    found, floor, control = (form.measures(real, items) for items in (made, others, spoiled))
    nearer = float(np.mean([found[name] < control[name] for name in found]))
    record(
        "musegan-pop909", passed=nearer >= 0.9, nearer=nearer, found=found, says=form.says(found, floor, control),
        portrait={"made": portrait(made, form), "kept songs": portrait(others, form)}, floor=floor, control=control,
        goal="nine in ten of the numbers of music nearer to songs than those of spoiled songs", seed=asked.seed,
        rounds=gan.trained["rounds"], minutes=gan.trained["seconds"] / 60,
        protocol=f"{gan!r}, {asked.minutes:g} minutes on the CPU; POP909, every sixth song, {len(train):,} phrases of "
        f"{form.bars} bars of {', '.join(form.tracks)}, {len(kept):,} of other songs kept; as many made",
    )  # fmt: skip


def strangers(items: np.ndarray) -> np.ndarray:
    """Each voice beside voices of other phrases."""
    rng = np.random.default_rng(0)
    return np.stack([items[rng.permutation(len(items)), voice] for voice in range(items.shape[1])], 1)


def cut(gan) -> np.ndarray:
    """The same phrases without a refiner: a note wherever G says more than 0."""
    with gan.at_rest():
        z = gan.latents(MADE, torch.Generator().manual_seed(1))
        return np.concatenate([gan.spec.to_data(gan.generator(part)) for part in z.split(250)])


if __name__ == "__main__":
    main()
