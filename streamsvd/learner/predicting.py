"""Predictions for any pairs of ids: rows are gathered for known ones, made up for the others, and nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.errors import InputError
from streamsvd.learner import kernels
from streamsvd.learner.inputs import as_column, as_ids
from streamsvd.learner.memory import COUNT, PAGE_LENGTH, PAGE_TIMESTAMP, PAGE_USER, TIME
from streamsvd.learner.state import Id

if TYPE_CHECKING:
    from streamsvd.learner.iterated_svd import IteratedSVD

Floats = NDArray[np.float64]


def predict_pairs(
    model: IteratedSVD,
    users: Sequence[Id] | NDArray[Any],
    items: Sequence[Id] | NDArray[Any],
    timestamps: ArrayLike | None,
    *,
    with_variance: bool,
) -> tuple[Floats, Floats]:
    """Predicted ratings, and their standard deviations where asked for, in the data's own scale."""
    m = model._memory
    user_ids, item_ids = as_ids(users), as_ids(items)
    if len(user_ids) != len(item_ids):
        raise InputError(f"one user is needed for every item, found {len(user_ids)} users, {len(item_ids)} items")
    user_rows = np.array([model._users.get(name, -1) for name in user_ids], np.int64)
    item_rows = np.array([model._items.get(name, -1) for name in item_ids], np.int64)
    unknown = [k for k, row in enumerate(item_rows) if row < 0]
    first_y, first_content = model._first_rows([item_ids[k] for k in unknown])
    y, content = _take(m.y, item_rows), _take(m.content, item_rows)
    y[unknown], content[unknown] = first_y, first_content
    counts, stats = _take(m.user_ints[:, COUNT], user_rows), _take(m.user_stats, user_rows)
    if timestamps is None:
        stamps, places = stats[:, TIME].copy(), np.zeros(len(user_rows))
    else:
        stamps = as_column("timestamps", timestamps, np.int64).astype(np.float64)
        if len(stamps) != len(user_rows):
            raise InputError(f"one timestamp is needed for every user, found {len(stamps)} for {len(user_rows)}")
        same_page = (user_rows == m.counters[PAGE_USER]) & (user_rows >= 0) & (stamps == m.counters[PAGE_TIMESTAMP])
        places = np.where(same_page, float(m.counters[PAGE_LENGTH]), 0.0)
    out, variance = np.empty(len(user_rows)), np.empty(len(user_rows) if with_variance else 0)
    user_cov, item_cov = np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
    if with_variance:
        user_cov, item_cov = _take(m.user_cov, user_rows), _take(m.item_cov, item_rows)
        user_cov[counts == 0] = m.prior_cov
        item_cov[unknown] = model._first_item_covariance()
    kernels.predict(
        m,
        model._parameters,
        _take(m.x, user_rows),
        stats,
        counts,
        y,
        _take(m.item_stats, item_rows),
        _take(m.item_ints[:, COUNT], item_rows),
        content,
        stamps,
        places,
        user_cov,
        item_cov,
        out,
        variance,
    )
    return model.scale.within(out), np.sqrt(variance) / model.scale.slope


def _take(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Rows of an array; zeros for row -1."""
    taken = np.zeros((len(rows), *array.shape[1:]), array.dtype)
    known = rows >= 0
    taken[known] = array[rows[known]]
    return taken
