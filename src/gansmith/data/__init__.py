"""Data of any form -> `Dataset`: what was read, in what units, and what was done to it on the way."""

from __future__ import annotations


def read(data, *, form="auto", size=None, channels=None, labels="auto", types=None, cache=None, limit=None):
    """`data` as a `gansmith.data.dataset.Dataset`; a Dataset is handed back as it is.

    data      a folder or .zip of pictures, a .npz, .npy, .csv(.gz) or .parquet file, a name (`digits`, `mnist`,
              `ring8` ...: gansmith.data.named.NAMES), an array, tensor, DataFrame, torch Dataset, or (items, labels)
    form      "items"; "pairs": pictures and what each should become, `A/` and `B/` with the same file names, or side
              by side in one file, or (source, target), each readable by itself; "domains": the same, but unpaired;
              "captions": with a captions.json or captions.csv beside the pictures, or (pictures, captions); "table":
              rows of mixed columns; "auto": whichever of these the data is laid out as, else items (a table of numbers
              only is vectors)
    size      of pictures, pixels: one number, or (height, width); None: the data's own, or a square chosen from it
    channels  of pictures: 1, 3 or 4; None: 1 if all are grey, else 3
    labels    "auto": those that come with the data (sub-folders, `labels` in a file); None: none; an array: these;
              the name of a column of a table
    types     of a table's columns, where they are not what they look like: {"zip": "categorical"}, or
              "zip=categorical, since=date" (gansmith.data.kinds.table_columns.KINDS)
    cache     folder for decoded pictures and downloads; None: $GANSMITH_CACHE, else ~/.cache/gansmith
    limit     at most so many items, evenly spaced through the data

    Every decision stands in `.notes`. Raises UserError, one line, for anything that cannot be read.
    """
    import os

    from gansmith.data.dataset import Dataset

    if isinstance(data, Dataset):
        return data
    found = _read(data, form, {"size": size, "channels": channels, "labels": labels, "limit": limit}, types, cache)
    if isinstance(data, (str, os.PathLike)):
        found.source = os.path.abspath(data) if os.path.exists(data) else str(data)
    return found


def _read(data, form: str, options: dict, types, cache):
    import os

    if form in ("auto", "table") or types is not None:
        from gansmith.data.kinds.table import from_rows

        found = from_rows(data, form, types=types, **options)
        if found is not None:
            return found
    if form != "items":
        from gansmith.data.captions import from_captions
        from gansmith.data.pairs import from_two

        plain = {k: v for k, v in options.items() if k != "labels"}
        for form_of, reader in ((("auto", "captions"), from_captions), (("auto", "pairs", "domains"), from_two)):
            found = reader(data, form, cache=cache, **plain) if form in form_of else None
            if found is not None:
                return found
    if isinstance(data, (str, os.PathLike)):
        from gansmith.data.named import NAMES, from_name

        if data in NAMES:  # a Path never is: it means the folder
            return from_name(data, cache=cache, **options)
        from gansmith.data.files import from_path

        return from_path(data, cache=cache, **options)
    from gansmith.data.memory import from_memory

    return from_memory(data, **options)


def check(data, **options):
    """A look at `data` before training: a `gansmith.data.preflight.Check`. Options and errors as in `read`."""
    from gansmith.data.preflight import look_over

    return look_over(data, **options)
