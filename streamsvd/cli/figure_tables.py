"""The figures of a run: the headline, the details and the lists, as tables and as JSON objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evaluation import Monitor, RankingSampler
from evaluation.metrics import BIAS, COUNT, CoverageFigures, Errors, Figures, Output, Over, RankingFigures, Window
from streamsvd.cli.tables import facts_grid, new_table
from streamsvd.ratings import utc_day

_DAY = 86_400
_MONTHS = 12
_ORDERS = {"choice": "chosen and liked", "rating": "predicted rating", "popular": "most popular"}


def figures_table(title: str, figures: Figures, facts: Mapping[str, str], total: Errors) -> Group:
    """Both protocols side by side, with the bias of `total`; below, further facts."""
    rows: dict[tuple[Over, str], dict[str, str]] = {}
    for figure in Figures.for_output(Output.TABLE):
        row = rows.setdefault((figure.over, figure.measure.title), {})
        row[figure.protocol] = figure.text(figures)
    rows["all", BIAS.title] = {"event": BIAS.text(total.bias_event, "+"), "page": BIAS.text(total.bias_page, "+")}
    table = new_table(title, "error", "event protocol", "page protocol")
    covered: dict[Over, str] = {"all": "all", "newest": f"last {figures.window:,}", "fading": "fading"}
    for (over, name), row in sorted(rows.items(), key=lambda item: list(covered).index(item[0][0])):
        table.add_row(f"{name}, {covered[over]} events", row.get("event", "–"), row.get("page", "–"))
    caption = Text("event: predicted just before each rating · page: before the page that it came with", style="dim")
    return Group(table, caption, facts_grid(*facts.items()))


def detail_tables(monitor: Monitor, *, dated: bool = True) -> Group:
    """Windows and slices (of the months, the newest), interval coverage, and the changes found.

    Where timestamps are no dates (not `dated`), windows of days, months and the days of changes are left out.
    """
    slices = _slices(monitor, dated)
    rows: list[tuple[str, str, Errors]] = [
        *(("window", _covered(window), errors) for window, errors in _windows(monitor, dated)),
        *(row for row in slices if row[0] != "month"),
        *[row for row in slices if row[0] == "month"][-_MONTHS:],
    ]
    figures = list(chain.from_iterable(Errors.by_measure(Output.TABLE).values()))
    headings = [f"{figure.measure.title} {figure.protocol}" for figure in figures]
    errors = new_table("Where the errors are", "", "", "ratings", *headings, left=2, no_wrap=True)
    before = ""
    for by, name, found in rows:
        errors.add_row(
            "" if by == before else by, name, COUNT.text(found.events), *(figure.text(found) for figure in figures)
        )
        before = by
    return Group(errors, coverage_table(monitor), *_changes(monitor, dated))


def coverage_table(monitor: Monitor) -> Table:
    """How often ratings lay within the predicted intervals, and how likely they were."""
    figures = CoverageFigures.for_output(Output.TABLE)
    headings = [figure.measure.title for figure in figures]
    title = "Interval coverage of the predicted deviations, by known ratings of the user; event protocol"
    table = new_table(title, "ratings of the user", "ratings", *headings, no_wrap=True)
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


def details_object(monitor: Monitor, *, detail: bool, dated: bool = True) -> dict[str, Any]:
    """For `--json`: bias, windows, interval coverage, drift; the slices if `detail` is asked for; `dated` as above."""
    total = monitor.total()
    coverage = monitor.coverage.figures()
    parts = coverage if detail else {"all": coverage["all"]}
    marks = [asdict(mark) if dated else {**asdict(mark), "event_time": None} for mark in monitor.drift.detections]
    found = {
        "bias_event": total.bias_event,
        "bias_page": total.bias_page,
        "windows": [
            {"unit": window.unit, "size": window.size, **errors.values()} for window, errors in _windows(monitor, dated)
        ],
        "calibration": [
            {"ratings_of_the_user": name, **_intervals_last(part.values())} for name, part in parts.items()
        ],
        "drift": {**monitor.drift.counts, "marks": marks},
    }
    if detail:
        slices = _slices(monitor, dated)
        found["slices"] = [{"by": by, "name": name, **errors.values()} for by, name, errors in slices]
    return found


def _covered(window: Window) -> str:
    return f"last {window.size:,} ratings" if window.unit == "events" else f"last {window.size / _DAY:g} days"


def _windows(monitor: Monitor, dated: bool) -> list[tuple[Window, Errors]]:
    return [row for row in monitor.windows.errors().items() if dated or row[0].unit == "events"]


def _slices(monitor: Monitor, dated: bool) -> list[tuple[str, str, Errors]]:
    return [(by, name, errors) for (by, name), errors in monitor.slices.errors().items() if dated or by != "month"]


def _intervals_last(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in sorted(part, key=lambda name: name.startswith("within_"))}


def _changes(monitor: Monitor, dated: bool) -> Iterable[RenderableType]:
    if monitor.drift.detections:
        table = new_table("Changes of the page error", "found by", "after ratings", "on", "it", no_wrap=True)
        for mark in monitor.drift.detections:
            when = utc_day(mark.event_time if dated else None)
            table.add_row(mark.detector, f"{mark.events:,}", when, "rose" if mark.rose else "fell")
        yield table


def ranking_table(sampler: RankingSampler) -> Group:
    """Each order of the list, by both protocols."""
    some = next(iter(sampler.ranking.values())).figures()
    figures = RankingFigures.for_output(Output.TABLE)
    headings = [figure.measure.title + (", page" if figure.protocol == "page" else "") for figure in figures]
    table = new_table(f"lists of {some.n}", "list by", *headings)
    for name, ranking in sampler.ranking.items():
        found = ranking.figures()
        table.add_row(_ORDERS[name], *(figure.text(found) for figure in figures))
    caption = (
        f"asked before {some.lists:,} liked items, on one page in {sampler.every}; "
        f"{some.unknown_items:,} of them were not known then, and count as misses"
    )
    return Group(table, Text(caption, style="dim"))


def ranking_object(sampler: RankingSampler) -> dict[str, Any]:
    """The same for programs: figures by order; None where nothing was liked."""
    return {"every": sampler.every, **{name: ranking.figures().values() for name, ranking in sampler.ranking.items()}}
