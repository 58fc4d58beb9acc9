"""Whether predicted deviations are honest: how often ratings lie within the intervals, and how likely they were.

The event protocol's. A normal distribution around the prediction is assumed; its mean log density is compared with
that of one constant deviation, the root of the mean squared error so far (which begins with one error of 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from evaluation.metrics.slices import BUCKETS, bucket_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERCENT = (50, 80, 90, 95)
_HALVES = np.array([NormalDist().inv_cdf(0.5 + percent / 200) for percent in PERCENT])


@dataclass(frozen=True, slots=True)
class Honesty:
    """How honest the deviations of some ratings were; NaN where there were none.

    Attributes
    ----------
    events : int
    within : dict of int to float
        Share of the ratings within the interval of 50, 80, 90 and 95 per cent.
    log_likelihood, log_likelihood_constant : float
        Mean log density, by the predicted deviation and by the running constant one.
    """

    events: int
    within: dict[int, float]
    log_likelihood: float
    log_likelihood_constant: float


class Calibration:
    """Intervals and likelihoods over all ratings, by the user's number of ratings.

    Examples
    --------
    >>> honest = Calibration()
    >>> honest.update(np.array([0, 7]), np.array([0.5, -1.5]), np.array([1.0, 1.0]))
    >>> honest.honesty()["all"].within
    {50: 0.5, 80: 0.5, 90: 1.0, 95: 1.0}
    """

    def __init__(self) -> None:
        self._cells = np.zeros((len(BUCKETS), kernels.CALIBRATION_CELL))
        self._constant = np.ones(2)

    def update(self, user_counts: Ints, error: Floats, deviation: Floats) -> None:
        """Take ratings in, in their order.

        Parameters
        ----------
        user_counts : int64, shape (n,)
            Ratings that the model held of the user.
        error, deviation : float64, shape (n,)
            Of the event prediction; the deviation was predicted with it and is greater than 0.
        """
        kernels.tally_calibration(self._cells, self._constant, _HALVES, bucket_of(user_counts), error, deviation)

    def honesty(self) -> dict[str, Honesty]:
        """Over all ratings (`all`), then by the user's number of ratings."""
        cells = np.concatenate([self._cells.sum(axis=0, keepdims=True), self._cells])
        return {name: _honesty(cell) for name, cell in zip(("all", *BUCKETS), cells, strict=True)}

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {"cells": self._cells.copy(), "constant": self._constant.copy()}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Calibration:
        """The calibration that `state` was taken from."""
        found = cls()
        found._cells, found._constant = state["cells"].copy(), state["constant"].copy()
        return found


def _honesty(cell: Floats) -> Honesty:
    n, *sums = cell.tolist()
    means = [total / n if n else math.nan for total in sums]
    return Honesty(int(n), dict(zip(PERCENT, means, strict=False)), *means[len(PERCENT) :])
