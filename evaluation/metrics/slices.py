"""Errors by part of the stream: new or known user and item, the user's number of ratings, genre, month.

A user or an item is new while the model has no rating of it. An item counts in each of its genres.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from evaluation.metrics.figures import Errors
from streamsvd.kernels import plain_ids
from streamsvd.learner import IdIndex, Ids
from streamsvd.ratings import Catalogue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUCKETS = ("0", "1-4", "5-19", "20-99", "100+")
"""Numbers of ratings of a user."""
EDGES = np.array([1, 5, 20, 100])
"""Where each bucket but the first begins."""
_FIXED = [
    ("user", "new"),
    ("user", "known"),
    ("item", "new"),
    ("item", "known"),
    *(("ratings of the user", bucket) for bucket in BUCKETS),
]
_MONTHS = 1200  # from January 1970 on: a hundred years
_MONTH_STARTS = np.arange(_MONTHS + 1).astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


class Slices:
    """Sums over all ratings, by slice.

    Parameters
    ----------
    catalogue : Catalogue, optional
        The items' genres.

    Examples
    --------
    >>> parts = Slices()
    >>> parts.update(["Heat"], np.array([881250949]), np.array([0]), np.array([3]), np.array([0.5]), np.array([0.5]))
    >>> [(by, name) for (by, name), errors in parts.errors().items() if errors.events]
    [('user', 'new'), ('item', 'known'), ('ratings of the user', '0'), ('month', '1997-12')]
    """

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self._genres = catalogue.genres if catalogue else ()
        entries = [entry for entry in catalogue.values() if entry.genres] if catalogue else []
        number = {genre: k for k, genre in enumerate(self._genres)}
        self._rows = IdIndex()
        self._rows.add([entry.item for entry in entries])
        self._starts = np.cumsum([0, *(len(entry.genres) for entry in entries)])
        names = chain.from_iterable(entry.genres for entry in entries)
        self._members = np.array([number[genre] for genre in names], np.int64)
        self._fixed = np.zeros((len(_FIXED), kernels.CELL))
        self._by_genre = np.zeros((len(self._genres), kernels.CELL))
        self._by_month = np.zeros((_MONTHS, kernels.CELL))

    def update(
        self, items: Ids, timestamps: Ints, user_counts: Ints, item_counts: Ints, event: Floats, page: Floats
    ) -> None:
        """Add ratings, in stream order.

        Parameters
        ----------
        items : sequence of int or str, length n
        timestamps : int64, shape (n,)
            Event times in seconds.
        user_counts, item_counts : int64, shape (n,)
            Ratings that the model had of the user and of the item.
        event, page : float64, shape (n,)
            Errors by both protocols: predicted less given.
        """
        kernels.tally_counts(self._fixed, EDGES, user_counts, item_counts, event, page)
        kernels.tally_months(self._by_month, _MONTH_STARTS, timestamps, event, page)
        if len(self._rows):
            rows = self._rows.find(plain_ids(items))
            kernels.tally_groups(self._by_genre, rows, self._starts, self._members, event, page)

    def errors(self) -> dict[tuple[str, str], Errors]:
        """Errors by slice: what it is by, and its name. Months without ratings are left out."""
        months = np.flatnonzero(self._by_month[:, 0])
        names = [
            *_FIXED,
            *(("genre", genre) for genre in self._genres),
            *(("month", str(np.datetime64(int(month), "M"))) for month in months),
        ]
        cells = np.concatenate([self._fixed, self._by_genre, self._by_month[months]])
        return {name: Errors.read(cell.tolist()) for name, cell in zip(names, cells, strict=True)}

    def total(self) -> Errors:
        """Errors over all ratings: those of new and known users."""
        return Errors.read((self._fixed[0] + self._fixed[1]).tolist())

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        months = np.flatnonzero(self._by_month[:, 0])
        return {
            "fixed": self._fixed.copy(),
            "by_genre": self._by_genre.copy(),
            "months": months,
            "by_month": self._by_month[months],
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]], catalogue: Catalogue | None = None) -> Slices:
        """The slices that `state` was taken from, with the same catalogue."""
        found = cls(catalogue)
        found._fixed, found._by_genre = state["fixed"].copy(), state["by_genre"].copy()
        found._by_month[state["months"]] = state["by_month"]
        return found
