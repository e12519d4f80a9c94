"""Which game for this data, when nobody says: the answer and its reasons."""

from __future__ import annotations

from gansmith.data.dataset import Dataset
from gansmith.data.pairs import Unpaired
from gansmith.errors import UserError


def choose(dataset: Dataset) -> tuple[str, list[str]]:
    """(a name in `gans.GAMES`, why). UserError for data that no game here is made for."""
    if "text" in dataset.fields:
        return "gan-int-cls", ["gan-int-cls: pictures with captions"]
    if isinstance(dataset, Unpaired):
        return "cyclegan", ["cyclegan: two folders of pictures that are no pairs"]
    if "source" in dataset.fields:
        return "pix2pix", ["pix2pix: pairs of pictures, what goes in and what should come out"]
    if dataset.spec.kind == "table":
        return "ctgan", ["ctgan: rows of mixed columns"]
    if dataset.spec.kind in ("images", "vectors"):
        return "r3gan", [f"r3gan: the default for {dataset.spec.kind}; its loss converges without tuning"]
    raise UserError(
        f"no game is made for {dataset.spec.kind} of shape {dataset.spec.shape} yet: give pictures or vectors"
    )
