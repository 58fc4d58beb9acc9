"""The richer figures of a run, as tables for people and as an object for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from evaluation import Errors, Monitor, Window
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
    errors = _table("Where the errors are", ["", "", "ratings", "RMSE event", "RMSE page", "bias event"])
    before = ""
    for by, name, found in rows:
        errors.add_row(
            "" if by == before else by,
            name,
            f"{found.events:,}",
            *map(_figure, (found.rmse_event, found.rmse_page, found.bias_event)),
        )
        before = by
    return Group(errors, calibration_table(monitor), *_changes(monitor))


def calibration_table(monitor: Monitor) -> Table:
    """How often ratings lay within the predicted intervals, and how likely they were."""
    columns = [
        "ratings of the user",
        "ratings",
        "in 50 %",
        "in 80 %",
        "in 90 %",
        "in 95 %",
        "log likelihood",
        "constant",
    ]
    table = _table("Are the predicted deviations honest? By known ratings of the user; event protocol", columns)
    for name, part in monitor.calibration.honesty().items():
        shares = ("–" if math.isnan(share) else f"{100 * share:.1f} %" for share in part.within.values())
        table.add_row(
            name,
            f"{part.events:,}",
            *shares,
            _figure(part.log_likelihood),
            _figure(part.log_likelihood_constant),
        )
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
    honesty = monitor.calibration.honesty()
    parts = honesty if detail else {"all": honesty["all"]}
    found = {
        "bias_event": total.bias_event,
        "bias_page": total.bias_page,
        "windows": [
            {"unit": window.unit, "size": window.size, **_plain(asdict(errors))}
            for window, errors in monitor.windows.errors().items()
        ],
        "calibration": [{"ratings_of_the_user": name, **_plain(_flat(asdict(part)))} for name, part in parts.items()],
        "drift": {**monitor.drift.counts, "marks": [asdict(mark) for mark in monitor.drift.marks]},
    }
    if detail:
        slices = monitor.slices.errors().items()
        found["slices"] = [{"by": by, "name": name, **_plain(asdict(errors))} for (by, name), errors in slices]
    return found


def _flat(part: dict[str, Any]) -> dict[str, Any]:
    within = {f"within_{percent}": share for percent, share in part.pop("within").items()}
    return {**part, **within}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Figures that do not exist become null."""
    return {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in values.items()}


def _changes(monitor: Monitor) -> Iterable[RenderableType]:
    if monitor.drift.marks:
        table = _table("Changes of the page error", ["found by", "after ratings", "on", "it"])
        for mark in monitor.drift.marks:
            table.add_row(mark.detector, f"{mark.events:,}", day(mark.event_time), "rose" if mark.rose else "fell")
        yield table


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.ROUNDED)
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 or not name else "right", no_wrap=True)
    return table


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"
