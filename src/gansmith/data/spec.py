"""What a network must know of the data, and the way between the data's units and the network's."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class DataSpec:
    """The form of one item, and the affine map `network = (data - centre) / scale`.

    kind     "images" (uint8, C×H×W), "vectors" (float rows), "arrays" (float, any shape), or "table" (mixed columns:
             `gansmith.data.kinds.table.TableSpec`)
    shape    of one item: (C, H, W), (d,) …
    classes  names of the labels 0 … k−1; empty without labels
    columns  names of a vector's entries; empty when they have none
    centre, scale  one number, or one for each entry of a vector
    also     form of the data's other fields by name ("source", "target", "text"), for games that map or are told things
    """

    kind: str
    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    center: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    also: dict[str, DataSpec] = field(default_factory=dict)

    def of(self, name: str) -> DataSpec:
        """The form of the field `name`: its own, or this one."""
        return self.also.get(name, self)

    @classmethod
    def images(cls, shape, classes=()) -> DataSpec:
        """8-bit pictures of `shape` (C, H, W): 0 … 255 in the data, −1 … 1 in the networks."""
        return cls("images", tuple(shape), tuple(classes), center=(127.5,), scale=(127.5,))

    @property
    def axes(self) -> int:
        """Axes that convolutions run over: 0 of vectors and tables, 1 of (C, T), 2 of pictures, 3 of (C, D, H, W)."""
        return len(self.shape) - 1 if self.kind in ("images", "arrays") and 2 <= len(self.shape) <= 4 else 0

    @property
    def bounded(self) -> bool:
        """Whether values lie in −1 … 1 in network units, so that generators end in tanh."""
        return self.kind == "images"

    def bodies(self):
        """The default networks for this data: see `gansmith.networks.bodies`."""
        from gansmith.networks.bodies import bodies

        return bodies(self.axes, self.bounded)

    @property
    def dtype(self):
        """Of the stored data: uint8 for pictures, float32 for all else."""
        return np.uint8 if self.kind == "images" else np.float32

    def to_network(self, x: Tensor) -> Tensor:
        """Data units (n, *shape) to network units, float32 on the device of `x`."""
        center, scale = self._map(x.device)
        return (x.float() - center) / scale

    def to_data(self, x: Tensor) -> np.ndarray:
        """Network units (n, *shape) to data units: pictures rounded and clipped to uint8."""
        center, scale = self._map(x.device)
        x = x.detach().float() * scale + center
        if self.kind == "images":
            x = x.round().clamp(0, 255).to(torch.uint8)
        return x.cpu().numpy()

    def numbers(self, items):
        """Items in data units as arrays of numbers that can be compared: as they are, but for the rows of tables."""
        return items

    def _map(self, device):
        if len(self.center) == 1:
            return self.center[0], self.scale[0]
        return torch.tensor(self.center, device=device), torch.tensor(self.scale, device=device)

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict) -> DataSpec:
        also = {name: cls.from_json(form) for name, form in fields.get("also", {}).items()}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items() if k != "also"}, also=also)
