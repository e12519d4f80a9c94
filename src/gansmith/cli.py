"""The command line: parses, calls, prints. Everything it does is a function of the package that Python can call too.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from gansmith.errors import UserError, nearest
from gansmith.version import __version__

app = typer.Typer(
    name="gansmith", add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")]
Steps = Annotated[int | None, typer.Option(metavar="N", help="rounds of play")]
Minutes = Annotated[float | None, typer.Option(metavar="M", help="wall time instead, to which every schedule fits [5]")]
Size = Annotated[str | None, typer.Option(metavar="S", help="of pictures: 64, or HEIGHTxWIDTH [from the data]")]
Channels = Annotated[int | None, typer.Option(metavar="C", help="of pictures: 1, 3 or 4 [from the data]")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="print the run's folder only")]


@app.callback(invoke_without_command=True)
def gansmith(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
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


@app.command("list")
def list_games() -> None:
    """The games there are, one line each.

    \b
    gansmith list
    gansmith train r3gan --help             the settings of one of them
    """
    from gansmith.gans import GAMES

    width = max(map(len, GAMES))
    for name, game in GAMES.items():
        print(f"{name:<{width}}  {game.summary}")


@app.command()
def check(
    data: Annotated[str, typer.Argument(metavar="DATA", help="folder, file or name of a data set")],
    size: Size = None,
    channels: Channels = None,
) -> None:
    """Look at data before training: what is there, what is odd, what training would do with it.

    \b
    gansmith check photos/
    gansmith check table.csv
    gansmith check scans.zip --size 64 --channels 1
    """
    from gansmith.data import check as look

    print(look(data, size=read_size(size), channels=channels))


class Train(TyperCommand):
    """Its options are its own and, as words it does not know, the settings of whatever game is named."""

    def collect_usage_pieces(self, ctx) -> list[str]:
        return ["[GAN]", "DATA", "[OPTIONS]", "[--SETTING V]..."]


@app.command(cls=Train, context_settings={"ignore_unknown_options": True}, add_help_option=False)
def train(
    words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    steps: Steps = None,
    minutes: Minutes = None,
    out: Annotated[Path | None, typer.Option(metavar="RUN", help="folder for the run [runs/DATA-GAN]")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="of all chance: the same seed, the same run")] = 0,
    batch_size: Annotated[int | None, typer.Option(metavar="B", help="items of a move [64, or all if fewer]")] = None,
    device: Annotated[str, typer.Option(help="cuda, cuda:1, mps, cpu or auto")] = "auto",
    precision: Annotated[str, typer.Option(help="fp32, bf16 or auto")] = "auto",
    val: Annotated[float, typer.Option(metavar="V", help="share of the data that no player ever sees")] = 0.05,
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
    gansmith train wgan-gp --help           the settings of wgan-gp
    torchrun --nproc-per-node 8 -m gansmith train photos/ --minutes 600
    """
    positional, given = split_words(words or [], switches() if words else set())
    if help_:
        explain_train(positional)
        raise typer.Exit()
    begun = time.monotonic()
    from gansmith.gans import GAMES
    from gansmith.progress import Progress
    from gansmith.run import fit

    look = {"size": read_size(size), "channels": channels}
    name, data, reasons = pick_game(positional, look)
    game = GAMES[name](**read_settings(GAMES[name], given))
    out = out or free_folder(data, name)
    title = f"{name} on {data}, into {out}"
    with Progress(title, quiet or not first_rank()) as progress, told_when_stopped(out):
        fit(
            game,
            data,
            steps=steps,
            minutes=minutes,
            batch_size=batch_size,
            seed=seed,
            out=out,
            overwrite=overwrite,
            device=device,
            precision=precision,
            val=val,
            **look,
            watch=progress.watch,
            say=progress.say,
            reasons=reasons,
        )
    finish(game, out, quiet, time.monotonic() - begun)


@app.command()
def resume(
    run: Run,
    steps: Steps = None,
    minutes: Minutes = None,
    data: Annotated[str | None, typer.Option(metavar="DATA", help="where the data is now, if it moved")] = None,
    quiet: Quiet = False,
) -> None:
    """Go on with a run exactly where its last save stands. A new budget counts from the run's beginning.

    \b
    gansmith resume runs/photos-r3gan
    gansmith resume runs/photos-r3gan --minutes 120
    """
    begun = time.monotonic()
    from gansmith.progress import Progress
    from gansmith.run import resume as go_on

    with Progress("", quiet or not first_rank()) as progress, told_when_stopped(run):
        game = go_on(run, data=data, steps=steps, minutes=minutes, watch=progress.watch, say=progress.say)
    if not progress.rows and game.trained["finished"]:
        progress.say("nothing was left to play: the run's budget is spent")
    finish(game, run, quiet, time.monotonic() - begun)


@app.command()
def sample(
    model: Annotated[Path, typer.Argument(metavar="RUN|MODEL.gan", help="folder of a run, or a model file")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="how many")] = 64,
    out: Annotated[str, typer.Option("-o", "--out", metavar="OUT", help="x.png, x.npz, x.npy, x.csv or folder/")] = (
        "samples.png"
    ),
    seed: Annotated[int | None, typer.Option(metavar="S", help="the same seed, the same samples [new ones]")] = None,
    label: Annotated[str | None, typer.Option(metavar="L", help="class, by name or number (conditional games)")] = None,
) -> None:
    """Make new items: a .png is one sheet of all, a folder/ gets one picture each, .npz, .npy and .csv hold numbers.

    \b
    gansmith sample runs/digits-r3gan -n 64 -o grid.png
    gansmith sample model.gan -n 1000 -o made/ --seed 1
    gansmith sample runs/table-r3gan -n 5000 -o made.csv
    """
    from gansmith.run import load
    from gansmith.samples import check_place, write_samples

    check_place(out)
    game = load(model)
    conditions = {} if label is None else {"label": label if label in game.spec.classes else number(label, "--label")}
    print(write_samples(game.sample(count, seed=seed, **conditions), out, game.spec))


@app.command()
def report(run: Run) -> None:
    """Write RUN/report.html anew, one page that needs nothing else; also of a run that is still going on.

    \b
    gansmith report runs/photos-r3gan
    """
    from gansmith.evaluate.report import write_report

    print(write_report(run))


BOOLEAN = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


# --- what was typed --------------------------------------------------------------------------------------------------
def switches() -> set[str]:
    """Options of all games that are true when they stand alone."""
    from dataclasses import fields

    from gansmith.gans import GAMES

    return {f.name.replace("_", "-") for game in GAMES.values() for f in fields(game) if isinstance(f.default, bool)}


def split_words(words: list[str], alone: set[str]) -> tuple[list[str], dict[str, str | None]]:
    """Positional words, and options (`--name value`, `--name=value`, or a switch of `alone`) as name -> text.

    An option that no value follows has None.
    """
    positional, given, waiting = [], {}, None
    for word in words:
        if word.startswith("--"):
            waiting, equals, value = word[2:].partition("=")
            given[waiting] = value if equals else None
            waiting = None if equals else waiting
        elif waiting and (waiting.replace("_", "-") not in alone or word.lower() in BOOLEAN):
            given[waiting], waiting = word, None
        else:
            positional.append(word)
            waiting = None
    return positional, given


def pick_game(positional: list[str], look: dict) -> tuple[str, str, list[str]]:
    """(game, data, why this game) of the one or two words of `train`."""
    from gansmith.gans import GAMES

    if len(positional) == 2:
        name, data = positional
        if name not in GAMES:
            known = nearest(name, GAMES) or f" There are {', '.join(GAMES)}"
            raise UserError(f"no GAN is called '{name}'.{known}")
        return name, data, []
    if len(positional) != 1 or (positional[0] in GAMES and not Path(positional[0]).exists()):
        found = f"found {' '.join(positional)}" if positional else "found nothing"
        raise UserError(f"train takes a GAN, or none, and DATA, {found}: type for example gansmith train r3gan digits")
    from gansmith.choose import choose
    from gansmith.data import read

    name, reasons = choose(read(positional[0], **look))
    return name, positional[0], reasons


def read_settings(game, given: dict[str, str | None]) -> dict:
    """Settings of `game` from their texts, by the types of its annotations; UserError names the nearest for others."""
    from dataclasses import fields
    from typing import get_args, get_type_hints

    hints, settings = get_type_hints(game), {}
    known = {f.name.replace("_", "-"): f.name for f in fields(game)}
    for option, text in given.items():
        name = known.get(option.replace("_", "-"))
        if name is None:
            close = nearest(f"--{option}", [f"--{o}" for o in [*known, *train_options()]])
            raise UserError(f"train and {game.__name__} have no option --{option}.{close} See: {me()} train --help")
        kinds = list(get_args(hints[name]) or (hints[name],))
        settings[name] = read_value(option, text, kinds)
    return settings


def read_value(option: str, text: str | None, kinds: list[type]):
    """A text as the first of `kinds` that it can be."""
    if bool in kinds and (text or "true").lower() in BOOLEAN:
        return BOOLEAN[(text or "true").lower()]
    if type(None) in kinds and text is not None and text.lower() == "none":
        return None
    for kind in (int, float, str):
        try:
            if kind in kinds and text is not None:
                return kind(text)
        except ValueError:
            continue
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a word", type(None): "none"}
    found = "found nothing" if text is None else f"found '{text}'"
    raise UserError(f"--{option} takes {' or '.join(words[k] for k in kinds)}, {found}")


def read_size(text: str | None) -> int | tuple[int, int] | None:
    if text is None:
        return None
    sides = text.lower().split("x")
    if not all(s.isdigit() and int(s) for s in sides) or len(sides) > 2:
        raise UserError(f"--size takes 64 or HEIGHTxWIDTH such as 48x64, found '{text}'")
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def number(text: str, option: str) -> int | str:
    """The class number, or the text itself, which the game then refuses with the names there are."""
    return int(text) if text.lstrip("-").isdigit() else text


def train_options() -> list[str]:
    command = typer.main.get_command(app).commands["train"]
    return [name.lstrip("-") for p in command.params for name in p.opts if name.startswith("--")]


def explain_train(positional: list[str]) -> None:
    """The help of train, and of the game whose name was given, its settings."""
    command = typer.main.get_command(app).commands["train"]
    print(command.get_help(typer.Context(command, info_name="gansmith train")))
    if positional:
        from dataclasses import fields

        from gansmith.gans import GAMES

        if positional[0] in GAMES:
            print(f"\nSettings of {positional[0]}: {GAMES[positional[0]].summary}")
            for f in fields(GAMES[positional[0]]):
                allowed = f" ({', '.join(f.metadata['choices'])})" if f.metadata["choices"] else ""
                print(f"  --{f.name.replace('_', '-'):<22} {f.metadata['meaning']}{allowed} [{f.default}]")


# --- where and how ---------------------------------------------------------------------------------------------------
def free_folder(data: str, game: str) -> Path:
    """runs/DATA-GAN, or the first of runs/DATA-GAN-2, -3, … that is not there."""
    stem = Path(data.rstrip("/")).expanduser().absolute().name.split(".")[0] or "data"
    names = (f"{stem}-{game}" + (f"-{i}" if i > 1 else "") for i in range(1, 10**6))
    return next(Path("runs") / name for name in names if not (Path("runs") / name).exists())


def first_rank() -> bool:
    return os.environ.get("RANK", "0") == "0"


def me() -> str:
    """What to type to call this program again."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m gansmith"
    there = shutil.which("gansmith")
    return "gansmith" if there is None or Path(there).samefile(called) or called.name != "gansmith" else str(called)


class told_when_stopped:
    """Say what a second Ctrl-C, or one before training began, leaves behind."""

    def __init__(self, run: Path):
        self.run = run

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is KeyboardInterrupt:
            saved = (self.run / "checkpoint").exists()
            say_error(
                f"stopped; go on with: {me()} resume {self.run}" if saved else "stopped before anything was saved"
            )
            raise typer.Exit(130)


def finish(game, run: Path, quiet: bool, seconds: float) -> None:
    """Say where things are and what to type next. Raises Exit(130) when the run was stopped before its end."""
    from gansmith.training.folder import RunFolder
    from gansmith.training.plan import spell_time

    done = game.trained
    if first_rank() and quiet:
        print(run)
    elif first_rank():
        print(
            f"\n{done['rounds']:,} rounds, {done['samples']:,} samples, {spell_time(done['seconds'])} of training; "
            f"this command took {spell_time(seconds)}"
        )
        print(f"  {run}/report.html   the whole story on one page")
        print(f"  {run}/samples/      what it made along the way")
        print(f"  {run}/model.gan     the trained generator")
    if not done["finished"]:
        if first_rank():
            say_error(f"stopped after round {done['rounds']}; go on with: {me()} resume {run}")
        raise typer.Exit(130)
    if first_rank() and not quiet:
        options = RunFolder(run).read_settings()["options"]
        more = f"--steps {2 * options['steps']}" if options["steps"] else f"--minutes {2 * options['minutes']:g}"
        print("next:")
        picture = game.spec.kind == "images"
        print(f"  {me()} sample {run} " + ("-n 64 -o grid.png" if picture else "-n 5000 -o samples.npz"))
        print(f"  {me()} report {run}")
        print(f"  {me()} resume {run} {more}")


# --- errors ----------------------------------------------------------------------------------------------------------
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)


def say_error(text: str) -> None:
    if first_rank():
        print("gansmith: " + " ".join(str(text).split()), file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Run a command line; the exit code: 0 done, 2 bad input (one line on stderr), 130 stopped, 1 training failed."""
    try:
        return typer.main.get_command(app).main(argv, prog_name="gansmith", standalone_mode=False) or 0
    except UserError as error:
        say_error(error)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno == errno.EPIPE:
            return 1
        if error.errno not in DISK:
            raise
        say_error(f"{error.filename}: {error.strerror}" if error.filename else error)
        return 2
    except Exception as error:
        line = one_line(error)
        if line is None:
            raise
        say_error(line)
        return getattr(error, "exit_code", 1)


def one_line(error: Exception) -> str | None:
    """What to say of an error that is neither the user's nor a defect; None for all others, which keep their trace."""
    if hasattr(error, "format_message"):  # what was typed does not parse; typer carries its own copy of click's errors
        return f"{error.format_message()} See: {me()} --help"
    text = str(error)
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return "out of memory: give a smaller --batch-size, --size or --width"
    if type(error).__name__ == "Diverged":
        return f"{text}: training cannot go on; start anew with a lower --learning-rate"
    return None
