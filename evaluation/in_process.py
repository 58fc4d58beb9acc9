"""Prequential evaluation of a learner on a table of ratings, without Kafka or Redis."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.prequential import Prequential
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import RatingTable

Progress = Callable[[int, Prequential], None]


def evaluate(
    model: IteratedSVD,
    table: RatingTable,
    metrics: Prequential,
    *,
    block: int = 10_000,
    progress: Progress | None = None,
) -> Prequential:
    """Predict, score and learn every rating of a table, in order.

    Parameters
    ----------
    model : IteratedSVD
        Learns as it goes.
    table : RatingTable
    metrics : Prequential
        Scores as it goes.
    block : int
        Ratings between two calls of `progress`; changes no figure.
    progress : callable, optional
        Called with the number of ratings done and the metrics.

    Returns
    -------
    Prequential
        The given metrics.
    """
    for start in range(0, len(table), block):
        rows = table[start : start + block]
        predictions = model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        metrics.update(rows.ratings, predictions.event, predictions.page)
        if progress is not None:
            progress(start + len(rows), metrics)
    return metrics
