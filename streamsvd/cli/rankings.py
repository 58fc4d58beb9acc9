"""Ranking figures for people and for programs."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from evaluation import RankingSampler
from evaluation.metrics import Output, RankingFigures

_NAMES = {"choice": "chosen and liked", "rating": "predicted rating", "popular": "most popular"}


def ranking_table(sampler: RankingSampler) -> Group:
    """Each order of the list, by both protocols."""
    some = next(iter(sampler.ranking.values())).figures()
    table = Table(title=f"lists of {some.n}", title_justify="left", box=box.ROUNDED)
    table.add_column("list by")
    figures = RankingFigures.for_output(Output.TABLE)
    for figure in figures:
        table.add_column(figure.measure.title + (", page" if figure.protocol == "page" else ""), justify="right")
    for name, ranking in sampler.ranking.items():
        found = ranking.figures()
        table.add_row(_NAMES[name], *(figure.text(found) for figure in figures))
    caption = (
        f"asked before {some.lists:,} liked items, on one page in {sampler.every}; "
        f"{some.unknown_items:,} of them were not known then, and count as misses"
    )
    return Group(table, Text(caption, style="dim"))


def ranking_object(sampler: RankingSampler) -> dict[str, Any]:
    """The same for programs: figures by order; None where nothing was liked."""
    return {"every": sampler.every, **{name: ranking.figures().values() for name, ranking in sampler.ranking.items()}}
