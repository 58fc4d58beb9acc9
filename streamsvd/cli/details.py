"""The detailed figures of a run, as tables for people and as an object for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from evaluation import Monitor
from evaluation.metrics import COUNT, CoverageFigures, Errors, Output, Window
from streamsvd.cli.display import day

_DAY = 86_400
_MONTHS = 12


def window_name(window: Window) -> str:
    """A window in words.

    >>> window_name(Window("events", 1000)), window_name(Window("seconds", 7 * 86_400))
    ('last 1,000 ratings', 'last 7 days')
    """
    return f"last {window.size:,} ratings" if window.unit == "events" else f"last {window.size / _DAY:g} days"


def detail_tables(monitor: Monitor) -> Group:
    """Windows and slices (of the months, the newest), calibration, and the changes found."""
    slices = [(by, name, errors) for (by, name), errors in monitor.slices.errors().items()]
    rows: list[tuple[str, str, Errors]] = [
        *(("window", window_name(window), errors) for window, errors in monitor.windows.errors().items()),
        *(row for row in slices if row[0] != "month"),
        *[row for row in slices if row[0] == "month"][-_MONTHS:],
    ]
    figures = list(chain.from_iterable(Errors.by_measure(Output.TABLE).values()))
    headings = [f"{figure.measure.title} {figure.protocol}" for figure in figures]
    errors = _table("Where the errors are", ["", "", "ratings", *headings])
    before = ""
    for by, name, found in rows:
        errors.add_row(
            "" if by == before else by, name, COUNT.text(found.events), *(figure.text(found) for figure in figures)
        )
        before = by
    return Group(errors, calibration_table(monitor), *_changes(monitor))


def calibration_table(monitor: Monitor) -> Table:
    """How often ratings lay within the predicted intervals, and how likely they were."""
    figures = CoverageFigures.for_output(Output.TABLE)
    columns = ["ratings of the user", "ratings", *(figure.measure.title for figure in figures)]
    table = _table("Are the predicted deviations honest? By known ratings of the user; event protocol", columns)
    for name, part in monitor.coverage.figures().items():
        table.add_row(name, COUNT.text(part.events), *(figure.text(part) for figure in figures))
    return table


def drift_line(monitor: Monitor) -> str:
    """The changes of the page error that were found, counted.

    >>> drift_line(Monitor())
    'none'
    """
    found = [f"{n:,} by {detector}" for detector, n in monitor.drift.counts.items() if n]
    return ", ".join(found) or "none"


def details_object(monitor: Monitor, *, detail: bool) -> dict[str, Any]:
    """For `--json`: bias, windows, calibration, drift; the slices where `detail` is asked for."""
    total = monitor.total()
    calibration = monitor.coverage.figures()
    parts = calibration if detail else {"all": calibration["all"]}
    found = {
        "bias_event": total.bias_event,
        "bias_page": total.bias_page,
        "windows": [
            {"unit": window.unit, "size": window.size, **errors.values()}
            for window, errors in monitor.windows.errors().items()
        ],
        "calibration": [
            {"ratings_of_the_user": name, **_intervals_last(part.values())} for name, part in parts.items()
        ],
        "drift": {**monitor.drift.counts, "marks": [asdict(mark) for mark in monitor.drift.detections]},
    }
    if detail:
        slices = monitor.slices.errors().items()
        found["slices"] = [{"by": by, "name": name, **errors.values()} for (by, name), errors in slices]
    return found


def _intervals_last(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in sorted(part, key=lambda name: name.startswith("within_"))}


def _changes(monitor: Monitor) -> Iterable[RenderableType]:
    if monitor.drift.detections:
        table = _table("Changes of the page error", ["found by", "after ratings", "on", "it"])
        for mark in monitor.drift.detections:
            table.add_row(mark.detector, f"{mark.events:,}", day(mark.event_time), "rose" if mark.rose else "fell")
        yield table


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.ROUNDED)
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 or not name else "right", no_wrap=True)
    return table
