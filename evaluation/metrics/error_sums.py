"""Errors over some ratings, from a cell of seven sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors over some ratings, in the units of the data's scale; NaN where there were none.

    Attributes
    ----------
    events : int
        Ratings that they cover.
    rmse_event, mae_event, bias_event : float
        Event protocol: root mean squared, mean absolute and mean error, predicted less given.
    rmse_page, mae_page, bias_page : float
        Page protocol, likewise.
    """

    events: int
    rmse_event: float
    mae_event: float
    bias_event: float
    rmse_page: float
    mae_page: float
    bias_page: float


def errors_of(cell: Floats) -> Errors:
    """Errors from a cell: the number, then sums of squared, absolute and signed errors by event, then by page.

    Parameters
    ----------
    cell : float64, shape (7,)

    Examples
    --------
    >>> errors_of(np.array([4.0, 1.0, 2.0, -2.0, 4.0, 4.0, 4.0])).rmse_event
    0.5
    """
    n, *sums = cell.tolist()
    if not n:
        return Errors(0, *[math.nan] * 6)
    squared_event, absolute_event, event, squared_page, absolute_page, page = (total / n for total in sums)
    return Errors(int(n), math.sqrt(squared_event), absolute_event, event, math.sqrt(squared_page), absolute_page, page)
