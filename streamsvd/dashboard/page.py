"""The page: how the cards lie, and what happens every second."""

from __future__ import annotations

import time
from pathlib import Path

from nicegui import ui

from streamsvd.dashboard.board import Board
from streamsvd.dashboard.comparison import Calibration, SideBySide, Singular, Slices
from streamsvd.dashboard.dead_letters_card import DeadLettersCard
from streamsvd.dashboard.elements import Text, box
from streamsvd.dashboard.errors_card import ErrorsCard
from streamsvd.dashboard.lookup_card import LookupCard
from streamsvd.dashboard.lookups import Lookups
from streamsvd.dashboard.status_line import Level, condition
from streamsvd.dashboard.theme import theme_button
from streamsvd.dashboard.tiles import Clocks, ErrorNow, Known, Snapshot, Speed, Waiting

REFRESH_SECONDS = 1.0
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


class Page:
    """One open page; every visitor has their own choices and answers, all share the board."""

    def __init__(self, board: Board, lookups: Lookups) -> None:
        self._board = board
        ui.add_css(STYLE)
        link = Text("a", "Skip to the lookup", "skip")
        link.props["href"] = "#lookup"
        self._frame = box("div", "frame")
        with self._frame:
            self._head()
            with box("div", "grid"):
                self._error_now, self._speed, self._waiting, self._clocks = ErrorNow(), Speed(), Waiting(), Clocks()
                self._errors = ErrorsCard(self.refresh)
                with box("div", "stack w4"):
                    self._snapshot, self._known = Snapshot(), Known()
                self._side_by_side, self._slices = SideBySide(), Slices()
                self._singular, self._calibration = Singular(), Calibration()
                self._letters = DeadLettersCard()
                self._lookup = LookupCard(lookups)
        ui.timer(REFRESH_SECONDS, self.refresh)

    def refresh(self) -> None:
        """Show what the board knows now."""
        board, now = self._board, time.time()
        stored = board.stored
        self._show_condition(now)
        points = () if stored is None else stored.points
        if stored is not None and (not points or stored.now.point.events > points[-1].events):
            points = (*points, stored.now.point)
        self._about.set(_about(board))
        self._error_now.show(stored, self._errors.window.value, self._errors.measure)
        self._speed.show(stored, points)
        self._waiting.show(board)
        self._clocks.show(stored, points, now)
        self._errors.show(stored, points)
        self._letters.show(board)
        self._snapshot.show(stored, now)
        self._known.show(stored, points)
        self._singular.show(stored)
        self._calibration.show(stored)
        self._side_by_side.show(stored)
        self._slices.show(stored)

    def _head(self) -> None:
        with box("header", "head"):
            Text("h1", "streamsvd")
            self._about = Text("span", _about(self._board), "about")
            with box("div", "rest"):
                theme_button()
        with box("div", "state waiting", role="status") as self._state:
            self._what = Text("span", "Starting", "what")
            self._why = Text("span", "", "why")
        self._level: Level = "waiting"

    def _show_condition(self, now: float) -> None:
        found = condition(self._board, now)
        self._what.set(found.what)
        self._why.set(found.why)
        if found.level != self._level:
            self._state.classes(remove=self._level, add=found.level)
            self._level = found.level
            self._frame.classes(add="stale" if found.stale else "", remove="" if found.stale else "stale")


def _about(board: Board) -> str:
    dataset = "" if board.stored is None or not board.stored.dataset else f", {board.stored.dataset}"
    return f"model {board.model}{dataset}"
