"""Why a score is what it is: how far each of a user's ratings moved it.

A user's row is a ridge solution, x = P Σ φ_j (t_j − b_j) over its newest ratings, so the part of its score for an item
with features φ that rating j brought is φᵀ P φ_j (t_j − b_j): exact at a refit, and close to it between two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.compiler import compiled
from streamsvd.kernels.memory import ENTRY_UNIT
from streamsvd.kernels.scoring import popularity_of


def contributions(
    covariance: NDArray[np.floating[Any]],
    window: NDArray[Any],
    rated: NDArray[Any],
    item: Any,
) -> NDArray[np.float64]:
    """What each of a user's newest ratings adds to its score for one item, in internal stars.

    Parameters
    ----------
    covariance : float array, packed
        P of the user's row.
    window : structured array, shape (n,)
        The user's newest ratings: `target`, `popularity`, `bias`.
    rated : structured array, shape (n,)
        The `factors` of the items of these ratings.
    item : element of the items' `factors` block
        The item that is scored.

    Returns
    -------
    float64 array, shape (n,)
    """
    phi = _features(item["y"], item["content"], _popularity(int(item["count"])), item["y"][0])
    towards = unpack(covariance, len(phi)) @ phi
    known = np.column_stack([window["popularity"], window["bias"]]) * ENTRY_UNIT
    moved = [
        (entry["target"] - other["y"][0]) * (_features(other["y"], other["content"], *own) @ towards)
        for entry, other, own in zip(window, rated, known, strict=True)
    ]
    return np.array(moved, np.float64)


def _features(
    y: NDArray[np.float64], content: NDArray[np.float64], popularity: float, bias: float
) -> NDArray[np.float64]:
    """φ, as `scoring.fill_features` has it."""
    return np.concatenate([[1.0], content, [popularity, bias], y[1:]])


@compiled
def _popularity(count):  # type: ignore[no-untyped-def]
    return popularity_of(count)
