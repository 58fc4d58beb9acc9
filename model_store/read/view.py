"""What a reader keeps in the process: the items of one version, and the weights and films that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from model_store.answers import NamedItem
from model_store.codec.blobs import unpack_rows
from model_store.codec.checkpoint import Head
from model_store.codec.delta import Piece
from model_store.codec.keys import Keys
from model_store.codec.rows import Layout
from model_store.facts import Facts, facts_of
from model_store.read.loading import read_arrays
from model_store.read.row_table import FACTORS, Table
from streamsvd.errors import UnknownId
from streamsvd.learner.choices import CHOICE_BLOCK, CLOCK, popularity
from streamsvd.ratings import Film, Id


class Columns(Protocol):
    """What a glance needs of the items (see `screening.ItemColumns`)."""

    def put(self, places: NDArray[np.int64], factors: NDArray[Any], size: int) -> None:
        """Set some items, given their `factors`; `size` is one more than the highest place there is."""

    def combine(self, n: int, settings: dict[str, Any], globals_: dict[str, NDArray[Any]]) -> None:
        """Work out, for the first `n` items, what these global weights make the same for every user."""

    def copy(self) -> Self:
        """The same columns, sharing nothing."""


@dataclass(slots=True)
class View:
    """The items of one version. Nobody changes it while somebody reads it (see `following`).

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
    items : Table
        The items; the place of an item is its row number in the learner.
    films : dict of id to Film
        The catalogue, as of version `films_version`. Never changed, only replaced.
    films_version : int
    columns : Columns
        What a glance needs of the items.
    """

    keys: Keys
    head: Head
    lineage: bytes
    dtypes: list[np.dtype[Any]]
    globals_: dict[str, NDArray[Any]]
    items: Table
    films: dict[Id, Film]
    films_version: int
    columns: Columns
    _facts: tuple[int, int, dict[Id, Film], Facts] | None = None
    _popularity: tuple[int, NDArray[np.float64]] | None = None

    def holds(self, blocks: Iterable[str]) -> bool:
        """Whether these blocks of items are here, as far as the version has them."""
        return all(name in self.items.blocks for name in blocks if name in self.head.blocks["items"])

    @property
    def facts(self) -> Facts:
        """Years and genres by place; worked out when first asked for, and for new items only after that."""
        items, known = self.items, self._facts
        if known is None or known[0] != items.moved or known[2] is not self.films:
            facts = facts_of(items.ids, self.films)
        elif known[1] < items.size:
            facts = known[3].extended(items.ids[known[1] :], self.films)
        else:
            return known[3]
        self._facts = (items.moved, items.size, self.films, facts)
        return facts

    @property
    def popularity(self) -> NDArray[np.float64]:
        """Each item's share of recent ratings, by place; worked out once for a version."""
        known = self._popularity
        if known is None or known[0] != self.head.version:
            clock = int(self.globals_[CLOCK][0])
            known = self._popularity = self.head.version, popularity(self.items.rows(CHOICE_BLOCK), clock)
        return known[1]

    @property
    def width(self) -> int:
        """Length of a user's row."""
        settings = self.head.settings
        return int(3 + settings["content"] + settings["settings"]["rank"])

    @property
    def factors(self) -> NDArray[Any]:
        """The items' rows, shape (places,)."""
        return self.items.rows(FACTORS)

    def ragged(self, block: str, places: Sequence[int]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Rows of a ragged block of items: all their entries, and the offsets that part them."""
        key = self.keys.block("items", block)
        if not places:
            return np.zeros(0, self.dtypes[self.head.blocks["items"][block]["dtype"] - 1]), np.zeros(1, np.int64)
        _, values, offsets = unpack_rows(self.items.blobs(block, places), key, self.dtypes)
        return values, offsets

    def copy(self) -> View:
        """A view of the same version that shares nothing that changes."""
        return replace(self, items=self.items.copy(), columns=self.columns.copy())

    def update(
        self,
        head: Head,
        raw_globals: Sequence[bytes],
        fields: Sequence[bytes],
        blobs: Sequence[Sequence[bytes | None]],
    ) -> None:
        """Become the view of a later version: these items changed, or went."""
        arrays = dict(zip(raw_globals[::2], raw_globals[1::2], strict=True))
        self.globals_ = read_arrays(arrays, head.arrays["globals"], self.keys.globals_)
        if head.dtypes != self.head.dtypes:
            self.dtypes = Layout(head.dtypes).table(self.keys.head)
        self.head = head
        self.put(fields, blobs)
        if len(self.items):
            self.columns.combine(self.items.size, head.settings, self.globals_)

    def put(self, fields: Sequence[bytes], blobs: Sequence[Sequence[bytes | None]]) -> None:
        """Take in rows of items, as `Table.update` does."""
        places = self.items.update(fields, blobs, self.dtypes, self.keys)
        if len(places):
            self.columns.put(places, self.factors[places], self.items.size)

    def put_piece(self, piece: Piece) -> None:
        """Take in rows of items that changed or came."""
        self.items.put(piece.fields, piece.numbers, piece.blocks, self.keys)
        self.columns.put(piece.numbers, self.factors[piece.numbers], self.items.size)

    def places(self, items: Iterable[Id]) -> NDArray[np.intp]:
        """Where some items stand; those that are not here are left out."""
        numbers = self.items.numbers
        return np.array([numbers[item] for item in items if item in numbers], np.intp)

    def here(self, numbers: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Which of some row numbers are those of items that are here."""
        there = numbers < self.items.size
        there[there] = self.items.present[numbers[there]]
        return there

    def place(self, item: Id) -> int:
        """Where an item stands.

        Raises
        ------
        UnknownId
            It is not here.
        """
        if item not in self.items.numbers:
            raise UnknownId("item", item)
        return self.items.numbers[item]

    def about(self, place: int) -> tuple[Id, str | None, tuple[str, ...], int | None]:
        """Id, title, genres and year of the item at a place."""
        item = self.items.ids[place]
        if item is None:
            raise IndexError(f"no item stands at place {place}")
        film = self.films.get(item)
        return (item, None, (), None) if film is None else (item, film.title, film.genres, film.year)

    def named(self, item: Id) -> NamedItem:
        """An item with what the catalogue says of it."""
        film = self.films.get(item)
        return NamedItem(item, None, (), None) if film is None else NamedItem(item, film.title, film.genres, film.year)
