"""Calibration of the predicted deviations: how often ratings lie within the intervals, and how likely they were.

The event protocol's. A normal distribution around the prediction is assumed; its mean log density is compared with
that of one constant deviation, the root of the mean squared error so far (which begins with one error of 1).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from evaluation.metrics.figures import CalibrationFigures
from evaluation.metrics.slices import BUCKETS, bucket_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERCENT = (50, 80, 90, 95)
_HALVES = np.array([NormalDist().inv_cdf(0.5 + percent / 200) for percent in PERCENT])


class Calibration:
    """Intervals and likelihoods over all ratings, by the user's number of ratings.

    Examples
    --------
    >>> calibration = Calibration()
    >>> calibration.update(np.array([0, 7]), np.array([0.5, -1.5]), np.array([1.0, 1.0]))
    >>> calibration.figures()["all"].within_50, calibration.figures()["all"].within_90
    (0.5, 1.0)
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

    def figures(self) -> dict[str, CalibrationFigures]:
        """Over all ratings (`all`), then by the user's number of ratings."""
        cells = np.concatenate([self._cells.sum(axis=0, keepdims=True), self._cells])
        named = zip(("all", *BUCKETS), cells.tolist(), strict=True)
        return {name: CalibrationFigures.read(cell) for name, cell in named}

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {"cells": self._cells.copy(), "constant": self._constant.copy()}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Calibration:
        """The calibration that `state` was taken from."""
        found = cls()
        found._cells, found._constant = state["cells"].copy(), state["constant"].copy()
        return found
