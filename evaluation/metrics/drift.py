"""Drift of the page error, found by two detectors: ADWIN and Page–Hinkley.

Ratings of one user come in a row and share that user's error, so the errors of single ratings, or pages, make any
detector fire at users. The detectors are fed with the mean absolute error of blocks of 50 ratings, in stars.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from streamsvd.figures import DriftMark

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DETECTORS = ("adwin", "page-hinkley")
BLOCK = 50  # ratings
DELTA = 0.002  # ADWIN's confidence
TOLERANCE, THRESHOLD, MEMORY = 0.05, 3.5, 0.9999  # Page–Hinkley's, in stars
KEPT = 100  # newest marks
_SIZES = 40  # of ADWIN's buckets: room for 2⁴⁰ blocks
_SETTINGS = (float(BLOCK), DELTA, TOLERANCE, THRESHOLD, MEMORY)


class Drift:
    """Both detectors, and what they have found.

    Parameters
    ----------
    unit : float
        Stars for one step of 1.0 of the data's scale.

    Attributes
    ----------
    counts : dict of str to int
        Changes found so far, by detector.
    marks : list of DriftMark
        The newest hundred, oldest first.

    Examples
    --------
    >>> drift = Drift()
    >>> drift.update(np.arange(20_000), np.repeat([0.5, 1.5], 10_000))
    >>> [(mark.detector, mark.events, mark.rose) for mark in drift.marks]
    [('page-hinkley', 10200, True), ('adwin', 10650, True)]
    """

    def __init__(self, unit: float = 1.0) -> None:
        self._unit = unit
        self._events = 0
        self._block = np.zeros(2)
        self._adwin = np.zeros(3)
        self._totals = np.zeros((_SIZES, kernels.PER_SIZE))
        self._sizes = np.zeros(_SIZES, np.int64)
        self._hinkley = np.zeros(6)
        self._found = np.zeros(len(DETECTORS), np.int64)
        self._marks = np.zeros((0, 4), np.int64)

    def update(self, timestamps: Ints, page: Floats) -> None:
        """Take ratings in, in their order.

        Parameters
        ----------
        timestamps : int64, shape (n,)
            Event times in seconds.
        page : float64, shape (n,)
            Errors by the page protocol, in the data's scale.
        """
        marks = np.zeros((len(DETECTORS) * (len(page) // BLOCK + 1), 4), np.int64)
        state = (self._block, self._adwin, self._totals, self._sizes, self._hinkley)
        n = kernels.detect(*state, _SETTINGS, self._events, self._unit, timestamps, page, marks)
        self._events += len(page)
        if n:
            self._found += np.bincount(marks[:n, 0], minlength=len(DETECTORS))
            self._marks = np.concatenate([self._marks, marks[:n]])[-KEPT:]

    @property
    def counts(self) -> dict[str, int]:
        """Changes found so far, by detector."""
        return dict(zip(DETECTORS, self._found.tolist(), strict=True))

    @property
    def marks(self) -> list[DriftMark]:
        """The newest hundred, oldest first."""
        return [DriftMark(DETECTORS[which], n, time, bool(rose)) for which, n, time, rose in self._marks.tolist()]

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {
            "unit": np.array([self._unit]),
            "events": np.array([self._events], np.int64),
            "block": self._block.copy(),
            "adwin": self._adwin.copy(),
            "totals": self._totals.copy(),
            "sizes": self._sizes.copy(),
            "hinkley": self._hinkley.copy(),
            "found": self._found.copy(),
            "marks": self._marks.copy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Drift:
        """The detectors that `state` was taken from."""
        drift = cls(float(state["unit"][0]))
        drift._events = int(state["events"][0])
        drift._block, drift._adwin = state["block"].copy(), state["adwin"].copy()
        drift._totals, drift._sizes = state["totals"].copy(), state["sizes"].copy()
        drift._hinkley, drift._found = state["hinkley"].copy(), state["found"].copy()
        drift._marks = state["marks"].copy()
        return drift
