"""Better samples from a trained generator, chosen with the critic that everybody else throws away.

On arrays: `calibrate` turns scores into log density ratios; `rejection`, `drs`, `obrs`, `metropolis_hastings`, `sir`
and `weights` choose with them. On models: `Refiner` draws, scores and chooses; `fit_ratio` learns a better ratio than
the critic's own; `latent_mala` moves the latents of a differentiable generator.
"""

from gansmith.data.generators import from_noise
from gansmith.refine.calibration import Calibration, calibrate
from gansmith.refine.langevin import gradient_flow, latent_mala
from gansmith.refine.ratio import Ratio, fit_ratio
from gansmith.refine.refiner import Refiner
from gansmith.refine.samplers import (
    chain_length,
    drs,
    metropolis_hastings,
    obrs,
    obrs_log_c,
    rejection,
    sir,
    weights,
)

__all__ = [
    "Calibration",
    "Ratio",
    "Refiner",
    "calibrate",
    "chain_length",
    "drs",
    "fit_ratio",
    "from_noise",
    "gradient_flow",
    "latent_mala",
    "metropolis_hastings",
    "obrs",
    "obrs_log_c",
    "rejection",
    "sir",
    "weights",
]
