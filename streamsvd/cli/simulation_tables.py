"""What `simulate` and `runs` show: a bar for each run at work, and runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from evaluation.studies import PastRecommendations, Run, StoredRun
from streamsvd.cli.progress_bars import bars
from streamsvd.cli.tables import best_in_bold, new_table, plain_text
from streamsvd.ratings import utc_day

_MOST_BARS = 12
_ERRORS = ("rmse_event", "rmse_page", "mae_event", "mae_page")


@contextmanager
def simulation_bars(
    console: Console, runs: Sequence[Run], *, quiet: bool = False
) -> Iterator[Callable[[Sequence[int]], None]]:
    """Yield a function that shows the ratings learned by each run."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} ratings"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    lengths = [run.events.end - run.events.first for run in runs]
    with bars(console, quiet, *columns) as progress:
        few = len(runs) <= _MOST_BARS
        tasks = [progress.add_task(run.spec.text, total=n) for run, n in zip(runs, lengths, strict=True) if few]
        whole = progress.add_task(f"{len(runs)} runs", total=sum(lengths)) if len(runs) != 1 else None

        def show(learned: Sequence[int]) -> None:
            for task, done in zip(tasks, learned, strict=False):
                progress.update(task, completed=done)
            if whole is not None:
                progress.update(whole, completed=sum(learned))

        yield show


def runs_object(runs: Sequence[StoredRun]) -> dict[str, Any]:
    """Runs for programs: each one's folder and manifest."""
    return {"runs": [{"folder": str(run.path), **run.manifest} for run in runs]}


def runs_table(title: str, runs: Sequence[StoredRun]) -> Group:
    """Runs side by side; the best figure of a column in bold, where all have scored the same ratings."""
    same = len({_scored(run) for run in runs}) == 1
    names = ["run", "model", *([] if same else ["ratings scored"])]
    table = new_table(title, *names, "RMSE event", "page", "MAE event", "page", "k/s", left=len(names))
    table.columns[0].no_wrap = True
    figures = [run.manifest["figures"] for run in runs]
    errors = best_in_bold([each[name] for each in figures] for name in _ERRORS)
    if not same:
        errors = [[Text(cell.plain) for cell in cells] for cells in errors]
    for run, *cells in zip(runs, *errors, strict=True):
        model = run.label + (", through Kafka" if run.manifest["inputs"]["through"] == "kafka" else "")
        scored = [] if same else [_ratings(run)]
        table.add_row(run.digest[:8], model, *scored, *cells, f"{run.manifest['events_per_second'] / 1000:,.0f}")
    notes = ["k/s: thousand ratings a second, on the machine and in the company of that run"]
    if same:
        notes.insert(0, f"scored: {_ratings(runs[0])}")
    else:
        notes.insert(0, "these runs scored different ratings: compare figures of the same ones only")
    return Group(table, *(Text(note, style="dim") for note in notes))


def past_recommendations_table(found: PastRecommendations) -> Group:
    """Recommendations of a moment, and what became of them."""
    until = f"{found.learned:,} ratings"
    if found.event_time is not None:
        until = f"the ratings until {utc_day(found.event_time)}"
    title = f"For user {found.user}, knowing {until}"
    names = "predicted", "later rated", "item", "title", "because of"
    table = new_table(plain_text(title, no_wrap=True), *names, left=len(names))
    for column in table.columns[:2]:
        column.justify = "right"
    for item in found.items:
        why = ", ".join(f"{one.title or one.item} (+{one.raised_by:.2f})" for one in item.reasons)
        later = Text() if item.rated is None else Text(f"✓ {item.rated:g}", style="bold green")
        on = "" if item.rated_at is None else f" on {utc_day(item.rated_at)}"
        table.add_row(f"{item.score:.2f}", Text.assemble(later, on), str(item.item), item.title or "–", why or "–")
    hits = sum(item.rated is not None for item in found.items)
    note = (
        f"{found.learned:,} ratings learned, {found.own:,} of them the user's; afterwards the user rated "
        f"{found.later:,} more, {hits} of them from this list"
    )
    if not found.known_user:
        note = f"this user was unknown, so these are the best for an average user; {note}"
    return Group(table, *map(plain_text, found.notes), Text(note, style="dim"))


def _ratings(run: StoredRun) -> str:
    m = run.manifest
    part = m["inputs"]["stretch"]
    text = f"{m['inputs']['data']['name']}, {m['figures']['events']:,}"
    if run.is_dated:
        text += f" from {utc_day(m['first_event_time'])} to {utc_day(m['last_event_time'])}"
    return text + (f", after {part['scored_from'] - part['from']:,}" if part["scored_from"] > part["from"] else "")


def _scored(run: StoredRun) -> tuple[object, ...]:
    found = run.manifest["inputs"]
    return found["data"]["ratings_sha256"], found["stretch"]["scored_from"], found["stretch"]["until"]
