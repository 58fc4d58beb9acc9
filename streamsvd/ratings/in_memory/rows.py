"""The columns of rows that come one by one: `(user, item, rating)`, `(user, item, rating, time)` or `Rating`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa

from streamsvd.errors import DatasetError
from streamsvd.ratings.event import Rating
from streamsvd.ratings.in_memory.column import Column, array_of, wrong_row

Row = Rating | Sequence[Any]
"""One rating: user, item, the rating and perhaps its time."""

NAMES = ("user", "item", "rating", "timestamp")
BLOCK_ROWS = 65_536


def row_columns(rows: Iterable[Row], *, as_text: bool = False) -> list[Column]:
    """User, item, rating and, where rows have it, time of rows; read once, in blocks.

    With `as_text` ids that are integers, of any size, become text.

    Raises
    ------
    DatasetError
        When there are none, or one is no rating or unlike those before it.

    Examples
    --------
    >>> [column.values.to_pylist() for column in row_columns([("ann", "Heat", 5), ("bob", "Heat", 3.5)])]
    [['ann', 'bob'], ['Heat', 'Heat'], [5.0, 3.5]]
    """
    left = iter(rows)
    first = next(left, None)
    if first is None:
        raise DatasetError("no rows came; an iterable is read once: give a new one")
    width = len(_fields(first, 0, 0))
    left = chain([first], left)
    blocks: list[pa.Table] = []
    done = 0
    while block := [_fields(row, done + n, width) for n, row in enumerate(islice(left, BLOCK_ROWS))]:
        columns = zip(NAMES, zip(*block, strict=True), strict=False)
        blocks.append(pa.table({name: _array(values, name, done, as_text) for name, values in columns}))
        done += len(block)
    return [_joined(name, [block[name] for block in blocks]) for name in NAMES[:width]]


def _fields(row: Row, number: int, width: int) -> Sequence[Any]:
    """The fields of a row, which has as many as the first one; a `width` of 0 is for this one."""
    if isinstance(row, tuple):  # first, since most rows are
        pass
    elif isinstance(row, Rating):
        row = (row.user, row.item, row.rating, row.timestamp)
    elif isinstance(row, str | bytes) or not isinstance(row, Sequence | np.ndarray | np.void):
        what = f"this is {type(row).__name__} {str(row)[:60]!r}, not (user, item, rating) or (user, item, rating, time)"
        raise wrong_row(number, what, "give tuples, or the path of a file, or a DataFrame")
    n = len(row)
    if n not in {3, 4} or (width and n != width):
        expected = f"{width}, as in the rows before it" if width else "3 or 4"
        todo = "give (user, item, rating), or (user, item, rating, time), in every row"
        raise wrong_row(number, f"it has {n} fields instead of {expected}", todo)
    return row


def _array(values: Sequence[Any], name: str, first: int, as_text: bool) -> pa.Array:
    if as_text and name in NAMES[:2]:  # before Arrow, which knows integers of 64 bits only
        values = [str(value) if _is_integer(value) else value for value in values]
    if all(isinstance(value, np.datetime64) for value in values):
        return array_of(np.array(values).astype("datetime64[s]"), name, first)  # Arrow takes no single ones
    return array_of(values, name, first)


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _joined(name: str, blocks: Sequence[pa.ChunkedArray]) -> Column:
    """The blocks of a column, which are of one kind, or all numbers."""
    kinds = {block.type for block in blocks}
    if len(kinds) > 1:
        if not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds):
            at = next(n for n, block in enumerate(blocks) if block.type != blocks[0].type)
            what = f"{name!r} is {blocks[at].type} from about here on, and {blocks[0].type} before"
            raise wrong_row(at * BLOCK_ROWS, what, "give every row the same types")
        blocks = [block.cast(pa.float64()) for block in blocks]
    chunks = [chunk for block in blocks for chunk in block.chunks]
    return Column(name, pa.concat_arrays(chunks))
