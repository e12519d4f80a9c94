"""Sets of pictures that the proofs of defaults share: few or many, grey or coloured, small or of 64 pixels."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

import gansmith as gs
from gansmith.evaluate import density_coverage, kernel_distance
from gansmith.evaluate.features import extract, space


class Set(NamedTuple):
    """Pictures uint8 (n, C, H, W) to train on and kept ones; labels of both, or None."""

    train: np.ndarray
    kept: np.ndarray
    labels: np.ndarray | None = None
    kept_labels: np.ndarray | None = None


def sets() -> dict:
    """Name -> a function that reads it from the folder GANSMITH_DATA."""
    return {
        "mnist": lambda: _named("mnist"),
        "fashion_mnist": lambda: _named("fashion_mnist"),
        "clothes-1000": lambda: few(_named("fashion_mnist"), 1000),
        "clothes32-1000": lambda: few(enlarged(_named("fashion_mnist"), 32), 1000),
        "clothes32-200": lambda: few(enlarged(_named("fashion_mnist"), 32), 200),
        "clothes64-1000": lambda: few(enlarged(_named("fashion_mnist")), 1000),
        "faces32-1000": lambda: few(zipped("faces64_gray.zip", "images/", 32), 1000),
        "faces32-200": lambda: few(zipped("faces64_gray.zip", "images/", 32), 200),
        "faces64-1000": lambda: few(zipped("faces64_gray.zip", "images/"), 1000),
        "portraits64-800": lambda: few(zipped("face2genshin128.zip", "trainB/", 64), 700),
        "photos64": lambda: zipped("flickr8k_captions64.zip", "images/", kept=1000),
        "photos64-320": lambda: few(zipped("flickr8k_captions64.zip", "images/", kept=2000), 320),
        "streets64-500": lambda: few(zipped("camvid_pairs128.zip", "photo/", 64), 500),
        "cifar-10": lambda: _named("cifar10"),
    }


class Judge:
    """Samples against kept pictures: kernel distance and coverage in two feature spaces."""

    def __init__(self, kept: np.ndarray):
        self.side = kept.shape[-1]
        self.spaces = {name: space(name, kept) for name in ("random", "pixels")}
        self.kept = {name: self.see(name, kept) for name in self.spaces}

    def see(self, name: str, x: np.ndarray) -> np.ndarray:
        return extract(self.spaces[name], x)

    def __call__(self, made: np.ndarray) -> dict:
        found = {}
        if made.shape[-1] != self.side:  # a run may have taken a smaller size, as its minutes allow
            made = resized(made, self.side)
        for name, real in self.kept.items():
            fake = self.see(name, made)
            found[name] = {
                "kernel_distance": float(kernel_distance(real, fake)),
                "coverage": float(density_coverage(real, fake, k=5).coverage),
            }
        return found


def few(all_of: Set, n: int) -> Set:
    """`n` of the pictures to train on, the same ones each time; what is kept stays as it is, at most 5,000."""
    rows = np.sort(np.random.default_rng(0).permutation(len(all_of.train))[:n])
    labels = None if all_of.labels is None else all_of.labels[rows]
    kept_labels = None if all_of.kept_labels is None else all_of.kept_labels[:5000]
    return Set(all_of.train[rows], all_of.kept[:5000], labels, kept_labels)


def _named(name: str) -> Set:
    train, test = (gs.read(part).fields for part in (name, f"{name}_test"))
    return Set(np.asarray(train["real"]), np.asarray(test["real"]), train["label"], test["label"])


def enlarged(small: Set, side: int = 64) -> Set:
    """The same at `side` pixels."""
    return Set(resized(small.train[:20_000], side), resized(small.kept, side), small.labels[:20_000], small.kept_labels)


def resized(x: np.ndarray, side: int) -> np.ndarray:
    """Pictures at `side` pixels, bicubic."""
    parts = torch.from_numpy(np.array(x)).split(1000)
    made = [F.interpolate(part.float(), (side, side), mode="bicubic") for part in parts]
    return torch.cat(made).round().clamp(0, 255).byte().numpy()


def zipped(name: str, inside: str, side: int | None = None, kept: int | None = None) -> Set:
    """Pictures of a zip whose path holds `inside`, in chance order; a fifth is kept, or as many as said."""
    with zipfile.ZipFile(Path(os.environ["GANSMITH_DATA"]) / name) as file:
        names = sorted(n for n in file.namelist() if inside in n and n.endswith((".jpg", ".png")))
        read = [Image.open(io.BytesIO(file.read(n))) for n in names]
        read = [picture if side is None else picture.resize((side, side), Image.Resampling.BOX) for picture in read]
    x = np.stack([np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1) for picture in read])
    x = x[np.random.default_rng(0).permutation(len(x))]
    kept = kept or len(x) // 5
    return Set(x[kept:], x[:kept])
