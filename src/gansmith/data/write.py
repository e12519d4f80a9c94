"""Samples to files: one sheet, one picture each, or numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.atomic import replacing
from gansmith.data.preview import grid, plot, plot_rows
from gansmith.data.spec import DataSpec
from gansmith.errors import UserError
from gansmith.names import safe_names

FILES = (".png", ".npz", ".npy", ".csv", ".parquet")
ROWS = (".csv", ".parquet", ".png")  # of FILES, those that rows of tables go to


def check_place(out: str) -> Path:
    """`out` as a path. UserError if it is of no kind that can be written, or a folder with something in it."""
    path = Path(out)
    if path.suffix and not out.endswith("/") and path.suffix not in FILES:
        raise UserError(f"{out}: samples are written to {', '.join(FILES)}, or to a folder/")
    if path.is_dir() and any(path.iterdir()):
        raise UserError(f"{out} has files in it already: name a new folder")
    if path.suffix in FILES and path.is_dir():
        raise UserError(f"{out} is a folder: name a file")
    if not path.suffix and path.is_file():
        raise UserError(f"{out} is a file: name a folder, or a file that ends in {', '.join(FILES)}")
    return path


def write_samples(items, out: str, spec: DataSpec, names=None) -> Path:
    """Write `items` (data units) to `out`, whose ending says how: a file of FILES, or a folder of numbered pictures.

    names  of the pictures in a folder, in place of numbers; then `items` may differ in size
    """
    path = check_place(out)
    folder = path.suffix not in FILES or out.endswith("/")
    if spec.kind == "table":
        return write_rows(items, path)
    if path.suffix == ".parquet":
        raise UserError(f"{out}: .parquet is for rows of tables, and these are {spec.kind}; write .csv or .npz")
    if spec.kind != "images" and folder:
        raise UserError(f"{out}: {spec.kind} do not go to a folder of pictures; write .csv, .npz, .npy or .png")
    if path.suffix == ".csv" and np.ndim(items[0]) != 1:
        raise UserError(f"{out}: a table holds vectors, and these are {spec.kind}; write .npz, .png or a folder/")
    (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
    if folder:
        from PIL import Image

        digits = len(str(len(items) - 1))
        files = safe_names(names if names is not None else [f"{i:0{digits}d}" for i in range(len(items))], ".png")
        for item, file in zip(items, (path / file for file in files)):
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(grid(item[None], gap=0, least=0)).save(file)
        return path
    if len({np.shape(item) for item in items}) > 1:
        raise UserError(f"{out}: these pictures differ in size; write them to a folder/")
    items = np.asarray(items)
    with replacing(path) as beside:
        _write(items, beside, path.suffix, spec)
    return path


def write_rows(frame, path: Path) -> Path:
    """Write a DataFrame to one of ROWS; whole numbers stay whole beside gaps."""
    if path.suffix not in ROWS:
        raise UserError(f"{path}: rows of tables go to {', '.join(ROWS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        if path.suffix == ".png":
            from PIL import Image

            Image.fromarray(plot_rows(frame)).save(beside, format="PNG")
        elif path.suffix == ".csv":
            frame.apply(lambda c: c.convert_dtypes() if c.dtype.kind == "f" else c).to_csv(beside, index=False)
        else:
            frame.to_parquet(beside, index=False)
    return path


def _write(items: np.ndarray, beside: Path, ending: str, spec: DataSpec) -> None:
    if ending == ".png":
        from PIL import Image

        picture = grid(items) if spec.kind == "images" else plot(items.reshape(len(items), -1), spec.columns)
        Image.fromarray(picture).save(beside, format="PNG")
    elif ending == ".csv":
        header = ",".join(spec.columns or [f"x{i}" for i in range(items.shape[1])])
        np.savetxt(beside, items, delimiter=",", header=header, comments="", fmt="%.7g")
    else:
        with open(beside, "wb") as file:
            np.savez_compressed(file, samples=items) if ending == ".npz" else np.save(file, items)
