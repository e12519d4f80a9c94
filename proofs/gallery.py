"""Pictures that the proofs leave in docs/gallery/, of data that may be shown."""

from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.data.preview import grid

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"


def hang(name: str, pictures: np.ndarray, columns: int) -> None:
    """Write uint8 (n, C, H, W), so many to a row, as docs/gallery/`name`.png."""
    GALLERY.mkdir(exist_ok=True)
    Image.fromarray(grid(pictures, columns=columns)).save(GALLERY / f"{name}.png")


def stack(name: str, pictures: list[np.ndarray]) -> None:
    """Write uint8 (h, w, 3) of any size one below the other as docs/gallery/`name`.png."""
    wide = max(picture.shape[1] for picture in pictures)
    padded = [np.pad(p, ((0, 0), (0, wide - p.shape[1]), (0, 0)), constant_values=255) for p in pictures]
    GALLERY.mkdir(exist_ok=True)
    Image.fromarray(np.concatenate(padded)).save(GALLERY / f"{name}.png", optimize=True)


def scatter(name: str, samples: np.ndarray, centers: np.ndarray) -> None:
    """Plot samples (n, 2) and the modes' centres (k, 2) as docs/gallery/`name`.png."""
    from matplotlib.figure import Figure

    figure = Figure((3.2, 3.2), layout="tight")
    axes = figure.subplots()
    axes.scatter(*samples.T, s=1, linewidths=0)
    axes.scatter(*centers.T, s=60, marker="+", color="tab:red", linewidths=0.8)
    axes.set(aspect="equal", xticks=[], yticks=[])
    GALLERY.mkdir(exist_ok=True)
    figure.savefig(GALLERY / f"{name}.png", dpi=100)
