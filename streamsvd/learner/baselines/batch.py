"""`BatchBaseline`: what the batch baselines share: ids, checks, the damped means of both sides, and predicting.

Every one of them ends as a matrix L Rᵀ of predictions; a row for an unknown user and one for an unknown item come last.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.errors import InputError
from streamsvd.kernels import Scale
from streamsvd.learner.baselines.columns import columns_of, pairs_of
from streamsvd.learner.id_index import IdIndex
from streamsvd.learner.protocol import Ids

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROUNDS = 10


class BatchBaseline(ABC):
    """A learner of all ratings at once.

    Parameters
    ----------
    user_damping, item_damping : float
        Imaginary ratings of each user and item that lie at the mean.
    scale : (float, float)
    seed : int
        Decides where iterations start.
    """

    def __init__(self, user_damping: float, item_damping: float, scale: tuple[float, float], seed: int) -> None:
        self.scale = Scale(*scale)
        self.seed = seed
        self.damping = user_damping, item_damping
        self._users, self._items = IdIndex(), IdIndex()
        self._left, self._right = np.array([[3.5]]), np.array([[1.0]])

    def fit(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None = None) -> Self:
        """Learn these ratings and no others; of two by one user of one item, the one given later counts.

        Raises
        ------
        InputError
            If there are none, the lengths differ, an id is neither an int nor a str, or a rating is not on the scale.
        """
        user_ids, item_ids, values, _ = columns_of(users, items, ratings, timestamps, 0)
        self.scale.check(values)
        if len(values) == 0:
            raise InputError("a batch learner cannot be fitted to no ratings; give at least one")
        self._users, self._items = IdIndex(), IdIndex()
        rows, columns = self._users.number(user_ids)[0], self._items.number(item_ids)[0]
        stars = self.scale.to_internal(values)
        places = rows * len(self._items) + columns
        last = len(places) - 1 - np.unique(places[::-1], return_index=True)[1]  # in order of rows, then columns
        shape = (len(self._users), len(self._items))
        from scipy.sparse import csr_array  # here: it takes as long to import as NumPy, and most processes fit none

        given = csr_array((stars[last], (rows[last], columns[last])), shape=shape)
        mean, user_bias, item_bias = damped_biases(given, *self.damping)
        self._left, self._right = self._fit(
            given,
            np.column_stack([np.ones(shape[0]), user_bias]),
            np.column_stack([mean + item_bias, np.ones(shape[1])]),
        )
        return self

    def predict(self, users: Ids, items: Ids, timestamps: ArrayLike | None = None) -> Floats:  # noqa: ARG002 - a protocol's parameter; means know no time
        """Predicted ratings within the scale, float64 of shape (n,), the same at any time; ids may be unknown."""
        user_ids, item_ids = pairs_of(users, items)
        stars = entries(self._left, self._right, self._users.find(user_ids), self._items.find(item_ids))
        return self.scale.within(np.clip(stars, *self.scale.internal_limits))

    @abstractmethod
    def _fit(self, given: csr_array, left: Floats, right: Floats) -> tuple[Floats, Floats]:
        """L and R, each with a last row for an unknown id; `left @ right.T` are the damped means."""


def damped_biases(given: csr_array, user_damping: float, item_damping: float) -> tuple[float, Floats, Floats]:
    """The mean, and each side's damped mean of what the other leaves, in rounds."""
    by_item = given.T.tocsr()
    n_users, n_items = np.diff(given.indptr), np.diff(by_item.indptr)
    mean = float(given.data.mean())
    users = np.repeat(np.arange(given.shape[0]), n_users)
    user_bias, item_bias = np.zeros(given.shape[0]), np.zeros(given.shape[1])
    for _ in range(ROUNDS):
        rest = given.data - mean - user_bias[users]
        item_bias = np.bincount(given.indices, rest, given.shape[1]) / (n_items + item_damping)
        rest = given.data - mean - item_bias[given.indices]
        user_bias = np.bincount(users, rest, given.shape[0]) / (n_users + user_damping)
    return mean, user_bias, item_bias


def entries(left: Floats, right: Floats, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]) -> Floats:
    """Entries of L Rᵀ at these places, a block at a time."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), 65_536):
        part = slice(start, start + 65_536)
        found[part] = np.einsum("ij,ij->i", left[rows[part]], right[columns[part]])
    return found
