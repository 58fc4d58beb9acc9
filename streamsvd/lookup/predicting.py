"""One prediction with its standard deviation, from rows: the bits of `IteratedSVD.predict_with_deviation`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import Settings, memory
from streamsvd.kernels.memory import ITEM_STATS, TIME, USER_STATS
from streamsvd.kernels.predicting import Pairs, predict_rows, without_rows
from streamsvd.kernels.seeding import first_factors
from streamsvd.lookup.item_table import FACTORS, TRAINING, ItemTable, UserRow
from streamsvd.ratings import Id

Floats = NDArray[np.float64]

PREDICTING = (FACTORS, TRAINING)
"""Blocks of a user that `predict` needs."""


def predict(
    items: ItemTable, row: UserRow, item: Id, covariance: NDArray[np.floating] | None, unrated_content: Floats
) -> tuple[float, float]:
    """Predicted rating, within the scale, and its standard deviation, as of the user's last rating.

    Parameters
    ----------
    items : ItemTable
    row : mapping of str to array
        The user's blocks `PREDICTING`; empty for an unknown user.
    item : id
    covariance : array or None
        Packed P of the item's row; None for an item that has not been rated.
    unrated_content : float64 array, shape (1, content)
        Content of an item that has not been rated.
    """
    m, handle, scale = without_rows(items.settings, items.globals_)
    x, stats, count = np.zeros((1, m.x.shape[1])), np.zeros((1, USER_STATS)), 0
    user_covariance = items.globals_["prior_cov"]
    if row:
        user = row[FACTORS][0]
        x[0, : len(user["x"])], stats[0], count = user["x"], user["stats"], int(user["count"])
        user_covariance = row[TRAINING][0]["cov"] if count else user_covariance
    settings = Settings.from_dict(items.settings["settings"])
    y, item_stats, item_count, content = np.zeros((1, m.y.shape[1])), np.zeros((1, ITEM_STATS)), 0, unrated_content
    if item in items.numbers:
        known = items.factors_at([items.place(item)])
        y[:, : known["y"].shape[1]], item_count = known["y"], int(known["count"][0])
        item_stats, content = (np.ascontiguousarray(known[name]) for name in ("stats", "content"))
    else:
        y = first_factors(settings, items.settings["seed"], [item], m.y.shape[1])
    if covariance is None:
        covariance = memory.parameters(settings, 1.0, 5.0).first_item_cov
    pairs = Pairs(
        x=x,
        user_stats=stats,
        user_counts=np.array([count]),
        y=y,
        item_stats=item_stats,
        item_counts=np.array([item_count]),
        content=content,
        stamps=stats[:, TIME].copy(),
        places=np.zeros(1, np.int64),
        user_cov=user_covariance[None].astype(np.float32),
        item_cov=covariance[None].astype(np.float32),
    )
    ratings, deviations = predict_rows(handle, scale, pairs)
    return float(ratings[0]), float(deviations[0])
