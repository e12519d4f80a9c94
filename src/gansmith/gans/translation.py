"""What games share that make one picture from another: `translate`, and `sample` from given inputs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gansmith.data import read
from gansmith.data.crops import opened
from gansmith.data.dataset import Dataset
from gansmith.data.pairs import Unpaired
from gansmith.data.spec import DataSpec
from gansmith.errors import UserError
from gansmith.game import Game


class Translation(Game):
    """A game whose `generator` turns the field `source` into items of the data's main form."""

    inputs: ClassVar[tuple[str, ...]] = ("source",)
    form: ClassVar[str] = "pairs"  # of data, see `gansmith.data.read`

    def read(self, data, **options) -> Dataset:
        dataset = read(data, form=self.form, **{k: v for k, v in options.items() if k != "labels"})
        if "source" not in dataset.fields:
            raise UserError(f"{type(self).__name__} needs {self.form} and {dataset.name} holds single items")
        if self.form == "pairs" and isinstance(dataset, Unpaired):
            raise UserError(f"{type(self).__name__} needs pairs and {dataset.name} holds two domains: use cyclegan")
        return dataset

    def two_pictures(self, spec: DataSpec) -> tuple[DataSpec, DataSpec]:
        """The forms of what goes in and of what comes out; UserError unless both are pictures."""
        source = spec.also.get("source")
        if source is None or {source.kind, spec.kind} != {"images"}:
            raise UserError(
                f"{type(self).__name__} makes pictures from pictures: give a folder with A/ and B/, or (source, target)"
            )
        if source.shape[1:] != spec.shape[1:] or min(spec.shape[1:]) < 8:
            raise UserError(
                f"pictures of {source.shape[1:]} cannot be turned into pictures of {spec.shape[1:]}: read both with "
                "one size, at least 8 pixels"
            )
        return source, spec

    def translate(self, x, *, seed: int | None = None, batch_size: int = 16) -> np.ndarray:
        """Pictures uint8 (n, C, H, W) of the source's form to as many of the target's, in eval mode.

        seed  of the noise, where the game has any: the same seed, the same pictures
        """
        return self.through(self.generator, x, "source", self.spec, seed, batch_size)

    def through(self, network, x, side: str, made: DataSpec, seed: int | None, batch_size: int) -> np.ndarray:
        """Items of the form of the field `side` through a network, to data units of the form `made`."""
        if self.spec is None:
            raise UserError(f"{type(self).__name__} was never trained: call fit, or load a trained one")
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

    def check_input(self, x: Tensor, form: DataSpec) -> None:
        if tuple(x.shape[1:]) != form.shape or x.dtype != torch.uint8:
            raise UserError(
                f"inputs are {str(x.dtype).removeprefix('torch.')} of shape {tuple(x.shape)}: this game takes uint8 "
                f"pictures of shape (n, {', '.join(map(str, form.shape))})"
            )

    def given(self, path) -> dict[str, np.ndarray]:
        """Name -> picture uint8 (C, H, W) of a file, folder or zip, of the form that `translate` takes."""
        channels, *size = self.spec.of("source").shape
        return opened(path, channels, tuple(size))

    def sample(self, n: int, *, seed: int | None = None, source=None) -> np.ndarray:
        """`n` pictures made from the pictures `source`, taken in turn as often as it takes."""
        if source is None or len(source) == 0:
            raise UserError(
                f"{type(self).__name__} makes pictures from pictures: give sample(n, source=pictures), or on the "
                "command line --input FOLDER"
            )
        return self.translate(np.asarray(source)[np.arange(n) % len(source)], seed=seed)
