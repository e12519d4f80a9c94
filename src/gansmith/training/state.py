"""All that changes while a game is played, saved and restored whole."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch import Tensor

from gansmith.atomic import replacing
from gansmith.data.dataset import Dataset, Order
from gansmith.data.schema import alike, are, fits, is_count, is_finite
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError
from gansmith.game import Game
from gansmith.training.augment import attach
from gansmith.training.average import Average
from gansmith.training.players import Player
from gansmith.training.version_0_1 import renamed
from gansmith.version import __version__

NEEDED = (
    "params",
    "lr",
    "betas",
    "eps",
    "weight_decay",
    "alpha",
    "momentum",
    "centered",
)  # torch adds the others


class State:
    """A game at play: its players and averages, where it stands in the data, in time and in chance.

    `data` is what the players see, `held` what none of them ever does (None without a held-out split).
    """

    def __init__(self, game: Game, data: Dataset, held: Dataset | None, *, batch_size: int, seed: int, ranks: Ranks):
        self.game, self.data, self.held, self.ranks = game, data, held, ranks
        self.batch_size = batch_size  # of all ranks together
        self.order = Order(len(data), seed)
        self.players = {name: Player(name, modules, game) for name, modules in game.players().items()}
        for player in self.players.values():
            ranks.same(player.flat.data)
        self.average = Average(game, self.players.values())
        self.augment = attach(game)
        self.round = 0
        self.seconds = 0.0
        self.stage = -1
        self.threads: list[list[int]] = []  # [round, threads from there on] on a CPU: see `training.pace`
        self.verdict = ""  # one word on how it goes, where somebody watches
        self.enough = ""  # why a probe wants no more rounds

    @property
    def samples(self) -> int:
        """Real samples' worth of rounds played: rounds × batch size."""
        return self.round * self.batch_size

    @property
    def skipped(self) -> dict[str, int]:
        return {name: p.skipped for name, p in self.players.items() if p.skipped}

    def state_dict(self) -> dict:
        device = self.game.device
        return {
            "gansmith": __version__,
            "settings": self.game.settings(),
            "game": self.game.state_dict(),
            "average": self.average.state_dict(),
            "augment": self.augment.state_dict() if self.augment else {},
            "optimizers": {name: p.optimizer.state_dict() for name, p in self.players.items()},
            "skipped": {name: p.skipped for name, p in self.players.items()},
            "position": self.order.position,
            "round": self.round,
            "seconds": self.seconds,
            "stage": self.stage,
            "threads": self.threads,
            "rng": torch.get_rng_state(),
            "rng_on_device": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        }

    def load_state_dict(self, state: dict) -> None:
        self.game.load_state_dict(state["game"])
        self.average.load_state_dict(state["average"])
        if self.augment and state.get("augment"):
            self.augment.load_state_dict(state["augment"])
        for name, player in self.players.items():
            player.optimizer.load_state_dict(state["optimizers"][name])
            player.skipped = state["skipped"][name]
        self.order.position = state["position"]
        self.round, self.seconds, self.stage = state["round"], state["seconds"], state["stage"]
        self.threads = state.get("threads", [])
        torch.set_rng_state(state["rng"])  # every rank's: see `training.ranks`
        if state["rng_on_device"] is not None and self.game.device.type == "cuda":
            torch.cuda.set_rng_state(state["rng_on_device"], self.game.device)

    def save(self, path: Path) -> None:
        with replacing(path) as beside, open(beside, "wb") as file:
            torch.save(self.state_dict(), file)

    def load(self, path: Path) -> dict | None:
        """Restore from a checkpoint; the settings that the game had then, where the file says so.

        UserError when it is missing, damaged (cut short, a bit flipped) or of another game.
        """
        try:
            check_sums(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
            if isinstance(state, dict) and "gansmith" not in state:
                state = renamed(state)
            if self.augment and isinstance(state.get("augment"), dict):
                state["augment"] = {"gap": torch.zeros(2)} | state["augment"]  # which there was not in version 0.2
            self.check(state)
            self.load_state_dict(state)
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: this run was stopped before its first save; train anew") from None
        except MemoryError:
            raise
        except Exception as error:  # a file from outside: whatever it makes of itself, it cannot be gone on from
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise UserError(f"{path} cannot be resumed from: {reason}") from error
        return state.get("settings")

    def check(self, state) -> None:
        """ValueError unless `state` has the form of this state: what torch would take, and break on rounds later."""
        form = self.state_dict()
        wanted = {n: form[n] for n in form if n not in ("gansmith", "settings", "rng_on_device", "threads")}
        if not isinstance(state, dict):
            raise ValueError("it holds no state")
        for name, optimizer in wanted.pop("optimizers").items():
            check_optimizer(unwrapped(state["optimizers"][name]), unwrapped(optimizer), self.players[name].flat, name)
        for name, value in wanted.items():
            alike(state[name], value, name)
        if not fits(state.get("threads", []), are(lambda pair: are(is_count)(pair) and len(pair) == 2)):
            raise ValueError("its threads are no counts")
        counts = [state["round"], state["position"], *state["skipped"].values()]
        if not are(is_count)(counts) or type(state["stage"]) is not int or not is_finite(state["seconds"]):
            raise ValueError("its counts are no counts")
        if state["seconds"] < 0:
            raise ValueError("it was played for less than no time")


def check_optimizer(held: dict, form: dict, flat: Tensor, name: str) -> None:
    """ValueError unless torch's optimizer of the player `name`, whose parameters are `flat`, can go on from `held`."""
    if len(held["param_groups"]) != len(form["param_groups"]):
        raise ValueError(f"optimizers.{name} has another number of groups")
    for group, now in zip(held["param_groups"], form["param_groups"]):  # there are more options than before 2.6
        alike({k: group[k] for k in now if k in group or k in NEEDED}, {k: v for k, v in now.items() if k in group},
              f"optimizers.{name}")  # fmt: skip
    for key, value in flatten(held["state"]):
        alone = value.numel() == 1 if isinstance(value, Tensor) else fits(value, float)
        if not alone and not (isinstance(value, Tensor) and (value.shape, value.dtype) == (flat.shape, flat.dtype)):
            raise ValueError(f"optimizers.{name}.{key} is of another size")


def check_sums(path: Path) -> None:
    """ValueError unless every record of a file by `torch.save` is as it was written.

    The file is a zip, whose records have checksums that `torch.load` does not look at.
    """
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is damaged ({error})") from None
    if damaged:
        raise ValueError(f"it is damaged: {damaged.partition('/')[2]} is not as it was written")


def flatten(held, where: str = "") -> list[tuple[str, object]]:
    """(name, value) of everything in nested dicts and lists."""
    if isinstance(held, dict):
        return [leaf for name, value in held.items() for leaf in flatten(value, f"{where}{name}.")]
    if isinstance(held, (list, tuple)):
        return [leaf for i, value in enumerate(held) for leaf in flatten(value, f"{where}{i}.")]
    return [(where.rstrip("."), held)]


def unwrapped(optimizer: dict) -> dict:
    """The state of torch's own optimizer, inside those that look ahead or back (`training.optimizers`)."""
    return unwrapped(optimizer["inner"]) if "inner" in optimizer else optimizer
