"""Any other table: the caller names its columns; the delimiter is found from the first line."""

from __future__ import annotations

from typing import cast

from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.delimited import Delimited
from streamsvd.ratings.reading.format import FirstLine, Format


def _rows(first: FirstLine) -> Delimited:
    columns = cast(Columns, first.columns)
    at = columns.positions(first.fields, first.label)
    return Delimited(first.delimiter, not columns.are_positions, at, len(first.fields))


TABLE = Format(name="table", recognises=lambda first: first.columns is not None, rows=_rows)
