"""What commands print without --json: tables on standard output, notes on standard error."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from streamsvd.cli.json_output import print_json


def print_found(found: Any, tables: RenderableType, *, as_json: bool) -> None:
    """Print what a command has found: as JSON, or as tables."""
    if as_json:
        print_json(found)
    else:
        Console().print(tables)


def print_note(text: str, console: Console | None = None) -> None:
    """Print a line on standard error, through the console of a progress bar if one is drawn."""
    (console or Console(stderr=True)).print(text, highlight=False, markup=False, soft_wrap=True)


def new_table(title: str | Text, *columns: str, left: int = 1, no_wrap: bool = False) -> Table:
    """A table without rows; its first `left` columns are left-justified, the others right."""
    table = Table(title=title or None, title_justify="left", box=box.ROUNDED)
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number < left else "right", no_wrap=no_wrap)
    return table


def facts_grid(*rows: tuple[str, ...]) -> Table:
    """Facts, a row each: the name, and what is known of it."""
    grid = Table.grid(padding=(0, 2))
    for name, *cells in rows:
        grid.add_row(Text(name, style="cyan"), *cells)
    return grid


def best_in_bold(columns: Iterable[Iterable[float | None]]) -> list[list[str]]:
    """Columns of errors as cells to four places; the least of each column in bold, a dash for what is missing.

    Examples
    --------
    >>> best_in_bold([[0.9, None, 0.8]])
    [['0.9000', '–', '[bold]0.8000[/]']]
    """
    found = []
    for column in map(list, columns):
        least = min((value for value in column if value is not None), default=None)
        texts = ["–" if value is None else f"{value:.4f}" for value in column]
        found.append(
            [
                f"[bold]{text}[/]" if value == least is not None else text
                for value, text in zip(column, texts, strict=True)
            ]
        )
    return found


def as_text(value: Any) -> str:
    """A count, a figure to four places, or a text; a dash for what does not exist.

    Examples
    --------
    >>> as_text(1200), as_text(0.98765), as_text("ml-100k"), as_text(None), as_text(float("nan"))
    ('1,200', '0.9877', 'ml-100k', '–', '–')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}" if isinstance(value, float) else str(value)


def megabytes(n: int) -> str:
    """Bytes as megabytes.

    Examples
    --------
    >>> megabytes(250_000_000), megabytes(40_000)
    ('250 MB', '0.04 MB')
    """
    return f"{n / 1e6:,.0f} MB" if n >= 10_000_000 else f"{n / 1e6:,.2f} MB"


def age(seconds: float) -> str:
    """A time span in its largest unit.

    Examples
    --------
    >>> age(42), age(7200), age(200_000)
    ('42 s', '2.0 h', '2.3 d')
    """
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(seconds, 0):.0f} s"
