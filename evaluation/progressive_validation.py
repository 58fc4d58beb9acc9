"""Prequential evaluation of a learner on a table of ratings, without Kafka or Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from numpy.typing import ArrayLike, NDArray

from evaluation.metrics import RankingSampler
from evaluation.shadows import Shadows
from streamsvd.learner import Choices, Id, IteratedSVD, Predictions
from streamsvd.ratings import RatingTable


class Metrics(Protocol):
    """Scores predictions: `Prequential`, or `Monitor` with all metrics."""

    def score(
        self,
        items: Sequence[Id] | NDArray[Any],
        ratings: ArrayLike,
        timestamps: ArrayLike,
        predictions: Predictions,
        /,
    ) -> None:
        """Score the predictions of ratings, in stream order."""


AnyMetrics = TypeVar("AnyMetrics", bound=Metrics)


def evaluate(
    model: IteratedSVD,
    table: RatingTable,
    metrics: AnyMetrics,
    *,
    chunk: int = 10_000,
    progress: Callable[[int, AnyMetrics], None] | None = None,
    shadows: Shadows | None = None,
    sampler: RankingSampler | None = None,
) -> AnyMetrics:
    """Predict, score and learn every rating of a table, in order.

    Parameters
    ----------
    model : IteratedSVD
        Learns as it goes.
    table : RatingTable
    metrics : Prequential or Monitor
        Scores as it goes.
    chunk : int
        Ratings between two calls of `progress`; changes no figure.
    progress : callable, optional
        Called with the number of ratings done and the metrics.
    shadows : Shadows, optional
        Learn the same ratings, and are compared with the model.
    sampler : RankingSampler, optional
        Samples recommendation lists, and learns what users choose.

    Returns
    -------
    Prequential or Monitor
        The given metrics.
    """
    choices = Choices()
    for start in range(0, len(table), chunk):
        rows = table[start : start + chunk]
        columns = rows.users, rows.items, rows.ratings, rows.timestamps
        predictions = model.learn(*columns) if sampler is None else sampler.learn(model, choices, *columns)
        metrics.score(rows.items, rows.ratings, rows.timestamps, predictions)
        if shadows is not None:
            shadows.learn(rows.users, rows.items, rows.ratings, rows.timestamps, predictions)
        if progress is not None:
            progress(start + len(rows), metrics)
    return metrics
