"""Made-up data of each form that games are played on, small enough for every test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from gansmith.data.captions import captioned
from gansmith.data.dataset import Dataset
from gansmith.data.kinds.table import Table, TableSpec
from gansmith.data.kinds.table_columns import Column
from gansmith.data.pairs import Unpaired
from gansmith.data.spec import DataSpec

SHAPES = [(1, 28, 28), (3, 32, 32), (4, 30, 50), (1, 17, 23), (1, 8, 8), (5,)]
CAPTIONS = [["a thing", f"number {i} of them"] for i in range(40)]


def every_form() -> list[Dataset]:
    """Made-up data of each form that games are played on: pictures and vectors, pairs, two domains, captions, rows of
    a table, none."""
    pictures = [(1, 8, 8), (3, 17, 23)]
    return [
        *(made_up(shape) for shape in SHAPES),
        *(made_up_pairs(shape) for shape in pictures),
        *(made_up_pairs(shape, paired=False) for shape in pictures),
        *(captioned(replace(made_up(shape), files=()), CAPTIONS) for shape in pictures),
        made_up_table(),
        Dataset(DataSpec("vectors", (1,)), {}, name="no data", rows=torch.arange(64)),
    ]


def made_up(shape: tuple[int, ...], n: int = 40, seed: int = 0) -> Dataset:
    """`n` random items of three classes: smooth pictures for (C, H, W), normal vectors for (d,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    names = ("a", "b", "c")
    if len(shape) == 3:
        coarse = rng.integers(0, 256, (n, shape[0], 3, 3)).repeat(-(-shape[1] // 3), 2).repeat(-(-shape[2] // 3), 3)
        real = coarse[:, :, : shape[1], : shape[2]].astype(np.uint8)
        spec = DataSpec.images(shape, names)
    else:
        real = (rng.standard_normal((n, *shape)) + labels[:, None]).astype(np.float32)
        spec = DataSpec("vectors", shape, names, center=(1.0,), scale=(1.5,))
    return Dataset(spec, {"real": real, "label": labels}, name="made up", digest=f"{shape}{n}{seed}")


def made_up_pairs(shape: tuple[int, int, int], channels: int = 1, n: int = 40, paired: bool = True) -> Dataset:
    """`n` pictures of `channels` beside `n` of `shape`, as pairs or as two domains."""
    one, two = made_up((channels, *shape[1:]), n), made_up(shape, n, seed=1)
    spec = replace(two.spec, classes=(), also={"source": replace(one.spec, classes=())})
    fields = {"source": one.fields["real"], "target": two.fields["real"]}
    return (Dataset if paired else Unpaired)(spec, fields, name="made up", digest=f"{shape}{channels}{n}{paired}")


def made_up_table(n: int = 40, seed: int = 0) -> Table:
    """`n` random rows: a category with gaps, a yes or no, a whole number with a spike and gaps."""
    rng = np.random.default_rng(seed)
    kind, yes = rng.integers(0, 3, n).astype(float), rng.integers(0, 2, n).astype(float)
    number = np.where(rng.random(n) < 0.3, 0, rng.integers(1, 1000, n)).astype(float)
    kind[rng.random(n) < 0.2] = number[rng.random(n) < 0.1] = np.nan
    columns = (
        Column("kind", "categorical", "object", True, ("a", "b", "c"), (0.3, 0.3, 0.2), missing=0.2),
        Column("yes", "boolean", "bool", True, (False, True), (0.5, 0.5)),
        Column("number", "integer", "float64", False, (0,), (0.3,), missing=0.1, low=0.0, high=1000.0, step=1.0),
    )
    codes = np.stack([kind, yes, number], 1)
    return Table(TableSpec.of_columns(columns, codes), {"real": codes}, name="made up", digest=f"table {n} {seed}")
