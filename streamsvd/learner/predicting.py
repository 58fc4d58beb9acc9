"""Predictions for any pairs of ids: known ones have rows, the others their first ones; nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.errors import InputError
from streamsvd.kernels import Id, as_column, as_ids, plain_ids
from streamsvd.kernels.memory import COUNT, N_PAGES, PAGE, PAGE_LENGTH, PAGE_USER, TIME, TIMESTAMP, Memory
from streamsvd.kernels.predicting import Pairs, predict_rows
from streamsvd.learner.protocol import LearnerParts

Floats = NDArray[np.float64]


def predict_pairs(
    model: LearnerParts,
    users: Sequence[Id] | NDArray[Any],
    items: Sequence[Id] | NDArray[Any],
    timestamps: ArrayLike | None,
    *,
    with_variance: bool,
) -> tuple[Floats, Floats]:
    """Predicted ratings, and their standard deviations where asked for, in the data's own scale."""
    m = model._memory
    user_ids, item_ids = plain_ids(users), plain_ids(items)
    if len(user_ids) != len(item_ids):
        raise InputError(f"one user is needed for every item, found {len(user_ids)} users, {len(item_ids)} items")
    user_rows, item_rows = model._users.find(user_ids), model._items.find(item_ids)
    unknown = np.flatnonzero(item_rows < 0)
    first_y, first_content = model._first_rows(as_ids([item_ids[k] for k in unknown.tolist()]))
    y, content = _take(m.y, item_rows), _take(m.content, item_rows)
    y[unknown], content[unknown] = first_y, first_content
    counts, stats = _take(m.user_ints[:, COUNT], user_rows), _take(m.user_stats, user_rows)
    if timestamps is None:
        stamps, places = stats[:, TIME].copy(), np.zeros(len(user_rows), np.int64)
    else:
        stamps = as_column("timestamps", timestamps, np.int64).astype(np.float64)
        if len(stamps) != len(user_rows):
            raise InputError(f"one timestamp is needed for every user, found {len(stamps)} for {len(user_rows)}")
        places = np.where(stamps == m.counters[TIMESTAMP], _on_page(m, user_rows), 0)
    user_cov = item_cov = None
    if with_variance:
        user_cov, item_cov = _take(m.user_cov, user_rows), _take(m.item_cov, item_rows)
        user_cov[counts == 0] = m.prior_cov
        item_cov[unknown] = model._parameters.first_item_cov
    pairs = Pairs(
        x=_take(m.x, user_rows),
        user_stats=stats,
        user_counts=counts,
        y=y,
        item_stats=_take(m.item_stats, item_rows),
        item_counts=_take(m.item_ints[:, COUNT], item_rows),
        content=content,
        stamps=stamps,
        places=places,
        user_cov=user_cov,
        item_cov=item_cov,
    )
    return predict_rows(model._handle, model.scale, pairs)


def _on_page(m: Memory, user_rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ratings on each user's open page, 0 without one."""
    pages = m.page_ints[: m.counters[N_PAGES]]
    numbers = _take(m.user_ints[:, PAGE], user_rows)
    there = np.flatnonzero((user_rows >= 0) & (numbers < len(pages)))
    there = there[pages[numbers[there], PAGE_USER] == user_rows[there]]
    found = np.zeros(len(user_rows), np.int64)
    found[there] = pages[numbers[there], PAGE_LENGTH]
    return found


def _take(array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Rows of an array; zeros for row -1."""
    taken = np.zeros((len(rows), *array.shape[1:]), array.dtype)
    known = rows >= 0
    taken[known] = array[rows[known]]
    return taken
