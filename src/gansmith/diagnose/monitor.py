"""A run under watch: what is found goes into `findings.jsonl`, and a failure is answered as asked.

warn      it is written down and shown, and the run goes on
stop      the run ends there, with what it was kept
rollback  the last healthy state but one comes back, the finding's change is applied, and the run goes on from there
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict

from gansmith.atomic import beside
from gansmith.diagnose.findings import Diagnosis, Finding, lost_for_good
from gansmith.errors import Diverged, SettingError
from gansmith.training.state import State

WAYS = ("warn", "stop", "rollback")
ROLLBACKS = 5  # in one run: what five of them do not mend, a sixth will not
LAST_WORDS = 200  # rows of the log that the post-mortem keeps


class Failed(RuntimeError):
    """A failure was found in a run that is to answer it."""

    def __init__(self, found: Finding):
        super().__init__(str(found))
        self.finding = found


class Watch:
    """Called by the loop after each line of the log.

    `keep` is the run's folder, `about` what its settings.json says.
    """

    def __init__(self, keep, about: dict, state: State):
        self.keep, self.about, self.on_failure = keep, about, about["options"].get("on_failure", "warn")
        self.diagnosis = Diagnosis(about, state.game.history)  # a resumed run brings its log along
        state.verdict = self.diagnosis.verdict
        self.rollbacks = 0

    def __call__(self, state: State) -> None:
        if not state.ranks.first:
            return
        new = self.diagnosis.read(state.game.history[-1])
        state.verdict = self.diagnosis.verdict
        for found in new:
            self.write(asdict(found) | {"found_at": state.round})
        failures = [found for found in new if found.severity == "failure"]
        if failures:
            self.post_mortem(state)
            if self.on_failure == "stop" and state.ranks.count > 1:
                state.enough = str(failures[0])  # which the loop tells the other ranks
            elif self.on_failure != "warn":
                raise Failed(failures[0])
        elif self.on_failure == "rollback" and self.diagnosis.past.looking and not self.diagnosis.suspected:
            self.remember(state)

    def found(self, state: State, error: Failed | Diverged) -> Finding:
        """The finding behind an exception; a player that is lost for good is one by itself."""
        if isinstance(error, Failed):
            return error.finding
        found = lost_for_good(self.diagnosis.past, state.round, str(error))
        self.write(asdict(found) | {"found_at": state.round})
        self.post_mortem(state)
        return found

    def write(self, row: dict) -> None:
        with open(self.keep.path / "findings.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")

    def post_mortem(self, state: State) -> None:
        """At the first failure: the last rows of the log, samples, settings and state of that moment, in one folder."""
        folder = self.keep.path / "post-mortem"
        if folder.exists():
            return
        with state.average.playing(state.game):
            self.keep.sample(state)
        made = beside(folder)  # whole, or, where the process is killed, not at all
        made.mkdir(exist_ok=True)
        rows = state.game.history[-LAST_WORDS:]
        (made / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (made / "settings.json").write_text(json.dumps(self.about | {"settings": state.game.settings()}, indent=2))
        (made / "findings.json").write_text(json.dumps([asdict(f) for f in self.diagnosis.findings], indent=2))
        state.save(made / "checkpoint")
        for sheet in self.keep.samples.glob(f"{state.round:07d}.*"):
            shutil.copy(sheet, made / f"samples{sheet.suffix}")
        os.replace(made, folder)

    def remember(self, state: State) -> None:
        """Keep this state as healthy, and the one before, since what goes wrong is seen only a while after."""
        last = self.keep.path / "healthy"
        if last.exists():
            os.replace(last, self.keep.path / "healthy-before")
        state.save(last)

    def roll_back(self, state: State, found: Finding) -> str | None:
        """Restore, change, write down; the line that says so. None when there is nothing to go back to or to change.

        Settings that somebody changed since the healthy state are the first suspects: putting them back is the change.
        """
        files = [self.keep.path / name for name in ("healthy-before", "healthy")]
        path = next((file for file in files if file.exists()), None)
        if path is None or self.rollbacks == ROLLBACKS:
            return None
        self.rollbacks += 1
        failed_at, at_failure = state.round, state.game.settings()
        before = state.load(path) or self.about["settings"]
        files[1].unlink(missing_ok=True)
        os.replace(path, files[1]) if path != files[1] and path.exists() else None
        change = {name: value for name, value in found.change.items() if name in before}
        meddled = at_failure != before
        apply(state, before if meddled else before | again(change, before, self.about["settings"], self.rollbacks))
        self.keep.continue_log(state)
        self.about = self.about | {"settings": state.game.settings()}
        self.diagnosis = Diagnosis(self.about, state.game.history)
        state.verdict = self.diagnosis.verdict
        applied = {name: value for name, value in state.game.settings().items() if value != at_failure[name]}
        row = {
            "action": "rollback",
            "because": found.name,
            "failed_at": failed_at,
            "to": state.round,
            "change": applied,
        }
        self.write(row)
        self.about["interventions"] = [*self.about.get("interventions", []), row]
        self.keep.write_settings(self.about)
        return f"{found.name} at step {failed_at:,}: back to step {state.round:,} with {applied or 'nothing changed'}"


def watched(watch: Watch | None, state: State) -> Callable[..., bool]:
    """`play` under watch: called as watched(watch, state)(play, …), it answers failures as the run asked for."""

    def playing(play: Callable[..., bool], *args, **options) -> bool:
        if watch is None:
            return play(state, *args, **options)
        while True:
            try:
                return play(state, *args, judge=watch, **options)
            except (Failed, Diverged) as error:
                if not state.ranks.first:
                    raise
                found = watch.found(state, error)
                if watch.on_failure == "rollback" and watch.roll_back(state, found):
                    continue
                if isinstance(error, Diverged):
                    raise
                state.enough = str(error).splitlines()[0]
                watch.keep.save(state)
                return False

    return playing


def check_answer(on_failure: str) -> None:
    if on_failure not in WAYS:
        raise SettingError(f"on_failure={on_failure!r}: choose one of {', '.join(WAYS)}")


def again(change: dict, now: dict, first: dict, times: int) -> dict:
    """The change from where the settings stand now: a number moves by the factor it was meant to move by."""
    moved = {}
    for name, value in change.items():
        if isinstance(value, float) and isinstance(first.get(name), float) and first[name] and now[name]:
            moved[name] = now[name] * (value / first[name])
        else:
            moved[name] = value
    return moved


def apply(state: State, settings: dict) -> None:
    """Give the game these settings, and its optimisers what they say of step sizes, keeping their memories."""
    for name, value in settings.items():
        setattr(state.game, name, value)
    for player in state.players.values():
        fresh = state.game.optimizer(player.name, [player.flat])
        inner, made = getattr(player.optimizer, "inner", player.optimizer), getattr(fresh, "inner", fresh)
        for old, new in zip(inner.param_groups, made.param_groups):
            old.update({name: value for name, value in new.items() if name != "params"})
            old["initial_lr"] = new.get("initial_lr", new["lr"])
