"""Captions as numbers of words: what else of a picture a game may be told, or what it is to write of one."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from torch import Tensor

from gansmith.data.kinds.table.csv import harmless
from gansmith.data.spec import Kind

LINE, SIDE, WIDE = 17, 72, 380  # pixels: of a line of text, of a picture beside it, of both


class Captioned(NamedTuple):
    """Captions (n, captions, words) and the pictures that they are of."""

    items: np.ndarray
    pictures: np.ndarray


@dataclass(frozen=True)
class Words(Kind):
    """Texts of `shape` (captions, words), int64: numbers of words, 0 for none; `columns` is the vocabulary."""

    kind = "words"
    noun = "captions"
    takes = "a captions.json or captions.csv beside the pictures of a folder"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".json", ".png")
    write_options: ClassVar[tuple[str, ...]] = ("names", "safe")
    example_out: ClassVar[str] = "--input photos/ -o captions.csv"
    shown: ClassVar[int] = 16
    continuous = False

    @property
    def dtype(self):
        return np.int64

    def to_network(self, x: Tensor) -> Tensor:
        return x

    def describe(self, count: int) -> str:
        """'4,006 sets of 3 captions, of 24 words at most'."""
        return f"{count:,} sets of {self.shape[0]} {self.noun}, of {self.shape[1]} words at most"

    def steps_needed(self, count: int, batch_size: int) -> tuple[int, int]:
        return 2000, 10_000

    def texts(self, items) -> list[list[str]]:
        """The captions (n, captions, words) in letters, those of each item."""
        known = ("", *self.columns)
        return [[" ".join(known[i] for i in row if i) for row in item.tolist()] for item in np.asarray(items)]

    # --- looking -----------------------------------------------------------------------------------------------------
    def check(self, dataset, check) -> None:
        texts = self.texts(dataset.raw(np.arange(len(dataset))))
        lengths = [len(text.split()) for item in texts for text in item]
        check.notes.append(f"captions of {min(lengths)} to {max(lengths)} words, {len(self.columns)} words known")
        counts: dict[str, int] = {}
        for item in texts:
            for text in set(item):
                counts[text] = counts.get(text, 0) + 1
        common = max(counts, key=counts.__getitem__)
        if counts[common] > len(texts) / 4:
            check.problems.append(f"{counts[common]} of {len(texts)} pictures have the caption {common!r}")

    def beside(self, given, made) -> Any:
        """What `preview` shows as pictures uint8 (n, C, H, W), each with its captions."""
        return Captioned(made, given)

    def preview(self, items) -> np.ndarray:
        from PIL import Image

        from gansmith.data.chart import INK, Sheet

        items, source = items if isinstance(items, Captioned) else (items, None)
        texts, left = self.texts(items), 0 if source is None else SIDE + 8
        sheet = Sheet(len(texts), WIDE, max(0 if source is None else SIDE, LINE * self.shape[0]) + 10)
        for i, captions in enumerate(texts):
            x, y = 4 + i % sheet.across * sheet.width, sheet.top + i // sheet.across * sheet.height
            if source is not None:
                picture = np.asarray(source[i]).transpose(1, 2, 0)
                image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).convert("RGB")
                scale = SIDE / max(image.size)
                sheet.image.paste(image.resize([max(1, round(side * scale)) for side in image.size]), (x, y))
            for line, caption in enumerate(captions):
                sheet.text(x + left, y + LINE * line, caption, width=WIDE - left - 12, color=INK)
        return sheet.picture

    # --- writing -----------------------------------------------------------------------------------------------------
    def write(self, items, path: Path, labels=None, names=None, safe: bool = False) -> None:
        """A table with the columns file and caption, one caption a row, or a list of {file, captions}: what is read
        beside pictures. `names` of the pictures; None: numbers. `safe` keeps spreadsheets from running cells."""
        from gansmith.atomic import replacing
        from gansmith.data.write import save_picture

        if path.suffix == ".png":
            return save_picture(self.preview(items), path)
        texts = self.texts(items)
        files = [str(i) for i in range(len(texts))] if names is None else list(names)
        with replacing(path) as beside, open(beside, "w", encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(["file", "caption"])
                cells = ((name, caption) for name, captions in zip(files, texts) for caption in captions)
                rows.writerows(map(harmless, row) if safe else row for row in cells)
            else:
                held = [{"file": name, "captions": captions} for name, captions in zip(files, texts)]
                json.dump(held, file, ensure_ascii=False, indent=1)
        return None

    # --- measuring ---------------------------------------------------------------------------------------------------
    def shuffled(self, items, rng: np.random.Generator):
        """The words of each caption in another order."""
        made = np.array(items)
        for row in made.reshape(-1, self.shape[1]):
            count = int((row > 0).sum())
            row[:count] = rng.permutation(row[:count])
        return made
