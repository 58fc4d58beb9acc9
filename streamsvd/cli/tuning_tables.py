"""What `streamsvd tune` shows: a bar of trials, and at the end the settings found, next to the defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from evaluation.studies import Trial, best_trial
from streamsvd.cli.progress_bars import bars
from streamsvd.cli.tables import facts_grid, new_table

Errors = Mapping[str, float]


@contextmanager
def tuning_bar(console: Console, total: int, *, quiet: bool = False) -> Iterator[Callable[[Sequence[Trial]], None]]:
    """Yield a function that shows the trials so far."""
    columns = (
        SpinnerColumn(),
        TextColumn("tuning"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("[bold]{task.fields[errors]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with bars(console, quiet, *columns) as progress:
        task = progress.add_task("tuning", total=total, errors="")

        def show(trials: Sequence[Trial]) -> None:
            if trials:
                defaults = "".join(f", defaults {trial.error:.4f}" for trial in trials if not trial.changes)
                errors = f"best RMSE {best_trial(trials).error:.4f}{defaults}"
                progress.update(task, completed=min(len(trials), total), errors=errors)

        yield show


def tuning_table(title: str, errors: Mapping[str, Errors], changes: Mapping[str, float]) -> Group:
    """Errors on what the search saw and on the rest, and the settings that it changed."""
    table = new_table(title, "RMSE", "defaults", "found", "change")
    for name, before in errors["defaults"].items():
        after = errors["found"][name]
        table.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}")
    grid = facts_grid(*((name, f"{value:.4g}") for name, value in changes.items()))
    return Group(table, Text(verdict(errors), style="bold"), grid)


def verdict(errors: Mapping[str, Errors]) -> str:
    """How much better the settings found are on the test ratings.

    >>> verdict({"defaults": {"rest, event": 0.91}, "found": {"rest, event": 0.9}})
    'On the rest, which the search had not seen, the settings found are better by 0.0100.'
    >>> verdict({"defaults": {"rest, event": 0.91}, "found": {"rest, event": 0.92}})
    'On the rest, which the search had not seen, the settings found are worse by 0.0100: keep the defaults.'
    """
    name = next(name for name in errors["defaults"] if name.startswith("rest"))
    gain = errors["defaults"][name] - errors["found"][name]
    if errors["defaults"] == errors["found"]:
        return "Nothing better than the defaults was found."
    worth = f"better by {gain:.4f}." if gain > 0 else f"worse by {-gain:.4f}: keep the defaults."
    return f"On the rest, which the search had not seen, the settings found are {worth}"
