"""What the commands show: progress while they work, and tables at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from rich import box
from rich.console import Console, Group
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from evaluation import Figures
from evaluation.metrics import BIAS, Errors, Output, Over


def day(timestamp: int | None) -> str:
    """Date of an event time.

    >>> day(881250949)
    '1997-12-04'
    """
    return "–" if timestamp is None else datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")


class LearningBar:
    """A progress bar of a learner at work: events, events/s, lag, rolling RMSE, event date."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("learning", total=total, rate=0.0, lag="", rmse=float("nan"), date="–")

    def show(
        self,
        done: int,
        rate: float,
        rmse: float,
        timestamp: int | None,
        lag: int | None = None,
        total: int | None = None,
    ) -> None:
        """Draw the present state."""
        self._progress.update(
            self._task,
            completed=done,
            total=total,
            rate=rate,
            rmse=rmse,
            date=day(timestamp),
            lag="" if lag is None else f"lag {lag:,}",
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(text, highlight=False)


@contextmanager
def learning_bar(console: Console, total: int | None, *, quiet: bool = False) -> Iterator[LearningBar]:
    """Lend a bar; it draws on a terminal only, and not at all when quiet."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} ratings"),
        TextColumn("[cyan]{task.fields[rate]:,.0f}/s"),
        TextColumn("{task.fields[lag]}"),
        TextColumn("[bold]RMSE {task.fields[rmse]:.4f}"),
        TextColumn("[dim]{task.fields[date]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
        yield LearningBar(progress, total)


class PartLine:
    """One line of a `PartsBar`: how much of something is done."""

    def __init__(self, progress: Progress, name: str, *, megabytes: bool) -> None:
        self._progress, self._megabytes = progress, megabytes
        self._task = progress.add_task(name, total=None, of="")

    def show(self, done: int, total: int) -> None:
        """Draw the present state."""
        of = f"{done} of {total}"
        if self._megabytes:  # a server need not say how many there are
            of = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB" if total else f"{done / 1e6:,.1f} MB"
        self._progress.update(self._task, completed=done, total=total or None, of=of)

    def end(self) -> None:
        """Show that it is done, however much was counted."""
        self._progress.update(self._task, completed=1, total=1)


class PartsBar:
    """Several things under way at once, a line each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def add(self, name: str, *, megabytes: bool = False) -> PartLine:
        """One more line; what it counts are bytes, or things."""
        return PartLine(self._progress, name, megabytes=megabytes)

    def say(self, text: str) -> None:
        """Print a line above them."""
        self._progress.console.print(text, highlight=False)


@contextmanager
def parts_bar(console: Console) -> Iterator[PartsBar]:
    """Lend a display of several things under way, safe in threads; the bars are drawn on a terminal only."""
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[of]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield PartsBar(progress)


@contextmanager
def share_bar(console: Console, what: str, *, quiet: bool = False) -> Iterator[Callable[[str, float], None]]:
    """Lend a function that shows what is being done, and the share of the whole that is behind it, 0 to 1."""
    columns = TextColumn("{task.description}"), BarColumn(bar_width=28), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda what, share: progress.update(task, description=what, completed=share)


def figures_table(title: str, figures: Figures, facts: Mapping[str, str], total: Errors) -> Group:
    """Both protocols side by side, with the bias of `total`; below, further facts."""
    rows: dict[tuple[Over, str], dict[str, str]] = {}
    for figure in Figures.for_output(Output.TABLE):
        row = rows.setdefault((figure.over, figure.measure.title), {})
        row[figure.protocol] = figure.text(figures)
    rows["all", BIAS.title] = {"event": BIAS.text(total.bias_event, "+"), "page": BIAS.text(total.bias_page, "+")}
    table = Table(title=title, title_justify="left", box=box.ROUNDED)
    table.add_column("error")
    table.add_column("event protocol", justify="right")
    table.add_column("page protocol", justify="right")
    covered: dict[Over, str] = {"all": "all", "newest": f"last {figures.window:,}", "fading": "fading"}
    for (over, name), row in sorted(rows.items(), key=lambda item: list(covered).index(item[0][0])):
        table.add_row(f"{name}, {covered[over]} events", row.get("event", "–"), row.get("page", "–"))
    caption = Text("event: predicted just before each rating · page: before the page that it came with", style="dim")
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        grid.add_row(Text(name, style="cyan"), value)
    return Group(table, caption, grid)


def megabytes(n: int) -> str:
    """Bytes for people.

    >>> megabytes(250_000_000)
    '250 MB'
    """
    return f"{n / 1e6:,.0f} MB"
