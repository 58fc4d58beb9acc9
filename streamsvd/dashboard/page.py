"""The page: layout of the cards, and their update every second."""

from __future__ import annotations

import time
from pathlib import Path

from nicegui import ui

from streamsvd.dashboard.board import Board
from streamsvd.dashboard.comparison import CoverageCard, SideBySideCard, SingularValuesCard, SlicesCard
from streamsvd.dashboard.dead_letters_card import DeadLettersCard
from streamsvd.dashboard.elements import Text, box, button
from streamsvd.dashboard.errors_card import ErrorsCard
from streamsvd.dashboard.lookup_card import LookupCard
from streamsvd.dashboard.lookups import Lookups
from streamsvd.dashboard.status_line import Level, status_line
from streamsvd.dashboard.tiles import CheckpointCard, ClocksCard, CurrentErrorCard, LagCard, ModelSizeCard, SpeedCard

REFRESH_SECONDS = 1.0
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

_LOAD_THEME = """<script>
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "system";
</script>"""
_CHANGE_THEME = """() => {
  const root = document.documentElement;
  const other = matchMedia("(prefers-color-scheme: dark)").matches ? "light" : "dark";
  const next = root.dataset.theme === "system" ? other : "system";
  root.dataset.theme = next;
  localStorage.setItem("theme", next);
}"""


class DashboardPage:
    """One open page; choices and answers are its own, the board is shared."""

    def __init__(self, board: Board, lookups: Lookups) -> None:
        self._board = board
        ui.add_css(STYLE)
        link = Text("a", "Skip to the lookup", "skip")
        link.props["href"] = "#lookup"
        self._frame = box("div", "frame")
        with self._frame:
            self._head()
            with box("div", "grid"):
                self._current_error, self._speed = CurrentErrorCard(), SpeedCard()
                self._lag, self._clocks = LagCard(), ClocksCard()
                self._errors = ErrorsCard(self.refresh)
                with box("div", "stack w4"):
                    self._checkpoint, self._model_size = CheckpointCard(), ModelSizeCard()
                self._side_by_side, self._slices = SideBySideCard(), SlicesCard()
                self._singular, self._coverage = SingularValuesCard(), CoverageCard()
                self._dead_letters = DeadLettersCard()
                self._lookup = LookupCard(lookups)
        ui.timer(REFRESH_SECONDS, self.refresh)

    def refresh(self) -> None:
        """Show the board's present state."""
        board, now = self._board, time.time()
        stored = board.stored
        self._show_status(now)
        points = () if stored is None else stored.points
        if stored is not None and (not points or stored.now.point.events > points[-1].events):
            points = (*points, stored.now.point)
        self._about.set(_about(board))
        self._current_error.show(stored, self._errors.window.value, self._errors.measure)
        self._speed.show(stored, points)
        self._lag.show(board)
        self._clocks.show(stored, points, now)
        self._errors.show(stored, points)
        self._dead_letters.show(board)
        self._checkpoint.show(stored, now)
        self._model_size.show(stored, points)
        self._singular.show(stored)
        self._coverage.show(stored)
        self._side_by_side.show(stored)
        self._slices.show(stored)

    def _head(self) -> None:
        with box("header", "head"):
            Text("h1", "streamsvd")
            self._about = Text("span", _about(self._board), "about")
            with box("div", "rest"):
                ui.add_head_html(_LOAD_THEME)
                button("Dark or light", "button small").on("click", js_handler=_CHANGE_THEME)
        with box("div", "state waiting", role="status") as self._status:
            self._headline = Text("span", "Starting", "what")
            self._detail = Text("span", "", "why")
        self._level: Level = "waiting"

    def _show_status(self, now: float) -> None:
        found = status_line(self._board, now)
        self._headline.set(found.headline)
        self._detail.set(found.detail)
        if found.level != self._level:
            self._status.classes(remove=self._level, add=found.level)
            self._level = found.level
            self._frame.classes(add="stale" if found.stale else "", remove="" if found.stale else "stale")


def _about(board: Board) -> str:
    dataset = "" if board.stored is None or not board.stored.dataset else f", {board.stored.dataset}"
    return f"model {board.model}{dataset}"
