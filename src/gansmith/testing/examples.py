"""Made-up data of each form that games are played on, small enough for every test."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from gansmith.data.captions import captioned
from gansmith.data.dataset import Dataset
from gansmith.data.kinds import KINDS
from gansmith.data.kinds.images import smooth
from gansmith.data.kinds.table import TableSpec
from gansmith.data.kinds.vectors import Vectors, normal
from gansmith.data.pairs import Unpaired

CAPTIONS = [["a thing", f"number {i} of them"] for i in range(40)]


def every_form() -> list[Dataset]:
    """Made-up data of each kind and of each form that games are played on: items of every kind, pairs, two domains,
    captions, none."""
    return [
        *(data for kind in KINDS.values() for data in examples(kind)),
        *of_other_forms(),
    ]


@cache
def examples(kind) -> list[Dataset]:
    """A kind's, made once."""
    return kind.example()


@cache
def of_other_forms() -> list[Dataset]:
    pictures = [(1, 8, 8), (3, 17, 23)]
    return [
        *(made_up_pairs(shape) for shape in pictures),
        *(made_up_pairs(shape, paired=False) for shape in pictures),
        *(labelled_source(made_up_pairs(shape, paired=False)) for shape in pictures),
        *(captioned(replace(made_up(shape), files=()), CAPTIONS) for shape in (*pictures, (3, 16, 16))),
        Dataset(Vectors((1,)), {}, name="no data", rows=torch.arange(64)),
    ]


def made_up(shape: tuple[int, ...], n: int = 40, seed: int = 0) -> Dataset:
    """`n` random items of three classes: smooth pictures for (C, H, W), normal vectors for (d,)."""
    return (smooth if len(shape) == 3 else normal)(shape, n, seed)


def made_up_pairs(shape: tuple[int, int, int], channels: int = 1, n: int = 40, paired: bool = True) -> Dataset:
    """`n` pictures of `channels` beside `n` of `shape`, as pairs or as two domains."""
    one, two = made_up((channels, *shape[1:]), n), made_up(shape, n, seed=1)
    spec = replace(two.spec, classes=(), also={"source": replace(one.spec, classes=())})
    fields = {"source": one.fields["real"], "target": two.fields["real"]}
    return (Dataset if paired else Unpaired)(spec, fields, name="made up", digest=f"{shape}{channels}{n}{paired}")


def labelled_source(domains: Dataset) -> Dataset:
    """Two domains of which the first has three classes."""
    source = domains.spec.of("source")
    spec = replace(domains.spec, also={"source": replace(source, classes=("a", "b", "c"))})
    label = np.arange(len(domains.fields["source"])) % 3
    return replace(domains, spec=spec, fields=domains.fields | {"source_label": label}, rows=None)


def made_up_table(n: int = 40, seed: int = 0) -> Dataset:
    """`n` random rows: a category with gaps, a yes or no, a whole number with a spike and gaps."""
    return TableSpec.example(seed, n)[0]
