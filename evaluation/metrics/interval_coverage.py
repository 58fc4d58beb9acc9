"""Coverage of the prediction intervals: the share of ratings within them, and the log likelihood of the ratings.

Event protocol. A normal distribution around the prediction is assumed; its mean log density is compared with that of
one constant deviation, the root of the mean squared error so far (which starts with one error of 1).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from evaluation.metrics.figures import CoverageFigures
from evaluation.metrics.slices import BUCKETS, EDGES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERCENT = (50, 80, 90, 95)
_HALVES = np.array([NormalDist().inv_cdf(0.5 + percent / 200) for percent in PERCENT])


class IntervalCoverage:
    """Coverage and log likelihood over all ratings, by the user's number of ratings.

    Examples
    --------
    >>> coverage = IntervalCoverage()
    >>> coverage.update(np.array([0, 7]), np.array([0.5, -1.5]), np.array([1.0, 1.0]))
    >>> coverage.figures()["all"].within_50, coverage.figures()["all"].within_90
    (0.5, 1.0)
    """

    def __init__(self) -> None:
        self._cells = np.zeros((len(BUCKETS), kernels.COVERAGE_CELL))
        self._constant = np.ones(2)

    def update(self, user_counts: Ints, error: Floats, deviation: Floats) -> None:
        """Add ratings, in stream order.

        Parameters
        ----------
        user_counts : int64, shape (n,)
            Ratings that the model held of the user.
        error, deviation : float64, shape (n,)
            Of the event prediction; the deviation is the predicted one, above 0.
        """
        kernels.tally_coverage(self._cells, self._constant, _HALVES, EDGES, user_counts, error, deviation)

    def figures(self) -> dict[str, CoverageFigures]:
        """Over all ratings (`all`), then by the user's number of ratings."""
        cells = np.concatenate([self._cells.sum(axis=0, keepdims=True), self._cells])
        named = zip(("all", *BUCKETS), cells.tolist(), strict=True)
        return {name: CoverageFigures.read(cell) for name, cell in named}

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {"cells": self._cells.copy(), "constant": self._constant.copy()}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> IntervalCoverage:
        """The coverage that `state` was taken from."""
        found = cls()
        found._cells, found._constant = state["cells"].copy(), state["constant"].copy()
        return found
