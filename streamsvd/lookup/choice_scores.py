"""How likely a user is to choose each item, and to like it: scores of `streamsvd.learner.choices`, from its rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import Scale, Structured
from streamsvd.kernels import choices as kernels

Floats = NDArray[np.float64]


def chances(recent: NDArray[np.int32], rows: Structured, shares: Floats) -> Floats:
    """How likely each of n items is to be the next one that a user chooses; they sum to 1 at most.

    Parameters
    ----------
    recent : int32 array, shape (at most 6,)
        Numbers of the user's last items, newest first, -1 after the last; empty for a user without ratings.
    rows : structured array, shape (n,)
        The items' `choice` block, by row number.
    shares : float64 array, shape (n,)
        From `popularity`.

    Returns
    -------
    float64 array, shape (n,)
    """
    out = np.empty(len(rows))
    kernels.chances(recent, rows, shares, out)
    return out


def popularity(rows: Structured, clock: int) -> Floats:
    """Each item's share of recent ratings: counts that halve every 5,000 ratings.

    Parameters
    ----------
    rows : structured array, shape (n,)
        The items' `choice` block, or of it `count` and `at`.
    clock : int
        The global array `choice_clock`.

    Returns
    -------
    float64 array, shape (n,)
    """
    faded = rows["count"] * 2.0 ** ((rows["at"] - clock) / kernels.HALF_LIFE)
    return np.asarray(faded / max(float(faded.sum()), 1e-300))


def ranking_scores(chance: Floats, ratings: Floats, scale: Scale) -> Floats:
    """Probability that the user chooses an item and likes it, up to a factor that all items share.

    That of liking is 1 / (1 + exp(1.7 · (3.75 − r̂))), with the predicted rating r̂ in stars: very nearly the
    probability that a rating with mean r̂ and a standard deviation of one star lies above 3.75.

    Parameters
    ----------
    chance, ratings : float64 arrays, shape (n,)
        From `chances`; predicted ratings in the data's own scale, not clipped.
    scale : Scale
    """
    scores = chance.copy()
    kernels.weigh(scores, scale.to_internal(ratings))
    return scores
