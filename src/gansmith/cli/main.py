"""The command line: parses, calls, prints. Everything it does is a function of the package that Python can call too.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from gansmith.cli.console import explain, me, say, say_error, say_warning, take_any_text
from gansmith.errors import UserError, nearest
from gansmith.version import __version__

app = typer.Typer(name="gansmith", add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")]
Steps = Annotated[int | None, typer.Option(metavar="N", help="rounds of play")]
Minutes = Annotated[float | None, typer.Option(metavar="M", help="wall time instead, to which every schedule fits [5]")]
Size = Annotated[str | None, typer.Option(metavar="S", help="of pictures: 64, or HEIGHTxWIDTH [from the data]")]
Channels = Annotated[int | None, typer.Option(metavar="C", help="of pictures: 1, 3 or 4 [from the data]")]
OwnGame = Annotated[
    str | None,
    typer.Option("--game", metavar="FILE.py:CLASS", help="a GAN of your own: a subclass of gansmith.Game in a file"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="print the run's folder only")]


@app.callback(invoke_without_command=True)
def gansmith(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
) -> None:
    """Train generative adversarial networks on your data, and see what came of it.

    \b
    gansmith train photos/                  a folder of pictures; the game is chosen for it
    gansmith train wgan-gp digits --minutes 2
    gansmith sample runs/digits-wgan-gp -n 64 -o grid.png
    gansmith train wgan-gp --help           the settings of one game
    """
    if version:
        print(__version__)
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_games(game: OwnGame = None) -> None:
    """The games there are, one line each.

    \b
    gansmith list
    gansmith train r3gan --help             the settings of one of them
    """
    from gansmith.gans import GAMES

    find_own(game)
    width = max(map(len, GAMES))
    for name, known in GAMES.items():
        print(f"{name:<{width}}  {known.summary}")


@app.command()
def check(
    data: Annotated[str, typer.Argument(metavar="DATA", help="folder, file or name of a data set")],
    size: Size = None,
    channels: Channels = None,
    types: Annotated[str | None, typer.Option(metavar="T", help="of columns: 'zip=categorical, since=date'")] = None,
) -> None:
    """Look at data before training: what is there, what is odd, what training would do with it.

    \b
    gansmith check photos/
    gansmith check table.csv --types "zip=categorical"
    gansmith check scans.zip --size 64 --channels 1
    """
    from gansmith.cli.settings import read_size
    from gansmith.data import check as look

    say(look(data, size=read_size(size), channels=channels, types=types))


class Train(TyperCommand):
    """Its options are its own and, as words it does not know, the settings of whatever game is named."""

    def collect_usage_pieces(self, ctx) -> list[str]:
        return ["[GAN]", "DATA", "[OPTIONS]", "[--SETTING V]..."]


@app.command(cls=Train, context_settings={"ignore_unknown_options": True}, add_help_option=False)
def train(
    words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    game: OwnGame = None,
    steps: Steps = None,
    minutes: Minutes = None,
    out: Annotated[Path | None, typer.Option(metavar="RUN", help="folder for the run [runs/DATA-GAN]")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="of all chance: the same seed, the same run")] = 0,
    batch_size: Annotated[int | None, typer.Option(metavar="B", help="items of a move [64, or all if fewer]")] = None,
    device: Annotated[str, typer.Option(help="cuda, cuda:1, mps, cpu or auto")] = "auto",
    precision: Annotated[str, typer.Option(help="fp32, bf16 or auto")] = "auto",
    micro_batches: Annotated[int, typer.Option(metavar="N", help="parts a batch is played in, to save memory")] = 1,
    record: Annotated[bool, typer.Option(help="on a card, record moves and replay them")] = True,
    val: Annotated[float, typer.Option(metavar="V", help="share of the data that no player ever sees")] = 0.05,
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="stop after N measurements without a better one [never]")
    ] = None,
    on_failure: Annotated[
        str, typer.Option(metavar="HOW", help="when the diagnosis finds a failure: warn, stop or rollback")
    ] = "warn",
    size: Size = None,
    channels: Channels = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the run that is in RUN already")] = False,
    quiet: Quiet = False,
    help_: Annotated[bool, typer.Option("--help", help="this text; after a game's name, its settings too")] = False,
) -> None:
    """Train a generator.

    GAN is a game of `gansmith list`; without one, it is chosen from the data. DATA is a folder or zip of pictures,
    a .npz, .npy, .csv or .parquet file, or a data set by name. Each setting of the game is an option, too:
    `gansmith train GAN --help` lists them.

    \b
    gansmith train photos/                  the game is chosen from the data, and it says why
    gansmith train dcgan photos/ --size 64 --minutes 30
    gansmith train wgan-gp mnist --steps 20000 --penalty 10 --out runs/mine
    gansmith train table.csv
    gansmith train --game my_gan.py:MyGAN photos/
    gansmith train wgan-gp --help           the settings of wgan-gp
    torchrun --nproc-per-node 8 -m gansmith train photos/ --minutes 600
    """
    own = find_own(game)
    if help_:
        explain_train([own] if own else words or [])
        raise typer.Exit()
    begun = time.monotonic()
    from gansmith.cli.progress import watched
    from gansmith.cli.settings import read_settings, read_size, split_words
    from gansmith.gans import GAMES
    from gansmith.runs.train import fit

    positional, given = split_words(words or [], GAMES.values())
    look = {"size": read_size(size), "channels": channels}
    name, words, data, reasons = pick_game([own, *positional] if own else positional, look)
    player = GAMES[name](**read_settings(GAMES[name], given, train_options()))
    out = out or free_folder(words, name)
    start = partial(
        fit,
        player,
        data,
        steps=steps,
        minutes=minutes,
        batch_size=batch_size,
        seed=seed,
        out=out,
        overwrite=overwrite,
        device=device,
        precision=precision,
        micro_batches=micro_batches,
        record=record,
        val=val,
        patience=patience,
        on_failure=on_failure,
        **look,
        reasons=reasons,
    )
    watched(start, out, f"{name} on {words}, into {out}", quiet, begun)


@app.command()
def resume(
    run: Run,
    steps: Steps = None,
    minutes: Minutes = None,
    data: Annotated[str | None, typer.Option(metavar="DATA", help="where the data is now, if it moved")] = None,
    game: OwnGame = None,
    quiet: Quiet = False,
) -> None:
    """Go on with a run exactly where its last save stands. A new budget counts from the run's beginning.

    \b
    gansmith resume runs/photos-r3gan
    gansmith resume runs/photos-r3gan --minutes 120
    """
    begun = time.monotonic()
    from gansmith.cli.progress import watched
    from gansmith.runs.train import resume as go_on

    find_own(game)
    watched(partial(go_on, run, data=data, steps=steps, minutes=minutes), run, "", quiet, begun)


@app.command()
def sample(
    model: Annotated[Path, typer.Argument(metavar="RUN|MODEL.gan", help="folder of a run, or a model file")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="how many")] = 64,
    out: Annotated[str, typer.Option("-o", "--out", metavar="OUT", help="x.png, x.npz, x.npy, x.csv or folder/")] = (
        "samples.png"
    ),
    seed: Annotated[int | None, typer.Option(metavar="S", help="the same seed, the same samples [new ones]")] = None,
    label: Annotated[str | None, typer.Option(metavar="L", help="class, by name or number (conditional games)")] = None,
    input_: Annotated[
        Path | None, typer.Option("--input", metavar="PICTURES", help="file, folder or zip to translate (pix2pix …)")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="CAPTION", help="what to paint (gan-int-cls)")] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="what every row holds (ctgan); may be repeated")
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="let the discriminator choose: obrs, mh, drs, sir, rejection, mala"),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=1, metavar="B", help="proposals for each refined sample [4 for obrs]")
    ] = None,
    own: OwnGame = None,
) -> None:
    """Make new items: a .png is one sheet of all, a folder/ gets one picture each, .npz, .npy and .csv hold numbers.

    \b
    gansmith sample runs/digits-r3gan -n 64 -o grid.png
    gansmith sample model.gan -n 1000 -o made/ --seed 1
    gansmith sample runs/table-r3gan -n 5000 -o made.csv
    gansmith sample runs/digits-r3gan -n 64 -o better.png --refine obrs --budget 8
    gansmith sample runs/maps-pix2pix --input photos/ -o maps/
    gansmith sample runs/birds-gan-int-cls -n 16 --text "a red bird"
    gansmith sample runs/census-ctgan -n 1000 -o made.csv --where "income=>50K"
    """
    from gansmith.data.write import check_place, write_samples
    from gansmith.distributed.collectives import map_across_ranks
    from gansmith.distributed.ranks import one_task
    from gansmith.runs.load import load

    check_place(out)
    find_own(own)
    game = load(model)
    if input_ is not None:
        if not hasattr(game, "given"):
            raise UserError(f"{type(game).__name__} makes pictures from noise: leave --input away")
        pictures = game.given(input_)
        with one_task(seed) as (first, seed):
            made = map_across_ranks(lambda picture: game.translate(picture[None], seed=seed)[0], pictures.values())
        if first:
            say(write_samples(made, out, game.spec, list(pictures)))
        return
    number = label is not None and label not in game.spec.classes and label.isdigit()
    conditions = {} if label is None else {"label": int(label) if number else label}
    if text is not None:
        if "text" not in game.inputs:
            raise UserError(f"{type(game).__name__} knows no captions: leave --text away")
        conditions["text"] = text
    if where:
        if game.spec.continuous:
            raise UserError(f"{type(game).__name__} makes no rows of a table: leave --where away")
        if refine is not None:
            raise UserError("--where and --refine do not go together: give one of them")
        conditions["where"] = dict(part.split("=", 1) if "=" in part else (part, "") for part in where)
    if refine is None and budget is not None:
        raise UserError("--budget counts proposals of --refine: give that, too, such as --refine obrs")
    with one_task(seed) as (first, seed):
        if refine is None:
            made = game.sample(count, seed=seed, **conditions)
        else:
            from gansmith.runs.refine import refined, summary

            made, report = refined(model, count, method=refine, budget=budget, seed=seed, **conditions)
    if first:
        say(*([] if refine is None else [summary(report)]), write_samples(made, out, game.spec))


@app.command()
def evaluate(
    words: Annotated[list[str], typer.Argument(metavar="RUN|SAMPLES [RUN|SAMPLES] [DATA]", help="as below")],
    count: Annotated[int | None, typer.Option("-n", "--count", min=20, help="samples of each of 3 draws [500]")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="of the draws")] = 0,
    game: OwnGame = None,
) -> None:
    """Say what samples are worth: each number with its 95 % interval, and beside it what real items score.

    SAMPLES is a folder or file of what a generator made. DATA may be left out for a run: then it is the run's own, as
    far as possible the part that no player saw. A run alone is shown plain and refined by its discriminator. Of two
    runs, one is called better only if the interval of their difference excludes 0 in two feature spaces.

    \b
    gansmith evaluate runs/digits-r3gan
    gansmith evaluate runs/a runs/b photos/
    gansmith evaluate made/ photos/ -n 2000
    """
    from gansmith.distributed.ranks import one_task
    from gansmith.runs.evaluate import evaluate as measured

    find_own(game)
    with one_task(seed) as (first, seed):
        said = measured(words, n=count, seed=seed)
    if first:
        say(said)


@app.command()
def report(run: Run, game: OwnGame = None) -> None:
    """Write RUN/report.html anew, one page that needs nothing else; also of a run that is still going on.

    Of a run that ended, its samples are measured first, which takes a minute or two, unless they were already.

    \b
    gansmith report runs/photos-r3gan
    """
    from gansmith.runs.evaluate import report as written

    find_own(game)
    say(written(run))


@app.command()
def diagnose(run: Run, game: OwnGame = None) -> None:
    """Say what went wrong in a run, since when, and what to change; also while it goes on, or after it crashed.

    The exit code is 0 for a healthy run, 3 when there are warnings, 4 when it has failed.

    \b
    gansmith diagnose runs/photos-r3gan
    """
    from gansmith.diagnose import run as look
    from gansmith.diagnose import spell

    find_own(game)
    found = look(run)
    say(spell(found))
    worst = max((finding.grave for finding in found), default=0)
    raise typer.Exit((0, 3, 4)[worst])


# --- what was typed --------------------------------------------------------------------------------------------------
def pick_game(positional: list[str], look: dict) -> tuple[str, str, object, list[str]]:
    """(game, data in words, the data, why this game) of the one or two words of `train`."""
    from gansmith.gans import GAMES

    if len(positional) == 2:
        name, data = positional
        if name not in GAMES:
            known = nearest(name, GAMES) or f" There are {', '.join(GAMES)}; one of your own is --game FILE.py:CLASS"
            raise UserError(f"no GAN is called '{name}'.{known}")
        return name, data, data, []
    if len(positional) == 1 and positional[0] in GAMES and not GAMES[positional[0]].needs_data:
        return positional[0], positional[0], None, []
    if len(positional) != 1 or (positional[0] in GAMES and not Path(positional[0]).exists()):
        found = f"found '{' '.join(positional)}'" if positional else "found neither"
        raise UserError(f"train takes a GAN, or none, and DATA; {found}. Type for example: {me()} train r3gan digits")
    from gansmith.data import read
    from gansmith.distributed.ranks import Ranks
    from gansmith.gans.recommend import choose

    with Ranks().one_by_one():
        dataset = read(positional[0], **look)
    name, reasons = choose(dataset)
    return name, positional[0], dataset, reasons


def find_own(game: str | None) -> str | None:
    """The name in GAMES of the game of `--game`, once it is there."""
    if game is None:
        return None
    from gansmith.runs.own_game import find_game

    return find_game(game).__name__


def train_options() -> list[str]:
    """Every option of `train` itself."""
    command = typer.main.get_command(app).commands["train"]
    return [name for p in command.params for name in p.opts if name.startswith("--")]


def explain_train(positional: list[str]) -> None:
    """Print the help of train and, where a game is named, its settings."""
    command = typer.main.get_command(app).commands["train"]
    print(command.get_help(typer.Context(command, info_name="gansmith train")))
    if positional:
        from gansmith.cli.settings import explain_settings
        from gansmith.gans import GAMES

        if positional[0] in GAMES:
            print("\n" + explain_settings(positional[0], GAMES[positional[0]]))


def free_folder(data: str, game: str) -> Path:
    """runs/DATA-GAN, or the first of runs/DATA-GAN-2, -3, … that is not there."""
    stem = Path(data).expanduser().resolve().name.split(".")[0] or "data"
    stem = game if stem == game else f"{stem}-{game}"  # a game without data has but its own name
    names = (stem + (f"-{i}" if i > 1 else "") for i in range(1, 10**6))
    return next(Path("runs") / name for name in names if not (Path("runs") / name).exists())


# --- running ---------------------------------------------------------------------------------------------------------
def main(argv: list[str] | None = None) -> int:
    """Run a command line; the exit code: 0 done, 2 bad input (one line on stderr), 130 stopped, 1 training failed."""
    take_any_text()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = say_warning
            return typer.main.get_command(app).main(argv, prog_name="gansmith", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # `gansmith list | head`; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        say_error(told[0])
        return told[1]
