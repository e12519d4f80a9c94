"""Made showers back into the layout and the units that came in: HDF5 or .npz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gansmith.atomic import replacing
from gansmith.data.kinds.showers.read import ENERGY, GEV
from gansmith.errors import DataError


def arrays(items: np.ndarray, form: Any, labels=None) -> dict[str, np.ndarray]:
    """Name of a data set -> its numbers in the units of the file that came in, float32."""
    first, layers = int(form.has_energy), form.layers
    of_cells, of_energies = (GEV[unit] for unit in form.units)
    cells = (items[:, first:] / of_cells).astype(np.float32)
    made = {ENERGY[form.layout]: (items[:, :1] / of_energies).astype(np.float32)} if first else {}
    if form.layout == "calogan":
        for name, part, rows, columns in zip(form.names, layers.parts, layers.heights, layers.widths):
            made[name] = cells[:, part].reshape(-1, rows, columns)
    elif form.layout == "calochallenge":
        made["showers"] = cells
    else:
        images = cells.reshape(-1, layers.heights[0], layers.widths[0])
        if len(form.names) > 1 and labels is not None and set(map(str, labels)) <= {*form.names}:
            which = np.array([*map(str, labels)])
            return {name: images[which == name] for name in form.names if (which == name).any()}
        made[form.names[0] if len(form.names) == 1 else "images"] = images
    if labels is not None:
        made["labels"] = np.array([*map(str, labels)])
    return made


def write(items: np.ndarray, path: Path, form: Any, labels=None) -> None:
    """To .h5 (each data set says its unit), or .npz."""
    made: dict[str, Any] = arrays(np.asarray(items), form, labels)
    if path.suffix == ".npz":
        with replacing(path) as beside, open(beside, "wb") as file:
            np.savez_compressed(file, **made)
        return
    try:
        import h5py
    except ImportError:
        raise DataError(f"writing {path} needs h5py: pip install 'gansmith[hep]'") from None
    with replacing(path) as beside, h5py.File(beside, "w") as file:
        for name, values in made.items():
            if name == "labels":
                file.create_dataset(name, data=[str(v).encode() for v in values])
                continue
            kept = file.create_dataset(name, data=values, compression="gzip", compression_opts=4)
            kept.attrs["unit"] = form.units[name in ENERGY.values()]
