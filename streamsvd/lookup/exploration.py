"""Exploration: items that the model knows little of are ranked higher, so that it learns about them.

The variance of a prediction has two parts: the noise of a rating, and what the model does not know of the user's and
the item's row, σ²(φᵀPφ + ψᵀPψ) times the noise of both. Only the second shrinks with more ratings, so exploration goes
by it: the *upper* bound adds its root to every prediction (as LinUCB does, Li et al. 2010), the *sampled* one draws
every prediction from a normal distribution of that width (Thompson 1933).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.kernels.algebra import pack
from streamsvd.kernels.memory import ITEM_SURPRISE, ITEM_SURPRISES, SURPRISE, SURPRISES, USER_STATS
from streamsvd.kernels.variance import noise_of, variance_of
from streamsvd.kernels.vectors import LANES
from streamsvd.lookup.folded_rows import features
from streamsvd.lookup.item_table import ItemTable
from streamsvd.lookup.options import Explore

Floats = NDArray[np.float64]
_noise = noise_of.py_func  # the same for arrays


def exploration_bonus(
    items: ItemTable, user: Any | None, covariance: Floats, explore: Explore, seed: int | None
) -> Floats:
    """The bonus of every predicted rating, in the data's own scale, shape (places,).

    Parameters
    ----------
    items : ItemTable
    user : element of a user's `factors` block, or None
        None for an unknown user.
    covariance : float64 array, shape (d, d)
        P of the user's row.
    explore : "upper" or "sampled"
    seed : int, optional
        For "sampled".
    """
    width = np.sqrt(reducible_variance(items, user, covariance)) / items.scale.slope
    if explore == "upper":
        return width
    return np.asarray(width * np.random.default_rng(seed).standard_normal(len(width)))


def reducible_variance(items: ItemTable, user: Any | None, covariance: Floats) -> Floats:
    """The part of each prediction's variance that more ratings would take away, in squared internal stars."""
    factors, rank = items.factors, items.settings["settings"]["rank"]
    phi = features(factors)
    of_user = ((phi @ covariance) * phi).sum(axis=1)
    x, stats, count = np.zeros(rank), np.zeros(USER_STATS), 0
    if user is not None:
        x, stats, count = user["x"], user["stats"], int(user["count"])
    psi = np.concatenate([[1.0], x[-rank:]])
    of_item = items.covariances @ _square(psi)
    noise = _noise(stats[SURPRISE], stats[SURPRISES]) * _noise(
        factors["stats"][:, ITEM_SURPRISE], factors["stats"][:, ITEM_SURPRISES]
    )
    sigma_squared = _sigma_squared(items.globals_["variances"], items.globals_["scalars"], count)
    return np.asarray(sigma_squared * noise * np.maximum(of_user + of_item, 0.0))


@compiled
def _sigma_squared(variances, scalars, user_count):  # type: ignore[no-untyped-def]
    return variance_of(variances, scalars, user_count, 1.0, 1.0)


def _square(vector: Floats) -> Floats:
    """Weights w for which w · packed = vᵀPv: an element off the blocks of the diagonal stands for two."""
    block = np.arange(len(vector)) // LANES
    return pack(np.outer(vector, vector) * np.where(block[:, None] == block, 1.0, 2.0))
