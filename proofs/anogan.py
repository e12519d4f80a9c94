"""AnoGAN and f-AnoGAN: trained on what is normal alone, do they find the rest abnormal?

    GANSMITH_DATA=… python proofs/anogan.py [--game f-anogan] [--data mnist | tiles] [--steps 1500]

mnist  Trained on one digit at 14 pixels; 200 test pictures of it and 200 of the others are scored. Goal: a mean AUC of
       at least .85 over the digits 1, 0 and 2. Published means for AnoGAN on MNIST lie at about .91.
tiles  Trained on 752 good magnetic tiles at 32 pixels (magnetic_tile96.npz: images, labels, masks; Huang et al. 2018);
       200 good ones and all 392 with a blowhole, break, crack, fray or uneven ground are scored. Goal: an AUC of .65.

Beside it, on the same pictures, what PCA of 32 components cannot rebuild. Control: the same game after one round, which
must miss the goal. λ, κ and the features are the same everywhere: nothing was tuned on anomalies.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from gallery import hang
from PIL import Image
from record import record
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

import gansmith as gs

GAMES = {
    "anogan": lambda **more: gs.AnoGAN(width=16, search_steps=200, search_rate=0.05, **more),
    "f-anogan": lambda **more: gs.FAnoGAN(
        width=16, learning_rate=5e-4, encoder_learning_rate=1e-3, encoder_share=0.6, discriminator_steps=2, **more
    ),
}
DEFECTS = ("blowhole", "break", "crack", "fray", "uneven")


def unlike(normal: np.ndarray, x: np.ndarray, components: int = 32) -> np.ndarray:
    """Squared error (n, H, W) of what PCA of the normal rebuilds, in network units."""
    flat = lambda a: a.reshape(len(a), -1) / 127.5 - 1  # noqa: E731
    model = PCA(components, random_state=0).fit(flat(normal))
    rebuilt = model.inverse_transform(model.transform(flat(x)))
    return np.square(flat(x) - rebuilt).reshape(len(x), *x.shape[2:])


def areas(normal: np.ndarray, x: np.ndarray, abnormal: np.ndarray, new, steps: int):
    """The trained game, its scores, and the AUC of the game, of one after a round and of PCA."""
    game = new().fit(normal, steps=steps, val=0, seed=0)
    score = game.anomaly_score(x)
    scores = score, new().fit(normal, steps=1, val=0, seed=0).anomaly_score(x), unlike(normal, x).mean((1, 2))
    found = [float(roc_auc_score(abnormal, one)) for one in scores]
    print(found, "medians", np.median(score[~abnormal]), np.median(score[abnormal]), flush=True)
    return game, score, *found


def mnist(name: str, steps: int) -> None:
    data, test = gs.read("mnist", size=14), gs.read("mnist_test", size=14)
    label, pictures = test.fields["label"], np.asarray(test.fields["real"])
    new = lambda: GAMES[name](latent=32)  # noqa: E731
    rng, found, untrained, pca, shown = np.random.default_rng(0), {}, {}, {}, []
    for digit in (1, 0, 2):
        normal = np.asarray(data.fields["real"])[data.fields["label"] == digit]
        own = pictures[rng.choice(np.flatnonzero(label == digit), 200, replace=False)]
        other = pictures[rng.choice(np.flatnonzero(label != digit), 200, replace=False)]
        x, abnormal = np.concatenate([own, other]), np.arange(400) >= 200
        game, _, found[digit], untrained[digit], pca[digit] = areas(normal, x, abnormal, new, steps)
        some = np.concatenate([own[:10], other[:10]])
        maps = np.clip(game.anomaly_map(some)[:, None] * 127.5, 0, 255).astype(np.uint8)
        shown += [some, game.reconstruct(some), maps]
    hang(name.replace("-", "_"), np.concatenate(shown), columns=20)
    mean, control = (float(np.mean(list(each.values()))) for each in (found, untrained))
    record(
        name.replace("-", "_"),
        passed=mean >= 0.85 and control < 0.85,
        auc=mean,
        each=found,
        floor={"PCA of 32 components, mean": float(np.mean(list(pca.values()))), "PCA, each": pca, "guessing": 0.5},
        goal="mean AUC >= 0.85",
        control={"what": "after one round", "auc": control, "each": untrained},
        protocol=f"{game!r}, MNIST at 14 pixels, {steps} rounds a digit, 200 + 200 test pictures",
        seed=0,
    )


def tiles(name: str, steps: int, side: int = 32) -> None:
    held = np.load(Path(os.environ.get("GANSMITH_DATA", ".")) / "magnetic_tile96.npz")
    small = lambda x: np.asarray(Image.fromarray(x).resize((side, side), Image.Resampling.BOX))  # noqa: E731
    pictures, label = np.stack([small(x) for x in held["images"]])[:, None], held["labels"]
    good = np.random.default_rng(0).permutation(np.flatnonzero(label == 0))
    normal, kept = pictures[good[200:]], np.concatenate([good[:200], np.flatnonzero(label)])
    x, abnormal, which = pictures[kept], label[kept] > 0, label[kept]
    new = lambda: GAMES[name](latent=64)  # noqa: E731
    game, score, found, control, pca = areas(normal, x, abnormal, new, steps)
    masks = np.stack([small(mask.astype(np.float32)) for mask in held["masks"][kept[abnormal]]]) > 0.25
    of = {defect: (which == 0) | (which == k) for k, defect in enumerate(DEFECTS, 1)}
    each = {defect: float(roc_auc_score(abnormal[rows], score[rows])) for defect, rows in of.items()}
    where = [game.anomaly_map(x[abnormal]), unlike(normal, x[abnormal])]
    pixels, pca_pixels = (float(roc_auc_score(masks.ravel(), one.ravel())) for one in where)
    record(
        f"{name.replace('-', '_')}_tiles",
        passed=found >= 0.65 and control < 0.65,
        auc=found,
        each=each,
        pixel_auc=pixels,
        floor={"PCA of 32 components": pca, "PCA, pixels": pca_pixels, "guessing": 0.5},
        goal="AUC >= 0.65",
        control={"what": "after one round", "auc": control},
        protocol=f"{game!r}, magnetic tiles at {side} pixels, {steps} rounds on 752 good ones; 200 good and 392 bad",
        seed=0,
    )


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--game", choices=GAMES, default="f-anogan")
    parse.add_argument("--data", choices=("mnist", "tiles"), default="mnist")
    parse.add_argument("--steps", type=int, default=1500)
    asked = parse.parse_args()
    {"mnist": mnist, "tiles": tiles}[asked.data](asked.game, asked.steps)


if __name__ == "__main__":
    main()
