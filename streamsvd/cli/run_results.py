"""What `demo`, `consume` and `evaluate` print at their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType

from evaluation import Monitor
from streamsvd.cli.figure_tables import figures_table
from streamsvd.cli.figures import figures_object, peak_rss_bytes
from streamsvd.cli.json_output import print_json
from streamsvd.cli.tables import megabytes
from streamsvd.learner import IteratedSVD


def print_run(
    title: str,
    model: IteratedSVD,
    metrics: Monitor,
    rate: float,
    facts: Mapping[str, str],
    tables: Iterable[RenderableType | None],
    *,
    as_json: bool,
    **more: Any,
) -> None:
    """Print a run's figures, its `rate` in ratings a second, facts and tables; or, with `more`, one JSON object."""
    figures = metrics.figures()
    if as_json:
        print_json(figures_object(model=model, figures=figures, events_per_second=rate, **more))
        return
    shown = {
        "ratings": f"{figures.events:,}",
        "users, items": f"{model.n_users:,}, {model.n_items:,}",
        "ratings a second": f"{rate:,.0f}",
        **facts,
        "peak memory": megabytes(peak_rss_bytes()),
    }
    out = Console()
    for one in (figures_table(title, figures, shown, metrics.total()), *tables):
        if one is not None:
            out.print(one)
