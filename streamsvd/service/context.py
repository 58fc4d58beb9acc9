"""What the endpoints share: the parts of one running service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter

from model_store import ModelReader
from streamsvd.service.rating_log import Posting
from streamsvd.service.served import ServedScale
from streamsvd.service.workers import Workers


@dataclass(frozen=True, slots=True)
class Log:
    """The writing side: where posted events go.

    Attributes
    ----------
    topic : str
    posting : Posting
    scale : callable
        Limits of the ratings as the log's data set declares them, for a model that has no snapshot yet.
    check : callable
        Raises unless Kafka answers and holds the topic.
    """

    topic: str
    posting: Posting
    scale: Callable[[], tuple[float, float]]
    check: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that an endpoint may use."""

    reader: ModelReader
    scale: ServedScale
    workers: Workers
    log: Log | None
    registry: CollectorRegistry
    posted: Counter
    clock: Callable[[], float]


def parts_of(request: Request) -> Parts:
    """The parts of the service that got the request."""
    found: Parts = request.app.state.parts
    return found
