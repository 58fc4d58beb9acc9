"""The status line at the top of the page: how the store, the log and the consumer are, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamsvd.dashboard.board import Board
from streamsvd.dashboard.formats import age, count, span

LATE_SECONDS = 15.0
"""A snapshot that takes longer than this, while ratings wait, is late: a consumer writes one every few seconds."""

Level = Literal["live", "waiting", "late", "down"]


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A status with its explanation.

    Attributes
    ----------
    level : str
        `live`: working. `waiting`: nothing to do. `late`: ratings wait and are not learned. `down`: the store does
        not answer, so the figures on the page are old.
    headline, detail : str
        The detail is what it means, or what to do.
    """

    level: Level
    headline: str
    detail: str

    @property
    def stale(self) -> bool:
        """Whether the figures on the page are old."""
        return self.level in ("late", "down")


def status_line(board: Board, now: float) -> StatusLine:
    """The status at a moment of the wall clock."""
    if board.store.silent(now):
        return _silent(board, now)
    if board.stored is None:
        headline = f"No snapshot of {board.model} yet" if board.store.answered else "Looking for the model"
        detail = f"Fill it: streamsvd consume --model {board.model}. This page updates by itself."
        return StatusLine("waiting", headline, detail)
    written_at = board.stored.now.point.written_at
    old = now - written_at
    waiting = board.waiting
    newest = f"newest snapshot {age(old)}"
    if waiting is None:
        return _without_log(board, old, newest)
    if waiting == 0:
        return StatusLine(
            "live" if old < LATE_SECONDS else "waiting", "Up to date", f"Every rating is learned; {newest}."
        )
    if now - max(written_at, board.waiting_since or now) < LATE_SECONDS:
        return StatusLine("live", "Learning", f"{count(waiting)} ratings wait in the log; {newest}.")
    detail = (
        f"{count(waiting)} ratings wait in the log and nothing has been learned for {span(old)}. "
        f"Is it running? streamsvd consume --model {board.model}"
    )
    return StatusLine("late", "The consumer has stopped", detail)


def _silent(board: Board, now: float) -> StatusLine:
    shown = "There are no figures yet."
    if board.stored is not None:
        shown = f"The figures shown are from {age(now - board.stored.now.point.written_at)}."
    if board.store.refused:
        return StatusLine("down", "The store cannot be read", f"{board.store.error} {shown}")
    headline = "Redis does not answer" if board.store.answered else "Redis has not answered yet"
    detail = f"For {span(now - board.store.since)} now. {shown} This page tries again by itself."
    return StatusLine("down", headline, detail)


def _without_log(board: Board, old: float, newest: str) -> StatusLine:
    silent = "Kafka does not answer" if board.has_kafka else "No Kafka is configured"
    unknown = f"{silent}, so the number of waiting ratings is unknown."
    if old < LATE_SECONDS:
        return StatusLine("live", "Learning", f"{newest.capitalize()}. {unknown}")
    return StatusLine(
        "late", f"No new snapshot for {span(old)}", f"The consumer has stopped, or no ratings arrive. {unknown}"
    )
