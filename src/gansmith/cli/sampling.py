"""`gansmith sample`: new items from a trained model."""

from __future__ import annotations

import inspect
import secrets
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gansmith.cli.arguments import NewSeed, OwnGame, find_own
from gansmith.cli.console import say, say_error
from gansmith.errors import UserError
from gansmith.names import typed


def sample(
    model: Annotated[Path, typer.Argument(metavar="RUN|MODEL.gan", help="folder of a run, or a model file")],
    count: Annotated[
        int | None,
        typer.Option("-n", "--count", min=1, help="number of samples [64; of series and groups, as in the data]"),
    ] = None,
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="OUT", help="where to: x.png, x.npz, x.npy, x.csv or folder/")
    ] = ("samples.png"),
    seed: NewSeed = None,
    label: Annotated[
        str | None, typer.Option(metavar="L", help="class, by name; by number if none is called by one")
    ] = None,
    input_: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="ITEMS",
            help="file, folder or zip: images to translate, animate or caption, sounds to make anew",
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="CAPTION", help="caption to draw (gan-int-cls)")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="what every row or series has, such as 'age>60'; repeatable"),
    ] = None,
    groups: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="of customers and their orders, and of series: how many")
    ] = None,
    start: Annotated[str | None, typer.Option(metavar="DATE", help="of series, the first date: 2026-01-01")] = None,
    length: Annotated[int | None, typer.Option(min=1, metavar="STEPS", help="of series, how long each is")] = None,
    continue_from: Annotated[
        Path | None, typer.Option("--continue-from", metavar="FILE", help="of series, a table that they go on from")
    ] = None,
    psi: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="how far styles may lie from their mean: .7 for better images (stylegan2)"),
    ] = None,
    energy: Annotated[
        float | None, typer.Option(min=0, metavar="GEV", help="of showers, the energy of each particle (calogan)")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(min=0, metavar="T", help="of text: below 1 safer and more alike, above 1 bolder [1]"),
    ] = None,
    chords: Annotated[
        str | None, typer.Option(metavar="CHORDS", help="of a melody, one a bar: 'C Am F G' (C7 is taken for C)")
    ] = None,
    melody: Annotated[
        Path | None, typer.Option(metavar="FILE.mid", help="of a melody, the tune that it goes on from")
    ] = None,
    bars: Annotated[int | None, typer.Option(min=1, metavar="N", help="of a melody, how many bars")] = None,
    given: Annotated[
        Path | None,
        typer.Option(metavar="FILE.mid", help="the track that is accompanied, of musegan trained with --given"),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="select samples by the discriminator: obrs, mh, drs, sir, rejection, mala"),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=1, metavar="B", help="with --refine: candidates per sample [4 for obrs]")
    ] = None,
    safe_csv: Annotated[
        bool, typer.Option("--safe-csv", help="put ' before cells of .csv that a spreadsheet would run")
    ] = False,
    own: OwnGame = None,
) -> None:
    """Generate samples from a trained model.

    OUT ending in .png is one sheet of all samples, a folder/ gets one file each (.png, .wav, .mid, .mp4 …), .npz, .npy
    and .csv hold numbers; .wav and .mid play one after the other, .txt and .fasta hold sequences.

    \b
    gansmith sample runs/digits-r3gan -n 64 -o grid.png
    gansmith sample model.gan -n 1000 -o made/ --seed 1
    gansmith sample runs/table-tabular -n 5000 -o made.csv
    gansmith sample runs/digits-r3gan -n 64 -o better.png --refine obrs --budget 8
    gansmith sample runs/maps-pix2pix --input photos/ -o maps/
    gansmith sample runs/speech-hifi-gan --input speech/ -o made/
    gansmith sample runs/clips-vgan-from-frame --input photo.png -o moving.gif
    gansmith sample runs/birds-gan-int-cls -n 16 --text "a red bird"
    gansmith sample runs/birds-caption-gan --input photos/ -n 5 -o captions.csv
    gansmith sample runs/census-tabular -n 1000 -o made.csv --where "income=>50K" --where "age>60"
    gansmith sample runs/orders-groupgan -o made.csv --groups 500 --where country=PE
    gansmith sample runs/demand-seriesgan -o made.csv --where city=Lima --start 2026-01-01 --length 720
    gansmith sample runs/demand-seriesgan -o next.csv --continue-from demand.csv --length 168
    gansmith sample runs/showers-calogan -n 1000 -o made.h5 --energy 50
    gansmith sample runs/lines-relgan -n 1000 -o made.txt --temperature 0.8
    gansmith sample runs/tunes-midinet -n 4 -o made/ --chords "C Am F G" --bars 16
    gansmith sample runs/songs-musegan -n 4 -o made/ --given melody.mid
    """
    from gansmith.data.generators import accepts
    from gansmith.data.write import check_place, write_samples
    from gansmith.distributed.ranks import one_task
    from gansmith.runs.load import load
    from gansmith.runs.quality import better_before
    from gansmith.training.folder import RunFolder

    check_place(out)
    find_own(own)
    game = load(model)
    check_place(out, game.spec)
    best = model / "best.gan"
    with suppress(UserError):  # of a log that is damaged
        if best.is_file() and (why := better_before(RunFolder(model).read_log())):
            say_error(f"note: these are of the last state. {why}: gansmith sample {typed(best)}")
    if input_ is not None:
        refused = {
            "--label": label, "--text": text, "--where": where or None, "--groups": groups, "--start": start,
            "--length": length, "--continue-from": continue_from, "--psi": psi, "--energy": energy, "--chords": chords,
            "--melody": melody, "--bars": bars, "--given": given, "--refine": refine, "--budget": budget,
        }  # fmt: skip
        taken = {"-n": ("captions", count), "--temperature": ("temperature", temperature)}
        return make_of_each(game, input_, out, seed, refused, taken, safe_csv)
    asked = inspect.signature(game.sample).parameters
    conditions = {} if label is None else {"label": label}
    if label is not None and not accepts(game.sample, "label"):
        other = "" if game.spec.continuous else "; rows are asked for values with --where COLUMN=VALUE"
        raise UserError(f"{type(game).__name__} makes no classes: remove --label{other}")
    if text is not None:
        if "text" not in game.inputs:
            raise UserError(f"{type(game).__name__} takes no captions: remove --text")
        conditions["text"] = text
    if where:
        if "where" not in asked:
            raise UserError(f"{type(game).__name__} does not generate tables or series: remove --where")
        if refine is not None:
            raise UserError("--where and --refine cannot be combined: use one of them")
        from gansmith.data.kinds.table.asked import conditions as as_typed

        conditions["where"] = {name: v[0] if len(v) == 1 else v for name, v in as_typed(where).items()}
    by_steps, by_bars = "does not generate series step by step", "does not generate melodies bar after bar"
    for name, option, value, why in (
        ("start", "--start", start, by_steps),
        ("length", "--length", length, by_steps),
        ("history", "--continue-from", continue_from, by_steps),
        ("psi", "--psi", psi, "has no styles"),
        ("energy", "--energy", energy, "takes no energy of a particle"),
        ("temperature", "--temperature", temperature, "does not draw symbols one by one"),
        ("chords", "--chords", chords, by_bars),
        ("melody", "--melody", melody, by_bars),
        ("bars", "--bars", bars, by_bars),
        ("given", "--given", given, "accompanies no track"),
    ):
        if value is not None:
            if name not in asked:
                raise UserError(f"{type(game).__name__} {why}: remove {option}")
            if refine is not None:
                raise UserError(f"{option} and --refine cannot be combined: use one of them")
            conditions[name] = value
    several = "n" in asked and asked["n"].default is None  # as many as the data has, where nobody says
    if groups is not None:
        if not several:
            raise UserError(
                f"{type(game).__name__} makes no groups or series: give -n {groups}, and leave out --groups"
            )
        if count is not None:
            raise UserError("-n and --groups are the same here: give one of them")
        count = groups
    if count is None and (refine is not None or not several):
        count = 64
    if refine is None and budget is not None:
        raise UserError("--budget is the number of candidates of --refine: add --refine obrs")
    conditional, labels = getattr(game, "conditional", False) and hasattr(game, "classes_of"), None
    if conditional and seed is None and refine is None:
        seed = secrets.randbelow(2**31)  # the same for the samples and for their classes
    with one_task(seed) as (first, seed):
        if refine is None:
            made = game.sample(count, seed=seed, **conditions)
            labels = game.classes_of(count, seed=seed, **conditions) if conditional else None
        else:
            from gansmith.runs.refine import refined, summary

            made, report = refined(model, count, method=refine, budget=budget, seed=seed, **conditions)
            labels = report.get("names") or None
    if first:
        told = [] if refine is None else [summary(report)]
        say(*told, write_samples(made, out, game.spec, labels=labels, safe=safe_csv))


def make_of_each(game, source: Path, out: str, seed: int | None, refused: dict, taken: dict, safe: bool) -> None:
    """What `sample --input` does: an item made of each at `source`, one in memory at a time.

    refused, taken  value by option: of those that are none of a game that is given its input, and, with the name of the
                    parameter, of those that the game's `translate` may take
    """
    from gansmith.data.write import write_samples
    from gansmith.distributed.collectives import stream_across_ranks
    from gansmith.distributed.ranks import one_task

    if not hasattr(game, "read_source"):
        other = f", or train {game.spec.from_others}" if game.spec.from_others else ""
        raise UserError(f"{type(game).__name__} generates from noise and takes no input: remove --input{other}")
    known = inspect.signature(game.translate).parameters
    how = {name: value for name, value in taken.values() if value is not None and name in known}
    refused |= {option: value for option, (name, value) in taken.items() if name not in known}
    for option in (option for option, value in refused.items() if value is not None):
        raise UserError(
            f"{type(game).__name__} makes one of each item in --input and takes no {option}: remove {option}"
        )
    items, shapes, spent = game.read_source(source), [], []

    def translate(name: str):
        item, begun = items[name][None], time.perf_counter()
        made = game.translate(item, seed=seed, **how)[0]
        spent.append(time.perf_counter() - begun)
        return made

    with one_task(seed) as (first, seed):
        stream = stream_across_ranks(translate, list(items), "translating")
        made = (shapes.append(item.shape) or item for item in stream)
        if first:
            written = write_samples(made, out, game.spec, list(items), safe=safe)
            say(*filter(None, [game.spec.pace(shapes, sum(spent))]), written)
        else:
            deque(made, 0)  # its part is made as the first rank asks for it


def impute(
    model: Annotated[Path, typer.Argument(metavar="RUN|MODEL.gan", help="folder of a run, or a model file")],
    rows: Annotated[Path, typer.Argument(metavar="TABLE", help="rows of the same columns, with empty cells")],
    out: Annotated[str, typer.Option("-o", "--out", metavar="OUT", help="where to: x.csv, x.tsv or x.parquet")] = (
        "filled.csv"
    ),
    seed: NewSeed = None,
    own: OwnGame = None,
) -> None:
    """Fill the empty cells of a table with what they may have held, given the other cells of their row.

    They are drawn, not guessed: another seed gives other values. All other cells stay as they are.

    \b
    gansmith impute runs/census-tabular with-gaps.csv -o filled.csv
    """
    from gansmith.data.kinds.table.read import frame_of
    from gansmith.data.write import check_place, write_samples
    from gansmith.distributed.ranks import one_task
    from gansmith.runs.load import load

    check_place(out)
    find_own(own)
    game = load(model)
    check_place(out, game.spec)
    if not hasattr(game, "impute"):
        raise UserError(f"{type(game).__name__} fills no cells: train the GAN 'tabular' on the table first")
    with one_task(seed) as (first, seed):
        made = game.impute(frame_of(rows)[0], seed=seed)
        if first:
            say(write_samples(made, out, game.spec))
