"""Cards that compare: models side by side, slices, interval coverage, singular values."""

from __future__ import annotations

from evaluation.metrics import COUNT, RMSE, CoverageFigures, Output
from streamsvd.dashboard import card_texts
from streamsvd.dashboard.board import Stored
from streamsvd.dashboard.charts import singular_options
from streamsvd.dashboard.elements import Chart, DataTable, RadioGroup, Text, card
from streamsvd.dashboard.formats import NOTHING, count, difference
from streamsvd.figures import ShadowRow, Values

SERVED = "served"
_SLICES_SHOWN = 12
_SHARES = CoverageFigures.for_output(Output.DASHBOARD)


class SideBySideCard:
    """The served model and its shadows."""

    def __init__(self) -> None:
        with card(card_texts.SIDE_BY_SIDE, "w6"):
            columns = [("model", False), ("ratings", True), ("event", True), ("page", True)]
            columns += [("difference", True), ("verdict", False)]
            self._table = DataTable(columns, "Models on the same ratings")
            self._none = Text("p", "There is no shadow model to compare.", "empty")

    def show(self, stored: Stored | None) -> None:
        """Show the newest figures."""
        rows = [] if stored is None else list(stored.shadows)
        if stored is not None and not rows:
            self._table.show([[SERVED, *_errors(stored.now.point.total), NOTHING, NOTHING]])
        else:
            self._table.show([_cells(row) for row in rows])
        self._none.set_visibility(len(rows) < 2)


def _cells(row: ShadowRow) -> list[str]:
    found = row.against_served
    name = f"{row.name} ({SERVED})" if row.served else row.name
    gap = NOTHING
    if found is not None and found.difference is not None:
        gap = f"{difference(found.difference)} [{difference(found.low)}, {difference(found.high)}]"
    return [name, *_errors({"events": row.events, **row.figures}), gap, _verdict(row)]


def _errors(found: Values) -> list[str]:
    return [COUNT.text(found.get("events")), RMSE.text(found.get("rmse_event")), RMSE.text(found.get("rmse_page"))]


def _verdict(row: ShadowRow) -> str:
    found = row.against_served
    if found is None:
        return NOTHING
    if found.better is None:
        return "undecided"
    return f"{'better' if found.better == 'shadow' else 'worse'} since {count(found.since_event)}"


class SlicesCard:
    """The error by slice."""

    def __init__(self) -> None:
        with card(card_texts.SLICES, "w6"):
            self._by = RadioGroup[str]("By", ["user"], "user", self._redraw)
            columns = [("slice", False), ("ratings", True), ("event", True), ("page", True)]
            self._table = DataTable(columns, "Error by slice")
            self._note = Text("p", "", "note")
            self._stored: Stored | None = None

    def show(self, stored: Stored | None) -> None:
        """Show the newest figures."""
        self._stored = stored
        self._redraw()

    def _redraw(self) -> None:
        slices = [] if self._stored is None else self._stored.detail.slices
        self._by.offer(list(dict.fromkeys(part.by for part in slices)))
        chosen = [part for part in slices if part.by == self._by.value]
        rows = [[part.name, *_errors(part.errors)] for part in chosen[-_SLICES_SHOWN:]]
        self._table.show(rows)
        left_out = len(chosen) - len(rows)
        self._note.set(f"The newest {len(rows)} of {len(chosen)}." if left_out else "")


class CoverageCard:
    """Coverage of the predicted intervals."""

    def __init__(self) -> None:
        with card(card_texts.COVERAGE, "w6"):
            shares = [(share.measure.title.removeprefix("in "), True) for share in _SHARES]
            columns = [("ratings", False), ("number", True), *shares]
            self._table = DataTable(columns, "Share of the ratings within each interval")

    def show(self, stored: Stored | None) -> None:
        """Show the newest figures."""
        parts = [] if stored is None else stored.now.calibration
        self._table.show(
            [
                [
                    "all" if part["name"] == "all" else f"users with {part['name']}",
                    COUNT.text(part.get("events")),
                    *(share.measure.text(part.get(share.name)) for share in _SHARES),
                ]
                for part in parts
            ]
        )


class SingularValuesCard:
    """The singular values as bars."""

    def __init__(self) -> None:
        with card(card_texts.SINGULAR, "w6"):
            self._chart = Chart("Singular values, largest first", "chart low")
            self._note = Text("p", "", "note")

    def show(self, stored: Stored | None) -> None:
        """Show the newest figures."""
        values = [] if stored is None else stored.detail.singular_values
        self._chart.draw(singular_options(values))
        shares = sum(value**2 for value in values)
        first = f"The first holds {100 * values[0] ** 2 / shares:.0f} % of what the factors explain." if shares else ""
        self._note.set(first or "Not computed yet.")
