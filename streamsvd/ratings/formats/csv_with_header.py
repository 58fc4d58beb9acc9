"""ml-20m, ml-25m, ml-32m, ml-latest and ml-latest-small: `ratings.csv` and `movies.csv`, half stars, UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from streamsvd.ratings.catalogue import CatalogueItem, item_from_title
from streamsvd.ratings.reading.delimited import Delimited
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format
from streamsvd.ratings.reading.movielens import HALF_STARS, ID_RULE, integer

_RATINGS = ["userId", "movieId", "rating", "timestamp"]
_ITEMS = ["movieId", "title", "genres"]


def _items(file: DataFile) -> Iterator[CatalogueItem]:
    rows = csv.reader(file.text())
    try:
        yield from _items_of_rows(rows, file)
    except csv.Error as error:
        raise file.wrong(rows.line_num, str(error)) from error


def _items_of_rows(rows: Any, file: DataFile) -> Iterator[CatalogueItem]:
    header: list[str] = next(rows, [])
    if header != _ITEMS:
        raise file.wrong(1, f"found {','.join(header)[:80]!r} instead of {','.join(_ITEMS)}", "fetch the set again")
    for row in rows:
        if not row:
            continue
        if len(row) != len(_ITEMS):
            raise file.wrong(rows.line_num, f"found {','.join(row)[:80]!r} instead of {','.join(_ITEMS)}")
        yield item_from_title(integer(row[0], "item", file, rows.line_num), row[1], row[2].split("|"))


CSV_WITH_HEADER = Format(
    name="ratings.csv",
    first_line=",".join(_RATINGS),
    file_names=("ratings.csv", "ratings.csv.gz"),
    recognises=lambda first: first.columns is None and first.fields == _RATINGS,
    rows=lambda first: Delimited(first.delimiter, header=True),
    id_rule=ID_RULE,
    limits=HALF_STARS,
    items=CompanionFile("movies.csv", _items),
)
