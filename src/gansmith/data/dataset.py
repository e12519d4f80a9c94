"""Items in memory or in a memory map, the batch a loss sees, and the order in which items come."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.errors import SettingError


@dataclass
class Batch:
    """What one move sees: plain fields in network units, first axis the items; absent ones are None.

    `memo` lives for one round: what one turn leaves there a later turn may use, detached.
    """

    real: Tensor = None
    label: Tensor = None
    source: Tensor = None
    target: Tensor = None
    text: Tensor = None
    source_label: Tensor = None
    index: Tensor = None
    memo: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return self.index.shape[0]

    def parts(self, count: int) -> list[Batch]:
        """`count` micro-batches of (nearly) equal size, each with a memo of its own that lives as long as this one."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "memo"}
        split = {k: v.tensor_split(count) for k, v in tensors.items() if v is not None}
        memos = [self.memo.setdefault(f"part {i} of {count}", {}) for i in range(count)]
        return [Batch(**{k: v[i] for k, v in split.items()}, memo=memos[i]) for i in range(count)]


@dataclass
class Dataset:
    """Items of one form.

    spec    the form of `real`, or of what a game that maps inputs makes; `spec.also` that of the other fields
    fields  name in Batch -> array with one row an item; "real" as uint8 pictures or float32, "label" as int64,
            "source_label" as that of "source"
    name    what the user called it;  digest  a hash of the content
    notes   what was done to or left out of the data, one line each, for the plan and the report
    files   the name of each row of `fields`, where items have names
    left_out  name of each item that could not be read -> why;  odd  what was found odd in reading -> the items' names
    source  what to type to read it again, from any folder; None for data in memory
    owner   what each row of `fields` is a part of (a tune, a recording), int (rows,); None: each stands for itself
    """

    spec: DataSpec
    fields: dict[str, np.ndarray]
    name: str = "data"
    digest: str = ""
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    odd: dict[str, list[str]] = field(default_factory=dict)
    source: str | None = None
    rows: Tensor | None = None  # the rows of `fields` that belong to this set; all of them when None
    owner: np.ndarray | None = None

    def __post_init__(self):
        self._tensors = {}

    def __len__(self) -> int:
        return len(self.rows) if self.rows is not None else len(next(iter(self.fields.values())))

    def split(self, held: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """(train, held-out): a random share `held` of the items goes to the second, the same for the same seed.

        Parts of one owner stay together, since they are alike: the second gets as many whole owners as fit, or one."""
        count = round(len(self) * held)
        if held and not 0 < count < len(self):
            raise SettingError(f"val={held} of {len(self)} items leaves one side empty: give more data or another val")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        rows = order if self.rows is None else self.rows[order]
        if held and self.owner is not None:
            rows, count = whole_owners(rows, self.owner[rows.numpy()], count)
        return replace(self, rows=rows[count:].sort().values), replace(self, rows=rows[:count].sort().values)

    @property
    def main(self) -> str:
        """Name of the field whose form is `spec`: what a game makes."""
        return "real" if "real" in self.fields else "target"

    def raw(self, index, name: str | None = None) -> np.ndarray:
        """Items `index` (a tensor or array of positions) of one field, by default the main one, in data units."""
        name = name or self.main
        return self.fields[name][self.at(torch.as_tensor(index), name).numpy()]

    def at(self, index: Tensor, name: str) -> Tensor:
        """The rows of the field `name` that items `index` lie in."""
        return index if self.rows is None else self.rows.index_select(0, index)

    def batch(self, index: Tensor, device="cpu") -> Batch:
        """Items `index` as a Batch on `device`: `real`, `source` and `target` in network units."""
        if not self._tensors:
            self._tensors = self._kept(torch.device(device))
        made = {
            name: tensor.index_select(0, self.at(index, name).to(tensor.device)).to(device, non_blocking=True)
            for name, tensor in self._tensors.items()
        }
        for name, value in made.items():
            if not name.endswith("label") and not value.is_floating_point():
                made[name] = self.spec.of(name).to_network(value)
        return Batch(**made, index=index)

    def _kept(self, device: torch.device) -> dict[str, Tensor]:
        """The fields as tensors: on the card if they take at most a quarter of its free memory, else in memory."""
        held = {name: self._prepared(name) for name in self.fields}
        if device.type != "cuda" or sum(x.nbytes for x in held.values()) > torch.cuda.mem_get_info(device)[0] / 4:
            return held
        return {name: x.to(device) for name, x in held.items()}

    def _prepared(self, name: str) -> Tensor:
        """A field as a tensor: whole numbers stay so (and a memory map stays one), floats go to network units once."""
        with warnings.catch_warnings():  # torch warns that a read-only array must not be written to, and nobody does
            warnings.filterwarnings("ignore", message=".*not writable.*")
            tensor = torch.from_numpy(self.fields[name])
        return self.spec.of(name).to_network(tensor) if tensor.is_floating_point() else tensor


def whole_owners(rows: Tensor, owner: np.ndarray, count: int) -> tuple[Tensor, int]:
    """(`rows` with all those of some owners first, how many these are): of the owners, in the order in which they come,
    those that fit into `count` rows, or the smallest. As they are where all have one owner."""
    _, first, place, sizes = np.unique(owner, return_index=True, return_inverse=True, return_counts=True)
    if len(sizes) == 1:
        return rows, count
    taken, room = [], count
    for i in np.argsort(first):
        if sizes[i] <= room:
            taken.append(i)
            room -= sizes[i]
    inside = torch.from_numpy(np.isin(place, taken or [sizes.argmin()]))
    return torch.cat([rows[inside], rows[~inside]]), int(inside.sum())


class Order:
    """Endless shuffled passes over `n` items. `position` alone says what comes next, for any number of ranks."""

    def __init__(self, n: int, seed: int = 0):
        self.n, self.seed, self.position = n, seed, 0
        self._epoch, self._permutation = -1, None

    def take(self, count: int, rank: int = 0, ranks: int = 1) -> Tensor:
        """This rank's `count` of the next `count * ranks` positions, int64; no two ranks share one."""
        start = self.position + rank * count
        self.position += count * ranks
        parts = []
        while count:
            epoch, offset = divmod(start, self.n)
            part = self._pass(epoch)[offset : offset + count]
            parts.append(part)
            start, count = start + len(part), count - len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _pass(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            seed = np.random.SeedSequence([self.seed % 2**64, epoch]).generate_state(1, np.uint64)[0]
            draw = torch.Generator().manual_seed(int(seed))
            self._epoch, self._permutation = epoch, torch.randperm(self.n, generator=draw)
        return self._permutation
