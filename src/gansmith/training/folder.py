"""A run is a folder: settings.json, real.png, log.jsonl, samples/, checkpoint, model.gan, report.html."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import torch

from gansmith.atomic import disk_is_full, replacing
from gansmith.data.dataset import Dataset
from gansmith.data.schema import are, check, fits, is_count, is_finite, is_table_of_texts
from gansmith.data.write import save_sheet
from gansmith.errors import UserError
from gansmith.training import modelfile
from gansmith.training.claim import LOCK, claimed, clear, refuse_if_taken
from gansmith.training.state import State
from gansmith.training.version_0_1 import completed, is_old, renamed

SETTINGS = {
    "game": str,
    "settings": dict,
    "name": str,
    "items": is_count,
    "digest": str,
    "spec": dict,
    "options": dict,
}
SETTINGS_MAY = {  # what version 0.1 or a program may have left out
    "torch": str,
    "command": str,
    "started": str,
    "machine": str,
    "asked": dict,
    "data": (str, None),
    "in_memory": bool,
    "changed": bool,
    "reasons": are(str),
    "networks": is_table_of_texts,
    "interventions": are(dict),
    "code": (
        lambda code: isinstance(code, dict) and fits(code.get("file"), str) and fits(code.get("class"), str),
        None,
    ),
}
OPTIONS = {
    "batch_size": is_count,
    "seed": int,
    "val": is_finite,
    "steps": (is_count, None),
    "minutes": (is_finite, None),
    "size": (is_count, are(is_count), None),
    "channels": (is_count, None),
}
ROW = {"step": is_count, "seconds": is_finite, "samples": is_count}


class Memory:
    """Where a run without a folder is kept: the game's `history`, nothing else."""

    path: Any = None  # the folder of a run that has one

    def __init__(self, watch=None):
        self.watched, self.watch = watch is not None, watch or (lambda state, row: None)

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

    @property
    def findings(self) -> Path:
        return self.path / "findings.jsonl"

    # --- beginning ---------------------------------------------------------------------------------------------------
    @contextmanager
    def claimed(self, overwrite: bool | None = None) -> Iterator[None]:
        """Inside, the folder is this process's own (`training.claim`), for a new run unless `overwrite` is None.

        UserError if something is in the way, if another process trains into it, or if it is gone in the end.
        """
        if overwrite is not None:
            refuse_if_taken(self.path, overwrite)
        if os.environ.get("RANK", "0") != "0":  # the first rank has it for all
            yield
            return
        with claimed(self.path):
            if overwrite is not None:
                refuse_if_taken(self.path, overwrite)  # again: another process may have come between
            try:
                yield
            except (OSError, RuntimeError) as error:  # what torch makes of a missing folder is a RuntimeError
                if disk_is_full(error) or (self.path / LOCK).exists():
                    raise
                raise UserError(f"{self.path} was moved or removed while it was trained into: put it back") from None

    def create(self, settings: dict) -> None:
        """Make the folder and write what it takes to resume. An earlier run in it is removed, and nothing else."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            clear(self.path)
            self.write_settings(settings)
            self.samples.mkdir(exist_ok=True)
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
        """What settings.json says; UserError where there is none, or where it cannot be a run's."""
        if not self.settings.is_file():
            raise UserError(f"{self.path} is not a run of gansmith: it has no settings.json")
        about = self._said()
        about = renamed(about) if is_old(about["gansmith"]) else about
        check(about, SETTINGS, f"{self.settings}", SETTINGS_MAY)
        check(about["spec"], {"kind": str, "shape": are(is_count)}, f"{self.settings}: 'spec'")
        check(about["options"], OPTIONS, f"{self.settings}: 'options'")
        return completed(about)

    def _said(self) -> dict:
        """What settings.json says, in the words of the version that wrote it."""
        try:
            about = json.loads(self.settings.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise UserError(f"{self.settings} is damaged ({error})") from None
        check(about, {"gansmith": str}, f"{self.settings}")
        return about

    # --- while playing -----------------------------------------------------------------------------------------------
    def log(self, state: State, row: dict) -> None:
        super().log(state, row)
        if state.ranks.first:
            with open(self.log_file, "a") as file:
                file.write(json.dumps(state.game.history[-1]) + "\n")

    def sample(self, state: State) -> None:
        """A grid of samples under the round's number; the caller has put the averages in place.

        A game that needs inputs gets the first ones held out; what is made from pictures is shown beside them.
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
            made = spec.beside(inputs["source"], made)
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

    def continue_findings(self, state: State) -> None:
        """Drop what was found after the checkpoint that `state` was loaded from, which will be found again.

        What led to a rollback was found later than where the run was put back to, and stays.
        """
        if not self.findings.is_file():
            return
        lines = self.findings.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        answered = max((i + 1 for i, line in enumerate(lines) if found_at(line) is None), default=0)
        kept = [line for i, line in enumerate(lines) if i < answered or (found_at(line) or 0) <= state.round]
        with replacing(self.findings) as beside:
            beside.write_text("".join(kept), encoding="utf-8")

    def read_log(self) -> list[dict]:
        """The logged rows; a last line that a kill cut short is left out. UserError for any other that is damaged."""
        rows = []
        if self.log_file.is_file():
            old = self.settings.is_file() and is_old(self._said()["gansmith"])
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
            for number, line in enumerate(lines, 1):
                where = f"line {number} of {self.log_file}"
                try:
                    row = json.loads(line)
                except ValueError:
                    if number == len(lines):
                        break
                    raise UserError(f"{where} is damaged: take it out") from None
                check(row, ROW, where)
                if not all(fits(value, float) for value in row.values()):
                    raise UserError(f"{where} is damaged: it holds more than numbers; take it out")
                rows.append(renamed(row) if old else row)
        return rows

    # --- ending ------------------------------------------------------------------------------------------------------
    def finish(self, game) -> None:
        modelfile.write(game, self.model)


def found_at(line: str) -> float | None:
    """The step that a line of findings.jsonl is of; None of one that says what was done about it.

    Beyond all steps where a kill cut it short."""
    try:
        row = json.loads(line)
    except ValueError:
        return float("inf")
    if isinstance(row, dict) and "action" in row:
        return None
    return row["found_at"] if isinstance(row, dict) and fits(row.get("found_at"), float) else float("inf")


def in_own_folder(function: Callable) -> Callable:
    """`function(…, out=, overwrite=)`, which begins a run, or `function(path, …)`, which goes on with one: while it
    runs, the folder belongs to this process."""
    names = inspect.signature(function)

    @wraps(function)
    def holding(*args, **options):
        given = names.bind(*args, **options)
        given.apply_defaults()
        given = given.arguments
        if "path" in given:
            keep, overwrite = RunFolder(given["path"]), None
            keep.read_settings()  # or say that there is no run
        elif given["out"] is None:
            return function(*args, **options)
        else:
            keep, overwrite = RunFolder(given["out"]), given["overwrite"]
        with keep.claimed(overwrite):
            return function(*args, **options)

    return holding
