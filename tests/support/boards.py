"""Boards as the dashboard's pollers would fill them, for tests that need no server."""

from __future__ import annotations

from typing import Any

from model_store.feed import Detail, FeedPoint, Now, Operation, WindowErrors
from streamsvd.dashboard.board import Board, Logged, ServerStatus, Stored
from streamsvd.figures import DriftDetection, Values

NOW = 1_800_000_000.0
"""The wall clock of these tests, in seconds."""


def errors(value: float, events: int = 5000) -> Values:
    """Errors of both protocols around one value."""
    return {
        "events": events,
        "rmse_event": value,
        "mae_event": value - 0.2,
        "rmse_page": value + 0.01,
        "mae_page": value - 0.19,
    }


def point(events: int, *, at: float = NOW, event_time: int | None = 900_000_000) -> FeedPoint:
    """A point whose errors fall as events come in; reached at that moment of the wall clock."""
    value = 0.9 + 100 / (events + 1)
    return FeedPoint(
        events=events,
        event_time=event_time,
        written_at=at,
        users=events // 100,
        items=events // 50,
        total=errors(value, events),
        fading=errors(value - 0.01, events),
        windows=[
            WindowErrors(unit="events", size=5000, errors=errors(value - 0.02)),
            WindowErrors(unit="seconds", size=604_800, errors=errors(value - 0.03)),
        ],
        shadows={"damped-means": errors(value + 0.05, events)},
    )


def board(
    points: list[FeedPoint],
    *,
    drifts: list[DriftDetection] | None = None,
    ends: dict[int, int] | None = None,
    read: int | None = None,
    **changes: Any,
) -> Board:
    """A board of the model `films` on topic `ratings`; with `ends`, a log that ends there."""
    found = Board(
        model="films",
        topic="ratings",
        has_kafka=ends is not None,
        store=ServerStatus(since=NOW, answered=bool(points)),
        log=ServerStatus(since=NOW, answered=ends is not None),
    )
    if points:
        found.stored = Stored(
            now=Now(point=points[-1], operation=Operation(version=3, lag=7), drifts=drifts or []),
            detail=Detail(),
            points=tuple(points),
            shadows=[],
            offsets={("ratings", 0): points[-1].events if read is None else read, ("ratings.catalogue", 0): 9},
            dataset="ml-100k",
        )
    if ends is not None:
        found.logged = Logged(ends=ends, event_time=900_003_600, letters=[], letters_kept=0)
    for name, value in changes.items():
        setattr(found, name, value)
    return found
