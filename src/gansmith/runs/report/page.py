"""`report.html`: the whole story of a run on one page that needs nothing else: no network, and no scripts but in the
frames of shapes that can be turned."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np

from gansmith.atomic import replacing
from gansmith.data.spec import Kind
from gansmith.diagnose.findings import Diagnosis, complete
from gansmith.errors import UserError
from gansmith.names import encodable
from gansmith.runs.measures import read
from gansmith.runs.report.exhibits import WIDE, data_uri, exhibits, file_uri
from gansmith.runs.report.next_steps import HALF, more, next_steps
from gansmith.runs.report.svg import draw, scatter, spell
from gansmith.training.folder import RunFolder
from gansmith.training.metrics import explain
from gansmith.training.modelfile import read_header
from gansmith.training.plan import spell_time

WALL = 8  # sheets on the wall
NOTHING = 0.05  # of what reals reach of the data, below which samples reach nothing of it
NOT_DRAWN = ("step", "seconds", "samples", "threads", "threads/since")  # numbers of the log

OPTIONS = {  # an option of a run -> what it is
    "steps": "training steps",
    "minutes": "minutes of training, to which every schedule fits",
    "batch_size": "batch size, of all processes together",
    "seed": "random seed",
    "device": "device",
    "precision": "number format of the losses; penalties are always in fp32",
    "val": "fraction of the data held out for validation",
    "micro_batches": "gradient-accumulation steps, to save memory",
    "size": "image size, as asked",
    "channels": "channels, as asked",
    "on_failure": "what happens if training fails: warn, stop or rollback",
}


def write_report(run_path) -> Path:
    """Write `report.html` into the folder of a run, finished or not, and return its path.

    Raises UserError when the folder is not a run's.
    """
    run = RunFolder(run_path)
    about, rows = run.read_settings(), run.read_log()
    trained, (scores, arrays) = _trained(run), read(run.path)
    diagnosis = Diagnosis(about, rows)
    findings = complete(diagnosis.findings, run.path)  # with what a rollback took out of the log
    form = Kind.from_json(about["spec"])
    points = _points(run, form)
    page = template().render(
        run=run.path,
        title=f"{about['game']} on {Path(about['name']).name}",
        about=about,
        form=form,
        trained=trained,
        items=_items(about, form),
        status=_status(about, trained, rows),
        cost=_cost(about, trained, rows),
        settings=_settings(about),
        findings=findings,
        verdict=_verdict(diagnosis, findings, scores),
        interventions=about.get("interventions", []),
        charts=_charts(about["game"], rows, [one.step for one in findings]),
        next=next_steps(run.path, about, findings, rows, scores, arrays, diagnosis.past),
        **exhibits(scores, arrays, form, points),
        **_sheets(run, form, points),
        more=more(about["options"]),
    )
    path = run.path / "report.html"
    with replacing(path) as beside:
        beside.write_text(encodable(page), encoding="utf-8")
    return path


@cache
def template():
    """The page's jinja template, which takes longer to compile than a page to fill."""
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pages.filters["options"] = options_as_code
    return pages.get_template("page.html.jinja")


def _verdict(diagnosis, findings: list, scores: list[dict]) -> tuple[str, str]:
    """(a word, some sentences): how the run went and what its samples are worth. What they reach of the data comes
    before how many lie on it: a few good samples over and over, or one grey picture, have a high precision, too."""
    grave = next((one for one in findings if one.severity != "note"), None)
    value = {row["metric"]: row for row in reversed(scores) if row["samples"] == "plain"}  # of the first space
    measured = {"coverage", "recall", "precision"} <= set(value)
    reach = [value["coverage"], value["recall"]] if measured else []
    nothing = any(one["value"] < NOTHING * one["floor"] for one in reach)
    if not diagnosis.past.row:
        word, why = "empty", "Nothing was logged yet."
    elif grave:
        word = {"failure": "failed", "warning": "warning"}[grave.severity]
        why = f"{grave.name.replace('-', ' ').capitalize()} since step {grave.step:,}."
    elif diagnosis.age:
        word, why = "young", diagnosis.age.partition(": ")[2].capitalize() + "."
    elif nothing:
        word, why = "failed", "No rule of the diagnosis found why."
    else:
        word, why = "healthy", "The diagnosis found no failure."
    if not measured:
        return word, why
    cover, recall, precision = (value[name] for name in ("coverage", "recall", "precision"))
    if word == "healthy" and any(one["high"] < HALF * one["floor"] for one in (cover, precision)):
        word = "far"
    if nothing:
        why += (
            f" The samples reach almost nothing of the data: {_beside('coverage', cover)}, {_beside('recall', recall)}."
        )
        if precision["value"] > HALF * precision["floor"]:
            why += (
                f" The precision of {precision['value']:.2f} only says that they lie in its middle, as one grey or "
                "average item would."
            )
        return word, why
    return (
        word,
        f"{why} Samples: {', '.join(_beside(name, value[name]) for name in ('coverage', 'recall', 'precision'))}.",
    )


def _beside(name: str, row: dict) -> str:
    """'coverage 0.12 (real data 0.89)'."""
    return f"{name} {row['value']:.2f} (real data {row['floor']:.2f})"


def _trained(run: RunFolder) -> dict:
    """What model.gan says of the training; {} when there is none yet."""
    try:
        return read_header(run.model)["trained"]
    except UserError:
        return {}


def _items(about: dict, form: Kind) -> str:
    """'1,797 pictures of 8 × 8, 1 channel, in 10 classes'."""
    return form.describe(about["items"]) + (f", in {len(form.classes)} classes" if form.classes else "")


def _status(about: dict, trained: dict, rows: list[dict]) -> str:
    """'finished', or how far it has come."""
    step = rows[-1]["step"] if rows else 0
    if not trained or step > trained["rounds"]:
        return f"not finished: {step:,} training steps are logged; it is still training, or was killed"
    why = f"by a failure ({trained['enough']})" if trained.get("enough") else "on request"
    return "finished" if trained["finished"] else f"stopped {why} after training step {trained['rounds']:,}"


def _cost(about: dict, trained: dict, rows: list[dict]) -> list[tuple[str, str]]:
    last = rows[-1] if rows else {"step": 0, "samples": 0, "seconds": 0.0}
    if trained and trained["rounds"] >= last["step"]:
        last = {"step": trained["rounds"], "samples": trained["samples"], "seconds": trained["seconds"]}
    skipped = [f"{count:,} of the {player}" for player, count in trained.get("skipped", {}).items()]
    cost = [
        ("training steps", f"{last['step']:,}"),
        ("real samples shown", f"{last['samples']:,} ({last['samples'] / about['items']:,.1f} times the data)"),
        ("time in training", spell_time(last["seconds"])),
        ("speed", f"{last['samples'] / last['seconds']:,.0f} samples/s" if last["seconds"] else "—"),
        ("skipped updates", ", ".join(skipped) or ("none" if trained else "—")),
    ]
    cost += [("machine", about["machine"])] if "machine" in about else []
    cost += [("threads", _threads(trained["threads"]))] if trained.get("threads") else []
    software = f"gansmith {about['gansmith']}, torch {about.get('torch', 'unknown')}"
    return [*cost, ("software", software), ("begun", about.get("started", "unknown"))]


def _threads(changes: list) -> str:
    """'2; 1 since step 893'."""
    return "; ".join(f"{count} since step {since:,}" if since else str(count) for since, count in changes)


def _settings(about: dict) -> list[dict]:
    """Every setting and option: name, value, default, who set it, meaning."""
    from gansmith.gans import GAMES

    known = {f.name: f for f in fields(GAMES[about["game"]])} if about["game"] in GAMES else {}
    rows = []
    for name, value in about["settings"].items():
        default = known[name].default if name in known else None
        who = "asked" if name in about["asked"] else "chosen" if name in known and value != default else ""
        meaning = known[name].metadata["meaning"] if name in known else ""
        rows.append({"name": name, "value": value, "default": default, "who": who, "meaning": meaning})
    for name, meaning in OPTIONS.items():
        value = about["options"].get(name)
        rows.append({"name": name, "value": value, "default": None, "who": "", "meaning": meaning})
    return rows


def _charts(game: str, rows: list[dict], marks: list[int]) -> list[dict]:
    """One chart for the numbers that belong on one scale, each number with its last value and its meaning."""
    from gansmith.gans import GAMES

    known = GAMES.get(game)
    names = dict.fromkeys(name for row in rows for name in row if name not in NOT_DRAWN)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(group(name), []).append(name)
    charts = []
    for title, members in sorted(groups.items(), key=lambda g: ("discriminator" in g[0], g[0])):
        points = {n: [(r["step"], r[n]) for r in rows if n in r] for n in members}
        if len(rows) > 1 and all(len(p) == 1 for p in points.values()):
            continue  # what was logged once, such as the levels of other numbers, is no curve
        curves = {n: ([x for x, _ in p], [y for _, y in p]) for n, p in points.items()}
        tail = {n: [y for _, y in p[-max(1, len(p) // 20) :]] for n, p in points.items()}
        numbers = [
            {"name": n, "last": spell(float(f"{sum(tail[n]) / len(tail[n]):.3g}")), "metric": explain(n, known)}
            for n in members
        ]
        charts.append({"title": title, "svg": draw(curves, marks), "numbers": numbers})
    return charts


def options_as_code(text: str):
    """Escaped text in which every --option stands in <code>."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(--[a-z-]+)", r"<code>\1</code>", str(escape(text))))


def group(name: str) -> str:
    """Numbers drawn together: a player's losses; observed numbers whose names begin alike ('discriminator/slope_…')."""
    who, _, term = name.partition("/")
    return f"{who}/{term.split('_')[0]}" if "_" in term else who


def _points(run: RunFolder, form: Kind) -> np.ndarray | None:
    """Real points (n, 2) of a run on the plane."""
    file = run.path / "real.npy"
    return np.load(file) if tuple(form.shape) == (2,) and form.continuous and file.is_file() else None


def _sheets(run: RunFolder, form: Kind, points: np.ndarray | None) -> dict:
    """`made` (the last sheet), `real`, and `wall`: at most WALL sheets from the first to the last."""
    paths = sorted(path for path in run.samples.glob("*.png") if path.stem.isdigit())
    chosen = paths
    if len(paths) > WALL:
        chosen = [paths[round(i * (len(paths) - 1) / (WALL - 1))] for i in range(WALL)]
    real = run.path / "real.png"
    part = 0.5 if form.cropped else 1.0  # of sheets of pictures, the upper left quarter
    played = lambda path: [file_uri(*one) for one in form.played(path.with_suffix(""))]  # noqa: E731
    return {
        "made": _show(paths[-1], points) | {"round": int(paths[-1].stem), "played": played(paths[-1])}
        if paths
        else None,
        "real": _show(real, points) | {"played": played(real)} if real.is_file() else None,
        "wall": [_show(path, points, 800, part, 320) | {"round": int(path.stem)} for path in chosen],
    }


def _show(path: Path, points, dots: int = 2000, part: float = 1.0, most: int = WIDE) -> dict:
    """A sheet as a picture, `part` of its sides from the upper left; of the plane, `dots` points where `points` are."""
    if points is not None and path.with_suffix(".npy").is_file():
        return {"svg": scatter(np.load(path.with_suffix(".npy"))[:dots], points.min(0), points.max(0))}
    from PIL import Image

    picture = Image.open(path)
    return {"picture": data_uri(picture.crop((0, 0, round(picture.width * part), round(picture.height * part))), most)}
