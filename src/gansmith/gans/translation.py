"""What games share that make one picture from another: `translate`, `sample` from given inputs, and random jitter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data import read
from gansmith.data.crops import opened
from gansmith.data.dataset import Dataset
from gansmith.data.pairs import Unpaired
from gansmith.data.spec import Kind
from gansmith.data.tiles import in_tiles
from gansmith.errors import DataError, UserError
from gansmith.game import Game
from gansmith.networks.patch import patch_layers


class Translation(Game):
    """A game whose `generator` turns the field `source` into items of the data's main form."""

    inputs: ClassVar[tuple[str, ...]] = ("source",)
    form: ClassVar[str] = "pairs"  # of data, see `gansmith.data.read`
    tiled: ClassVar[bool] = False  # whether pictures of other sizes are translated piece by piece, each at its own size
    source_labels: ClassVar[str | None] = None  # "auto": the classes of what goes in are read, too

    def read(self, data, **options) -> Dataset:
        dataset = read(data, form=self.form, **options | {"labels": self.source_labels})
        if "source" not in dataset.fields:
            raise DataError(f"{type(self).__name__} needs {self.form} and {dataset.name} holds single items")
        if self.form == "pairs" and isinstance(dataset, Unpaired):
            raise DataError(f"{type(self).__name__} needs pairs and {dataset.name} holds two domains: use cyclegan")
        return dataset

    def two_pictures(self, spec: Kind) -> tuple[Kind, Kind]:
        """The forms of what goes in and of what comes out; UserError unless both are pictures."""
        source = spec.also.get("source")
        if source is None or any(one.axes != 2 or not one.bounded for one in (source, spec)):
            raise DataError(
                f"{type(self).__name__} makes pictures from pictures: give a folder with A/ and B/, or (source, target)"
            )
        if source.shape[1:] != spec.shape[1:] or min(spec.shape[1:]) < 8:
            raise DataError(
                f"pictures of {source.shape[1:]} cannot be turned into pictures of {spec.shape[1:]}: read both with "
                "one size, at least 8 pixels"
            )
        return source, spec

    def choose_by_size(self, spec: Kind) -> list[str]:
        """Fill `patch`, `jitter` and `mirror` from the pictures' size: a small one is blurred when it is enlarged."""
        side, reasons = min(spec.shape[1:]), []
        if self.patch is None:
            self.patch = patch_layers(spec.shape[1:])
            reasons.append(f"patch {self.patch}: patches of {(16, 34, 70)[self.patch - 1]} pixels, of {side}")
        if self.jitter is None:
            self.jitter = 286 / 256 if side >= 64 else 1.0
            reasons.append(f"jitter {self.jitter:.3g}: for pictures of {side} pixels")
        if self.mirror is None:
            self.mirror = side >= 64
            reasons.append(f"mirror {self.mirror}: for pictures of {side} pixels")
        return reasons

    def translate(self, x, *, seed: int | None = None, batch_size: int = 16) -> np.ndarray:
        """Items in data units, such as pictures uint8 (n, C, H, W), of the source's form to as many of the target's, in
        eval mode; where the game works piece by piece (`tiled`), pictures of any size, which they keep.

        seed  of the noise, where the game has any: the same seed, the same pictures
        """
        size = self.spec.of("source").shape[1:]
        if self.tiled and np.ndim(x) == 4 and np.shape(x)[2:] != size:
            make = partial(
                self.through, self.generator, side="source", made=self.spec, seed=seed, batch_size=batch_size
            )
            return np.stack([in_tiles(make, one, size) for one in np.asarray(x)])
        return self.through(self.generator, x, "source", self.spec, seed, batch_size)

    def through(self, network, x, side: str, made: Kind, seed: int | None, batch_size: int) -> np.ndarray:
        """Items of the form of the field `side` through a network, to data units of the form `made`."""
        self.check_is_fitted()
        x = torch.as_tensor(np.require(x, requirements=["C", "W"]))
        self.check_input(x, self.spec.of(side))
        with self.at_rest(), torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            if seed is not None:
                torch.manual_seed(seed)
            parts = [
                made.to_data(network(self.spec.of(side).to_network(part.to(self.device))))
                for part in x.split(batch_size)
                if len(part)
            ]
        return np.concatenate(parts) if parts else np.empty((0, *made.shape), made.dtype)

    def check_input(self, x: Tensor, form: Kind) -> None:
        if tuple(x.shape[1:]) != form.shape or x.numpy().dtype != form.dtype:
            raise UserError(
                f"inputs are {str(x.dtype).removeprefix('torch.')} of shape {tuple(x.shape)}: this game takes "
                f"{np.dtype(form.dtype)} {form.noun} of shape (n, {', '.join(map(str, form.shape))})"
            )

    def read_source(self, path) -> Mapping[str, np.ndarray]:
        """Name -> picture uint8 (C, H, W) of a file, folder or zip, of the form that `translate` takes."""
        channels, *size = self.spec.of("source").shape
        return opened(path, channels, None if self.tiled else tuple(size))

    def sample(self, n: int, *, seed: int | None = None, source=None) -> np.ndarray:
        """`n` items made from the pictures `source`, taken in turn as often as it takes."""
        if source is None or len(source) == 0:
            raise UserError(
                f"{type(self).__name__} makes {self.spec.noun} from pictures: give sample(n, source=pictures), or "
                "--input FOLDER on the command line"
            )
        return self.translate(np.asarray(source)[np.arange(n) % len(source)], seed=seed)


class BothWays(Translation):
    """Two domains without pairs: `generator` maps source to target and `inverse` target to source, each against a
    discriminator of its own."""

    averaged: ClassVar[tuple[str, ...]] = ("generator", "inverse")
    form: ClassVar[str] = "domains"

    def players(self) -> dict[str, list[nn.Module]]:
        return {
            "generator": [self.generator, self.inverse],
            "discriminator": [self.discriminator_target, self.discriminator_source],
        }

    def back(self, y, *, batch_size: int = 16) -> np.ndarray:
        """`translate` the other way: items in data units of the target's domain to the source's."""
        return self.through(self.inverse, y, "target", self.spec.of("source"), None, batch_size)


class Enlarging(Translation):
    """A game that makes pictures of any size `scale` times larger."""

    scale: int
    LARGEST: ClassVar[int] = 128  # pixels of a picture's longer side that go through G at once

    def read_source(self, path) -> Mapping[str, np.ndarray]:
        return opened(path, self.spec.of("source").shape[0])

    def translate(self, x, *, seed: int | None = None, batch_size: int = 16) -> np.ndarray:
        """Pictures uint8 (n, C, H, W) to (n, C, scale·H, scale·W), in eval mode; large ones in tiles that overlap, so
        that what G needs of memory does not grow with the picture."""
        if np.ndim(x) != 4 or max(np.shape(x)[2:]) <= self.LARGEST:
            return super().translate(x, seed=seed, batch_size=batch_size)
        make = partial(self.through, self.generator, side="source", made=self.spec, seed=seed, batch_size=1)
        tile = tuple(min(side, self.LARGEST) for side in np.shape(x)[2:])
        return np.stack([in_tiles(make, one, tile, self.scale) for one in np.asarray(x)])

    def check_input(self, x: Tensor, form: Kind) -> None:
        if x.ndim != 4 or x.shape[1] != form.shape[0] or x.dtype != torch.uint8:
            raise UserError(
                f"give uint8 pictures (n, {form.shape[0]}, height, width), of any size: this is {tuple(x.shape)}"
            )


def jitter(*pictures: Tensor, enlarge: float, mirror: bool) -> tuple[Tensor, ...]:
    """Pictures (n, C, H, W) `enlarge` times as large, cut back to H×W at a random place and, with `mirror`, turned left
    to right half the time: every row by a draw of its own, the same for all `pictures` (Isola et al. 2017, 6.2).
    """
    n, _, height, width = pictures[0].shape
    large = round(enlarge * height), round(enlarge * width)
    if large == (height, width) and not mirror:
        return pictures
    top, left = (torch.randint(b - a + 1, (n, 1)) for a, b in zip((height, width), large))
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    if mirror:
        columns = torch.where(torch.rand(n, 1) < 0.5, columns.flip(1), columns)
    place = torch.arange(n)[:, None, None], slice(None), rows[:, :, None], columns[:, None, :]
    return tuple(F.interpolate(x, large, mode="bilinear")[place].permute(0, 3, 1, 2) for x in pictures)
