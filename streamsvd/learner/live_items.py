"""`LiveItems`: the items of a live model as a table for lookups, and a user's row.

The rows of all items are read from the model's memory once for each table, so a table is for one lookup, or for
several without a rating learned in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import RECENT_BLOCK, Id, Structured, lists
from streamsvd.kernels.memory import COUNT
from streamsvd.learner.choices import Choices
from streamsvd.learner.protocol import LearnerParts
from streamsvd.learner.saving import item_factors, user_factors, user_training
from streamsvd.lookup import (
    FACTORS,
    SEEN,
    TRAINING,
    WINDOW,
    Facets,
    ItemTable,
    Profile,
    UserRow,
    best,
    best_items,
    facets_of,
)
from streamsvd.ratings import CatalogueItem


class LiveItems(ItemTable):
    """The items of a live model; places are row numbers.

    Parameters
    ----------
    model : IteratedSVD
    choices : Choices, optional
        Learned from the same ratings as the model; needed to rank by choice.
    catalogue : mapping of id to CatalogueItem, optional
        By default the model's content source, if that is a catalogue.
    """

    columns = None

    def __init__(
        self, model: LearnerParts, choices: Choices | None = None, catalogue: Mapping[Id, CatalogueItem] | None = None
    ) -> None:
        self.model, self.choices, m = model, choices, model._memory
        self.catalogue = catalogue or (model._content if isinstance(model._content, Mapping) else {})
        self.globals_ = {"g": m.g, "c": m.c, "scalars": m.scalars, "variances": m.variances}
        self.globals_ |= {"prior": m.prior, "prior_cov": m.prior_cov}

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the learner."""
        model = self.model
        scale = [model.scale.low, model.scale.high]
        return {"settings": {"rank": model.settings.rank}, "scale": scale, "content": model.n_content}

    @property
    def ids(self) -> Sequence[Id]:
        """Ids by row number."""
        return cast("list[Id]", self.model._items.ids)  # items never go

    @property
    def numbers(self) -> Mapping[Id, int]:
        """Row numbers by id."""
        return self.model._items.rows

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """All places: an item never goes."""
        return np.ones(self.model.n_items, bool)

    @cached_property
    def factors(self) -> Structured:
        """The items' `factors`."""
        return self.factors_at(np.arange(self.size))

    def factors_at(self, places: Any) -> Structured:
        """The `factors` of some items."""
        return item_factors(self.model, np.asarray(places, np.int64))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Ratings of each item."""
        return self.model._memory.item_ints[: self.size, COUNT]

    @property
    def covariances(self) -> NDArray[np.float32]:
        """Packed covariances of the items' rows."""
        return self.model._memory.item_cov[: self.size]

    @property
    def choice_rows(self) -> Structured:
        """The items' `choice` block."""
        assert self.choices is not None, "ranking by choice needs choices learned from the model's ratings"
        return self.choices.item_rows(self.model)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Each item's share of recent ratings."""
        assert self.choices is not None, "ranking by choice needs choices learned from the model's ratings"
        return self.choices.popularity(self.model)

    @cached_property
    def facets(self) -> Facets:
        """Years and genres by place."""
        return facets_of(self.ids, self.catalogue)

    def user_row(self, user: Id, blocks: Iterable[str]) -> UserRow:
        """Some blocks of a user; empty for an unknown user."""
        number = self.model._users.rows.get(user)
        if number is None:
            return {}
        rows = np.array([number])
        return {name: self._block(name, rows) for name in blocks}

    def _block(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        model = self.model
        if name == FACTORS:
            return user_factors(model, rows)
        if name == TRAINING:
            return user_training(model, rows)
        if name == RECENT_BLOCK and self.choices is not None:
            return self.choices.user_rows(model, rows)
        return lists.gather({WINDOW: model._memory.user_window, SEEN: model._memory.seen}[name], rows)[0]


def ranked_ids(items: LiveItems, user: Id, n: int, rank_by: str, excluded: NDArray[np.integer[Any]]) -> list[Id]:
    """Ids of the n items that rank highest for a user and are not excluded by their places; ties by id.

    Parameters
    ----------
    items : LiveItems
    user : id
    n : int
    rank_by : str
        "choice", "rating", or "popular": by the number of ratings.
    excluded : integer array
    """
    if not items.size:
        return []
    if rank_by == "popular":
        return best_ids(items, items.counts.astype(np.float64), n, excluded)
    row = items.user_row(user, (FACTORS, RECENT_BLOCK) if rank_by == "choice" else (FACTORS,))
    profile = Profile(row[FACTORS][0] if row else None, row)
    places, _ = best_items(items, profile, _but(items, excluded), n, rank_by)
    return [items.ids[place] for place in places.tolist()]


def best_ids(items: LiveItems, scores: NDArray[np.float64], n: int, excluded: NDArray[np.integer[Any]]) -> list[Id]:
    """Ids of the n items with the highest scores that are not excluded by their places; ties by id."""
    return [items.ids[place] for place in best(scores, n, _but(items, excluded), items.ids).tolist()]


def _but(items: LiveItems, excluded: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    allowed = np.ones(items.size, bool)
    allowed[excluded] = False
    return allowed
