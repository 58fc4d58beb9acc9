"""What commands print without --json: tables on standard output, notes on standard error.

Titles, ids and names come from data, and a terminal obeys some characters. So text is text here: no markup is read in
it, and control characters are shown, not sent (`visible`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from streamsvd.cli.json_output import print_json

_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    **{  # direction of writing, ends of lines, and what is no character
        code: f"\\u{code:04x}"
        for first, last in ((0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069), (0xD800, 0xDFFF))
        for code in range(first, last + 1)
    },
}
_SHOWN_BUT_LINES = {code: shown for code, shown in _SHOWN.items() if code != ord("\n")}


def visible(text: str, *, lines: bool = False) -> str:
    r"""Text with its control characters made visible; `lines` keeps the ends of lines.

    Examples
    --------
    >>> visible("\x1b[31m red"), visible("\u202egnp"), visible("a\nb", lines=True)
    ('␛[31m red', '\\u202egnp', 'a\nb')
    """
    return text if text.isascii() and text.isprintable() else text.translate(_SHOWN_BUT_LINES if lines else _SHOWN)


def plain_text(text: str, style: str = "", *, no_wrap: bool | None = None) -> Text:
    """Text to be shown as it is, without markup or control characters."""
    return Text(visible(text), style=style, no_wrap=no_wrap)


class PlainTable(Table):
    """A table whose cells are plain text; for a style, a cell is a `Text`."""

    def add_row(self, *cells: RenderableType | None, style: StyleType | None = None, end_section: bool = False) -> None:
        """A row of the table."""
        shown = (plain_text(cell) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*shown, style=style, end_section=end_section)


def print_found(found: Any, tables: RenderableType, *, as_json: bool) -> None:
    """Print what a command has found: as JSON, or as tables."""
    if as_json:
        print_json(found)
    else:
        Console().print(tables)


def print_note(text: str, console: Console | None = None) -> None:
    """Print a line on standard error, through the console of a progress bar if one is drawn."""
    shown = visible(text, lines=True)
    (console or Console(stderr=True)).print(shown, highlight=False, markup=False, emoji=False, soft_wrap=True)


def new_table(title: str | Text, *columns: str, left: int = 1, no_wrap: bool = False) -> Table:
    """A table without rows; its first `left` columns are left-justified, the others right."""
    if isinstance(title, str):
        title = plain_text(title, "table.title")
    table = PlainTable(title=title or None, title_justify="left", box=box.ROUNDED)
    for number, name in enumerate(columns):
        table.add_column(plain_text(name), justify="left" if number < left else "right", no_wrap=no_wrap)
    return table


def facts_grid(*rows: tuple[str, ...]) -> Table:
    """Facts, a row each: the name, and what is known of it."""
    grid = PlainTable.grid(padding=(0, 2))
    for name, *cells in rows:
        grid.add_row(plain_text(name, "cyan"), *map(plain_text, cells))
    return grid


def best_in_bold(columns: Iterable[Iterable[float | None]]) -> list[list[Text]]:
    """Columns of errors as cells to four places; the least of each column in bold, a dash for what is missing.

    Examples
    --------
    >>> [cell.markup for cell in best_in_bold([[0.9, None, 0.8]])[0]]
    ['0.9000', '–', '[bold]0.8000[/bold]']
    """
    found = []
    for column in map(list, columns):
        least = min((value for value in column if value is not None), default=None)
        texts = ["–" if value is None else f"{value:.4f}" for value in column]
        found.append(
            [
                Text(text, style="bold" if value == least is not None else "")
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
