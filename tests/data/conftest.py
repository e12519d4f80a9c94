import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo():
    """(width, height, mode, seed) -> a smooth picture."""

    def make(width=20, height=16, mode="RGB", seed=0):
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)

    return make


@pytest.fixture
def folder(tmp_path, photo):
    """Twelve PNG pictures of 20x16 in cat/ and dog/."""
    for i in range(12):
        path = tmp_path / "pets" / ("cat", "dog")[i % 2] / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(seed=i).save(path)
    return tmp_path / "pets"
