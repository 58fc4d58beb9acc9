"""What the endpoints of one running service share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter

from model_store import ModelReader
from streamsvd.service.rating_log import RatingLog
from streamsvd.service.workers import Workers


class ServedScale:
    """Lowest and highest rating of the served model.

    They hold for the life of a model, so they are read once, and ratings are accepted while Redis is down. After a
    model was rebuilt with another scale, its services have to be restarted.
    """

    def __init__(self, reader: ModelReader) -> None:
        self._reader = reader
        self.known: tuple[float, float] | None = None

    def read(self) -> tuple[float, float]:
        """The limits; until they are known, it raises the errors of a lookup."""
        if self.known is None:
            with self._reader.reading(0) as (view, _):
                low, high = view.head.settings["scale"]
            self.known = float(low), float(high)
        return self.known


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """Everything that an endpoint may use."""

    reader: ModelReader
    scale: ServedScale
    workers: Workers
    log: RatingLog | None
    registry: CollectorRegistry
    posted: Counter
    clock: Callable[[], float]
    max_ahead: int


def context_of(request: Request) -> ServiceContext:
    """The context of the service that received the request."""
    found: ServiceContext = request.app.state.context
    return found
