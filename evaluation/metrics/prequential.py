"""Prequential error: each rating is predicted, scored, and only then learned.

There are two protocols. *Event*: predicted with all that was learned before the rating. *Page*: predicted with all
that was learned before the rating's page. A page is all that a user rates at one timestamp, and nothing learned from it
predicts its ratings: users rate a page of items at once, and in the event protocol the first ones reveal the others.

All sums run strictly in stream order, so the figures are the same bits for any division of the stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.metrics import kernels
from evaluation.metrics.figures import Figures
from streamsvd.errors import InputError, SettingsError
from streamsvd.learner import Predictions

Floats = NDArray[np.float64]


class Prequential:
    """Running RMSE and MAE: cumulative, over a window, and fading; event and page protocol.

    Parameters
    ----------
    window : int
        Events of the window.
    fading : float
        Factor by which the weight of an error shrinks with each event after it; 0.9995 halves it in 1,386 events.

    Attributes
    ----------
    events : int
    sums : float64, shape (2, 2)
        Squared and absolute errors, by protocol: event, page.
    faded : float64, shape (3,)
        Fading sums of the squared errors by protocol, and of the weights.
    recent : float64, shape (window, 2)
        Errors of the newest events, oldest first, by protocol.

    Examples
    --------
    >>> metrics = Prequential(window=2)
    >>> metrics.update(np.array([3.0, 4.0, 5.0]), np.array([3.0, 3.0, 3.0]), np.array([2.0, 3.0, 3.0]))
    >>> figures = metrics.figures()
    >>> figures.events, round(figures.mae_event, 3), round(figures.rmse_last_window, 3)
    (3, 1.0, 1.581)
    """

    def __init__(self, window: int = 5000, fading: float = 0.9995) -> None:
        if window < 1 or not 0 < fading < 1:
            raise SettingsError(
                f"window {window}, fading {fading}: give a window of at least 1 and a factor between 0 and 1"
            )
        self.window = window
        self.fading = fading
        self.events = 0
        self.sums = np.zeros((2, 2))
        self.faded = np.zeros(3)
        self.recent = np.zeros((0, 2))
        self._figures: Figures | None = None  # since the last update

    def update(self, ratings: NDArray[np.floating[Any]], event: Floats, page: Floats) -> None:
        """Score predictions.

        Parameters
        ----------
        ratings, event, page : float arrays, shape (n,)
            The ratings, and the predictions by each protocol.

        Raises
        ------
        InputError
            The lengths differ, or a number is not finite; nothing has been scored.
        """
        if not len(ratings) == len(event) == len(page):
            lengths = f"{len(ratings)} ratings, {len(event)} event and {len(page)} page predictions"
            raise InputError(f"one of each is needed for every rating, found {lengths}; nothing has been scored")
        errors = np.column_stack([event, page]) - np.asarray(ratings, np.float64)[:, None]
        if not np.isfinite(errors).all():
            raise InputError("a rating or prediction is not a finite number; nothing has been scored")
        kernels.tally_headline(errors, self.sums, self.faded, self.fading)
        self.recent = np.concatenate([self.recent, errors[-self.window :]])[-self.window :]
        self.events += len(errors)
        self._figures = None

    def score(self, _items: object, ratings: ArrayLike, _timestamps: object, predictions: Predictions) -> None:
        """As `update`, with the signature of `Monitor.score`."""
        self.update(np.asarray(ratings, np.float64), predictions.event, predictions.page)

    def figures(self) -> Figures:
        """Errors so far."""
        if self._figures is None:
            self._figures = Figures.read(self)
        return self._figures

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {
            "settings": np.array([self.window, self.fading]),
            "events": np.array([self.events], np.int64),
            "sums": self.sums.copy(),
            "faded": self.faded.copy(),
            "recent": self.recent.copy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Prequential:
        """The metrics that `state` was taken from."""
        window, fading = state["settings"].tolist()
        metrics = cls(int(window), fading)
        metrics.events = int(state["events"][0])
        metrics.sums, metrics.faded = state["sums"].copy(), state["faded"].copy()
        metrics.recent = state["recent"].copy()
        return metrics
