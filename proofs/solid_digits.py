"""A picture for docs/gallery/ of 3D-GAN, whose proof is of shapes that may not be shown: digits as solid shapes. A
minute of training, and no numbers: gan3d.py has those.

    python proofs/solid_digits.py --steps 1000
"""

import argparse

import numpy as np
import torch
from gallery import hang

import gansmith as gs
from gansmith.data import read
from gansmith.data.kinds.volumes.show import isometric

SIDE, THICK = 16, 6  # cells


def solid_digits() -> np.ndarray:
    """The digits of scikit-learn as cells uint8 (n, 16, 16, 16), standing upright and six cells thick."""
    pictures = torch.from_numpy(read("digits").fields["real"]).float()
    large = torch.nn.functional.interpolate(pictures, SIDE, mode="bilinear")[:, 0].numpy() > 110
    made = np.zeros((len(large), SIDE, SIDE, SIDE), np.uint8)
    front = (SIDE - THICK) // 2
    made[:, :, front : front + THICK] = np.flip(large.transpose(0, 2, 1), 2)[:, :, None]  # rows run down, z up
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    cells = solid_digits()
    steps = parser.parse_args().steps
    gan = gs.GAN3D(width=16).fit(cells, steps=steps, seed=0, val=0, diagnose=False, evaluate=False)
    ends = gan.latents(2, torch.Generator().manual_seed(2)).cpu().numpy()
    walk = gan.decode(np.linspace(*ends, 8))
    shown = [cells[::200][:8], gan.sample(16, seed=1)[:, 0], walk[:, 0]]
    hang("gan3d-digits", isometric(np.concatenate(shown)), columns=8)


if __name__ == "__main__":
    main()
