"""Why a prediction is what it is: its parts, and how far each of the user's ratings moved it.

A user's row is a ridge solution, x = P Σ φ_j (t_j − b_j) over its newest ratings, so the part of its score for an item
with features φ that rating j brought is φᵀ P φ_j (t_j − b_j): exact at a refit, and close to it between two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.kernels import Structured, score_items
from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.memory import ENTRY_UNIT
from streamsvd.kernels.scoring import popularity_of
from streamsvd.lookup.answers import Explanation, Moved, Reason
from streamsvd.lookup.folded_rows import expected
from streamsvd.lookup.item_table import FACTORS, TRAINING, WINDOW, ItemTable, UserRow
from streamsvd.ratings import Id

Floats = NDArray[np.float64]

EXPLAINING = (FACTORS, TRAINING, WINDOW)
"""Blocks of a user that `explain` and `reasons` need."""


def explain(items: ItemTable, row: UserRow, item: Id) -> Explanation:
    """A prediction taken apart; without the user's ratings when the row is empty.

    Parameters
    ----------
    items : ItemTable
    row : mapping of str to array
        The user's blocks `EXPLAINING`.
    item : id

    Raises
    ------
    UnknownId
        The model does not know the item.
    """
    factors, scale = items.factors_at([items.place(item)]), items.scale
    user = row[FACTORS][0] if row else None
    score = float(score_items(items.settings, items.globals_, user, factors)[0])
    count = 0 if user is None else int(user["count"])
    everybody = float(scale.from_internal(expected(items.globals_, factors, np.array([count])))[0])
    own = float(factors["y"][0, 0]) / scale.slope
    moved: list[tuple[int, float]] = []
    if row:
        covariance, window, rated = _newest(items, row)
        by = contributions(covariance, window, rated, factors[0]) / scale.slope
        moved = [(int(window["item"][k]), float(by[k])) for k in np.argsort(-abs(by), kind="stable")]
    rest = score - everybody - own - sum(value for _, value in moved)
    ratings = tuple(Moved(**items.about(place), moved=value) for place, value in moved)
    return Explanation(items.named(item), score, everybody, own, ratings, rest, known_user=bool(row))


def reasons(items: ItemTable, row: UserRow, wanted: Sequence[Id], n: int = 2) -> dict[Id, tuple[Reason, ...]]:
    """For each item, the `n` of the user's newest ratings that raised its score most.

    Parameters
    ----------
    items : ItemTable
    row : mapping of str to array
        The user's blocks `EXPLAINING`; without them, or for an item that the model does not know, there are no reasons.
    wanted : sequence of id
    n : int
    """
    if not row:
        return dict.fromkeys(wanted, ())
    covariance, window, rated = _newest(items, row)
    found: dict[Id, tuple[Reason, ...]] = dict.fromkeys(wanted, ())
    for item in wanted:
        if item in items.numbers:
            moved = contributions(covariance, window, rated, items.factors_at([items.place(item)])[0])
            most = [int(k) for k in np.argsort(-moved, kind="stable")[:n] if moved[k] > 0]
            found[item] = tuple(_reason(items, int(window["item"][k]), float(moved[k])) for k in most)
    return found


def _reason(items: ItemTable, place: int, raised_by: float) -> Reason:
    about = items.about(place)
    return Reason(about["item"], about["title"], raised_by)


def _newest(items: ItemTable, row: UserRow) -> tuple[NDArray[Any], NDArray[Any], Structured]:
    """The packed covariance of a user's row, its newest ratings of items that are here, and the items' `factors`."""
    window = row[WINDOW][items.here(row[WINDOW]["item"])]
    return row[TRAINING][0]["cov"], window, items.factors_at(window["item"])


def contributions(covariance: NDArray[Any], window: NDArray[Any], rated: Structured, item: Any) -> Floats:
    """What each rating of a user's window adds to its score for one item, in internal stars.

    Parameters
    ----------
    covariance : float array, packed
        P of the user's row.
    window : structured array, shape (n,)
        `target`, `popularity` and `bias` of ratings.
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


def _features(y: Floats, content: Floats, popularity: float, bias: float) -> Floats:
    """φ, as `scoring.fill_features` has it."""
    return np.concatenate([[1.0], content, [popularity, bias], y[1:]])


@compiled
def _popularity(count):  # type: ignore[no-untyped-def]
    return popularity_of(count)
