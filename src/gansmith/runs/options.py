"""How a run is played: all that is not a setting of the game."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gansmith.data.dataset import Dataset
from gansmith.data.schema import check, kinds_of
from gansmith.errors import SettingError, UserError


@dataclass(frozen=True)
class Options:
    """Kept in settings.json, so that the run can be resumed."""

    steps: int | None = None
    minutes: float | None = None
    batch_size: int = 64
    seed: int = 0
    device: str = "auto"
    precision: str = "fp32"
    val: float = 0.05
    micro_batches: int = 1
    record: bool = True
    size: int | tuple[int, int] | None = None
    channels: int | None = None
    reading: dict = field(default_factory=dict)  # other options of the kind of data
    log_every: int = 10
    sample_every: int = 1000
    look_every: int | None = 500  # 0: too short for looks; None: not watched
    on_failure: str = "warn"
    evaluate: bool = True  # while it trains and, for the page, at the end
    measure_every: int = 0  # rounds between measurements of what the samples are worth; 0: none
    measure_items: int = 0  # samples of each
    patience: int | None = None
    threads: int | None = None  # that it began with, on a CPU; None: as many as torch has
    round_seconds: float | None = None  # with that many; None: their number was not found by trial and stays

    @classmethod
    def from_json(cls, held: dict, where) -> Options:
        """Those of a settings.json. UserError naming `where` for values of another type, and for unknown names."""
        kinds = kinds_of(cls)
        unknown = sorted(set(held) - set(kinds))
        if unknown:
            raise UserError(f"{where} has options that this gansmith does not know, such as {unknown[0]}: update it")
        check(held, {}, f"{where}: 'options'", kinds)
        found: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in held.items()
        }
        return cls(**found)


def pick_batch(asked: int | None, dataset: Dataset, val: float, usual: int = 64) -> int:
    """The batch size: as asked, or the game's usual one, or all items when there are fewer."""
    there = len(dataset) - round(len(dataset) * val)
    if asked is None:
        return min(usual, there)
    if not 1 <= asked <= there:
        held = f" ({len(dataset) - there} are held out)" if there < len(dataset) else ""
        raise SettingError(f"batch_size={asked}, but there are {there} items to train on{held}: give 1 to {there}")
    return asked
