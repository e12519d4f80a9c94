"""Pictures that the proofs leave in docs/gallery/, of data that may be shown: digits, MNIST, Fashion-MNIST."""

from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.training.grid import grid

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"


def hang(name: str, pictures: np.ndarray, columns: int) -> None:
    """Write uint8 (n, C, H, W), so many to a row, as docs/gallery/`name`.png."""
    GALLERY.mkdir(exist_ok=True)
    Image.fromarray(grid(pictures, columns=columns)).save(GALLERY / f"{name}.png")
