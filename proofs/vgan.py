"""VGAN on the Weizmann actions, from noise and from a first frame.

    GANSMITH_DATA=folder python proofs/vgan.py [--minutes 15] [--frame-minutes 6] [--width 24] [--show FOLDER]

(weizmann_actions64.zip in the folder: 36 videos of nine people who wave, jump or bend before a wall, a strip of frames
each.) Clips of 16 frames of 32 × 32, and their mirror images. The checks, after so many minutes of two cores:

    mask       its mean is 0.03 … 0.5: neither stream is dead. Where it is above ½ is where pixels of the clip change,
               by an intersection over union of 0.3 or more. Control: the masks of other clips
    motion     the mean difference of one frame from the next is between half and twice that of the data
    distance   the Fréchet distance to the data, of features of a net trained on motion, is at least 20 % below that of
               the same clips frozen at their first frame. Beside it: the same of a net that was never trained, real
               against real, some of the people against the others, real clips frozen, real clips with their frames in
               random order, and a Gaussian of as many principal components as explain 90 % of the data
    order      D scores a real clip above the same clip with its frames in random order, in 0.8 of all clips.
               Control: D before it was trained
    first frame  a clip made from a frame of videos that no network saw begins with that frame: the mean distance is
               below half of that of the mean of all frames, and the clip moves at least a quarter as much as the data
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from record import record

import gansmith as gs
from gansmith.data.kinds.video.measures import distance, frozen, motion_energy, random_network, trained_network
from gansmith.data.kinds.video.read import differences
from gansmith.data.preview import grid
from gansmith.data.write import save_picture
from gansmith.gans import VGAN, VGANFromFrame
from gansmith.gans.vgan import Streams

SIDE, LENGTH = 32, 16
MADE = 500  # clips, as many as are compared with
BATCH = 8  # so that there are rounds enough in the minutes
CHANGED = 25  # grey levels by which a pixel must vary in a clip to have changed


def clips(path: Path):
    """The Dataset of clips of all videos, and beside each clip its mirror image."""
    data = gs.read(path, size=SIDE, length=LENGTH, stride=2, labels=None)
    x = data.fields["real"]
    both = {"real": np.concatenate([x, x[..., ::-1]])}
    return replace(data, fields=both, owner=np.tile(data.owner, 2), place=np.tile(data.place, 2), files=data.files * 2)


def changed(x: np.ndarray) -> np.ndarray:
    """(n, H, W): whether a pixel varies in a clip by more than CHANGED."""
    return np.ptp(x.astype(np.int16), axis=2).max(1) > CHANGED


def overlap(mask: np.ndarray, moves: np.ndarray) -> float:
    """Mean intersection over union of where a mask (n, 1, T, H, W) is ever above ½ and where pixels change."""
    inside = mask.max(2)[:, 0] > 0.5
    return float(np.mean((inside & moves).sum((1, 2)) / np.maximum((inside | moves).sum((1, 2)), 1)))


def gaussian(x: np.ndarray, n: int, share: float = 0.9) -> np.ndarray:
    """`n` draws of a Gaussian of the principal components that explain `share` of clips, as clips."""
    flat = x.reshape(len(x), -1).astype(np.float32)
    mean = flat.mean(0)
    left, size, right = np.linalg.svd(flat - mean, full_matrices=False)
    count = int(np.searchsorted(np.cumsum(size**2) / np.sum(size**2), share)) + 1
    made = np.random.default_rng(0).standard_normal((n, count)) * size[:count] / len(x) ** 0.5 @ right[:count] + mean
    return made.round().clip(0, 255).astype(np.uint8).reshape(n, *x.shape[1:])


def told_apart(gan: VGAN, x: np.ndarray) -> float:
    """Share of clips that D scores above the same frames in random order."""
    mixed = gan.spec.shuffled(x, np.random.default_rng(0))
    return float((gan.score_samples(x) > gan.score_samples(mixed)).mean())


def from_noise(data, real: np.ndarray, other: np.ndarray, asked) -> tuple[dict, dict]:
    """(what was found of VGAN, its checks)."""
    gan = VGAN(width=asked.width).fit(
        data, steps=1, batch_size=BATCH, seed=asked.seed, val=0, evaluate=False, diagnose=False
    )
    before = told_apart(gan, other)
    gan = VGAN(width=asked.width).fit(
        data, minutes=asked.minutes, batch_size=BATCH, seed=asked.seed, val=0, evaluate=False
    )
    made, apart = gan.sample(MADE, seed=1), gan.streams(MADE, seed=1)
    moves = changed(made)
    spaces = trained_network(), random_network(3)
    near, near_untrained = (distance(space, real, made) for space in spaces)
    still, still_untrained = (distance(space, real, frozen(made)) for space in spaces)
    found = {
        "mean_mask": float(apart.mask.mean()),
        "mask_on_what_changes_iou": overlap(apart.mask, moves),
        "other_clips_masks_iou": overlap(np.roll(apart.mask, 1, 0), moves),
        "share_of_pixels_that_change": {"made": float(moves.mean()), "real": float(changed(real).mean())},
        "frame_difference": {"made": float(differences(made).mean()), "real": float(differences(real).mean())},
        "motion_energy": {"made": float(motion_energy(made).mean()), "real": float(motion_energy(real).mean())},
        "distance": near,
        "distance_frozen": still,
        "distance_untrained_net": near_untrained,
        "distance_untrained_net_frozen": still_untrained,
        "order_told": told_apart(gan, other),
        "order_told_before_training": before,
        "rounds": gan.trained["rounds"],
    }
    moved = found["frame_difference"]["made"] / found["frame_difference"]["real"]
    checks = {
        "mask": 0.03 <= found["mean_mask"] <= 0.5 and found["mask_on_what_changes_iou"] >= 0.3,
        "motion": 0.5 <= moved <= 2,
        "distance": near <= 0.8 * still,
        "order": found["order_told"] >= 0.8,
    }
    if asked.show:
        show(made, apart, real, gan.spec, asked.show)
    return found, checks


def show(made: np.ndarray, apart: Streams, real: np.ndarray, form, folder: Path) -> None:
    """Four clips, each over its foreground, mask and background, then four real ones; and sixteen that play. The
    videos have no licence, so that none of it is for the gallery."""
    folder.mkdir(parents=True, exist_ok=True)
    every = slice(0, LENGTH, 2)
    mask = np.repeat((255 * apart.mask).astype(np.uint8), 3, 1)
    rows = [part[i, :, every] for i in range(4) for part in (made, apart.foreground, mask, apart.background)]
    rows += list(real[:4, :, every])
    frames = np.stack(rows).transpose(0, 2, 1, 3, 4).reshape(-1, 3, SIDE, SIDE)
    save_picture(grid(frames, LENGTH // 2, least=1000), folder / "vgan.png")
    form.write(made[:16], folder / "vgan.gif")


def from_frame(data, asked) -> tuple[dict, dict]:
    """(what was found of VGANFromFrame on videos that it did not see, its checks)."""
    train, held = data.split(0.15, seed=asked.seed)
    gan = VGANFromFrame(width=asked.width).fit(
        train, minutes=asked.frame_minutes, batch_size=BATCH, seed=asked.seed, val=0
    )
    unseen = held.raw(np.arange(0, len(held), max(1, len(held) // MADE)))
    pictures = unseen[:, :, 0]
    made = gan.translate(pictures)
    far = lambda x: float(np.abs(x.astype(float) - pictures).mean())  # noqa: E731
    found = {
        "first_frame_error": far(made[:, :, 0]),
        "first_frame_error_of_the_mean_frame": far(train.raw(np.arange(len(train)))[:, :, 0].mean(0)),
        "frame_difference": {"made": float(differences(made).mean()), "real": float(differences(unseen).mean())},
        "distance_to_what_followed": float(np.abs(made.astype(float) - unseen).mean()),
        "distance_of_the_still_picture": float(np.abs(frozen(unseen).astype(float) - unseen).mean()),
        "rounds": gan.trained["rounds"],
    }
    if asked.show:
        some = gan.spec.beside(pictures, made)[:: max(1, len(made) // 16)][:16]
        gan.spec.write(some, asked.show / "vgan-from-frame.gif")
    begins = found["first_frame_error"] <= 0.5 * found["first_frame_error_of_the_mean_frame"]
    return found, {
        "first frame": begins and found["frame_difference"]["made"] >= 0.25 * found["frame_difference"]["real"]
    }


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--minutes", type=float, default=15)
    parse.add_argument("--frame-minutes", type=float, default=6)
    parse.add_argument("--width", type=int, default=24)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--show", type=Path, help="folder for pictures of what was made")
    asked = parse.parse_args()
    data = clips(Path(os.environ["GANSMITH_DATA"]) / "weizmann_actions64.zip")
    rows = np.random.default_rng(0).permutation(len(data))
    real, other = data.raw(rows[:MADE]), data.raw(rows[MADE : 2 * MADE])
    person = np.array([name.split()[0] for name in data.files])
    people = [np.unique(person[[name.startswith(f"action{k}") for name in data.files]]) for k in (0, 1, 3, 4)]
    some = np.isin(person, np.concatenate([names[:4] for names in people]))
    space, mixed = trained_network(), data.spec.shuffled(other, np.random.default_rng(0))
    floor = {
        "real against real": distance(space, real, other),
        "real against real, untrained net": distance(random_network(3), real, other),
        "four people against five": distance(space, data.raw(np.flatnonzero(some)), data.raw(np.flatnonzero(~some))),
    }
    control = {
        "what": "real clips frozen at their first frame; real clips, frames in random order; a Gaussian of components",
        "frozen": distance(space, real, frozen(other)),
        "random order": distance(space, real, mixed),
        "Gaussian": distance(space, real, gaussian(data.raw(rows[: 2 * MADE]), MADE)),
    }
    fails = min(control["frozen"], control["random order"]) > 2 * floor["real against real"]
    beside = {
        "floor": floor,
        "control": control,
        "protocol": f"width {asked.width}, batch {BATCH}, {asked.minutes:g} minutes, from a frame "
        f"{asked.frame_minutes:g}; Weizmann, {len(data):,} clips of {LENGTH} frames of {SIDE} × {SIDE} with mirror "
        f"images; {MADE} made against {MADE} real",
        "seed": asked.seed,
    }
    goals = {
        "vgan": "mean mask 0.03 … 0.5, on what changes by an IoU ≥ 0.3; frame difference 0.5 … 2 of the data's; "
        "distance ≤ 0.8 of that of the same clips frozen; order told ≥ 0.8",
        "vgan-from-frame": "the first frame of unseen videos is kept twice as well as by the mean frame, and the clip "
        "moves at least a quarter as much as the data",
    }
    for name, play in (
        ("vgan", lambda: from_noise(data, real, other, asked)),
        ("vgan-from-frame", lambda: from_frame(data, asked)),
    ):
        found, checks = play()
        checks = {what: bool(good) for what, good in checks.items()} | {"controls fail": bool(fails)}
        record(name, passed=all(checks.values()), checks=checks, **found, goal=goals[name], **beside)


if __name__ == "__main__":
    main()
