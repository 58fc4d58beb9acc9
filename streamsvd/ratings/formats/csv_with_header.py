"""ml-20m, ml-25m, ml-32m, ml-latest and ml-latest-small: `ratings.csv` and `movies.csv`, half stars, UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from streamsvd.ratings.catalogue import CatalogueItem, item_from_title
from streamsvd.ratings.reading.columns import shortened
from streamsvd.ratings.reading.delimited import delimited
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format
from streamsvd.ratings.reading.movielens import HALF_STARS, ID_RULE, integer
from streamsvd.ratings.reading.sample import Sample
from streamsvd.ratings.reading.splitting import DELIMITERS, split_records

_RATINGS = ["userId", "movieId", "rating", "timestamp"]
_ITEMS = ["movieId", "title", "genres"]


def _delimiter(sample: Sample) -> str | None:
    return next((each for each in DELIMITERS if sample.fields(each) == _RATINGS), None)


def _items(file: DataFile) -> Iterator[CatalogueItem]:
    """Items by the names of their columns, of which there may be more, in any order."""
    text = file.text().getvalue()
    delimiter = next((each for each in DELIMITERS if set(_ITEMS) <= set(_header(text, each))), ",")
    names = _header(text, delimiter)
    if not set(_ITEMS) <= set(names):
        found = shortened(",".join(names))
        raise file.wrong(
            1, f"found {found} without the columns {', '.join(_ITEMS)}", "fetch the set again, or --no-catalogue"
        )
    item, title, genres = (names.index(name) for name in _ITEMS)
    number = 1
    try:
        for number, row in islice(split_records(text, delimiter), 1, None):
            if len(row) != len(names):
                raise file.wrong(number, f"found {','.join(row)[:80]!r} instead of {','.join(names)}")
            yield item_from_title(integer(row[item], "item", file, number), row[title], row[genres].split("|"))
    except csv.Error as error:
        raise file.wrong(number + 1, str(error)) from error


def _header(text: str, delimiter: str) -> list[str]:
    """The fields of the first line that is not blank; none where it cannot be split."""
    with suppress(csv.Error):
        return [name.strip() for name in next(split_records(text, delimiter), (1, []))[1]]
    return []


CSV_WITH_HEADER = Format(
    name="ratings.csv",
    first_line=",".join(_RATINGS),
    file_names=("ratings.csv",),
    recognises=lambda sample: sample.columns is None and _delimiter(sample) is not None,
    rows=lambda sample: delimited(sample, _delimiter(sample) or ",", header=True),
    id_rule=ID_RULE,
    limits=HALF_STARS,
    items=CompanionFile("movies.csv", _items),
)
