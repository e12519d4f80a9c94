"""A run from data to a finished folder: what `fit`, `gansmith train` and `gansmith resume` do."""

from __future__ import annotations

import os
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

import torch
from torch import nn

from gansmith.atomic import disk_is_full
from gansmith.data.dataset import Dataset
from gansmith.diagnose.monitor import Watch, check_answer, watched
from gansmith.diagnose.probes import Probes, look_interval
from gansmith.distributed.ranks import Ranks
from gansmith.errors import SettingError, UserError
from gansmith.game import Game
from gansmith.names import typed
from gansmith.runs import quality
from gansmith.runs.load import data_of, load, read_again  # noqa: F401  (all of a run is had from here)
from gansmith.runs.options import Options, pick_batch
from gansmith.runs.own_game import class_of, code_of, remember
from gansmith.runs.sizing import read_to_fit, try_step
from gansmith.runs.start_from import begin_with_mean, freeze, starting, take_weights, weights_of
from gansmith.training import hardware
from gansmith.training.average import plain
from gansmith.training.folder import Memory, RunFolder, in_own_folder
from gansmith.training.loop import Budget, Every, Probe, check_budget, play, told
from gansmith.training.modelfile import given_again, names_of
from gansmith.training.pace import begin_pace, candidates
from gansmith.training.plan import make_plan
from gansmith.training.state import State
from gansmith.training.stopping import deliver, signals_held
from gansmith.training.version_0_1 import is_old
from gansmith.version import __version__

MINUTES = 5.0  # when neither steps nor minutes are given
PAGE_SHARE, PAGE_SECONDS = 0.1, 120  # of the training time, and in all, at most, to measure what the report shows


@in_own_folder
def fit(
    game: Game,
    data,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    out=None,
    overwrite: bool = False,
    device: str = "auto",
    precision: str = "auto",
    val: float = 0.05,
    micro_batches: int = 1,
    threads: int | None = None,
    record: bool = True,
    size=None,
    channels: int | None = None,
    labels="auto",
    reading: Mapping | None = None,
    start_from=None,
    on_failure: str = "warn",
    diagnose: bool = True,
    evaluate: bool = True,
    patience: int | None = None,
    probes: Sequence[Probe] = (),
    watch: Callable | None = None,
    say: Callable[[str], None] | None = None,
    reasons: Sequence[str] = (),
) -> Game:
    """Train `game` on `data` and return it.

    data       anything `game.read` takes (see `gansmith.data.read`); `size`, `channels`, `labels` go to it
    reading    other options of the kind of data, such as {"rate": 16000} of sound
    start_from a trained game of the same class and form (a run, a model.gan or the game), whose weights it starts with
    steps      training steps;  minutes: a budget of wall time instead, to which every schedule fits (default: 5)
    batch_size of all ranks together; None: the game's (64 for most), or all items when there are fewer
    val        fraction of the data held out: no network is trained on it; it calibrates and validates
    out        folder for the run (log, samples, checkpoint, model.gan, report.html); None: nothing is written
    micro_batches  gradient-accumulation steps, to save memory
    threads    that share an operation on a CPU; None: one for small data, else what the plan finds quickest on this
               machine as it is, watched while it trains. The same seed gives the same run on the same number of threads
    record     use CUDA graphs on a GPU, which small networks need to keep it busy
    on_failure "warn", "stop" or "rollback" when the diagnosis finds a failure (see `gansmith.diagnose.monitor`)
    diagnose   look for failures while it trains; runs without a folder are never watched
    evaluate   measure what the samples are worth while it trains, in at most 5 % of the time, and keep the best model
               so far as best.gan; and once more for the report, in a tenth of the time; of runs with a folder
    patience   stop after so many of these measurements without a better one
    probes, watch, say  see `training.loop.play`; called with each logged row; called with each line of the plan

    Ctrl-C, SIGTERM and SIGHUP end it early, after all is saved: the game is trained so far, `trained["finished"]` is
    False, and the calling program then gets the signal (Ctrl-C: KeyboardInterrupt), which it may catch or handle.

    Raises UserError, before anything is written, for whatever is wrong with the data, the settings or the place;
    Diverged when a network can no longer be trained; and any error of measuring, after all is saved and reported.
    """
    budget = check_budget(steps, MINUTES if steps is None and minutes is None else minutes)
    check_answer(on_failure)
    keep = RunFolder(out, watch) if out is not None else Memory(watch)
    game.restart()  # of a game that is fitted twice
    if not 0 <= val < 1:
        raise SettingError(f"val={val}: give the share of the data to hold out, from 0 to below 1")
    place = hardware.pick_device(device)
    ranks, begin = Ranks(place), weights_of(start_from)
    with ranks.one_by_one():
        look = {"channels": channels, "labels": labels, **(reading or {})}
        dataset = game.read(data, size=size, **look)
    game.to(place)  # what it chooses may depend on it
    if start_from is None and budget.minutes:
        trial = partial(try_step, partial(make_state, ranks=ranks), game, precision, place)
        batch = pick_batch(batch_size, dataset, val, game.batch_size)
        how = (budget.minutes, batch, trial, ranks, look, size, bool(reasons))
        dataset, size, chosen = read_to_fit(game, data, dataset, *how)
        reasons = [*reasons, *chosen]
    counts = candidates(place, dataset.spec, threads, ranks.count)
    options = Options(
        steps=budget.steps,
        minutes=budget.minutes,
        batch_size=pick_batch(batch_size, dataset, val, game.batch_size),
        seed=seed,
        device=str(device),
        precision=hardware.pick_precision(precision, place, dataset.spec),
        val=val if round(len(dataset) * val) else 0.0,
        micro_batches=micro_batches,
        record=record,
        size=size,
        channels=channels,
        reading=dict(reading or {}),
        look_every=500 if diagnose and out is not None else None,
        on_failure=on_failure,
        evaluate=evaluate,
        measure_every=int(evaluate and out is not None),
        patience=patience,
        threads=counts[0] if place.type == "cpu" else None,
    )
    if not 1 <= micro_batches <= options.batch_size:
        raise SettingError(f"micro_batches={micro_batches}: give 1 to the batch size, {options.batch_size}")
    why = [*reasons, *game.choose(dataset.spec, len(dataset)), *dataset.notes]
    why += starting(start_from, begin, game, dataset)
    if patience is not None and not (patience >= 1 and options.measure_every):
        raise SettingError(
            f"patience={patience}: give at least 1, with out= and evaluate=True, since it counts measurements"
        )
    if options.batch_size % ranks.count:
        raise SettingError(f"batch_size={options.batch_size} is not divisible by {ranks.count} ranks: give a multiple")
    if ranks.count > 1 and on_failure == "rollback":
        raise SettingError("on_failure='rollback' is for one process: under torchrun give 'stop', and resume by hand")

    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        if out is not None or say is not None:
            options = plan_run(game, dataset, options, budget, place, ranks, counts, out, why, say, begin)
        if isinstance(keep, RunFolder) and ranks.first:
            keep.create(describe(game, dataset, options, why))
            keep.show_real(dataset)
        ranks.wait()
        state = make_state(game, dataset, options, place, ranks, begin)
        keep.save(state)  # from here on the run can be resumed, however it ends
        return train(state, options, keep, probes)


@in_own_folder
def resume(
    path,
    *,
    data=None,
    accept_changed_data: bool = False,
    steps: int | None = None,
    minutes: float | None = None,
    game: type[Game] | None = None,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    watch: Callable | None = None,
    say: Callable[[str], None] | None = None,
    probes: Sequence[Probe] = (),
) -> Game:
    """Go on with the run in folder `path` exactly where its last checkpoint stands, and return its game.

    data   the data again, for runs whose data was not a path or a name
    accept_changed_data  go on where the data is no longer what it was: items were added, say. What is held out is drawn
           anew from all of it
    steps, minutes  a new budget, counted from the beginning of the run
    game   the class, for games that are not gansmith's own
    generator, discriminator  networks of your own, where the run was begun with such: their weights come from the run
    """
    keep = RunFolder(path, watch)
    about = keep.read_settings()
    options = Options.from_json(about["options"], keep.settings)
    if steps is not None or minutes is not None:
        budget = check_budget(steps, minutes)
        options = replace(options, steps=budget.steps, minutes=budget.minutes)
    given = {"generator": generator, "discriminator": discriminator}
    networks = given_again(path, about, given, "gansmith.resume")
    played = class_of(about, path, game)(**about["settings"], **networks)
    place = hardware.pick_device(options.device)
    ranks = Ranks(place)
    if options.batch_size % ranks.count:
        raise UserError(
            f"batch size {options.batch_size} is not divisible by {ranks.count} ranks: use another number of processes"
        )
    with ranks.one_by_one():
        dataset = read_again(path, played, data, accept_changed_data)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        state = make_state(played, dataset, options, place, ranks)
        state.load(keep.checkpoint)
        now = {}
        if dataset.digest != about["digest"]:  # "changed", so that it is read in the form of the run from here on
            now = {"data": dataset.source, "name": dataset.name, "items": len(dataset), "digest": dataset.digest}
            now["changed"] = True
        if ranks.first:
            keep.continue_log(state)
            keep.continue_findings(state)
            keep.write_settings(about | {"gansmith": __version__, "options": asdict(options)} | now)
        if say:
            say(f"resuming     {path} after step {state.round:,}")
            if now:
                said = f"{len(dataset):,} {dataset.spec.noun} now; what is held out is drawn anew"
                say(f"             the data changed: {said}")
        if is_old(about["gansmith"]):
            line = f"{path} was begun with gansmith {about['gansmith']}: from here on its data comes in another order"
            (say or warnings.warn)(line)
        return train(state, options, keep, probes)


def make_state(game: Game, dataset: Dataset, options: Options, place, ranks: Ranks, begin: Game | None = None) -> State:
    """The game built for the data on the device, before its first round; with the weights of `begin`."""
    torch.manual_seed(options.seed)
    train, held = dataset.split(options.val, options.seed) if options.val else (dataset, None)
    game.build(train.spec)  # what it says of the numbers may be learned from this part alone
    game.spec = train.spec
    begin_with_mean(game, train) if begin is None else take_weights(game, begin)
    if frozen := getattr(game, "freeze", 0):
        freeze(game.discriminator, frozen)
    game.to(place)
    hardware.arrange(game, place, options.precision)
    state = State(game, train, held, batch_size=options.batch_size, seed=options.seed, ranks=ranks)
    torch.manual_seed(options.seed)
    return state


def plan_run(game, dataset, options: Options, budget: Budget, place, ranks, counts, out, why, say, begin) -> Options:
    """Options with the number of threads and the intervals that the plan of this run asks for; its lines are said."""
    settings = game.settings()  # those that the data and the minutes have chosen, too
    fresh = lambda: make_state(game.copy(**settings), dataset, options, place, ranks, begin)  # noqa: E731
    with hardware.prepared(place, counts[0]):
        plan = make_plan(
            fresh,
            budget,
            precision=options.precision,
            micro_batches=options.micro_batches,
            record=options.record,
            reasons=list(why),
            threads=counts,
            out=out,
        )
        looks = options.look_every and look_interval(fresh, plan.every.log, plan.rounds, plan.seconds)
        measure = (0, 0)
        if options.measure_every:
            measure = quality.intervals(fresh, plan.every.log, plan.rounds, plan.seconds)
    if options.patience and not measure[0]:
        raise SettingError(
            f"patience={options.patience} counts measurements, and this run is too short or its data too few for two"
        )
    plan.expect(game, dataset)
    plan.memory = hardware.peak_memory(place)  # looking and measuring take some, too
    for line in plan.lines() if say else ():
        say(line)
    every, items = measure
    return replace(
        options,
        log_every=plan.every.log,
        sample_every=plan.every.sample,
        look_every=looks,
        measure_every=every,
        measure_items=items,
        threads=plan.threads,
        round_seconds=plan.round_seconds if plan.threads and len(counts) > 1 else None,
    )


def train(state: State, options: Options, keep, probes) -> Game:
    """Play to the end, put the averages in place, write the model and the report.

    All is saved before anything is measured. A defect in measuring is raised, since a run that hides it is believed,
    but only after the report is written.
    """
    game, begun = state.game, state.round
    with signals_held() as held:
        finished = play_all(state, options, keep, probes, held)
        for network in (game, *state.average.copies.values()):
            plain(network)
        game.use_averages(state.average.copies)
        game.eval().requires_grad_(True)
        game.trained = {
            "finished": finished,
            "enough": state.enough,
            "rounds": state.round,
            "samples": state.samples,
            "seconds": round(state.seconds, 1),
            "seed": options.seed,
            "batch_size": options.batch_size,
            "val": options.val,
            "precision": options.precision,
            "threads": state.threads,
            "data": state.data.name,
            "digest": state.data.digest,
            "skipped": state.skipped,
        }
        if keep.path is not None and state.ranks.first:
            keep.sample(state)
            keep.finish(game)
    if keep.path is not None and state.ranks.first:
        report(state, keep, measured=options.evaluate and not held.number and state.round > begun)
    state.ranks.wait()
    deliver(held.number)
    return game


def play_all(state: State, options: Options, keep, probes, held) -> bool:
    """Play to the end of the budget or until a signal comes, watched and measured as the options say."""
    watch = None
    if keep.path is not None and options.look_every is not None:
        watch = Watch(keep, keep.read_settings(), state)
        probes = [Probes(options.look_every, precision=options.precision), *probes]
    if keep.path is not None and options.measure_every and options.measure_items and quality.measurable(state):
        best = keep.path / "best.gan"
        measure = quality.Watch(options.measure_every, n=options.measure_items, best=best, patience=options.patience)
        probes = [measure, *probes]
    pace = begin_pace(state, options.threads, options.round_seconds)
    threads = state.threads[-1][1] if state.threads else None
    with hardware.prepared(state.game.device, threads), told(keep.watched) as tell:
        try:
            return watched(watch, state)(
                play,
                Budget(options.steps, options.minutes),
                every=Every(options.log_every, options.sample_every),
                keep=keep,
                precision=options.precision,
                micro_batches=options.micro_batches,
                record=options.record,
                probes=[pace.line, tell, *probes],
                held=held,
                pace=pace,
            )
        except (OSError, RuntimeError) as error:
            if not disk_is_full(error):
                raise
            raise UserError(
                f"no space left to write {keep.path}; its last good checkpoint, at most a minute old, stands. "
                f"Free some space, then: gansmith resume {typed(keep.path)}"
            ) from None


def report(state: State, keep, *, measured: bool) -> None:
    """Measure the samples, in a tenth of the time that training took, and write report.html, whatever measuring does.

    A run that was stopped is not measured, since whoever sent the signal is waiting; nor is one that had ended already.
    """
    from gansmith.runs import measures
    from gansmith.runs.report.page import write_report

    try:
        if measured:
            seconds = min(PAGE_SHARE * state.seconds, PAGE_SECONDS)
            measures.measure(keep.path, state.game, state.data, state.held, seconds=seconds)
    finally:
        write_report(keep.path)


def describe(game: Game, dataset: Dataset, options: Options, why: list[str]) -> dict:
    """What settings.json says: all it takes to resume the run, and to tell what it was."""
    remember(type(game))
    return {
        "gansmith": __version__,
        "torch": torch.__version__,
        "command": shlex.join([os.path.basename(sys.argv[0]).replace("__main__.py", "gansmith"), *sys.argv[1:]]),
        "started": time.strftime("%Y-%m-%d %H:%M:%S"),
        "machine": hardware.machine(hardware.pick_device(options.device)),
        "game": game.name,
        "code": code_of(type(game)),
        "networks": names_of(game.own_networks),
        "settings": game.settings(),
        "asked": game.asked,
        "data": dataset.source,
        "in_memory": dataset.source is None and bool(dataset.fields),
        "name": dataset.name,
        "items": len(dataset),
        "digest": dataset.digest,
        "spec": dataset.spec.to_json(),
        "options": asdict(options),
        "reasons": why,
    }
