"""Progress bars on standard error; they are drawn on a terminal only, and not at all when quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from evaluation import Figures
from streamsvd.cli.tables import print_note, visible
from streamsvd.ratings import utc_day


def bars(console: Console, quiet: bool, *columns: ProgressColumn, transient: bool = False) -> Progress:
    """Progress bars with these columns."""
    return Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=transient)


class LearningBar:
    """The bar of a learner at work: events, events/s, lag, rolling RMSE, event date."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress, self._began = progress, time.perf_counter()
        self._task = progress.add_task("learning", total=total, rate=0.0, lag="", rmse=float("nan"), date="–")

    def rate(self, learned: int) -> float:
        """Ratings learned a second since the bar was made."""
        return learned / (time.perf_counter() - self._began)

    def show(self, learned: int, figures: Figures, timestamp: int | None, total: int, lag: int | None = None) -> None:
        """Draw the present state; the model may have learned more ratings than this process has."""
        self._progress.update(
            self._task,
            completed=figures.events,
            total=total,
            rate=self.rate(learned),
            rmse=figures.rmse_last_window,
            date=utc_day(timestamp),
            lag="" if lag is None else f"lag {lag:,}",
        )


@contextmanager
def learning_bar(console: Console, total: int | None, *, quiet: bool = False) -> Iterator[LearningBar]:
    """Yield the bar of a learner."""
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
    with bars(console, quiet, *columns) as progress:
        yield LearningBar(progress, total)


class PartLine:
    """One line of a `PartsBar`: how much of something is done."""

    def __init__(self, progress: Progress, name: str, *, megabytes: bool) -> None:
        self._progress, self._megabytes = progress, megabytes
        self._task = progress.add_task(escape(visible(name)), total=None, of="")

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
    """Several things under way at once, a line each; safe in threads."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def add(self, name: str, *, megabytes: bool = False) -> PartLine:
        """One more line; what it counts are bytes, or things."""
        return PartLine(self._progress, name, megabytes=megabytes)

    def notify(self, text: str) -> None:
        """Print a line above them."""
        print_note(text, self._progress.console)


@contextmanager
def parts_bar(console: Console) -> Iterator[PartsBar]:
    """Yield a display of several things under way."""
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[of]}"),
        TimeElapsedColumn(),
    )
    with bars(console, False, *columns) as progress:
        yield PartsBar(progress)


@contextmanager
def share_bar(console: Console, *, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """Yield a function that shows what is being done, at first compiling kernels, and the share of it done, 0 to 1."""
    columns = TextColumn("{task.description}"), BarColumn(bar_width=28), TaskProgressColumn(), TimeElapsedColumn()
    with bars(console, quiet, *columns) as progress:
        task = progress.add_task("compiling kernels, once a machine", total=1.0)
        yield lambda what, share: progress.update(task, description=escape(visible(what)), completed=share)


@contextmanager
def count_bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows how many of how many are done; the bar is removed at the end."""
    columns = Progress.get_default_columns()
    with bars(Console(stderr=True), quiet, *columns, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def replay_bar(
    console: Console, name: str, count: int | None, limit: int | None, *, dated: bool, quiet: bool
) -> Iterator[Callable[[int, int, int], None]]:
    """Yield a function that shows the ratings sent and skipped, their rate and the last one's date, if it has one."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} ratings, {task.fields[rate]:,.0f}/s, at {task.fields[date]}"),
        TimeRemainingColumn(),
    )
    with bars(console, quiet, *columns) as progress:
        total = min((n for n in (count, limit) if n is not None), default=None)
        task = progress.add_task(escape(visible(name)), total=total, rate=0.0, date="–")

        def show(sent: int, skipped: int, timestamp: int) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            done = sent + skipped if limit is None else sent
            date = utc_day(timestamp if dated else None)
            progress.update(task, completed=done, rate=sent / elapsed if elapsed else 0.0, date=date)

        yield show
