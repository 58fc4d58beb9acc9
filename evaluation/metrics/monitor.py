"""Everything that is measured while a model learns, in one object: one update, one state, exactly once.

`Prequential` gives the headline; the parts beside it give windows, slices, calibration and drift. Each is a small
object of its own with `update`, `state` and `from_state`; this one only hands the columns on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.metrics.deviation_calibration import Calibration
from evaluation.metrics.drift import Drift
from evaluation.metrics.figures import Errors, Figures
from evaluation.metrics.prequential import Prequential
from evaluation.metrics.slices import Slices
from evaluation.metrics.windows import WINDOWS, Window, Windows
from streamsvd.errors import InputError
from streamsvd.learner import Predictions
from streamsvd.ratings import Catalogue, Id

_PARTS = ("windows", "slices", "calibration", "drift")


class Monitor:
    """All metrics of one model on one stream.

    Parameters
    ----------
    prequential : Prequential, optional
        The headline's window and fading factor; nothing scored yet.
    catalogue : Catalogue, optional
        Genres, for the slices.
    unit : float
        Stars for one step of 1.0 of the data's scale (`model.scale.slope`).
    windows : tuple of Window

    Attributes
    ----------
    prequential, windows, slices, calibration, drift
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
        self.calibration = Calibration()
        self.drift = Drift(unit)

    @property
    def events(self) -> int:
        """Ratings scored."""
        return self.prequential.events

    def figures(self) -> Figures:
        """The headline."""
        return self.prequential.figures()

    def total(self) -> Errors:
        """Errors over all ratings: the headline's, and the slices' where it has none."""
        known = asdict(self.figures())
        return Errors(**{name: known.get(name, value) for name, value in asdict(self.slices.total()).items()})

    def score(
        self, items: Sequence[Id] | NDArray[Any], ratings: ArrayLike, timestamps: ArrayLike, predictions: Predictions
    ) -> None:
        """Score some ratings, in their order.

        Parameters
        ----------
        items : sequence of int or str, length n
        ratings, timestamps : float and int array_likes, length n
        predictions : Predictions
            What `IteratedSVD.learn` returned for them.

        Raises
        ------
        InputError
            If the lengths differ, a number is not finite or a deviation not greater than 0; nothing has been scored
            then.
        """
        given, stamps = np.asarray(ratings, np.float64), np.asarray(timestamps, np.int64)
        users, films = predictions.user_counts, predictions.item_counts
        if users is None or films is None or not len(items) == len(stamps) == len(given) == len(users):
            raise InputError("items, timestamps and the learner's counts are needed, one for every rating")
        if not ((predictions.deviation > 0) & np.isfinite(predictions.deviation)).all():
            raise InputError("a predicted deviation is no number greater than 0; nothing has been scored")
        event, page = predictions.event - given, predictions.page - given
        self.prequential.update(given, predictions.event, predictions.page)
        self.windows.update(stamps, event, page)
        names = items.tolist() if isinstance(items, np.ndarray) else list(items)
        self.slices.update(names, stamps, users, films, event, page)
        self.calibration.update(users, event, predictions.deviation)
        self.drift.update(stamps, page)

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        parts = {f"{part}.{name}": array for part in _PARTS for name, array in getattr(self, part).state().items()}
        return {**self.prequential.state(), **parts}

    @classmethod
    def from_state(
        cls, state: dict[str, NDArray[Any]], catalogue: Catalogue | None = None, *, unit: float = 1.0
    ) -> Monitor:
        """The monitor that `state` was taken from, with the catalogue that it had.

        A state of `Prequential` alone, which an older release wrote, gives that; the parts then begin with the next
        rating, and say how many they cover.
        """
        monitor = cls(Prequential.from_state(state), catalogue, unit=unit)
        parts: dict[str, dict[str, NDArray[Any]]] = {part: {} for part in _PARTS}
        for name, array in state.items():
            part, dot, rest = name.partition(".")
            if dot and part in parts:
                parts[part][rest] = array
        if all(parts.values()):
            monitor.windows = Windows.from_state(parts["windows"])
            monitor.slices = Slices.from_state(parts["slices"], catalogue)
            monitor.calibration = Calibration.from_state(parts["calibration"])
            monitor.drift = Drift.from_state(parts["drift"])
        return monitor
