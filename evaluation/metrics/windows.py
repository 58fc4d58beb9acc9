"""Errors over the newest ratings: several windows at once, by number of ratings and by event time.

A window is a ring buffer of 100 cells and moves by one cell at a time: it covers 99 to 100 per cent of its size. A
rating that arrives later than a window of event time reaches back is not counted in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from evaluation.metrics.figures import Errors
from streamsvd.errors import SettingsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS = 100
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """What a window covers.

    Attributes
    ----------
    unit : {"events", "seconds"}
        Of the size: ratings, or seconds of event time.
    size : int
        A multiple of 100.
    """

    unit: Literal["events", "seconds"]
    size: int

    def __post_init__(self) -> None:
        if self.size < CELLS or self.size % CELLS:
            raise SettingsError(
                f"window size {self.size}: give a multiple of {CELLS}, since a window moves in hundredths"
            )


WINDOWS = (
    Window("events", 1_000),
    Window("events", 10_000),
    Window("events", 100_000),
    Window("seconds", 7 * DAY),
    Window("seconds", 30 * DAY),
    Window("seconds", 365 * DAY),
)


class Windows:
    """Sums over several windows.

    Parameters
    ----------
    windows : tuple of Window

    Examples
    --------
    >>> recent = Windows((Window("events", 100), Window("seconds", 1000)))
    >>> recent.update(np.array([0, 5, 2000]), np.array([1.0, 1.0, 3.0]), np.zeros(3))
    >>> [(errors.events, errors.mae_event) for errors in recent.errors().values()]
    [(3, 1.6666666666666667), (1, 3.0)]
    """

    def __init__(self, windows: tuple[Window, ...] = WINDOWS) -> None:
        self.windows = windows
        self._events = 0
        self._widths = np.array([window.size // CELLS for window in windows], np.int64)
        self._by_time = np.array([window.unit == "seconds" for window in windows])
        self._newest = np.full(len(windows), np.iinfo(np.int64).min // 2)
        self._cells = np.zeros((len(windows), CELLS, kernels.CELL))

    def update(self, timestamps: Ints, event: Floats, page: Floats) -> None:
        """Add ratings, in stream order.

        Parameters
        ----------
        timestamps : int64, shape (n,)
            Event times in seconds.
        event, page : float64, shape (n,)
            Errors by both protocols: predicted less given.
        """
        kernels.tally_windows(
            self._cells, self._newest, self._widths, self._by_time, self._events, timestamps, event, page
        )
        self._events += len(event)

    def errors(self) -> dict[Window, Errors]:
        """Errors of each window."""
        sums = self._cells.sum(axis=1)
        return {window: Errors.read(cell.tolist()) for window, cell in zip(self.windows, sums, strict=True)}

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {
            "sizes": np.array([window.size for window in self.windows], np.int64),
            "by_time": self._by_time.copy(),
            "events": np.array([self._events], np.int64),
            "newest": self._newest.copy(),
            "cells": self._cells.copy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Windows:
        """The windows that `state` was taken from."""
        kinds = zip(state["sizes"].tolist(), state["by_time"].tolist(), strict=True)
        found = cls(tuple(Window("seconds" if by_time else "events", size) for size, by_time in kinds))
        found._events = int(state["events"][0])
        found._newest, found._cells = state["newest"].copy(), state["cells"].copy()
        return found
