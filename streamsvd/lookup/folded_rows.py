"""Fold-in: the row of an anonymous user, from given ratings; nothing is written.

The row is the ridge solution x = (Λ + Σ φφᵀ)⁻¹ Σ φ (r − g·z − b), with the users' learned prior Λ, against the items
as they are (the normal equations of Koren, Bell & Volinsky 2009, section "alternating least squares", with a prior).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import Structured, as_column
from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.memory import MEAN, MEAN_WEIGHT, USER_STATS
from streamsvd.lookup.item_table import ItemTable
from streamsvd.ratings import Id

Floats = NDArray[np.float64]


def features(factors: Structured) -> Floats:
    """φ of items as they are now, shape (n, d): [1, content, popularity, bias, q]."""
    popularity = (np.log1p(factors["count"]) - 2.0) / 2.0
    y = factors["y"]
    return np.column_stack([np.ones(len(factors)), factors["content"], popularity, y[:, 0], y[:, 1:]])


def expected(globals_: dict[str, NDArray[Any]], factors: Structured, user_counts: NDArray[Any]) -> Floats:
    """g·z: the rating expected of any user, in internal stars, shape (n,)."""
    z = np.column_stack(
        [np.ones(len(factors)), factors["content"], np.log1p(factors["count"]) - 2.0, np.log1p(user_counts) - 3.0]
    )
    return np.asarray(z @ globals_["g"][: z.shape[1]])


def fold_in(items: ItemTable, ratings: Mapping[Id, float]) -> Structured:
    """The row of an anonymous user who has given these ratings.

    Parameters
    ----------
    items : ItemTable
    ratings : mapping of item id to rating
        In the data's own scale; items that the model does not know are left out.

    Returns
    -------
    structured array, shape (1,)
        A user's `factors`.

    Raises
    ------
    InputError
        A rating is not a number, or not on the scale.
    """
    items.scale.check(as_column("ratings", list(ratings.values()), np.float64))
    row: Structured = np.zeros(1, [("x", "<f8", (items.width,)), ("count", "<i8"), ("stats", "<f8", (USER_STATS,))])
    known = [item for item in ratings if item in items.numbers]
    if not known:
        return row
    factors = items.factors_at(items.places(known))
    stars = items.scale.to_internal(np.array([ratings[item] for item in known], np.float64))
    targets = stars - expected(items.globals_, factors, np.arange(len(known))) - factors["y"][:, 0]
    row["x"][0] = np.linalg.solve(precision(items, factors), features(factors).T @ targets)
    row["count"][0] = len(known)
    row["stats"][0, MEAN] = (stars - 3.5).sum() / (len(known) + MEAN_WEIGHT)
    return row


def precision(items: ItemTable, factors: Structured) -> Floats:
    """The inverse of P of a user who has rated the items with these factors, shape (d, d)."""
    phi = features(factors)
    return unpack(items.globals_["prior"], items.width) + phi.T @ phi
