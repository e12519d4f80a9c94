"""The command line: parses, calls, prints. Everything it does is a function of the package that Python can call too.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from gansmith.cli.arguments import Channels, Minutes, OwnGame, Quiet, Run, Seed, Size, Steps, Within, find_own
from gansmith.cli.console import explain, say, say_error, say_warning, take_any_text
from gansmith.cli.sampling import impute, sample
from gansmith.cli.waiting import Waiting
from gansmith.distributed.track import watched_by
from gansmith.names import safe_name
from gansmith.version import __version__

app = typer.Typer(name="gansmith", add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def gansmith(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
) -> None:
    """Train generative adversarial networks on your data, and measure how good they are.

    \b
    gansmith train photos/                  a folder of images; the GAN is chosen for it
    gansmith train wgan-gp digits --minutes 2
    gansmith sample runs/digits-wgan-gp -n 64 -o grid.png
    gansmith train wgan-gp --help           the settings of one GAN
    """
    if version:
        print(__version__)
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_games(
    game: OwnGame = None,
    kinds: Annotated[bool, typer.Option("--kinds", help="list the kinds of data instead, with their options")] = False,
) -> None:
    """List the available GANs, one line each, or the kinds of data.

    \b
    gansmith list
    gansmith list --kinds
    gansmith train r3gan --help             the settings of one of them
    """
    from gansmith.gans.catalogue import listing

    if kinds:
        from gansmith.cli.settings import explain_kinds

        return print(explain_kinds())
    find_own(game)
    print(listing())


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def check(
    context: typer.Context,
    data: Annotated[str, typer.Argument(metavar="DATA", help="folder or file of data, or name of a data set")],
    size: Size = None,
    channels: Channels = None,
    types: Annotated[str | None, typer.Option(metavar="T", help="column types: 'zip=categorical, since=date'")] = None,
) -> None:
    """Check data before training: what it contains, what looks wrong, and how training would use it.

    \b
    gansmith check photos/
    gansmith check table.csv --types "zip=categorical"
    gansmith check scans.zip --size 64 --channels 1
    gansmith check sounds/ --rate 16000     an option of that kind of data
    """
    from gansmith.cli.settings import read_reading, read_size
    from gansmith.data import check as look

    say(look(data, size=read_size(size), channels=channels, types=types, **read_reading(context.args)))


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
    seed: Seed = 0,
    batch_size: Annotated[int | None, typer.Option(metavar="B", help="batch size [64, or all items if fewer]")] = None,
    device: Annotated[str, typer.Option(help="device: cuda, cuda:1, mps, cpu or auto")] = "auto",
    precision: Annotated[str, typer.Option(help="number format: fp32, bf16 or auto")] = "auto",
    micro_batches: Annotated[int, typer.Option(metavar="N", help="gradient-accumulation steps, to save memory")] = 1,
    threads: Annotated[int | None, typer.Option(metavar="N", help="CPU threads [the fastest number, by trial]")] = None,
    record: Annotated[bool, typer.Option(help="use CUDA graphs on the GPU")] = True,
    val: Annotated[float, typer.Option(metavar="V", help="fraction of the data held out for validation")] = 0.05,
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="stop after N evaluations without improvement [never]")
    ] = None,
    on_failure: Annotated[str, typer.Option(metavar="HOW", help="if training fails: warn, stop or rollback")] = "warn",
    size: Size = None,
    channels: Channels = None,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from", "--init", metavar="RUN", help="start with the weights of a trained model, of the same GAN"
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing run in RUN")] = False,
    quiet: Quiet = False,
    help_: Annotated[bool, typer.Option("--help", help="show this; after the name of a GAN, its settings too")] = False,
) -> None:
    """Train a GAN on your data.

    GAN is a name from `gansmith list`; without one, a suitable GAN is chosen for the data. DATA is a folder or zip of
    images or sounds, a .npz, .npy, .csv or .parquet file, or the name of a data set. Every setting of the GAN is an
    option, too, and so is every option of a kind of data: `gansmith train GAN --help` lists them.

    Ctrl-C (also SIGTERM, SIGHUP) saves everything before it stops; `gansmith resume RUN` continues.

    \b
    gansmith train photos/                  the GAN is chosen for the data, and the output says why
    gansmith train dcgan photos/ --size 64 --minutes 30
    gansmith train wgan-gp mnist --steps 20000 --penalty 10 --out runs/mine
    gansmith train table.csv
    gansmith train --game my_gan.py:MyGAN photos/
    gansmith train other-photos/ --start-from runs/photos-r3gan
    gansmith train wgan-gp --help           the settings of wgan-gp
    torchrun --nproc-per-node 8 -m gansmith train photos/ --minutes 600
    """
    own = find_own(game)
    if help_:
        explain_train([own] if own else words or [])
        raise typer.Exit()
    begun = time.monotonic()
    from gansmith.cli.choosing import chosen
    from gansmith.cli.progress import watched
    from gansmith.cli.settings import read_size, split_words
    from gansmith.gans import GAMES
    from gansmith.runs.train import fit

    positional, given = split_words(words or [], GAMES.values())
    named = [own, *positional] if own else positional
    found = chosen(named, given, {"size": read_size(size), "channels": channels}, start_from, train_options())
    start = partial(
        fit,
        GAMES[found.game](**found.settings),
        found.data,
        steps=steps,
        minutes=minutes,
        batch_size=batch_size,
        seed=seed,
        overwrite=overwrite,
        device=device,
        precision=precision,
        micro_batches=micro_batches,
        threads=threads,
        record=record,
        val=val,
        patience=patience,
        on_failure=on_failure,
        **found.look,
        reading=found.reading,
        start_from=start_from,
        reasons=found.reasons,
    )
    with free_folder(found.words, found.game) if out is None else nullcontext(out) as place:
        watched(partial(start, out=place), place, f"{found.game} on {found.words}, into {place}", quiet, begun)


@app.command()
def resume(
    run: Run,
    steps: Annotated[int | None, typer.Option(metavar="N", help="total training steps [as before]")] = None,
    minutes: Annotated[float | None, typer.Option(metavar="M", help="total minutes of training [as before]")] = None,
    data: Annotated[str | None, typer.Option(metavar="DATA", help="new location of the data, if it moved")] = None,
    changed: Annotated[
        bool, typer.Option("--accept-changed-data", help="continue with data that is no longer the same")
    ] = False,
    game: OwnGame = None,
    quiet: Quiet = False,
) -> None:
    """Continue a run from its last save. --steps and --minutes are totals, including what is already trained.

    \b
    gansmith resume runs/photos-r3gan
    gansmith resume runs/photos-r3gan --minutes 120
    gansmith resume runs/photos-r3gan --accept-changed-data     photos were added
    """
    begun = time.monotonic()
    from gansmith.cli.progress import watched
    from gansmith.runs.train import resume as go_on

    find_own(game)
    watched(
        partial(go_on, run, data=data, accept_changed_data=changed, steps=steps, minutes=minutes), run, "", quiet, begun
    )


app.command()(sample)
app.command()(impute)


@app.command(context_settings={"ignore_unknown_options": True})
def evaluate(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN|SAMPLES [RUN|SAMPLES] [DATA]", help="see below"),
    ],
    count: Annotated[int | None, typer.Option("-n", "--count", min=20, help="samples in each of 3 draws [500]")] = None,
    seed: Seed = 0,
    within: Within = None,
    game: OwnGame = None,
) -> None:
    """Measure sample quality: every metric with its 95 % confidence interval, next to what real data scores.

    SAMPLES is a folder or file of generated samples, from any program. DATA can be omitted for a run: its own data is
    used, if possible the held-out part. A single run is also measured with samples refined by its discriminator. Of two
    runs, one is called better only if the confidence interval of their difference excludes 0 in two feature spaces.

    \b
    gansmith evaluate runs/digits-r3gan
    gansmith evaluate runs/a runs/b photos/
    gansmith evaluate made/ photos/ -n 2000
    gansmith evaluate made.csv orders.csv --group customer_id     an option of that kind of data
    """
    from gansmith.cli.settings import with_reading
    from gansmith.distributed.ranks import one_task
    from gansmith.runs.evaluate import evaluate as measured

    find_own(game)
    words, reading = with_reading(words)
    with one_task(seed) as (first, seed):
        said = measured(words, n=count, seed=seed, seconds=within, reading=reading)
    if first:
        say(said)


@app.command()
def report(run: Run, within: Within = None, game: OwnGame = None) -> None:
    """Write RUN/report.html, a self-contained page about the run; also while the run is still training.

    The samples of a finished run are measured first if they were not yet, which takes a minute or two.

    \b
    gansmith report runs/photos-r3gan
    gansmith report runs/photos-r3gan --within 30
    """
    from gansmith.runs.evaluate import report as written

    find_own(game)
    say(written(run, seconds=within))


@app.command()
def diagnose(run: Run, game: OwnGame = None) -> None:
    """Find out what went wrong in a run, since when, and what to change; also while it is training or after a crash.

    The exit code is 0 for a healthy run, 3 for warnings, 4 for a failure.

    \b
    gansmith diagnose runs/photos-r3gan
    """
    from gansmith.diagnose import run as look
    from gansmith.diagnose import spell

    find_own(game)
    found = look(run)
    say(spell(found, run))
    worst = max((finding.grave for finding in found), default=0)
    raise typer.Exit((0, 3, 4)[worst])


# --- what was typed --------------------------------------------------------------------------------------------------
def train_options() -> list[str]:
    """Every option of `train` itself."""
    command = typer.main.get_command(app).commands["train"]
    return [name for p in command.params for name in p.opts if name.startswith("--")]


def explain_train(positional: list[str]) -> None:
    """Print the help of train and, where a GAN or data is named, the options of the kinds of data and its settings.

    Alone it answers at once: what kinds there are is known only once torch is loaded.
    """
    command = typer.main.get_command(app).commands["train"]
    print(command.get_help(typer.Context(command, info_name="gansmith train")))
    if positional:
        from gansmith.cli.settings import explain_kinds, explain_settings
        from gansmith.gans import GAMES

        print("\n" + explain_kinds())
        if positional[0] in GAMES:
            print("\n" + explain_settings(positional[0], GAMES[positional[0]]))


def free_folder(data: str, game: str):
    """A context in which runs/DATA-GAN, or the first free of runs/DATA-GAN-2, -3, … is this process's."""
    from gansmith.distributed.ranks import Ranks
    from gansmith.training.claim import numbered

    stem = safe_name(Path(data).expanduser().resolve().name.split(".")[0] or "data")
    stem = game if stem == game else f"{stem}-{game}"  # a game without data has but its own name
    return numbered(Path("runs") / stem, Ranks())


# --- running ---------------------------------------------------------------------------------------------------------
def main(argv: list[str] | None = None) -> int:
    """Run a command line; the exit code: 0 done, 2 bad input (one line on stderr), 130 stopped, 1 training failed."""
    take_any_text()
    try:
        with warnings.catch_warnings(), watched_by(Waiting()):
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
