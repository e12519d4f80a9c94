"""Captions as numbers of words: what else of a picture a game may be told. No items of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gansmith.data.spec import Kind


@dataclass(frozen=True)
class Words(Kind):
    """Texts of `shape` (captions, words), int64: numbers of words, 0 for none; `columns` is the vocabulary."""

    kind = "words"
    noun = "captions"
    takes = "a captions.json or captions.csv beside the pictures of a folder"
    continuous = False

    @property
    def dtype(self):
        return np.int64

    def to_network(self, x: Tensor) -> Tensor:
        return x
