"""A run is a folder: settings.json, real.png, log.jsonl, samples/, checkpoint, model.gan, report.html."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch

from gansmith.atomic import replacing
from gansmith.data.dataset import Dataset
from gansmith.data.preview import beside
from gansmith.data.write import save_sheet
from gansmith.errors import UserError
from gansmith.names import typed
from gansmith.training import modelfile
from gansmith.training.state import State
from gansmith.training.version_0_1 import is_old, renamed


class Memory:
    """Where a run without a folder is kept: the game's `history`, nothing else."""

    path = None

    def __init__(self, watch=None):
        self.watch = watch or (lambda state, row: None)

    def log(self, state: State, row: dict) -> None:
        row = {"step": state.round, "seconds": round(state.seconds, 3), "samples": state.samples} | row
        state.game.history.append(row)
        self.watch(state, row)

    def sample(self, state: State) -> None:
        pass

    def save(self, state: State) -> None:
        pass


class RunFolder(Memory):
    """A run on disk. Only the first rank writes."""

    def __init__(self, path, watch=None):
        super().__init__(watch)
        self.path = Path(path)

    # --- names -------------------------------------------------------------------------------------------------------
    @property
    def settings(self) -> Path:
        return self.path / "settings.json"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"

    @property
    def model(self) -> Path:
        return self.path / "model.gan"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def log_file(self) -> Path:
        return self.path / "log.jsonl"

    # --- beginning ---------------------------------------------------------------------------------------------------
    def refuse_if_taken(self, overwrite: bool = False) -> None:
        """UserError if something is there already; `overwrite` allows a run, and only a run, to be replaced."""
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        if not self.settings.is_file():
            raise UserError(f"{self.path} exists and is not a run of gansmith: choose another --out")
        if not overwrite:
            raise UserError(
                f"{self.path} holds a run already: gansmith resume {typed(self.path)}, or choose another --out, or "
                "--overwrite"
            )

    def create(self, settings: dict) -> None:
        """Make the folder and write what it takes to resume. An earlier run in it is removed."""
        try:
            if self.path.exists():
                shutil.rmtree(self.path)
            self.samples.mkdir(parents=True)
            self.write_settings(settings)
        except OSError as error:
            raise UserError(f"cannot write to {self.path} ({error.strerror or error}): choose another --out") from None

    def show_real(self, data: Dataset) -> None:
        """real.png: items evenly spaced through the data, as many as a sample sheet has; nothing without data."""
        if not data.fields:
            return
        index = torch.linspace(0, len(data) - 1, min(len(data), data.spec.shown)).long()
        save_sheet(data.raw(index), self.path / "real", data.spec)

    def write_settings(self, settings: dict) -> None:
        with replacing(self.settings) as beside:
            beside.write_text(json.dumps(settings, indent=2))

    def read_settings(self) -> dict:
        if not self.settings.is_file():
            raise UserError(f"{self.path} is not a run of gansmith: it has no settings.json")
        try:
            about = json.loads(self.settings.read_text())
        except ValueError as error:
            raise UserError(f"{self.settings} is damaged ({error})") from None
        return renamed(about) if is_old(about["gansmith"]) else about

    # --- while playing -----------------------------------------------------------------------------------------------
    def log(self, state: State, row: dict) -> None:
        super().log(state, row)
        if state.ranks.first:
            with open(self.log_file, "a") as file:
                file.write(json.dumps(state.game.history[-1]) + "\n")

    def sample(self, state: State) -> None:
        """A grid of samples under the round's number; the caller has put the averages in place.

        A game that needs inputs gets the first ones held out; pictures made from pictures are shown beside them.
        """
        if not state.ranks.first:
            return
        spec, given = state.game.spec, state.held or state.data
        count = spec.shown
        if state.game.inputs:
            count = min(count, len(given))
        inputs = {name: given.raw(torch.arange(count), name) for name in state.game.inputs}
        made = state.game.sample(count, seed=0, **inputs)
        if "source" in inputs:
            made = beside(inputs["source"], made)
        self.samples.mkdir(exist_ok=True)
        save_sheet(made, self.samples / f"{state.round:07d}", spec)

    def save(self, state: State) -> None:
        if not state.ranks.first:
            return
        # The log first: a line that the checkpoint knows of is then on disk before the checkpoint is.
        if self.log_file.exists():
            with open(self.log_file, "a") as file:
                os.fsync(file.fileno())
        state.save(self.checkpoint)

    def continue_log(self, state: State) -> None:
        """Take `history` from the log and drop the lines written after the checkpoint that `state` was loaded from."""
        rows = [row for row in self.read_log() if row["step"] <= state.round]
        state.game.history = rows
        with replacing(self.log_file) as beside:
            beside.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def read_log(self) -> list[dict]:
        """The logged rows; a line that a kill cut short is left out."""
        rows, old = [], self.settings.is_file() and is_old(json.loads(self.settings.read_text())["gansmith"])
        if self.log_file.is_file():
            for line in self.log_file.read_text().splitlines():
                try:
                    row = json.loads(line)
                    rows.append(renamed(row) if old else row)
                except ValueError:
                    continue
        return rows

    # --- ending ------------------------------------------------------------------------------------------------------
    def finish(self, game) -> None:
        modelfile.write(game, self.model)
