"""Any other table: the caller names its columns; what stands between its fields is found from its first lines."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import cast

from streamsvd.errors import DatasetError
from streamsvd.ratings.reading.columns import Columns, shortened
from streamsvd.ratings.reading.delimited import Delimited, delimited
from streamsvd.ratings.reading.fields import MISSING
from streamsvd.ratings.reading.format import Format
from streamsvd.ratings.reading.sample import NUMBER, Sample
from streamsvd.ratings.reading.splitting import DELIMITERS, is_blank, is_quoting, without_quotes


def _rows(sample: Sample) -> Delimited:
    columns = cast(Columns, sample.columns)
    sample = _from_header(sample, columns)
    delimiter = max(DELIMITERS, key=lambda each: _ratings_read(sample, columns, each))
    names = _names(sample, delimiter)
    at = columns.positions(names, sample.where)
    if columns.are_positions:
        _refuse_column_numbers(sample, names, at)
        _refuse_header(sample, delimiter, names, at[2])
        _refuse_rating_in_comment(sample, delimiter, names, at[2])
    return delimited(
        sample,
        delimiter,
        at=at,
        width=len(names),
        header=not columns.are_positions,
        strips_quotes=not is_quoting(delimiter),
    )


def _from_header(sample: Sample, columns: Columns) -> Sample:
    """The sample from the comment before it on, where that names the columns, and its first line does not."""
    wanted = {column for column in columns if isinstance(column, str)}
    for each in (sample, sample.comment):
        if wanted and each and any(wanted <= {*_names(each, delimiter)} for delimiter in DELIMITERS):
            return each
    return sample


def _names(sample: Sample, delimiter: str) -> list[str]:
    names = sample.fields(delimiter)
    return names if is_quoting(delimiter) else [name.strip('"') for name in names]


def _ratings_read(sample: Sample, columns: Columns, delimiter: str) -> tuple[int, int]:
    """How many of the first lines are ratings if this stands between fields; where none is, how many are alike."""
    names = _names(sample, delimiter)
    records = [fields for _, fields in sample.records(delimiter)]
    alike = Counter(map(len, records)).most_common(1)[0]
    found = 0
    with suppress(DatasetError):
        at = columns.positions(names, sample.where)[2]
        rated = [fields[at].strip() for fields in records if len(fields) == len(names)]
        found = sum(_is_rating(text) or text.lower() in MISSING for text in rated)
        found += len(records) * any(_is_rating(text) for text in rated)
    return found, alike[1] if alike[0] > 1 else 0


def _is_rating(text: str) -> bool:
    """Whether a field is a number, with a decimal point or comma, with or without quotes."""
    return NUMBER.fullmatch(without_quotes(text).replace(",", ".", 1)) is not None


def _refuse_column_numbers(sample: Sample, first: list[str], at: tuple[int, ...]) -> None:
    """Refuse a first line that counts columns, as pandas writes it; 0,1,2 can be a rating, where there is no time."""
    counted = first if first[0] else first[1:]
    if len(at) > 3 and counted == [str(number) for number in range(len(counted))]:
        raise DatasetError(
            f"{sample.where}: looks like a header of column numbers ({shortened(','.join(first))}); "
            f"delete line {sample.line} (if it is a rating, write {first[at[2]]}.0 for {first[at[2]]})"
        )


def _refuse_header(sample: Sample, delimiter: str, first: list[str], rating: int) -> None:
    """Refuse a first line that names columns, where positions say that it holds a rating."""
    if first[rating].lower() in MISSING or _is_rating(first[rating]):
        return
    alike = (fields for _, fields in sample.records(delimiter) if len(fields) == len(first))
    if any(_is_rating(fields[rating].strip()) for fields in alike):
        raise DatasetError(
            f"{sample.where}: looks like a header ({shortened(', '.join(first))}); "
            "name the columns instead of counting them (--columns USER,ITEM,RATING,TIME)"
        )


def _refuse_rating_in_comment(sample: Sample, delimiter: str, first: list[str], rating: int) -> None:
    """Refuse a comment before the first line that is a rating of an id with a mark, such as #ann."""
    comment = sample.comment
    if comment is None or is_blank(comment.text[:1]):
        return
    fields = _names(comment, delimiter)
    if len(fields) == len(first) and _is_rating(fields[rating]):
        raise DatasetError(
            f"{comment.where}: begins with # or %, as a comment does, and reads as a rating; "
            "delete it if it is a comment, else quote the id"
        )


TABLE = Format(name="table", recognises=lambda sample: sample.columns is not None, rows=_rows)
