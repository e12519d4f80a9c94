"""A kind of data of your own: small graphs, read from .edges files, one `a b` a line for each edge.

    python examples/own_kind.py

makes a folder of rings and stars, trains on it, writes new graphs as .edges files, and measures them. What gansmith
must know of graphs is this one class; docs/own-kind.md goes through it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import gansmith as gs
from gansmith.data import preflight
from gansmith.data.dataset import Dataset
from gansmith.data.labels import choose, labelled
from gansmith.data.sources import files_in
from gansmith.errors import DataError


@dataclass(frozen=True)
class Graphs(gs.Kind):
    """Undirected graphs of `shape` (1, nodes, nodes): adjacency matrices, uint8 0 or 1; −1 … 1 in the networks."""

    kind = "graphs"
    noun = "graphs"
    takes = "a folder or zip of .edges files (`a b` a line; a sub-folder for each class)"
    reads = (".edges",)
    options = {"nodes": "nodes of every graph; larger ones are left out [the most there are]"}
    folder_of = ".edges"
    example_out = "-n 64 -o made/"
    shown = 36
    bounded = True

    center: tuple[float, ...] = (0.5,)
    scale: tuple[float, ...] = (0.5,)

    @classmethod
    def read(cls, data, *, labels="auto", limit=None, cache=None, named=False, nodes=None) -> Dataset:
        files = files_in(data, cls.reads, cls.noun)
        if files is None:
            raise DataError(f"{data} holds no graphs: give {cls.takes}")
        label, classes = choose(labels, files.label, files.classes, len(files), files.name)
        edges, left_out = {}, {}
        for i, name in enumerate(files.files[:limit]):
            try:
                with files.open(i) as file:
                    edges[i] = np.loadtxt(file, dtype=int, ndmin=2).reshape(-1, 2)
            except (OSError, ValueError) as problem:
                left_out[name] = str(problem)
        size = nodes or 1 + max((int(e.max()) for e in edges.values() if len(e)), default=0)
        for i in [i for i, e in edges.items() if len(e) and e.max() >= size]:
            left_out[files.files[i]] = f"node {edges.pop(i).max()} of nodes={size}"
        if len(edges) < 2:
            raise DataError(f"{files.name}: {len(edges)} graphs can be read, at least 2 are needed. {left_out}")
        real = np.zeros((len(edges), 1, size, size), np.uint8)
        for row, pairs in zip(real, edges.values()):
            row[0, pairs[:, 0], pairs[:, 1]] = row[0, pairs[:, 1], pairs[:, 0]] = 1
        kept = list(edges)
        return labelled(
            real,
            None if label is None else label[kept],
            cls(real.shape[1:]),
            classes=classes,
            name=files.name,
            notes=files.notes,
            files=tuple(files.files[i] for i in kept),
            left_out=left_out,
        )

    @classmethod
    def example(cls, seed: int = 0, n: int = 40) -> list[Dataset]:
        half = np.triu(np.random.default_rng(seed).random((n, 1, 8, 8)) < 0.3, 1).astype(np.uint8)
        real = half + half.transpose(0, 1, 3, 2)
        return [Dataset(cls((1, 8, 8)), {"real": real}, name="made up", digest=f"graphs {n} {seed}")]

    def read_options(self) -> dict:
        return {"nodes": self.shape[-1]}

    def check(self, dataset: Dataset, check: preflight.Check) -> None:
        preflight.look_at_values(check, dataset)
        alone = (dataset.raw(np.arange(len(dataset))).sum((1, 2, 3)) == 0).sum()
        if alone:
            check.problems.append(f"{alone} graphs have no edge at all")

    @property
    def dtype(self):
        return np.uint8

    def to_data(self, x: Tensor) -> np.ndarray:
        """Symmetric, no loops, an edge where the mean of its two entries is above a half."""
        half = (x + x.transpose(2, 3)) / 2 > 0
        return (half & ~torch.eye(x.shape[-1], dtype=torch.bool, device=x.device)).to(torch.uint8).cpu().numpy()

    def preview(self, items) -> np.ndarray:
        from gansmith.data.preview import grid

        return grid(np.asarray(items) * np.uint8(255))

    def write_one(self, item, path: Path) -> None:
        np.savetxt(path, np.argwhere(np.triu(item[0])), fmt="%d")

    def features(self, labelled: bool = False) -> tuple:
        return "pixels", degrees

    def measures(self, real, fake) -> dict[str, float]:
        return {
            "share of graphs in one piece, less that of the data; 0 when alike": in_one_piece(fake) - in_one_piece(real)
        }

    def shuffled(self, items, rng: np.random.Generator):
        """As many edges, put anywhere."""
        upper = np.triu_indices(self.shape[-1], 1)
        made = np.zeros_like(items)
        made[:, 0, upper[0], upper[1]] = rng.permuted(np.asarray(items)[:, 0, upper[0], upper[1]], axis=1)
        return made | made.transpose(0, 1, 3, 2)


def in_one_piece(items) -> float:
    """Share of graphs whose nodes with an edge all reach each other."""
    x = np.asarray(items)[:, 0].astype(float)
    reach = np.linalg.matrix_power(x + np.eye(x.shape[-1]), x.shape[-1]) > 0
    there = x.any(-1)
    return float((reach | ~(there[:, :, None] & there[:, None])).all((1, 2)).mean())


def degrees(items) -> np.ndarray:
    """The sorted degrees of each graph: (n, nodes), the same however its nodes are numbered."""
    return np.sort(np.asarray(items, np.float32).sum(-1)[:, 0])


gs.KINDS["graphs"] = Graphs


def rings_and_stars(folder: Path, n: int = 120, nodes: int = 8) -> None:
    """n/2 rings and n/2 stars of 3 … `nodes` nodes as .edges files in two folders."""
    rng = np.random.default_rng(0)
    for name in ("ring", "star"):
        (folder / name).mkdir(parents=True)
        for i in range(n // 2):
            k = int(rng.integers(3, nodes + 1))
            edges = [(j, (j + 1) % k) if name == "ring" else (0, j) for j in range(name == "star", k)]
            (folder / name / f"{i}.edges").write_text("".join(f"{a} {b}\n" for a, b in edges))


def main(steps: int = 300) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rings_and_stars(folder / "graphs")
        print(gs.check(folder / "graphs"))
        gan = gs.WGANGP(width=8).fit(folder / "graphs", steps=steps, batch_size=32, out=folder / "run")
        from gansmith.data.write import write_samples

        made = write_samples(gan.sample(10, seed=0), str(folder / "made"), gan.spec)
        print(f"{len(list(made.iterdir()))} graphs written; the first: {next(made.iterdir()).read_text()!r}")
        real = gs.read(folder / "graphs").raw(np.arange(120))
        print(gan.spec.measures(real, gan.sample(120, seed=1)))


if __name__ == "__main__":
    main()
