"""RecBole's atomic files beside the ratings: `NAME.item` describes the items, `NAME.user` the users.

Fields stand between tabs; the header gives each a name and a type; words of a `token_seq` are separated by spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from streamsvd.errors import DatasetError
from streamsvd.ratings.catalogue import Film, film_from_title
from streamsvd.ratings.event import Id
from streamsvd.ratings.reading.files import RatingsFile, lines_of
from streamsvd.ratings.reading.layout import typed_names

# What the columns are called in the published sets.
USER = ("user_id",)
ITEM = ("item_id",)
TITLE = ("movie_title", "title", "name")
YEAR = ("release_year", "year")
GENRES = ("class", "genre", "genres", "category", "categories")

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")


def films_atomic(data: bytes, label: str, _: RatingsFile) -> Iterator[Film]:
    """Items of a `.item` file; a title comes out with its year in parentheses, as MovieLens writes it.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.
    """
    names, rows = _rows(data, label)
    ids = _ids(names, rows, ITEM, label)
    titles, years, genres = (_column(names, rows, wanted) for wanted in (TITLE, YEAR, GENRES))
    for item, title, year, genre in zip(ids, titles, years, genres, strict=True):
        called = title or str(item)
        # ml-100k says "V" where MovieLens has "(1995) (V)", and gives the title again where it knows no year.
        yield film_from_title(item, f"{called} ({year})" if year not in ("", called) else called, genre.split(" "))


def users_atomic(data: bytes, label: str) -> dict[Id, dict[str, str]]:
    """Fields of the users of a `.user` file; errors as of `films_atomic`."""
    names, rows = _rows(data, label)
    ids = _ids(names, rows, USER, label)
    fields = [(at, name) for at, name in enumerate(names) if name not in USER]
    return {user: {name: row[at] for at, name in fields} for user, row in zip(ids, rows, strict=True)}


def _rows(data: bytes, label: str) -> tuple[list[str], list[list[str]]]:
    """Names of the columns, and the fields of each line."""
    lines = lines_of(data)
    names = typed_names(lines.readline())
    if names is None:
        raise DatasetError(f"{label}, line 1: no name:type between tabs, which an atomic file begins with")
    rows = []
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != len(names):
            raise DatasetError(
                f"{label}, line {number}: found {len(fields)} fields instead of {len(names)} in {line[:80]!r}; "
                "correct the line"
            )
        rows.append([field.strip() for field in fields])
    return names, rows


def _ids(names: Sequence[str], rows: Sequence[Sequence[str]], wanted: tuple[str, ...], label: str) -> list[Id]:
    """Integers where every id is one, as the reader of ratings does it, else text."""
    if wanted[0] not in names:
        raise DatasetError(f"{label}, line 1: no column {wanted[0]} among {', '.join(names)}; correct the header")
    found = _column(names, rows, wanted)
    return [int(one) for one in found] if all(map(_INTEGER.fullmatch, found)) else list(found)


def _column(names: Sequence[str], rows: Sequence[Sequence[str]], wanted: tuple[str, ...]) -> list[str]:
    """The first column that has one of these names; empty fields where there is none."""
    at = next((names.index(name) for name in wanted if name in names), None)
    return ["" if at is None else row[at] for row in rows]
