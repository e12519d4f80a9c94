"""How good are the images in a folder, whatever program made them? And which of two folders is better?

    python examples/evaluate_folders.py photos/ made/ [made-by-another/]

Without folders it makes three of its own from handwritten digits: real ones, others with noise, others blurred.
`gansmith evaluate made/ photos/` prints the same table from the command line.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

import gansmith as gs


def compare(real: str, *folders: str, n: int = 500) -> None:
    """A table for each folder, with what real images score, and the order of several."""
    scores = {}
    for folder in folders:
        scores[folder] = gs.evaluate.compare(real, folder, n=n)
        print(f"\n{Path(folder).name} against {Path(real).name}\n{scores[folder]}")
    if len(folders) > 1:
        best = gs.evaluate.rank(scores, by="mind")
        print("\nby MIND, best first:", ", ".join(Path(name).name for name in best))


def example(place: Path, count: int) -> list[str]:
    """Three folders of digits: real ones, others under noise, others blurred."""
    digits = gs.read("digits")
    order = np.random.default_rng(0).permutation(len(digits))
    items = digits.raw(order)[:, 0]
    rng = np.random.default_rng(1)
    changes = {
        "real": lambda image: image,
        "noisy": lambda image: Image.fromarray(
            np.clip(np.asarray(image) + rng.normal(0, 25, (8, 8)), 0, 255).astype(np.uint8)
        ),
        "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    }
    folders = []
    for k, (name, change) in enumerate(changes.items()):
        folder = place / name
        folder.mkdir()
        for i, pixels in enumerate(items[k * count : (k + 1) * count]):
            change(Image.fromarray(pixels)).save(folder / f"{i}.png")
        folders.append(str(folder))
    return folders


def main(*folders: str, count: int = 590) -> None:
    if folders:
        return compare(*folders)
    with tempfile.TemporaryDirectory() as place:
        compare(*example(Path(place), count), n=count // 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
