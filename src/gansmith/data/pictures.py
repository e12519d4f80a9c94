"""One picture file -> bytes of one size: every mode and depth, by a stated policy."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gansmith.errors import UserError


def as_size(size) -> tuple[int, int]:
    """`size` as (height, width): one number stands for a square."""
    try:
        height, width = (size, size) if np.ndim(size) == 0 else size
        if int(height) == height > 0 and int(width) == width > 0:
            return int(height), int(width)
    except (TypeError, ValueError):
        pass
    raise UserError(f"size={size!r} is not a size: give pixels as a whole number, or (height, width)")


def resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """`image` scaled until it covers `size` (height, width), and the centre cut out; Lanczos, antialiased."""
    height, width = size
    if image.size == (width, height):
        return image
    scale = max(height / image.height, width / image.width)
    across, down = width / scale, height / scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    box = (left, top, min(left + across, image.width), min(top + down, image.height))
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)
