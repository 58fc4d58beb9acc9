"""The best few of many scores, ties in the order in which they stand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best(scores: NDArray[np.float64], n: int, excluded: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Positions of the `n` highest scores, best first.

    Parameters
    ----------
    scores : float64 array, shape (n_items,)
        Finite.
    n : int
        At least 1.
    excluded : integer array
        Positions left out.

    Returns
    -------
    intp array, shape (at most n,)

    Examples
    --------
    >>> best(np.array([3.0, 5.0, 4.0, 5.0]), 2, np.array([], int)).tolist()
    [1, 3]
    """
    allowed = np.ones(len(scores), bool)
    allowed[excluded] = False
    candidates = np.flatnonzero(allowed)
    if len(candidates) > n:
        among = scores[candidates]
        limit = np.partition(among, len(among) - n)[len(among) - n]
        candidates = candidates[among >= limit]  # with every tie at the limit, so that their order decides
    return candidates[np.argsort(-scores[candidates], kind="stable")][:n]
