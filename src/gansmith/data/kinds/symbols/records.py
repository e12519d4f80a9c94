"""Sequences as text, with what is known of where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Records:
    """What files hold: `texts`, their `names` ("line 3", or what FASTA calls them), and perhaps a label of each.

    biological  whether the files say that they hold genes or proteins;  column  of the table that they come from
    empty       names of lines without a text;  left_out  name -> why it is not among them;  odd  as of a Dataset
    each        what holds one, in words
    """

    texts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[str] | None = None
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    biological: bool = False
    column: str = ""
    source: str = "data"
    empty: list[str] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)
    each: str = ""

    def add(self, name: str, text: str) -> None:
        self.names.append(name)
        self.texts.append(text)
