"""Netflix' prize files: an item with a colon on a line of its own, then `user,rating,date` of each of its ratings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamsvd.ratings.reading.delimited import Delimited
from streamsvd.ratings.reading.format import BadRow, Format
from streamsvd.ratings.reading.movielens import WHOLE_STARS

_ITEM = re.compile(r"([^,:]+):\s*")
_ITEM_LINES = re.compile(rb"(?m)^([^,:\r\n]+:)[ \t]*(?=\r?$)")


@dataclass(kw_only=True)
class _GroupedRows(Delimited):
    """Lines below their item; what a block begins with belongs to the last item of the one before."""

    at: tuple[int, ...] = (0, 1, 2)
    width: int = 3
    _item: str = ""
    _first_item: str = ""

    def columns(self, block: bytes) -> list[Any]:
        import pyarrow as pa
        import pyarrow.compute as pc

        self._first_item = self._item
        first, ratings, times = super().columns(_ITEM_LINES.sub(rb"\1,,", block))
        is_empty = pc.equal(pc.add(pc.binary_length(ratings), pc.binary_length(times)), 0)
        is_item = pc.and_(pc.ends_with(first, ":"), is_empty)  # a user's id may end with a colon, too
        items = [self._item, *(text[:-1] for text in first.filter(is_item).to_pylist())]
        self._item = items[-1]
        group = np.cumsum(is_item.to_numpy(zero_copy_only=False))
        column = pa.DictionaryArray.from_arrays(pa.array(group, pa.int32()), pa.array(items, pa.string()))
        is_rating = pc.invert(is_item)
        users, ratings, times = (each.filter(is_rating) for each in (first, ratings, times))
        return [users, column.cast(pa.string()).filter(is_rating), ratings, times]

    def rows(self, block: bytes, line: int) -> Iterator[tuple[str, Sequence[str]]]:
        item = self._first_item
        for where, (first, rating, time) in super().rows(_ITEM_LINES.sub(rb"\1,,", block), line):
            if not rating and not time and (found := _ITEM.fullmatch(first)):
                item = found[1]
            elif not item:
                raise BadRow(where, "a rating before the first item; begin with the item's id and a colon")
            else:
                yield where, (first, item, rating, time)


GROUPED = Format(
    name="ratings grouped by item (Netflix)",
    first_line="an item's id and a colon",
    file_names=("combined_data_*.txt",),
    recognises=lambda sample: _ITEM.fullmatch(sample.first_line) is not None,
    rows=lambda sample: _GroupedRows(
        delimiter=",",
        line_end=sample.line_end,
        start=sample.start,
        line=sample.line,
    ),
    limits=WHOLE_STARS,
)
