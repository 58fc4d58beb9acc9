"""Drift of the page error, found by two detectors: ADWIN and Page–Hinkley.

Consecutive ratings share their user's error, so with the errors of single ratings, or pages, a detector finds users
instead of drift. The detectors get the mean absolute error of each 50 ratings, in stars.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from streamsvd.figures import DriftDetection

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DETECTORS = ("adwin", "page-hinkley")
GROUP = 50  # ratings
DELTA = 0.002  # ADWIN's confidence
TOLERANCE, THRESHOLD, MEMORY = 0.05, 3.5, 0.9999  # Page–Hinkley's, in stars
KEPT = 100  # newest detections
_SIZES = 40  # of ADWIN's buckets: room for 2⁴⁰ values
_SETTINGS = (float(GROUP), DELTA, TOLERANCE, THRESHOLD, MEMORY)


class DriftDetectors:
    """Both detectors, and the changes that they have detected.

    Parameters
    ----------
    unit : float
        Stars for one step of 1.0 of the data's scale.

    Attributes
    ----------
    counts : dict of str to int
        Changes detected so far, by detector.
    detections : list of DriftDetection
        The newest hundred, oldest first.

    Examples
    --------
    >>> drift = DriftDetectors()
    >>> drift.update(np.arange(20_000), np.repeat([0.5, 1.5], 10_000))
    >>> [(found.detector, found.events, found.rose) for found in drift.detections]
    [('page-hinkley', 10200, True), ('adwin', 10650, True)]
    """

    def __init__(self, unit: float = 1.0) -> None:
        self._unit = unit
        self._events = 0
        self._group = np.zeros(2)
        self._adwin = np.zeros(3)
        self._totals = np.zeros((_SIZES, kernels.PER_SIZE))
        self._sizes = np.zeros(_SIZES, np.int64)
        self._hinkley = np.zeros(6)
        self._found = np.zeros(len(DETECTORS), np.int64)
        self._detections = np.zeros((0, 4), np.int64)

    def update(self, timestamps: Ints, page: Floats) -> None:
        """Add ratings, in stream order.

        Parameters
        ----------
        timestamps : int64, shape (n,)
            Event times in seconds.
        page : float64, shape (n,)
            Errors by the page protocol, in the data's scale.
        """
        detections = np.zeros((len(DETECTORS) * (len(page) // GROUP + 1), 4), np.int64)
        state = (self._group, self._adwin, self._totals, self._sizes, self._hinkley)
        n = kernels.detect(*state, _SETTINGS, self._events, self._unit, timestamps, page, detections)
        self._events += len(page)
        if n:
            self._found += np.bincount(detections[:n, 0], minlength=len(DETECTORS))
            self._detections = np.concatenate([self._detections, detections[:n]])[-KEPT:]

    @property
    def counts(self) -> dict[str, int]:
        """Changes detected so far, by detector."""
        return dict(zip(DETECTORS, self._found.tolist(), strict=True))

    @property
    def detections(self) -> list[DriftDetection]:
        """The newest hundred, oldest first."""
        return [
            DriftDetection(DETECTORS[which], n, time, bool(rose)) for which, n, time, rose in self._detections.tolist()
        ]

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {
            "unit": np.array([self._unit]),
            "events": np.array([self._events], np.int64),
            "block": self._group.copy(),
            "adwin": self._adwin.copy(),
            "totals": self._totals.copy(),
            "sizes": self._sizes.copy(),
            "hinkley": self._hinkley.copy(),
            "found": self._found.copy(),
            "marks": self._detections.copy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> DriftDetectors:
        """The detectors that `state` was taken from."""
        drift = cls(float(state["unit"][0]))
        drift._events = int(state["events"][0])
        drift._group, drift._adwin = state["block"].copy(), state["adwin"].copy()
        drift._totals, drift._sizes = state["totals"].copy(), state["sizes"].copy()
        drift._hinkley, drift._found = state["hinkley"].copy(), state["found"].copy()
        drift._detections = state["marks"].copy()
        return drift
