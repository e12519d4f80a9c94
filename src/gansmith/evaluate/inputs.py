"""What every number is computed from: two float64 tables of features, checked once, here."""

import math
import warnings

import numpy as np
import torch

from gansmith.errors import UserError


def table(x, name: str = "features", least: int = 2) -> torch.Tensor:
    """`x` (array, tensor or DataFrame, n rows of d numbers) as a float64 tensor on its own device, or a UserError."""
    if not isinstance(x, torch.Tensor):
        try:
            array = np.asarray(x)
            array = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise UserError(f"{name} is no table of numbers ({error}); give an (n, d) array of features.") from None
        x = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    if x.ndim != 2:
        advice = "x[:, None] for one number per sample" if x.ndim == 1 else "x.reshape(len(x), -1), or compare(…)"
        raise UserError(f"{name} has shape {tuple(x.shape)}; features are (n, d). Type {advice}.")
    if len(x) < least or x.shape[1] < 1:
        raise UserError(f"{name} has shape {tuple(x.shape)}; at least {least} rows and one column are needed.")
    x = x.detach()
    x = (x.cpu() if x.device.type == "mps" else x).to(torch.float64)  # Apple's GPU has no float64
    if not torch.isfinite(x.sum()) and (bad := int((~torch.isfinite(x)).any(1).sum())):
        raise UserError(
            f"{bad} of the {len(x)} rows of {name} hold NaN or infinity; mend the generator or the extractor, or drop "
            "them with x[numpy.isfinite(x).all(1)] and say how many were dropped."
        )
    return x


def pair(real, fake, least: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Both tables, of equal width and on one device (that of `real`)."""
    real, fake = table(real, "real", least), table(fake, "fake", least)
    if real.shape[1] != fake.shape[1]:
        raise UserError(
            f"real has {real.shape[1]} features and fake {fake.shape[1]}; put both through the same extractor."
        )
    if len(real) > 1 and bool((real == real[0]).all()):
        warnings.warn(f"all {len(real)} real rows are equal: no number computed from them means much.", stacklevel=3)
    return real, fake.to(real.device)


def same_range(real, fake) -> None:
    """Refuse pixels of unlike ranges, the commonest evaluation fault: [0, 1], [-1, 1] and [0, 255] mixed."""
    ranges = [_range(np.asarray(x)) for x in (real, fake)]
    if ranges[0] != ranges[1] and all(ranges):
        raise UserError(
            f"real images lie in {ranges[0]} and fake images in {ranges[1]}; bring both to uint8 0..255: "
            "(x * 255 + 0.5) from [0, 1], (x * 127.5 + 128) from [-1, 1]."
        )


def _range(x: np.ndarray) -> str:
    """Which of the three ranges pixels seem to have, with room for a generator's small overshoot; '' if none."""
    low, high = float(x.min()), float(x.max())
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ""
    if x.dtype == np.uint8 or (low > -25 and high > 25):
        return "[0, 255]"
    return "[-1, 1]" if low < -0.25 else "[0, 1]"
