"""ml-20m, ml-25m, ml-32m, ml-latest and ml-latest-small: `ratings.csv` and `movies.csv`, half stars, UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from streamsvd.ratings.catalogue import CatalogueItem, item_from_title
from streamsvd.ratings.reading.columns import shortened
from streamsvd.ratings.reading.delimited import with_header
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format
from streamsvd.ratings.reading.movielens import HALF_STARS, ID_RULE, integer
from streamsvd.ratings.reading.sample import Sample
from streamsvd.ratings.reading.splitting import DELIMITERS

_RATINGS = ["userId", "movieId", "rating", "timestamp"]
_ITEMS = ["movieId", "title", "genres"]


def _delimiter(sample: Sample) -> str | None:
    return next((each for each in DELIMITERS if sample.fields(each) == _RATINGS), None)


def _items(file: DataFile) -> Iterator[CatalogueItem]:
    rows = csv.DictReader(file.text())
    try:
        yield from _items_of_rows(rows, file)
    except csv.Error as error:
        raise file.wrong(rows.line_num, str(error)) from error


def _items_of_rows(rows: csv.DictReader[str], file: DataFile) -> Iterator[CatalogueItem]:
    """Items by the names of their columns, of which there may be more, in any order."""
    names = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    if not set(_ITEMS) <= set(names):
        found = shortened(",".join(names))
        raise file.wrong(
            1, f"found {found} without the columns {', '.join(_ITEMS)}", "fetch the set again, or --no-catalogue"
        )
    for row in rows:
        if None in row or None in row.values():
            texts = [text for text in row.values() if isinstance(text, str)]
            raise file.wrong(rows.line_num, f"found {','.join(texts)[:80]!r} instead of {','.join(names)}")
        yield item_from_title(
            integer(row["movieId"], "item", file, rows.line_num), row["title"], row["genres"].split("|")
        )


CSV_WITH_HEADER = Format(
    name="ratings.csv",
    first_line=",".join(_RATINGS),
    file_names=("ratings.csv",),
    recognises=lambda sample: sample.columns is None and _delimiter(sample) is not None,
    rows=lambda sample: with_header(sample, _delimiter(sample) or ",", _RATINGS, (0, 1, 2, 3)),
    id_rule=ID_RULE,
    limits=HALF_STARS,
    items=CompanionFile("movies.csv", _items),
)
