"""What was measured of a run, as the report shows it: tables, pictures, curves and a sentence for each."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np

from gansmith.data.spec import Kind
from gansmith.evaluate.counts import Z_LIMIT
from gansmith.evaluate.protocol import Card
from gansmith.runs.field import worst_columns
from gansmith.runs.report.svg import bars, draw, plane, scatter, spell

NAMES = {
    "frechet_distance": "Fréchet distance (FID in Inception features)",
    "kernel_distance": "kernel distance (KID)",
    "mind": "MIND (sliced Wasserstein distance)",
}
HEAVY = 100_000  # bytes of a PNG above which a picture is stored as a JPEG
WIDE = 700  # pixels of a picture on the page, at most
FEW = 8  # columns of a row that are shown


def exhibits(rows: list[dict], arrays: dict, form: Kind, points: np.ndarray | None = None) -> dict:
    """Name in the template -> what it shows; absent ones are None.

    rows, arrays: from `measures.read`; `points` (n, 2) are the reals of data in the plane
    """
    has = lambda name: arrays.get(name) if arrays else None  # noqa: E731
    return {
        "tables": tables(rows),
        "proposals": next((row["proposals"] for row in rows if row["samples"] == "refined"), None),
        "measured": int(arrays["rounds"]) if arrays else None,
        "notes": list(map(str, arrays.get("notes", ()))),
        "skipped": list(map(str, arrays.get("skipped", ()))),
        "worst": items(has("worst"), form, points),
        "best": items(has("best"), form, points),
        "realism": None if has("worst") is None else (arrays["worst_realism"][0], arrays["best_realism"][0]),
        "copies": copies(arrays, form) if has("copy_fake") is not None else None,
        "classes": classes(arrays) if has("class_z") is not None else None,
        "spectrum": spectrum(arrays) if has("frequency") is not None else None,
        "figures": figures(arrays),
        "field": field(arrays) if has("field_names") is not None else None,
        "field_says": str(arrays.get("field_says", "")),
        "columns": [(name, f"{far:.2f}", f"{usual:.2f}") for name, far, usual in worst_columns(arrays or {})],
    }


def tables(rows: list[dict]) -> list[dict]:
    """For each feature space its plane, its card and its lines: metric, texts of samples cut at '±', text of reals."""
    found: dict[str, dict] = {}
    for row in rows:
        found.setdefault(row["space"], {}).setdefault(row["metric"], {})[row["samples"]] = row
    kinds = list(dict.fromkeys(row["samples"] for row in rows))
    shown = []
    for space, metrics in found.items():
        lines = []
        for metric, by in metrics.items():
            values = [(told(by[kind]) if kind in by else "—").partition(" ± ") for kind in kinds]
            lines.append((NAMES.get(metric, metric), values, spell(float(f"{first(by)['floor']:.3g}"))))
        card = str(Card(**first(first(metrics))["card"]))
        shown.append({"space": space, "kinds": kinds, "lines": lines, "plane": _plane(metrics), "card": card})
    return shown


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def first(mapping: dict):
    return next(iter(mapping.values()))


def told(row: dict) -> str:
    """'0.931 ± 0.021', the value to where its interval's second digit stands; '0.931' where there is none."""
    half = (row["high"] - row["low"]) / 2
    if not (math.isfinite(half) and half > 0):
        return f"{row['value']:.3g}"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{row['value']:.{digits}f} ± {half:.{digits}f}".replace("-", "−")


def _plane(metrics: dict) -> str | None:
    """Coverage across, precision up: each kind of samples with its intervals, then the reals."""
    if not {"precision", "coverage"} <= set(metrics):
        return None
    sides = metrics["coverage"], metrics["precision"]
    side = lambda by, kind: (by[kind]["value"], by[kind]["low"], by[kind]["high"])  # noqa: E731
    points = {kind: (side(sides[0], kind), side(sides[1], kind)) for kind in sides[0]}
    floors = [first(by)["floor"] for by in sides]
    return plane(points | {"reals": ((floors[0],) * 3, (floors[1],) * 3)})


def items(array: np.ndarray | None, form: Kind, points: np.ndarray | None) -> dict | None:
    """Pictures as one sheet, points marked among `points`, other vectors as rows of numbers."""
    if array is None:
        return None
    if (picture := sheet(form, array)) is not None:
        return {"picture": picture}
    if points is not None:
        return {"svg": scatter(points[:2000], points.min(0), points.max(0), marked=array)}
    flat = array.reshape(len(array), -1)
    names = form.columns or [f"column {i}" for i in range(flat.shape[1])]
    return {"names": names[:FEW], "rows": [[f"{v:.4g}" for v in row[:FEW]] for row in flat], "more": len(names) - FEW}


def copies(arrays: dict, form: Kind) -> dict:
    """The closest pairs, and what to think of them."""
    among, of = map(int, arrays["copy_among"])
    part = "the training data" if among == of else f"{among:,} of the {of:,} training items"
    found: dict[str, Any] = {
        "picture": None,
        "among": part,
        "numbers": [],
        "sentence": "Nothing was held out, so copying cannot be measured: retrain with --val 0.1.",
    }
    if form.continuous:
        found["picture"] = sheet(form, np.concatenate([arrays["copy_fake"], arrays["copy_real"]]))
    if "copy_untold" in arrays:
        found["sentence"] = f"Whether it copies cannot be told: {arrays['copy_untold']}"
    if "memorisation" not in arrays:
        return found
    ratio, c_t, authenticity, usual, one_nn = arrays["memorisation"][:5]
    far = spell(float(f"{ratio:.2g}"))
    if arrays["memorisation"][-1]:
        found["sentence"] = "It copies: its samples lie far nearer to the training data than held-out items do."
    elif ratio < 0.5:
        found["sentence"] = (
            f"No copies: samples lie {far} times as far from the data as held-out items do, but near the same few "
            "items, as grey or average ones do."
        )
    else:
        found["sentence"] = f"No sign of copying: samples lie {far} times as far from the data as held-out items do."
    found["numbers"] = [
        ("distance to the nearest training item, relative to held-out items", f"{ratio:.2f}", "1"),
        ("C_T (Meehan et al. 2020): z of that distance; below −3: too near", f"{c_t:.1f}".replace("-", "−"), "0"),
        (
            "authenticity (Alaa et al. 2022): share of samples that are no near copy",
            f"{authenticity:.2f}",
            f"{usual:.2f}",
        ),
        (
            "1-NN (Lopez-Paz & Oquab 2017): accuracy of telling samples from training items by the nearest; below 0.4: "
            "samples sit on items",
            f"{one_nn:.2f}",
            "0.50",
        ),
    ]
    return found


def classes(arrays: dict) -> dict:
    """A bar for each class, mode or region, and which of them chance does not explain."""
    names, z = arrays["class_names"], arrays["class_z"]
    real, fake, what = arrays["class_real"], arrays["class_fake"], str(arrays["class_what"])
    odd = np.abs(z) > Z_LIMIT
    order = [i for i in np.argsort(z) if odd[i]]
    listed = [
        f"{names[i]}: {percent(fake[i], 1)} against {percent(real[i], 1)}, z {spell(round(z[i], 1))}" for i in order[:5]
    ]
    sentence = f"{odd.sum()} of {len(z)} {_many(what)} differ from the data by more than one in twenty would by chance."
    if "modes" in arrays:
        modes, quality, ceiling, kl, floor = arrays["modes"]
        sentence += (
            f" {modes:.0f} of {len(z)} modes found; {percent(quality, 1)} of the samples lie within three standard "
            f"deviations of one (ceiling {percent(ceiling, 1)}); reverse KL {kl:.3g} nats (floor {floor:.2g})."
        )
    if "classifier" in arrays and not np.isnan(arrays["classifier"]):
        right = percent(float(arrays["classifier"]), 1)
        sentence += f" Read by a small classifier, right for {right} of reals that it did not learn from."
    return {"svg": bars(fake, real, odd, list(names)), "sentence": sentence, "odd": listed, "many": _many(what)}


def _many(what: str) -> str:
    return {"class": "classes", "mode": "modes", "region": "regions"}[what]


def field(arrays: dict) -> list[tuple[str, ...]]:
    """(number of the kind's own field, of samples, of other reals, of the control) in words."""
    columns = (arrays[f"field_{name}"] for name in ("fake", "floor", "control"))
    return [(str(name), *(f"{v:.3g}" for v in values)) for name, *values in zip(arrays["field_names"], *columns)]


def figures(arrays: dict) -> list[tuple[str, str]]:
    """(caption, data URI) of the pictures that a kind shows of samples beside reals."""
    from PIL import Image

    names = arrays.get("figure_names", ()) if arrays else ()
    return [(str(name), data_uri(Image.fromarray(arrays[f"figure_{i}"]), 860)) for i, name in enumerate(names)]


def spectrum(arrays: dict) -> dict:
    frequency, real, fake = arrays["frequency"], arrays["power_real"], arrays["power_fake"]
    top = frequency > 0.4
    ratio = float(fake[top].sum() / max(real[top].sum(), 1e-12))
    if ratio < 0.5:
        sentence = f"The finest details have {ratio:.2g} of the power they have in the data: blur."
    elif ratio > 2:
        sentence = f"The finest details have {ratio:.2g} times the power they have in the data: noise or a pattern."
    else:
        sentence = f"The finest details have {ratio:.2f} times the power they have in the data, within 0.5 to 2."
    return {"svg": draw({"samples": (frequency, fake), "reals": (frequency, real)}, decades=True), "sentence": sentence}


def sheet(form: Kind, numbers: np.ndarray) -> str | None:
    """A few items as one picture, as a data URI; None where the kind has none."""
    from PIL import Image

    picture = form.sheet(numbers)
    return None if picture is None else data_uri(Image.fromarray(picture))


def data_uri(picture, most: int = WIDE) -> str:
    """A PIL picture as a data URI, at most `most` pixels wide."""
    from PIL import Image

    if picture.width > most:
        picture = picture.resize((most, round(picture.height * most / picture.width)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    kind = "png"
    if file.tell() > HEAVY:
        kind, file = "jpeg", io.BytesIO()
        picture.convert("RGB").save(file, "JPEG", quality=88, subsampling=0)
    return file_uri(f"image/{kind}", file.getvalue())[1]


def file_uri(mime: str, content: bytes) -> tuple[str, str]:
    """(MIME type, the content as a data URI)."""
    return mime, f"data:{mime};base64,{base64.b64encode(content).decode()}"
