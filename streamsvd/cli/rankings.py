"""Ranking figures for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from evaluation import Watch
from streamsvd.cli.missing import as_text, or_none

_NAMES = {"choice": "chosen and liked", "rating": "predicted rating", "popular": "most popular"}


def ranking_table(watch: Watch) -> Group:
    """Each order of the list, by both protocols."""
    some = next(iter(watch.ranking.values())).figures()
    table = Table(title=f"lists of {some.n}", title_justify="left", box=box.ROUNDED)
    for name in ("list by", "hit rate", "NDCG", "MRR", "hit rate, page", "NDCG, page", "MRR, page"):
        table.add_column(name, justify="left" if name == "list by" else "right")
    for name, ranking in watch.ranking.items():
        f = ranking.figures()
        figures = (f.hit_rate_event, f.ndcg_event, f.mrr_event, f.hit_rate_page, f.ndcg_page, f.mrr_page)
        table.add_row(_NAMES[name], *map(as_text, figures))
    caption = (
        f"asked before {some.lists:,} liked items, on one page in {watch.every}; "
        f"{some.unknown_items:,} of them were not known then, and count as misses"
    )
    return Group(table, Text(caption, style="dim"))


def ranking_object(watch: Watch) -> dict[str, Any]:
    """The same for programs: figures by order; None where nothing was liked."""
    found = {name: asdict(ranking.figures()) for name, ranking in watch.ranking.items()}
    return {"every": watch.every} | {
        name: {key: or_none(value) for key, value in figures.items()} for name, figures in found.items()
    }
