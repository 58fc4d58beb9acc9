"""The items of one version in the process, with globals and catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.codec.checkpoint import Head
from model_store.codec.delta import DeltaPiece
from model_store.codec.keys import Keys
from model_store.codec.rows import RowLayout
from model_store.read.load import read_arrays
from model_store.read.row_table import RowTable
from streamsvd.kernels import CHOICE_BLOCK, CLOCK, Structured
from streamsvd.lookup import FACTORS, TRAINING, Facets, ItemTable, ScreeningColumns, facets_of, popularity
from streamsvd.ratings import Catalogue, CatalogueItem, Id


@dataclass(slots=True)
class View(ItemTable):
    """The items of one version. Not changed while a thread reads it (see `view_cache`).

    Attributes
    ----------
    keys : Keys
    head : Head
        With version, offsets, settings and layout.
    lineage : bytes
        Versions of another lineage are not later or earlier than this one.
    dtypes : list of dtype
        The layout's table.
    globals_ : dict of array
    table : RowTable
        The items' rows; the place of an item is its row number in the learner.
    catalogue : dict of id to CatalogueItem
        The catalogue, as of version `catalogue_version`. Never changed, only replaced.
    catalogue_version : int
    columns : ScreeningColumns
        For approximate scores.
    """

    keys: Keys
    head: Head
    lineage: bytes
    dtypes: list[np.dtype[Any]]
    globals_: dict[str, NDArray[Any]]
    table: RowTable
    catalogue: dict[Id, CatalogueItem]
    catalogue_version: int
    columns: ScreeningColumns
    _facets: tuple[int, int, dict[Id, CatalogueItem], Facets] | None = None
    _shares: tuple[int, NDArray[np.float64]] | None = None

    def holds(self, blocks: Iterable[str]) -> bool:
        """Whether these blocks of items are here, as far as the version has them."""
        return all(name in self.table.blocks for name in blocks if name in self.head.blocks["items"])

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the learner."""
        return self.head.settings

    @property
    def ids(self) -> list[Id | None]:
        """Ids by place."""
        return self.table.ids

    @property
    def numbers(self) -> dict[Id, int]:
        """Places by id."""
        return self.table.numbers

    @property
    def present(self) -> NDArray[np.bool_]:
        """At which places there is an item."""
        return self.table.present

    @property
    def factors(self) -> Structured:
        """The items' `factors`."""
        return self.table.rows(FACTORS)

    def factors_at(self, places: Any) -> Structured:
        """The `factors` of some places."""
        factors: Structured = self.factors[places]
        return factors

    @property
    def counts(self) -> NDArray[np.int64]:
        """Ratings of each item."""
        counts: NDArray[np.int64] = self.factors["count"]
        return counts

    @property
    def covariances(self) -> NDArray[np.float32]:
        """Packed covariances of the items' rows."""
        packed: NDArray[np.float32] = self.table.rows(TRAINING)["cov"]
        return packed

    @property
    def choice_rows(self) -> Structured:
        """The items' `choice` block."""
        return self.table.rows(CHOICE_BLOCK)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Each item's share of recent ratings; computed once for a version."""
        known = self._shares
        if known is None or known[0] != self.head.version:
            known = self._shares = self.head.version, popularity(self.choice_rows, int(self.globals_[CLOCK][0]))
        return known[1]

    @property
    def facets(self) -> Facets:
        """Years and genres by place; computed when first used, and for new items only after that."""
        table, known = self.table, self._facets
        if known is None or known[0] != table.moved or known[2] is not self.catalogue:
            facets = facets_of(table.ids, self.catalogue)
        elif known[1] < table.size:
            facets = known[3].extended(table.ids[known[1] :], self.catalogue)
        else:
            return known[3]
        self._facets = (table.moved, table.size, self.catalogue, facets)
        return facets

    def unrated_content(self, item: Id) -> NDArray[np.float64]:
        """Content of an item that has not been rated, shape (1, content): zeros unless the catalogue knows it."""
        width, genres, entry = self.settings["content"], self.head.genres, self.catalogue.get(item)
        if entry is None or width != len(genres) + 1 or not set(entry.genres) <= set(genres):
            return np.zeros((1, width))
        vocabulary = CatalogueItem(
            "" if isinstance(item, int) else 0, "all genres in use", genres
        )  # orders the columns
        return Catalogue([entry, vocabulary]).content([item])

    def copy(self) -> View:
        """A view of the same version that shares nothing that changes."""
        return replace(self, table=self.table.copy(), columns=self.columns.copy())

    def update(
        self, head: Head, raw_globals: Sequence[bytes], fields: Sequence[bytes], blobs: Sequence[Sequence[bytes | None]]
    ) -> None:
        """Become the view of a later version, in which these items changed or were removed."""
        arrays = dict(zip(raw_globals[::2], raw_globals[1::2], strict=True))
        self.globals_ = read_arrays(arrays, head.arrays["globals"], self.keys.globals_)
        if head.dtypes != self.head.dtypes:
            self.dtypes = RowLayout(head.dtypes, head.blocks).numpy_dtypes(self.keys.head)
        self.head = head
        self.put(fields, blobs)
        if len(self.table):
            self.columns.combine(self.table.size, head.settings, self.globals_)

    def put(self, fields: Sequence[bytes], blobs: Sequence[Sequence[bytes | None]]) -> None:
        """Update rows of items, as `RowTable.update` does."""
        places = self.table.update(fields, blobs, self.dtypes, self.keys)
        if len(places):
            self.columns.put(places, self.factors[places], self.table.size)

    def put_delta(self, piece: DeltaPiece) -> None:
        """Update rows of items that changed or were added."""
        self.table.put(piece.fields, piece.numbers, piece.blocks, self.keys)
        self.columns.put(piece.numbers, self.factors[piece.numbers], self.table.size)
