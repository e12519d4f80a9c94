"""Sequences to .txt, .fasta, .csv and .jsonl files, and as a picture of lines."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from gansmith.atomic import replacing
from gansmith.data.chart import INK, SOFT, Sheet, length
from gansmith.data.kinds.table.csv import harmless

WRAP = 60  # letters of a line of FASTA
LINES, WIDE, TALL = 32, 980, 20  # of a picture: lines, and pixels


def write_texts(texts: list[str], path: Path, column: str, labels=None, safe: bool = False) -> None:
    """One text a line (.txt), record (.fasta) or row (.csv, .jsonl), with the class of each where there are some;
    `safe` keeps spreadsheets from running rows of .csv."""
    with replacing(path) as beside, open(beside, "w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow([column] if labels is None else [column, "label"])
            cells = [texts] if labels is None else [texts, labels]
            if safe:
                cells = [[harmless(str(cell)) for cell in part] for part in cells]
            rows.writerows(zip(*cells, strict=True))
        elif path.suffix == ".jsonl":
            for i, text in enumerate(texts):
                row = {column: text} | ({} if labels is None else {"label": labels[i]})
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        elif path.suffix == ".txt":
            file.writelines(f"{' '.join(text.splitlines())}\n" for text in texts)
        else:
            for i, text in enumerate(texts, 1):
                about = "" if labels is None else f" {labels[i - 1]}"
                lines = (text[at : at + WRAP] for at in range(0, len(text), WRAP))
                file.write("".join(f"{line}\n" for line in (f">made_{i}{about}", *lines)))


def picture(texts: list[str], likelihoods: np.ndarray | None, likely: str) -> np.ndarray:
    """The first texts as lines, uint8 (h, w, 3), with a number for each at the right; the lowest numbers pale."""
    texts = texts[:LINES]
    sheet = Sheet(1, WIDE, TALL * (len(texts) + 2))
    for i, text in enumerate(texts):
        y = TALL * (i + 2)
        room = WIDE - 90
        if likelihoods is not None:
            sheet.text(WIDE - 12, y, f"{likelihoods[i]:.2f}", anchor="rm", color=SOFT)
        sheet.text(12, y, text if length(text) <= room else text[: room // 4], width=room, anchor="lm", color=INK)
    if likelihoods is not None:
        sheet.text(WIDE - 12, TALL, likely, anchor="rm", color=SOFT)
    return sheet.picture
