"""Data of any form -> `Dataset`: what was read, in what units, and what was done to it on the way."""

from __future__ import annotations

import os

from gansmith.data.dataset import Dataset
from gansmith.data.kinds import KINDS
from gansmith.data.kinds.images import Images
from gansmith.data.once import once
from gansmith.errors import DataError, nearest

FORMS = ("auto", "items", "pairs", "domains", "captions")


def read(data, *, form="auto", labels="auto", limit=None, cache=None, **options) -> Dataset:
    """`data` as a `gansmith.data.dataset.Dataset`; a Dataset is handed back as it is.

    data      a folder, .zip or file of any kind in `gansmith.KINDS` (pictures, rows of a table, …), an .npz or .npy
              file, a name (`digits`, `mnist`, `ring8` …: gansmith.data.named.NAMES), an array, tensor, DataFrame, torch
              Dataset, or (items, labels)
    form      "items"; "pairs": pictures and what each should become, `A/` and `B/` with the same file names, or side
              by side in one file, or (source, target), each readable by itself; "domains": the same, but unpaired;
              "captions": with a captions.json or captions.csv beside the pictures, or (pictures, captions); the name
              of a kind ("images", "table", "audio" …): of that kind, whatever it looks like; "auto": whichever the data
              is laid out as
    labels    "auto": those that come with the data (sub-folders, `labels` in a file); None: none; an array: these;
              the name of a column of a table
    limit     at most so many items, evenly spaced through the data
    cache     folder for decoded data and downloads; None: $GANSMITH_CACHE, else ~/.cache/gansmith
    options   of the kind, for instance
              size      of pictures, pixels: one number, or (height, width); None: the data's own, or a square chosen
              channels  of pictures: 1, 3 or 4; None: 1 if all are grey, else 3
              types     of a table's columns, where they are not what they look like: {"zip": "categorical"}, or
                        "zip=categorical, since=date" (gansmith.data.kinds.table.columns.KINDS)

    Every decision stands in `.notes`. Raises DataError, one line, for anything that cannot be read.
    """
    if isinstance(data, Dataset):
        return data
    if form not in FORMS and form not in KINDS:
        known = (*FORMS, *KINDS)
        raise DataError(f"form={form!r}: there is no such form.{nearest(form, known)} There are {', '.join(known)}")
    options = {name: value for name, value in options.items() if value is not None}
    with once():
        found = _read(data, form, {"labels": labels, "limit": limit, "cache": cache, **options})
    if isinstance(data, (str, os.PathLike)):
        found.source = os.path.abspath(data) if os.path.exists(data) else str(data)
    return found


def _read(data, form: str, options: dict) -> Dataset:
    from gansmith.data.items import kind_at, read_items

    if form in ("pairs", "domains", "captions") or (form == "auto" and kind_at(data) is Images):
        from gansmith.data.captions import from_captions
        from gansmith.data.pairs import from_two

        plain = {k: v for k, v in options.items() if k in ("size", "channels", "limit", "cache")}
        both = {"labels": options["labels"]} if form == "domains" else {}
        for forms, reader in ((("auto", "captions"), from_captions), (("auto", "pairs", "domains"), from_two)):
            found = reader(data, form, **plain, **both) if form in forms else None
            if found is not None:
                return found
    return read_items(data, form if form in KINDS else None, **options)


def check(data, **options):
    """A look at `data` before training: a `gansmith.data.preflight.Check`. Options and errors as in `read`."""
    from gansmith.data.preflight import look_over

    return look_over(read(data, **options))
