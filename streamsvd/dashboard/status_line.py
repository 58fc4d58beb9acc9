"""How things stand, in words that an operator understands: what the line at the top of the page says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamsvd.dashboard.board import Board
from streamsvd.dashboard.formats import age, count, span

LATE_SECONDS = 15.0
"""A snapshot that takes longer than this, while ratings wait, is late: a consumer writes one every few seconds."""

Level = Literal["live", "waiting", "late", "down"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is shown of it.

    Attributes
    ----------
    level : str
        `live`: all is well. `waiting`: nothing to do. `late`: ratings wait and are not learned. `down`: the store does
        not answer, so nothing on the page is new.
    what, why : str
        A headline, and what it means or what to do.
    """

    level: Level
    what: str
    why: str

    @property
    def stale(self) -> bool:
        """Whether the figures on the page are those of the past."""
        return self.level in ("late", "down")


def condition(board: Board, now: float) -> Condition:
    """Judge the board at a moment of the wall clock."""
    if board.store.silent(now):
        return _silent(board, now)
    if board.stored is None:
        what = "Looking for the model" if not board.store.answered else f"No snapshot of {board.model} yet"
        return Condition(
            "waiting", what, f"Fill it: streamsvd consume --model {board.model}. This page goes on by itself."
        )
    written_at = board.stored.now.point.written_at
    old = now - written_at
    waiting = board.waiting
    newest = f"newest snapshot {age(old)}"
    if waiting is None:
        return _without_log(board, old, newest)
    if waiting == 0:
        return Condition(
            "live" if old < LATE_SECONDS else "waiting", "Up to date", f"Every rating is learned; {newest}."
        )
    if now - max(written_at, board.waits_since or now) < LATE_SECONDS:
        return Condition("live", "Learning", f"{count(waiting)} ratings wait in the log; {newest}.")
    why = (
        f"{count(waiting)} ratings wait in the log and nothing has been learned for {span(old)}. "
        f"Is it running? streamsvd consume --model {board.model}"
    )
    return Condition("late", "The consumer has stopped", why)


def _silent(board: Board, now: float) -> Condition:
    shown = "There is nothing to show yet."
    if board.stored is not None:
        shown = f"What is shown is of {age(now - board.stored.now.point.written_at)}."
    if board.store.refused:
        return Condition("down", "The store cannot be read", f"{board.store.trouble} {shown}")
    what = "Redis does not answer" if board.store.answered else "Redis has not answered yet"
    return Condition("down", what, f"For {span(now - board.store.since)} now. {shown} This page tries again by itself.")


def _without_log(board: Board, old: float, newest: str) -> Condition:
    silent = "Kafka does not answer" if board.watches_log else "No Kafka was named"
    unknown = f"{silent}, so nobody knows how many ratings wait."
    if old < LATE_SECONDS:
        return Condition("live", "Learning", f"{newest.capitalize()}. {unknown}")
    return Condition(
        "late", f"No new snapshot for {span(old)}", f"The consumer has stopped, or nothing comes in. {unknown}"
    )
