"""The names that modules had in version 0.1, kept for one release: `gansmith.typed` is `gansmith.cli.settings` …"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

MOVED = {
    "appraise": "runs.evaluate",
    "choose": "gans.recommend",
    "console": "cli.console",
    "data.arrays": "data.numeric",
    "data.columns": "data.kinds.table.columns",
    "data.files": "data.sources",
    "data.layout": "data.kinds.table.layout",
    "data.modes": "data.kinds.table.modes",
    "data.tables": "data.kinds.table",
    "diagnose.against": "diagnose.held_out",
    "diagnose.field": "diagnose.dynamics",
    "diagnose.past": "diagnose.log_history",
    "diagnose.pixels": "diagnose.artifacts",
    "diagnose.signs": "diagnose.symptoms",
    "diagnose.watch": "diagnose.monitor",
    "evaluate.advice": "runs.report.next_steps",
    "evaluate.cache": "evaluate.feature_cache",
    "evaluate.curves": "runs.report.svg",
    "evaluate.exhibits": "runs.report.exhibits",
    "evaluate.measures": "runs.measures",
    "evaluate.pictures": "evaluate.fidelity",
    "evaluate.report": "runs.report.page",
    "evaluate.subject": "runs.reference",
    "evaluate.tabular": "data.kinds.table.measures",
    "evaluate.watch": "runs.quality",
    "improve": "runs.refine",
    "networks.text": "networks.text_encoder",
    "networks.twice": "networks.conv2d_gradfix",
    "progress": "cli.progress",
    "refine.arrays": "refine.array_api",
    "refine.calling": "refine.callables",
    "refine.items": "data.batching",
    "run": "runs.train",
    "samples": "data.write",
    "together": "distributed.collectives",
    "training.files": "atomic",
    "training.grid": "data.preview",
    "training.optimisers": "training.optimizers",
    "training.ranks": "distributed.ranks",
    "typed": "cli.settings",
}


class Finder(MetaPathFinder, Loader):
    """Asked last, when nothing else has found a module."""

    def find_spec(self, name, path=None, target=None):
        old = name.removeprefix("gansmith.")
        return ModuleSpec(name, self) if old != name and old in MOVED else None

    def exec_module(self, module) -> None:
        new = MOVED[module.__name__.removeprefix("gansmith.")]
        sys.modules[module.__name__] = importlib.import_module(f"gansmith.{new}")


def install() -> None:
    """Let the old names be imported."""
    sys.meta_path.append(Finder())
