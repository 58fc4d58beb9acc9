"""The large chart: error over time, with options for window, measure and axis, and a table of the newest points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evaluation.metrics import Errors, Measure, Output
from model_store.feed import FeedPoint
from streamsvd.dashboard import card_texts
from streamsvd.dashboard.board import Stored
from streamsvd.dashboard.charts import Axis, ChartLine, colour_of, error_options, value_of
from streamsvd.dashboard.elements import Chart, DataTable, Legend, RadioGroup, Text, box, card
from streamsvd.dashboard.formats import count, moment
from streamsvd.dashboard.windows import ALL, picking, window_names
from streamsvd.figures import Values

_TABLE_ROWS = 12
_AXES: tuple[Axis, ...] = ("events", "event time", "wall clock")
_MEASURES = {measure.title: measure for measure in Errors.by_measure(Output.DASHBOARD)}


class ErrorsCard:
    """Error over time.

    Parameters
    ----------
    changed : callable
        Called when another option is chosen.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        with card(card_texts.ERROR_CHART, "w8"):
            with box("div", "controls"):
                self.window = RadioGroup[str]("Window", [ALL], ALL, changed)
                self._measure = RadioGroup[str]("Measure", list(_MEASURES), next(iter(_MEASURES)), changed)
                self._axis = RadioGroup[Axis]("Along", _AXES, "events", changed)
            self._legend = Legend()
            self._chart = Chart("Error over time; the table below holds the newest points")
            self._drifts = Text("p", "", "note")
            self._only_all = Text("p", f"Shadows are drawn for the window “{ALL}”.", "note")
            with box("details", "data"):
                Text("summary", "The newest points as a table")
                columns = [("ratings", False), ("event time", False), ("event", True), ("page", True)]
                self._table = DataTable(columns, "Error at the newest points")

    @property
    def measure(self) -> Measure:
        """The chosen one."""
        return _MEASURES[self._measure.value]

    def show(self, stored: Stored | None, points: Sequence[FeedPoint]) -> None:
        """Show the newest figures."""
        if stored is not None:
            self.window.offer(window_names(stored.now.point))
        measure, over = self.measure, picking(self.window.value)
        event, page = value_of(over, f"{measure.name}_event"), value_of(over, f"{measure.name}_page")
        lines = [
            ChartLine("event", "--event", False, event),
            ChartLine("page", "--page-protocol", True, page),
            *(_shadow_lines(stored, measure.name) if self.window.value == ALL else []),
        ]
        self._legend.show([(line.name, line.colour, line.dashed) for line in lines])
        drifts = [] if stored is None else stored.now.drifts
        self._chart.draw(error_options(points, lines, self._axis.value, drifts))
        self._drifts.set(_drift_note(stored))
        self._only_all.set_visibility(stored is not None and bool(stored.shadows) and self.window.value != ALL)
        text = measure.text
        rows = [[count(p.events), moment(p.event_time), text(event(p)), text(page(p))] for p in points[-_TABLE_ROWS:]]
        self._table.show(rows[::-1])


def _shadow_lines(stored: Stored | None, measure: str) -> list[ChartLine]:
    names = [] if stored is None else sorted(stored.now.point.shadows)
    return [
        ChartLine(f"{name}, page", colour_of(place), True, value_of(_shadow(name), f"{measure}_page"))
        for place, name in enumerate(names)
    ]


def _shadow(name: str) -> Callable[[FeedPoint], Values | None]:
    return lambda point: point.shadows.get(name)


def _drift_note(stored: Stored | None) -> str:
    if stored is None:
        return ""
    if not stored.now.drifts:
        return "No drift has been reported."
    newest = stored.now.drifts[-1]
    way = "rose" if newest.rose else "fell"
    found = max(sum(stored.now.point.drift.values()), len(stored.now.drifts))
    reported = "One change of the error" if found == 1 else f"{count(found)} changes of the error"
    place = f"{count(newest.events)} ratings ({moment(newest.event_time)})"
    return f"{reported} reported; the newest by {newest.detector} at {place}: the error {way}."
