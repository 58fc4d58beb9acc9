"""Items that the same users like, and users of the same taste: correlations of what content and factors add.

Users' biases and their slopes for popularity and item bias, which all items share, are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import Structured
from streamsvd.kernels.algebra import unpack
from streamsvd.lookup.answers import SimilarItem, SimilarUser
from streamsvd.lookup.item_table import ItemTable
from streamsvd.lookup.ranking import best
from streamsvd.ratings import Id

Floats = NDArray[np.float64]


def similar_items(items: ItemTable, item: Id, n: int) -> tuple[SimilarItem, ...]:
    """Items that the same users like as this one, most similar first; ties by id.

    Similarity is the correlation, over the users' learned prior, of what content and factors add to a rating.

    Raises
    ------
    UnknownId
        The model does not know the item.
    """
    place, taste = items.place(item), _taste_columns(items)
    metric = unpack(items.globals_["prior_cov"], items.width)[np.ix_(taste, taste)]
    similarities = _correlations(_tastes(items.factors), metric, place)
    may = items.present.copy()
    may[place] = False
    found = best(similarities, n, may, items.ids)
    return tuple(SimilarItem(**items.about(int(k)), similarity=float(similarities[k])) for k in found)


def similar_users(
    items: ItemTable,
    users: Structured,
    ids: Sequence[Id | None],
    present: NDArray[np.bool_],
    place: int,
    n: int,
) -> tuple[SimilarUser, ...]:
    """Users of the same taste, most similar first; ties by id.

    Similarity is the correlation, over all items, of what content and factors add to their ratings.

    Parameters
    ----------
    items : ItemTable
    users : structured array, shape (places,)
        The users' `factors`.
    ids : sequence of id or None, length places
    present : bool array, shape (places,)
        Where there is a user.
    place : int
        Of the user in question.
    n : int
    """
    tastes = _tastes(items.factors[items.present])
    centred = tastes - tastes.mean(axis=0)
    metric = np.asarray(centred.T @ centred / len(tastes))
    similarities = _correlations(users["x"][:, _taste_columns(items)], metric, place)
    may = present.copy()
    may[place] = False
    found = best(np.where(may, similarities, -1.0), n, may, ids)
    return tuple(
        SimilarUser(id_, float(similarities[k]), int(users["count"][k])) for k in found if (id_ := ids[k]) is not None
    )


def _tastes(factors: Structured) -> Floats:
    """The columns of φ in which tastes differ, content and factors, shape (n, content + rank)."""
    return np.column_stack([factors["content"], factors["y"][:, 1:]])


def _taste_columns(items: ItemTable) -> NDArray[np.intp]:
    """Where in a user's row the weights of `_tastes` stand."""
    content, rank = items.settings["content"], items.settings["settings"]["rank"]
    return np.concatenate([np.arange(1, 1 + content), np.arange(3 + content, 3 + content + rank)])


def _correlations(rows: Floats, metric: Floats, k: int) -> Floats:
    """Correlation of row `k` with every row under a metric; −∞ with itself."""
    weighted = rows @ metric
    sizes = np.sqrt(np.maximum((weighted * rows).sum(axis=1), 1e-300))
    correlation: NDArray[Any] = np.asarray((weighted @ rows[k]) / (sizes * sizes[k]))
    correlation[k] = -np.inf
    return correlation
