"""Ratings in columns as bytes: what `encode` writes of each rating, written by one kernel for all of them.

Integers are written by the kernel. Text ids and ratings repeat, so each distinct one is written once by `encode`'s own
encoder and copied from there. What the kernel does not know goes through `encode`, which also says what is wrong.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.errors import InputError
from streamsvd.ratings.codec import MAX_SOURCE_LENGTH, VERSION, encode
from streamsvd.ratings.event import MAX_TIMESTAMP
from streamsvd.ratings.id_text import stripped_text
from streamsvd.ratings.table import RatingTable

_write_json = msgspec.json.Encoder().encode
_BEFORE = tuple(
    np.frombuffer(text, np.uint8)
    for text in (b'{"v":%d,"user":' % VERSION, b',"item":', b',"rating":', b',"ts":', b',"source":', b',"seq":')
)
_DIGITS = 20  # most characters of an integer of 64 bits


class EncodedRatings(NamedTuple):
    """Ratings as bytes, all in one buffer.

    Attributes
    ----------
    data : uint8 array, shape (bytes,)
    keys, values : int64 array, shape (2, n)
        Where in the buffer the user's id as JSON, and what `encode` writes, start, and their sizes.
    """

    data: NDArray[np.uint8]
    keys: NDArray[np.int64]
    values: NDArray[np.int64]


class _Texts(NamedTuple):
    """A column as JSON: of a row with code c it is `data[ends[c]:ends[c + 1]]`; without `ends`, the integer c."""

    codes: NDArray[np.int64]
    data: NDArray[np.uint8]
    ends: NDArray[np.int64]

    def size(self) -> int:
        """At least the bytes of all rows."""
        return int(np.diff(self.ends)[self.codes].sum()) if len(self.ends) else _DIGITS * len(self.codes)


_NO_TEXTS = np.frombuffer(b" ", np.uint8), np.zeros(0, np.int64)


class _OddColumns(Exception):
    """The kernel does not know some value."""


def encode_columns(table: RatingTable) -> EncodedRatings:
    """Write all rows of a table, as `encode` writes each.

    Raises
    ------
    EventError
        When `encode` would refuse a row.

    Examples
    --------
    >>> from streamsvd.ratings.dataset import Dataset
    >>> column = np.array([196])
    >>> rows = RatingTable(column, column, np.array([3.5]), column, Dataset("toy", "0" * 64, (1, 5)), first=7)
    >>> data, keys, values = encode_columns(rows)
    >>> bytes(data)
    b'{"v":1,"user":196,"item":196,"rating":3.5,"ts":196,"source":"toy-00000000","seq":7}'
    >>> keys.tolist(), values.tolist() == [[0], [len(data)]]
    ([[14], [3]], True)
    """
    try:
        return _encode_plain(table)
    except _OddColumns:
        return _encode_each(table)


def _encode_plain(table: RatingTable) -> EncodedRatings:
    n, timestamps = len(table), _integers(table.timestamps)
    if not (0 <= table.first <= 2**63 - n and np.all((timestamps >= 0) & (timestamps <= MAX_TIMESTAMP))):
        raise _OddColumns
    users, items, ratings = _id_texts(table.users), _id_texts(table.items), _rating_texts(table.ratings)
    source = np.frombuffer(_source_text(table.dataset.source), np.uint8)
    fixed = sum(map(len, _BEFORE)) + len(source) + 2 * _DIGITS + 1
    data = np.empty(n * fixed + users.size() + items.size() + ratings.size(), np.uint8)
    keys, values = np.empty((2, n), np.int64), np.empty((2, n), np.int64)
    used = _write_values(*_BEFORE, source, users, items, ratings, timestamps, table.first, data, keys, values)
    return EncodedRatings(data[:used], keys, values)


def _encode_each(table: RatingTable) -> EncodedRatings:
    """The same by `encode`, row by row."""
    texts = [text for event in table.events() for text in (encode(event), _write_json(event.user))]
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    spans = np.stack([np.cumsum(sizes) - sizes, sizes])
    return EncodedRatings(np.frombuffer(b"".join(texts), np.uint8).copy(), spans[:, 1::2], spans[:, ::2])


def _source_text(source: str) -> bytes:
    try:
        if 0 < len(source) <= MAX_SOURCE_LENGTH:
            return _write_json(source)
    except UnicodeEncodeError:
        pass
    raise _OddColumns


def _integers(column: NDArray[Any]) -> NDArray[np.int64]:
    """As one type of array, for which alone the kernel is compiled."""
    return np.require(column, np.int64, ["C", "W"])


def _id_texts(column: NDArray[Any]) -> _Texts:
    if column.dtype.kind in "iu" and np.can_cast(column.dtype, np.int64):
        return _Texts(_integers(column), *_NO_TEXTS)
    ids = column.tolist()
    codes = {id_: code for code, id_ in enumerate(dict.fromkeys(ids))}
    for id_ in codes:
        try:
            if type(id_) is not str or stripped_text(id_) != id_:
                raise _OddColumns
        except InputError:
            raise _OddColumns from None
    return _pooled(np.fromiter(map(codes.__getitem__, ids), np.int64, len(ids)), map(_write_json, codes))


def _rating_texts(column: NDArray[np.floating[Any]]) -> _Texts:
    if not np.isfinite(column).all():
        raise _OddColumns
    column = np.ascontiguousarray(column)
    bits, codes = np.unique(column.view(f"i{column.itemsize}"), return_inverse=True)  # 0.0 and -0.0 are two texts
    return _pooled(codes.astype(np.int64, copy=False), map(_write_json, bits.view(column.dtype).tolist()))


def _pooled(codes: NDArray[np.int64], texts: map[bytes]) -> _Texts:
    distinct = list(texts)
    ends = np.cumsum([0, *map(len, distinct)])
    return _Texts(codes, np.frombuffer(b"".join(distinct), np.uint8), ends)


@inlined
def _put(out: Any, at: Any, text: Any) -> Any:
    for k in range(len(text)):
        out[at + k] = text[k]
    return at + len(text)


@inlined
def _put_integer(out: Any, at: Any, value: Any) -> Any:
    left = np.uint64(value)
    if value < 0:
        out[at] = 45  # minus
        at += 1
        left = np.uint64(-(value + 1)) + np.uint64(1)
    rest, digits = left, 1
    while rest >= np.uint64(10):
        rest //= np.uint64(10)
        digits += 1
    for k in range(at + digits - 1, at - 1, -1):
        rest = left // np.uint64(10)
        out[k] = np.uint8(48 + left - rest * np.uint64(10))
        left = rest
    return at + digits


@inlined
def _put_row(out: Any, at: Any, column: Any, row: Any) -> Any:
    codes, data, ends = column
    code = codes[row]
    if len(ends) == 0:
        return _put_integer(out, at, code)
    for k in range(ends[code], ends[code + 1]):
        out[at] = data[k]
        at += 1
    return at


@compiled
def _write_values(
    before_user: Any,
    before_item: Any,
    before_rating: Any,
    before_timestamp: Any,
    before_source: Any,
    before_sequence: Any,
    source: Any,
    users: Any,
    items: Any,
    ratings: Any,
    timestamps: Any,
    first: Any,
    out: Any,
    keys: Any,
    values: Any,
) -> Any:
    """Write all rows to `out`, which has room for them, and where they are; returns the bytes written."""
    at = 0
    for row in range(len(timestamps)):
        values[0, row] = at
        at = _put(out, at, before_user)
        keys[0, row] = at
        at = _put_row(out, at, users, row)
        keys[1, row] = at - keys[0, row]
        at = _put(out, at, before_item)
        at = _put_row(out, at, items, row)
        at = _put(out, at, before_rating)
        at = _put_row(out, at, ratings, row)
        at = _put(out, at, before_timestamp)
        at = _put_integer(out, at, timestamps[row])
        at = _put(out, at, before_source)
        at = _put(out, at, source)
        at = _put(out, at, before_sequence)
        at = _put_integer(out, at, first + row)
        out[at] = 125  # closing brace
        at += 1
        values[1, row] = at - values[0, row]
    return at
