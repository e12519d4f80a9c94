"""Data of any form: `read` makes a `Dataset` of it, `check` looks at it before anything is trained on it."""

from __future__ import annotations


def read(data, **options):
    """`data` as a `gansmith.data.dataset.Dataset`. See `gansmith.data.reading.read` for what can be read and how."""
    from gansmith.data.reading import read

    return read(data, **options)


def check(data, **options):
    """A look at `data` before training: a `gansmith.data.preflight.Check`. Options and errors as in `read`."""
    from gansmith.data.reading import check

    return check(data, **options)
