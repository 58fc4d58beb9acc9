"""`ItemTable`: the items of one version of a model, by place; every lookup is computed from it.

A live model fills it from its memory (`streamsvd.learner.live_items`), a reader of the store from a snapshot
(`model_store.read.view`). Nothing here changes the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import UnknownId
from streamsvd.kernels import Scale, Structured
from streamsvd.lookup.id_kinds import known_as
from streamsvd.lookup.item_filters import Facets
from streamsvd.ratings import CatalogueItem, Id

FACTORS, TRAINING, WINDOW, SEEN = "factors", "training", "window", "seen"
"""Blocks of the learner's rows: what scoring needs, what steers learning, the newest ratings, all ratings."""

UserRow = Mapping[str, NDArray[Any]]
"""Blocks of one user by name: a fixed one has one element, a ragged one as many as the row; empty for an unknown user.
"""


class ScreeningColumns(Protocol):
    """What approximate scores need of the items (see `candidate_screening.ItemColumns`)."""

    def put(self, places: NDArray[np.int64], factors: NDArray[Any], size: int) -> None:
        """Set some items, given their `factors`; `size` is one more than the highest place there is."""

    def combine(self, n: int, settings: dict[str, Any], globals_: dict[str, NDArray[Any]]) -> None:
        """Work out, for the first `n` items, what these global weights make the same for every user."""

    def copy(self) -> Self:
        """The same columns, sharing nothing."""


class ItemTable(ABC):
    """Items by place, and the weights and the catalogue that belong to them; frozen while a lookup reads it.

    Attributes
    ----------
    globals_ : dict of array
        Global weights, as in a `State`.
    catalogue : mapping of id to CatalogueItem
        The catalogue; empty where there is none.
    columns : ScreeningColumns or None
        For approximate scores; None where all scores are exact.
    """

    globals_: dict[str, NDArray[Any]]
    catalogue: Mapping[Id, CatalogueItem]
    columns: ScreeningColumns | None

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Settings of the learner, as in a `State`."""

    @property
    @abstractmethod
    def ids(self) -> Sequence[Id | None]:
        """Ids by place; None where there is no item."""

    @property
    @abstractmethod
    def numbers(self) -> Mapping[Id, int]:
        """Places by id."""

    @property
    @abstractmethod
    def present(self) -> NDArray[np.bool_]:
        """At which places there is an item, shape (places,)."""

    @property
    @abstractmethod
    def factors(self) -> Structured:
        """The items' `factors` block, shape (places,)."""

    @abstractmethod
    def factors_at(self, places: Any) -> Structured:
        """The `factors` of some places."""

    @property
    @abstractmethod
    def counts(self) -> NDArray[np.int64]:
        """Ratings of each item, shape (places,)."""

    @property
    @abstractmethod
    def covariances(self) -> NDArray[np.float32]:
        """Packed covariances of the items' rows, shape (places, packed)."""

    @property
    @abstractmethod
    def choice_rows(self) -> Structured:
        """The items' `choice` block, shape (places,); see `streamsvd.kernels.choices`."""

    @property
    @abstractmethod
    def shares(self) -> NDArray[np.float64]:
        """Each item's share of recent ratings, shape (places,)."""

    @property
    @abstractmethod
    def facets(self) -> Facets:
        """Years and genres by place."""

    @property
    def size(self) -> int:
        """Places: one more than the highest."""
        return len(self.present)

    @property
    def scale(self) -> Scale:
        """The rating scale."""
        return Scale(*self.settings["scale"])

    @property
    def width(self) -> int:
        """Length of a user's row."""
        return int(3 + self.settings["content"] + self.settings["settings"]["rank"])

    def places(self, items: Iterable[Id]) -> NDArray[np.intp]:
        """Places of some items; unknown ones are left out."""
        numbers = self.numbers
        return np.array([numbers[item] for item in items if item in numbers], np.intp)

    def here(self, places: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Which of some places hold an item."""
        there = places < self.size
        there[there] = self.present[places[there]]
        return there

    def place(self, item: Id) -> int:
        """The place of an item.

        Raises
        ------
        UnknownId
            The item is unknown.
        """
        if item not in self.numbers:
            raise UnknownId("item", item)
        return self.numbers[item]

    def known_as(self, item: Id) -> Id:
        """The id of an item here: of the other kind where only that has been rated, or is in the catalogue."""
        known = known_as(item, self.numbers)
        return known if known in self.numbers else known_as(known, self.catalogue)

    def named(self, item: Id) -> CatalogueItem:
        """An item with what the catalogue says of it."""
        return self.catalogue.get(item) or CatalogueItem(item, None)

    def about(self, place: int) -> dict[str, Any]:
        """The fields of `CatalogueItem` of the item at a place, by name."""
        item = self.ids[place]
        if item is None:
            raise IndexError(f"there is no item at place {place}")
        named = self.named(item)
        return {name: getattr(named, name) for name in CatalogueItem.__slots__}
