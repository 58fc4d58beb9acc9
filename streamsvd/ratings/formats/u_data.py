"""ml-100k: `u.data` with four numbers between tabs; `u.item` with `u.genre`, and `u.user`, in Latin-1."""

from __future__ import annotations

from collections.abc import Iterator

from streamsvd.errors import DatasetError
from streamsvd.ratings.catalogue import CatalogueItem, item_from_title
from streamsvd.ratings.reading.delimited import delimited
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format
from streamsvd.ratings.reading.movielens import ID_RULE, WHOLE_STARS, integer, users_of
from streamsvd.ratings.reading.sample import Sample


def _delimiter(sample: Sample) -> str | None:
    """Tabs, or the blanks that a copy may have instead."""
    return next((each for each in ("\t", " ") if sample.is_four_numbers(each)), None)


def _items(file: DataFile) -> Iterator[CatalogueItem]:
    genres = file.beside("u.genre")
    names = [line.split("|")[0] for _, line in genres.lines()] if genres else []
    if not names:
        raise DatasetError(f"{file.label}: u.genre, which names its columns, is not in its folder; fetch the set again")
    for number, line in file.lines():
        fields = line.split("|")
        if len(fields) != 5 + len(names):
            raise file.wrong(number, f"found {line[:80]!r} instead of 5 fields and one for each of {len(names)} genres")
        flagged = [name for name, flag in zip(names, fields[5:], strict=True) if flag == "1"]
        yield item_from_title(integer(fields[0], "item", file, number), fields[1], flagged)


U_DATA = Format(
    name="u.data",
    first_line="four numbers between tabs",
    file_names=("u.data",),
    recognises=lambda sample: _delimiter(sample) is not None,
    rows=lambda sample: delimited(sample, _delimiter(sample) or "\t", header=False),
    id_rule=ID_RULE,
    limits=WHOLE_STARS,
    items=CompanionFile("u.item", _items),
    users=CompanionFile("u.user", lambda file: users_of(file, "|", ("age", "gender", "occupation", "zip_code"))),
)
