"""The figures that every benchmark's JSON object begins with: the learner with defaults on one table, in process."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from evaluation import Prequential, evaluate
from streamsvd.cli.figures import figures_object
from streamsvd.cli.json_output import json_bytes
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Catalogue, RatingTable


def add_out(parser: argparse.ArgumentParser, default: Path | None = None) -> None:
    """The option that all benchmarks share."""
    parser.add_argument(
        "--out", type=Path, default=default, metavar="FILE", help="write the figures as one JSON object"
    )


def measured(table: RatingTable, content: Catalogue | None, **more: Any) -> dict[str, Any]:
    """Prequential figures, speed and memory of the learner on a table, and what else a benchmark found."""
    model = IteratedSVD(scale=table.dataset.scale, content=content)
    began = time.perf_counter()
    figures = evaluate(model, table, Prequential()).figures()
    return figures_object(
        dataset=table.dataset.name,
        sha256=table.dataset.sha256,
        model=model,
        figures=figures,
        events_per_second=len(table) / (time.perf_counter() - began),
        **more,
    )


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Write the figures of a benchmark."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(json_bytes(found))
