"""What is known about the items beside their ratings: titles, genres, years.

A catalogue is a mapping from item id to `Film`. The learner takes it as numbers (`content`); the log carries it
film by film, as JSON of version 1, on a compacted topic keyed by item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import DatasetError, EventError
from streamsvd.ratings.event import Id

VERSION = 1
NO_GENRES = frozenset({"", "(no genres listed)", "unknown"})
"""What MovieLens writes where it knows no genre."""

_YEAR = re.compile(r"\((\d{4})\s*(?:[-–—]\s*(?:\d{4})?)?\s*\)\s*(?:\(T?V\)\s*)?$")
_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Film(msgspec.Struct, frozen=True):
    """One item of the catalogue.

    Attributes
    ----------
    item : int or str
        Its id.
    title : str
        As published; MovieLens' titles end with the year in parentheses.
    genres : tuple of str
        In the order of the file; empty where none is known.
    year : int or None
        Year of release, the first one where there are several.
    """

    item: Id
    title: str
    genres: tuple[str, ...] = ()
    year: int | None = None


class Catalogue(Mapping[Id, Film]):
    """Films by item id.

    Parameters
    ----------
    films : iterable of Film
        Each item once.

    Raises
    ------
    DatasetError
        When an item comes twice.

    Examples
    --------
    >>> catalogue = Catalogue([Film(1, "Toy Story (1995)", ("Animation", "Comedy"), 1995)])
    >>> catalogue[1].title, catalogue.genres
    ('Toy Story (1995)', ('Animation', 'Comedy'))
    >>> catalogue.content([1, 7]).round(3)
    array([[0.707, 0.707, 0.167],
           [0.   , 0.   , 0.   ]])
    """

    __slots__ = ("_columns", "_films", "genres")

    def __init__(self, films: Iterable[Film]) -> None:
        self._films: dict[Id, Film] = {}
        for film in films:
            if film.item in self._films:
                raise DatasetError(f"item {film.item!r} is in the catalogue twice; give each item one line")
            self._films[film.item] = film
        self.genres: tuple[str, ...] = tuple(sorted({g for film in self._films.values() for g in film.genres}))
        self._columns = {genre: k for k, genre in enumerate(self.genres)}

    def __getitem__(self, item: Id) -> Film:
        return self._films[item]

    def __iter__(self) -> Iterator[Id]:
        return iter(self._films)

    def __len__(self) -> int:
        return len(self._films)

    def content(self, items: Sequence[Id] | NDArray[Any]) -> NDArray[np.float64]:
        """Items as numbers for the learner.

        Parameters
        ----------
        items : sequence of id, length n

        Returns
        -------
        float64 array, shape (n, n_genres + 1)
            One column a genre, in the order of `genres`: 1 over the square root of the film's number of genres,
            else 0; then (year − 1990) / 30, 0 where the year is unknown. Zeros for an item not in the catalogue.
        """
        content = np.zeros((len(items), len(self.genres) + 1))
        for row, item in enumerate(items.tolist() if isinstance(items, np.ndarray) else items):
            film = self._films.get(item)
            if film is None:
                continue
            for genre in film.genres:
                content[row, self._columns[genre]] = len(film.genres) ** -0.5
            if film.year is not None:
                content[row, -1] = (film.year - 1990) / 30
        return content


def film_from_title(item: Id, title: str, genres: Iterable[str]) -> Film:
    """Film of a MovieLens line: the year is taken from the title's end, placeholders for no genre are dropped.

    Examples
    --------
    >>> film_from_title(171749, "Death Note: Desu nôto (2006–2007) ", ["(no genres listed)"])
    Film(item=171749, title='Death Note: Desu nôto (2006–2007)', genres=(), year=2006)
    """
    title = title.strip()
    year = _YEAR.search(title)
    known = dict.fromkeys(name for genre in genres if (name := genre.strip()) not in NO_GENRES)
    return Film(item, title, tuple(known), int(year[1]) if year else None)


class _Wire(msgspec.Struct, omit_defaults=True):
    v: int
    item: _Int64 | _Text
    title: str
    genres: tuple[_Text, ...] = ()
    year: Annotated[int, msgspec.Meta(ge=0, le=9999)] | None = None


_read = msgspec.json.Decoder(_Wire).decode
_write = msgspec.json.Encoder().encode


def encode_film(film: Film) -> bytes:
    """Write one film.

    Raises
    ------
    EventError
        When it holds anything that `decode_film` would refuse.

    Examples
    --------
    >>> encode_film(Film(1, "Toy Story (1995)", ("Animation",), 1995)).decode()
    '{"v":1,"item":1,"title":"Toy Story (1995)","genres":["Animation"],"year":1995}'
    """
    try:
        value = _write(_Wire(VERSION, film.item, film.title, film.genres, film.year))
        same = decode_film(value) == film
    except (EventError, TypeError, ValueError, OverflowError) as error:
        raise EventError(f"{film!r} cannot be sent: {error}") from error
    if not same:
        raise EventError(f"{film!r} cannot be sent: it would be read back as {decode_film(value)!r}")
    return value


def decode_film(value: bytes | None) -> Film:
    """Read one film.

    Raises
    ------
    EventError
        With the reason, for anything that is not a film of version 1.
    """
    if not value:
        raise EventError("the value is empty; send one JSON object for each film")
    try:
        wire = _read(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(f"not a film: {error}; a film has `v`, `item`, `title`, `genres` and `year`") from error
    if wire.v != VERSION:
        raise EventError(f"unknown version {wire.v} of a film; this release reads version {VERSION}: upgrade it")
    return Film(wire.item, wire.title, wire.genres, wire.year)
