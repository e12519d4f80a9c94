"""What a game is made from: the paper, where to read it, and the code of its authors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A publication.

    authors  family names, separated by commas
    url      where to read it: arXiv where it is there
    code     the code of its authors; None: none was released
    """

    title: str
    authors: str
    venue: str
    year: int
    url: str
    code: str | None = None

    @property
    def short(self) -> str:
        """'Gulrajani et al. 2017'."""
        names = self.authors.split(", ")
        return f"{' & '.join(names) if len(names) < 3 else f'{names[0]} et al.'} {self.year}"

    def __str__(self) -> str:
        code = f"\nCode of the authors: {self.code}" if self.code else ""
        return f'"{self.title}", {self.authors}, {self.venue} {self.year}\n{self.url}{code}'
