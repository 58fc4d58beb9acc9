"""What is known about the items besides their ratings: titles, genres, years.

A catalogue is a mapping from item id to `CatalogueItem`. The learner takes it as numbers (`content`); the log carries
it item by item, as JSON of version 1, on a compacted topic keyed by item. Lookups show every field of an item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import DatasetError, EventError, InputError
from streamsvd.ratings.event import Id
from streamsvd.ratings.id_text import LoggedId, stripped_id

VERSION = 1
MAX_TITLE_LENGTH, MAX_GENRES, MAX_GENRE_LENGTH = 2000, 100, 255
"""On the log: most characters of a title, genres of an item, and characters of a genre. A genre is a column of every
item's content, and each lookup shows titles."""
NO_GENRES = frozenset({"", "(no genres listed)", "unknown"})
"""What MovieLens writes where it knows no genre."""

_YEAR = re.compile(r"\((\d{4})\s*(?:[-–—]\s*(?:\d{4})?)?\s*\)\s*(?:\(T?V\)\s*)?$")
_Text = Annotated[str, msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """An item, with what the catalogue knows of it."""

    item: Id
    title: str | None
    """As published; MovieLens' titles end with the year in parentheses."""
    genres: tuple[str, ...] = ()
    """In the order of the file; empty where none is known."""
    year: int | None = None
    """Year of release, the first one where there are several."""

    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True, "extra": "forbid"}  # for the HTTP specification


class Catalogue(Mapping[Id, CatalogueItem]):
    """Items of the catalogue by id.

    Parameters
    ----------
    items : iterable of CatalogueItem
        Each item once.

    Raises
    ------
    DatasetError
        When an item comes twice.

    Examples
    --------
    >>> catalogue = Catalogue([CatalogueItem(1, "Toy Story (1995)", ("Animation", "Comedy"), 1995)])
    >>> catalogue[1].title, catalogue.genres
    ('Toy Story (1995)', ('Animation', 'Comedy'))
    >>> catalogue.content([1, 7]).round(3)
    array([[0.707, 0.707, 0.167],
           [0.   , 0.   , 0.   ]])
    """

    __slots__ = ("_columns", "_items", "genres")

    def __init__(self, items: Iterable[CatalogueItem]) -> None:
        self._items: dict[Id, CatalogueItem] = {}
        for entry in items:
            if entry.item in self._items:
                raise DatasetError(f"item {entry.item!r} is in the catalogue twice; give each item one line")
            self._items[entry.item] = entry
        self.genres: tuple[str, ...] = tuple(sorted({g for entry in self._items.values() for g in entry.genres}))
        self._columns = {genre: k for k, genre in enumerate(self.genres)}

    def __getitem__(self, item: Id) -> CatalogueItem:
        return self._items[item]

    def __iter__(self) -> Iterator[Id]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def content(self, items: Sequence[Id] | NDArray[Any]) -> NDArray[np.float64]:
        """Items as numbers for the learner.

        Parameters
        ----------
        items : sequence of id, length n

        Returns
        -------
        float64 array, shape (n, n_genres + 1)
            One column a genre, in the order of `genres`: 1 over the square root of the item's number of genres,
            else 0; then (year − 1990) / 30, 0 where the year is unknown. Zeros for an item not in the catalogue.
        """
        content = np.zeros((len(items), len(self.genres) + 1))
        for row, item in enumerate(items.tolist() if isinstance(items, np.ndarray) else items):
            entry = self._items.get(item)
            if entry is None:
                continue
            for genre in entry.genres:
                content[row, self._columns[genre]] = len(entry.genres) ** -0.5
            if entry.year is not None:
                content[row, -1] = (entry.year - 1990) / 30
        return content


def item_from_title(item: Id, title: str, genres: Iterable[str]) -> CatalogueItem:
    """Item of a MovieLens line: the year is taken from the title's end, placeholders for no genre are dropped.

    Examples
    --------
    >>> item_from_title(171749, "Death Note: Desu nôto (2006–2007) ", ["(no genres listed)"])
    CatalogueItem(item=171749, title='Death Note: Desu nôto (2006–2007)', genres=(), year=2006)
    """
    title = title.strip()
    year = _YEAR.search(title)
    known = dict.fromkeys(name for genre in genres if (name := genre.strip()) not in NO_GENRES)
    return CatalogueItem(item, title, tuple(known), int(year[1]) if year else None)


class _WireItem(msgspec.Struct, omit_defaults=True):
    v: int
    item: LoggedId
    title: str
    genres: tuple[_Text, ...] = ()
    year: Annotated[int, msgspec.Meta(ge=0, le=9999)] | None = None


_read = msgspec.json.Decoder(_WireItem).decode
_write = msgspec.json.Encoder().encode


def encode_item(item: CatalogueItem) -> bytes:
    """Write one item.

    Raises
    ------
    EventError
        When it holds anything that `decode_item` would refuse.

    Examples
    --------
    >>> encode_item(CatalogueItem(1, "Toy Story (1995)", ("Animation",), 1995)).decode()
    '{"v":1,"item":1,"title":"Toy Story (1995)","genres":["Animation"],"year":1995}'
    """
    try:
        value = _write(_WireItem(VERSION, item.item, item.title or "", item.genres, item.year))
        same = decode_item(value) == item
    except (EventError, TypeError, ValueError, OverflowError) as error:
        raise EventError(f"{item!r} cannot be sent: {error}") from error
    if not same:
        raise EventError(f"{item!r} cannot be sent: it would be read back as {decode_item(value)!r}")
    return value


def decode_item(value: bytes | None) -> CatalogueItem:
    """Read one item.

    Raises
    ------
    EventError
        With the reason, for anything that is not an item of version 1.
    """
    if not value:
        raise EventError("the value is empty; send one JSON object for each item")
    try:
        wire = _read(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(
            f"not an item of a catalogue: {error}; it has `v`, `item`, `title`, `genres` and `year`"
        ) from error
    if wire.v != VERSION:
        raise EventError(
            f"unknown version {wire.v} of a catalogue item; this release reads version {VERSION}: upgrade it"
        )
    try:
        return CatalogueItem(stripped_id(wire.item), wire.title, wire.genres, wire.year)
    except InputError as error:
        raise EventError(f"not an item of a catalogue: `item`: {error}") from error


def check_logged_item(item: CatalogueItem) -> None:
    """Refuse an item that is larger than the catalogue of a log takes.

    Raises
    ------
    EventError

    Examples
    --------
    >>> check_logged_item(CatalogueItem(1, "Toy Story (1995)", ("Animation",), 1995))
    """
    sizes = (
        ("title", "characters", len(item.title or ""), MAX_TITLE_LENGTH),
        ("item", "genres", len(item.genres), MAX_GENRES),
        ("genre", "characters", max(map(len, item.genres), default=0), MAX_GENRE_LENGTH),
    )
    for what, unit, size, most in sizes:
        if size > most:
            raise EventError(f"item {item.item!r}: the {what} has {size:,} {unit}; {most:,} are the most")
