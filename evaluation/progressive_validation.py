"""Prequential evaluation of a learner on a table of ratings, without Kafka or Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from numpy.typing import ArrayLike, NDArray

from evaluation.metrics.ranked_lists import Watch
from evaluation.shadows.shadow_models import Shadows
from streamsvd.learner import Id, IteratedSVD, Predictions
from streamsvd.learner.choices import Choices
from streamsvd.ratings import RatingTable


class Metrics(Protocol):
    """What scores predictions: `Prequential`, or `Monitor` with everything."""

    def score(
        self,
        items: Sequence[Id] | NDArray[Any],
        ratings: ArrayLike,
        timestamps: ArrayLike,
        predictions: Predictions,
        /,
    ) -> None:
        """Score what was predicted for some ratings, in their order."""


AnyMetrics = TypeVar("AnyMetrics", bound=Metrics)


def evaluate(
    model: IteratedSVD,
    table: RatingTable,
    metrics: AnyMetrics,
    *,
    block: int = 10_000,
    progress: Callable[[int, AnyMetrics], None] | None = None,
    shadows: Shadows | None = None,
    watch: Watch | None = None,
) -> AnyMetrics:
    """Predict, score and learn every rating of a table, in order.

    Parameters
    ----------
    model : IteratedSVD
        Learns as it goes.
    table : RatingTable
    metrics : Prequential or Monitor
        Scores as it goes.
    block : int
        Ratings between two calls of `progress`; changes no figure.
    progress : callable, optional
        Called with the number of ratings done and the metrics.
    shadows : Shadows, optional
        Learn the same ratings, and are compared with the model.
    watch : Watch, optional
        Asks for the lists that would have been shown, and learns what users choose.

    Returns
    -------
    Prequential or Monitor
        The given metrics.
    """
    choices = Choices()
    for start in range(0, len(table), block):
        rows = table[start : start + block]
        columns = rows.users, rows.items, rows.ratings, rows.timestamps
        predictions = model.learn(*columns) if watch is None else watch.learn(model, choices, *columns)
        metrics.score(rows.items, rows.ratings, rows.timestamps, predictions)
        if shadows is not None:
            shadows.learn(rows.users, rows.items, rows.ratings, rows.timestamps, predictions)
        if progress is not None:
            progress(start + len(rows), metrics)
    return metrics
