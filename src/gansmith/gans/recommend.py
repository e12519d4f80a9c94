"""Which game for this data, when nobody says: the answer and its reasons."""

from __future__ import annotations

from gansmith.data.dataset import Dataset
from gansmith.data.pairs import Unpaired
from gansmith.data.spec import Kind


def choose(dataset: Dataset) -> tuple[str, list[str]]:
    """(a name in `gans.GAMES`, why)."""
    if "text" in dataset.fields:
        return "gan-int-cls", ["gan-int-cls: pictures with captions"]
    if isinstance(dataset, Unpaired):
        return "cyclegan", ["cyclegan: two folders of pictures that are no pairs"]
    if "source" in dataset.fields:
        return "pix2pix", ["pix2pix: pairs of pictures, what goes in and what should come out"]
    form = dataset.spec
    return form.default_game, [f"{form.default_game}: the default for {form.noun}; {form.default_reason}"]


def pairing_loss(game: type | None, form: Kind | None) -> str:
    """The name of the GAN whose loss pairs real and generated samples, for data of this form that `game` was given;
    "" where it is that GAN itself, or where it cannot take such data."""
    from gansmith.gans import GAMES

    other = GAMES["r3gan"]
    if form is None or game is None or issubclass(game, other) or game.inputs or not game.needs_data:
        return ""
    return other.name if form.continuous and form.axes <= 3 else ""
