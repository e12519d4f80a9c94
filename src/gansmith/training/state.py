"""All that changes while a game is played, saved and restored whole."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch

from gansmith.atomic import replacing
from gansmith.data.dataset import Dataset, Order
from gansmith.distributed.ranks import Ranks
from gansmith.errors import UserError
from gansmith.game import Game
from gansmith.training.augment import attach
from gansmith.training.average import Average
from gansmith.training.players import Player
from gansmith.training.version_0_1 import renamed
from gansmith.version import __version__


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
        with replacing(path) as beside:
            torch.save(self.state_dict(), beside)

    def load(self, path: Path) -> None:
        """Restore from a checkpoint; UserError when it is missing, cut short or of another game."""
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.load_state_dict(state if "gansmith" in state else renamed(state))
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: this run was stopped before its first save; train anew") from None
        except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise UserError(f"{path} cannot be resumed from: {reason}") from None
