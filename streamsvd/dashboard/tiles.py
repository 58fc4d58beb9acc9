"""The small cards: their elements are created once, `show` is called every second."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation import Figures
from evaluation.metrics import Figure, Measure, Output
from model_store.feed import FeedPoint
from streamsvd.dashboard import card_texts
from streamsvd.dashboard.board import Board, Stored
from streamsvd.dashboard.charts import counts_options, speed_options
from streamsvd.dashboard.elements import Chart, DescriptionList, Text, box, card
from streamsvd.dashboard.formats import NOTHING, age, count, moment, size, span
from streamsvd.dashboard.windows import errors_over

_PACE_POINTS = 5  # the newest ones, over which a replay's pace is computed
_FURTHER = Figures.for_output(Output.DASHBOARD)


class CurrentErrorCard:
    """The error over the chosen window, by both protocols."""

    def __init__(self) -> None:
        with card(card_texts.CURRENT_ERROR, "w3"):
            with box("div", "pair"):
                self._event = _figure("event", "swatch event", "event")
                self._page = _figure("page", "swatch dashed page-protocol", "page-protocol")
            self._over = Text("p", "", "note")
            self._further = DescriptionList([_title(figure) for figure in _FURTHER]) if _FURTHER else None

    def show(self, stored: Stored | None, window: str, measure: Measure) -> None:
        """Show the newest figures."""
        found = (None if stored is None else errors_over(stored.now.point, window)) or {}
        self._event.set(measure.text(found.get(f"{measure.name}_event")))
        self._page.set(measure.text(found.get(f"{measure.name}_page")))
        covered = f"{count(found.get('events'))} ratings" if found else "no ratings yet"
        self._over.set(f"{measure.title} over {window}: {covered}")
        if self._further is not None:
            values = {} if stored is None else stored.now.point.figures
            for figure in _FURTHER:
                self._further.set(_title(figure), figure.measure.text(values.get(figure.name)))


class SpeedCard:
    """Ratings learned per second, with its history as a sparkline."""

    def __init__(self) -> None:
        with card(card_texts.SPEED, "w3"):
            self._rate = Text("div", NOTHING, "big")
            self._line = Chart("Ratings learned a second so far", "spark")

    def show(self, stored: Stored | None, points: Sequence[FeedPoint]) -> None:
        """Show the newest figures."""
        self._rate.set(count(None if stored is None else stored.now.operation.events_per_second))
        self._line.draw(speed_options(points))


class LagCard:
    """Lag: in ratings and in event time."""

    def __init__(self) -> None:
        with card(card_texts.LAG, "w3"):
            self._waiting = Text("div", NOTHING, "big")
            self._values = DescriptionList(["behind, event time", "log ends at", "learned"])

    def show(self, board: Board) -> None:
        """Show the newest figures: those of the log, else the consumer's last ones."""
        stored = board.stored
        waiting, behind = board.waiting, board.behind
        if waiting is None and stored is not None:
            waiting, behind = stored.now.operation.lag, stored.now.operation.lag_seconds
        self._waiting.set(count(waiting))
        self._values.set("behind, event time", span(behind))
        self._values.set("log ends at", count(None if board.logged is None else sum(board.logged.ends.values())))
        self._values.set("learned", count(None if stored is None else stored.now.point.events))


class ClocksCard:
    """Event time and wall-clock time."""

    def __init__(self) -> None:
        with card(card_texts.CLOCKS, "w3"):
            with box("div", "pair"):
                self._event = _figure("event time", "", "clock")
            self._values = DescriptionList(["wall clock", "one second here is"])

    def show(self, stored: Stored | None, points: Sequence[FeedPoint], now: float) -> None:
        """Show the newest figures."""
        self._event.set(moment(None if stored is None else stored.now.point.event_time))
        self._values.set("wall clock", moment(now))
        pace = _pace(points)
        self._values.set("one second here is", NOTHING if pace is None else f"{span(pace)} there")


class CheckpointCard:
    """Age, duration and size of the checkpoint."""

    def __init__(self) -> None:
        with card(card_texts.CHECKPOINT, ""):
            self._age = Text("div", NOTHING, "big")
            self._values = DescriptionList(["number", "took", "size"])

    def show(self, stored: Stored | None, now: float) -> None:
        """Show the newest figures."""
        if stored is None:
            self._age.set(NOTHING)
            return
        operation = stored.now.operation
        self._age.set(age(max(0.0, now - stored.now.point.written_at)))
        self._values.set("number", count(operation.version))
        self._values.set("took", span(operation.checkpoint_seconds))
        self._values.set("size", size(operation.checkpoint_bytes))


class ModelSizeCard:
    """Numbers of users, items and ratings."""

    def __init__(self) -> None:
        with card(card_texts.MODEL_SIZE, ""):
            with box("div", "pair"):
                self._users = _figure("users", "swatch event", "")
                self._items = _figure("items", "swatch dashed third", "")
                self._ratings = _figure("ratings", "", "")
            self._line = Chart("Users and items so far", "spark")

    def show(self, stored: Stored | None, points: Sequence[FeedPoint]) -> None:
        """Show the newest figures."""
        point = None if stored is None else stored.now.point
        self._users.set(count(None if point is None else point.users))
        self._items.set(count(None if point is None else point.items))
        self._ratings.set(count(None if point is None else point.events))
        self._line.draw(counts_options(points))


def _title(figure: Figure) -> str:
    return f"{figure.measure.title}, {figure.protocol}, {figure.over}"


def _figure(name: str, swatch: str, classes: str) -> Text:
    with box("div"):
        with box("div", "name"):
            if swatch:
                box("span", swatch)
            Text("span", name)
        return Text("div", NOTHING, f"big {classes}")


def _pace(points: Sequence[FeedPoint]) -> float | None:
    """Seconds of event time per second of wall clock, over the newest points."""
    newest = points[-_PACE_POINTS:]
    if len(newest) < 2 or newest[0].event_time is None or newest[-1].event_time is None:
        return None
    seconds = newest[-1].written_at - newest[0].written_at
    return (newest[-1].event_time - newest[0].event_time) / seconds if seconds > 0 else None
