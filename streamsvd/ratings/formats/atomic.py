"""RecBole's atomic files: `NAME.inter` holds the ratings, `NAME.item` describes the items, `NAME.user` the users.

Fields stand between tabs and are never quoted; the header gives each a name and a type; words of a `token_seq` are
separated by spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from streamsvd.errors import DatasetError, InputError
from streamsvd.ratings.catalogue import CatalogueItem, item_from_title
from streamsvd.ratings.event import Id
from streamsvd.ratings.id_text import parse_id
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.delimited import Delimited, delimited
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format
from streamsvd.ratings.reading.sample import Sample

# What the columns are called in the published sets.
RATINGS = Columns("user_id", "item_id", "rating", "timestamp")
TITLE = ("movie_title", "title", "name")
YEAR = ("release_year", "year")
GENRES = ("class", "genre", "genres", "category", "categories")

_TYPED = re.compile(r"[^:\t]+:(?:token|token_seq|float|float_seq)")


def _typed_names(line: str) -> list[str]:
    """Names in a header, each of which has a type; none for any other line.

    >>> _typed_names("user_id:token\\titem_id:token\\trating:float")
    ['user_id', 'item_id', 'rating']
    """
    fields = line.rstrip("\r\n").split("\t")
    return [field.rpartition(":")[0] for field in fields] if all(map(_TYPED.fullmatch, fields)) else []


def _rows(sample: Sample) -> Delimited:
    names = [name.strip() for name in _typed_names(sample.first_line)]
    columns = sample.columns or RATINGS
    if sample.columns is None and RATINGS.timestamp not in names:
        columns = replace(RATINGS, timestamp=None)
    # The header does not count, so that ml-100k has one identity in both of its forms.
    at = columns.positions(names, sample.where)
    return delimited(sample, "\t", at=at, width=len(names), header=True, start_counts=False)


def _items(file: DataFile) -> Iterator[CatalogueItem]:
    """Items of a `.item` file; a title comes out with its year in parentheses, as MovieLens writes it."""
    names, rows = _described(file)
    ids = _ids(names, rows, "item_id", file)
    titles, years, genres = (_column(names, rows, wanted) for wanted in (TITLE, YEAR, GENRES))
    for item, title, year, genre in zip(ids, titles, years, genres, strict=True):
        called = title or str(item)
        # ml-100k says "V" where MovieLens has "(1995) (V)", and gives the title again where it knows no year.
        yield item_from_title(item, f"{called} ({year})" if year not in ("", called) else called, genre.split(" "))


def _users(file: DataFile) -> dict[Id, dict[str, str]]:
    names, rows = _described(file)
    ids = _ids(names, rows, "user_id", file)
    fields = [(at, name) for at, name in enumerate(names) if name != "user_id"]
    return {user: {name: row[at] for at, name in fields} for user, row in zip(ids, rows, strict=True)}


def _described(file: DataFile) -> tuple[list[str], list[list[str]]]:
    """Names of the columns, and the fields of each line."""
    names = _typed_names(file.text().readline())
    if not names:
        raise DatasetError(f"{file.label}, line 1: no name:type between tabs, which an atomic file begins with")
    rows = []
    for number, line in file.lines():
        fields = line.split("\t")
        if len(fields) != len(names):
            raise file.wrong(number, f"found {len(fields)} fields instead of {len(names)} in {line[:80]!r}")
        rows.append([field.strip() for field in fields])
    return names, rows[1:]


def _ids(names: list[str], rows: list[list[str]], wanted: str, file: DataFile) -> list[Id]:
    """Integers where every id is one, as the reader of ratings does it, else text."""
    if wanted not in names:
        raise file.wrong(1, f"no column {wanted} among {', '.join(names)}", "correct the header")
    found = _column(names, rows, (wanted,))
    try:
        ids = [parse_id(one) for one in found]
    except InputError as error:
        raise DatasetError(f"{file.label}, column {wanted}: {error}") from error
    return ids if all(isinstance(one, int) for one in ids) else list(found)


def _column(names: list[str], rows: list[list[str]], wanted: tuple[str, ...]) -> list[str]:
    """The first column that has one of these names; empty fields where there is none."""
    at = next((names.index(name) for name in wanted if name in names), None)
    return ["" if at is None else row[at] for row in rows]


ATOMIC = Format(
    name="atomic file",
    first_line="name:type between tabs",
    file_names=("*.inter",),
    recognises=lambda sample: bool(_typed_names(sample.first_line)),
    rows=_rows,
    items=CompanionFile("*.item", _items),
    users=CompanionFile("*.user", _users),
)
