"""All metrics of a model while it learns, in one object with one update and one state.

`Prequential` computes the headline; the other parts are windows, slices, interval coverage and drift detectors. Each
part has `update`, `state` and `from_state`; `Monitor` passes them the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.metrics.drift import DriftDetectors
from evaluation.metrics.figures import Errors, Figures
from evaluation.metrics.interval_coverage import IntervalCoverage
from evaluation.metrics.prequential import Prequential
from evaluation.metrics.slices import Slices
from evaluation.metrics.windows import WINDOWS, Window, Windows
from streamsvd.errors import InputError
from streamsvd.learner import Predictions
from streamsvd.ratings import Catalogue, Id

_PARTS = {"windows": "windows", "slices": "slices", "calibration": "coverage", "drift": "drift"}
"""Attributes of the parts, by the prefix of their stored arrays."""


class Monitor:
    """All metrics of one model on one stream.

    Parameters
    ----------
    prequential : Prequential, optional
        Empty; sets the headline's window and fading factor.
    catalogue : Catalogue, optional
        Genres, for the slices.
    unit : float
        Stars for one step of 1.0 of the data's scale (`model.scale.slope`).
    windows : tuple of Window

    Attributes
    ----------
    prequential, windows, slices, coverage, drift
        The parts.

    Examples
    --------
    >>> from streamsvd import IteratedSVD
    >>> model, monitor = IteratedSVD(), Monitor()
    >>> columns = ["ann", "bob"], ["Heat", "Heat"], [5.0, 4.0], [0, 60]
    >>> monitor.score(*columns[1:], model.learn(*columns))
    >>> monitor.events, monitor.slices.errors()["item", "new"].events
    (2, 1)
    """

    def __init__(
        self,
        prequential: Prequential | None = None,
        catalogue: Catalogue | None = None,
        *,
        unit: float = 1.0,
        windows: tuple[Window, ...] = WINDOWS,
    ) -> None:
        self.prequential = prequential or Prequential()
        self.windows = Windows(windows)
        self.slices = Slices(catalogue)
        self.coverage = IntervalCoverage()
        self.drift = DriftDetectors(unit)

    @property
    def events(self) -> int:
        """Ratings scored."""
        return self.prequential.events

    def figures(self) -> Figures:
        """The headline."""
        return self.prequential.figures()

    def total(self) -> Errors:
        """Errors over all ratings: from the headline, and from the slices where it has none."""
        headline, slices = self.figures(), self.slices.total()
        names = [figure.name for figure in Errors.declared()]
        return Errors(**{name: getattr(headline, name, getattr(slices, name)) for name in names})

    def score(
        self, items: Sequence[Id] | NDArray[Any], ratings: ArrayLike, timestamps: ArrayLike, predictions: Predictions
    ) -> None:
        """Score ratings, in stream order.

        Parameters
        ----------
        items : sequence of int or str, length n
        ratings, timestamps : float and int array_likes, length n
        predictions : Predictions
            What `IteratedSVD.learn` returned for them.

        Raises
        ------
        InputError
            The lengths differ, a number is not finite, or a deviation is not above 0; nothing has been scored.
        """
        given, stamps = np.asarray(ratings, np.float64), np.asarray(timestamps, np.int64)
        user_counts, item_counts = predictions.user_counts, predictions.item_counts
        if (
            user_counts is None
            or item_counts is None
            or not len(items) == len(stamps) == len(given) == len(user_counts)
        ):
            raise InputError("items, timestamps and the learner's counts: one is needed for each rating")
        if not ((predictions.deviation > 0) & np.isfinite(predictions.deviation)).all():
            raise InputError("a predicted deviation is not a finite number above 0; nothing has been scored")
        event, page = predictions.event - given, predictions.page - given
        self.prequential.update(given, predictions.event, predictions.page)
        self.windows.update(stamps, event, page)
        self.slices.update(items, stamps, user_counts, item_counts, event, page)
        self.coverage.update(user_counts, event, predictions.deviation)
        self.drift.update(stamps, page)

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        arrays = self.prequential.state()
        for prefix, part in _PARTS.items():
            arrays |= {f"{prefix}.{name}": array for name, array in getattr(self, part).state().items()}
        return arrays

    @classmethod
    def from_state(
        cls, state: dict[str, NDArray[Any]], catalogue: Catalogue | None = None, *, unit: float = 1.0
    ) -> Monitor:
        """The monitor that `state` was taken from, with the same catalogue.

        From a state of `Prequential` alone, as an older release wrote it, the other parts begin with the next rating.
        """
        monitor = cls(Prequential.from_state(state), catalogue, unit=unit)
        parts = {
            prefix: {n.removeprefix(f"{prefix}."): array for n, array in state.items() if n.startswith(f"{prefix}.")}
            for prefix in _PARTS
        }
        if all(parts.values()):
            monitor.windows = Windows.from_state(parts["windows"])
            monitor.slices = Slices.from_state(parts["slices"], catalogue)
            monitor.coverage = IntervalCoverage.from_state(parts["calibration"])
            monitor.drift = DriftDetectors.from_state(parts["drift"])
        return monitor
