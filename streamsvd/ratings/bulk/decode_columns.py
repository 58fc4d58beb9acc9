"""Values of records to columns of ratings: what `decode` reads, without an object for each.

A value is *plain* if it is the JSON of a rating as `encode` writes it and nothing in it is odd: no escapes in texts, at
most 15 digits in the rating, integers within 64 bits, the rating on the scale, the timestamp not too late. All else
is left to `decode`, which also finds the reasons, and refuses what is too large (a plain value is some kilobytes at
most). What is plain here, `decode` reads as the same rating.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.errors import InputError
from streamsvd.ratings.bulk.text_table import TextTable
from streamsvd.ratings.codec import MAX_SOURCE_LENGTH
from streamsvd.ratings.coded_ids import CodedIds
from streamsvd.ratings.event import MAX_TIMESTAMP, Event, Id, Rating
from streamsvd.ratings.id_text import MAX_ID_LENGTH, stripped_text

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_USER, _ITEM, _RATING, _TIME, _SOURCE, _SEQUENCE = (
    np.frombuffer(text, np.uint8).copy()
    for text in (b'{"v":1,"user":', b',"item":', b',"rating":', b',"ts":', b',"source":', b',"seq":')
)
_MOST_BYTES = 4 * MAX_ID_LENGTH  # of a text
_MOST_DIGITS = 15  # of a rating: an integer that a double holds, so that one division gives the nearest double
_POWERS = np.array([10.0**k for k in range(_MOST_DIGITS + 1)])
_QUOTE, _BACKSLASH, _MINUS, _POINT, _ZERO, _BRACE = (ord(c) for c in '"\\-.0}')


@dataclass(slots=True)
class IdColumn:
    """Ids of both kinds, one per record.

    Attributes
    ----------
    values : int64 array, shape (n,)
        The integer, or the code of the text.
    is_text : bool array, shape (n,)
    table : TextTable
    """

    values: Ints
    is_text: Bools
    table: TextTable

    def put(self, rows: Sequence[int], ids: Sequence[Id]) -> None:
        """Set the ids of some records."""
        texts = [id_ if isinstance(id_, str) else None for id_ in ids]
        integers = [0 if isinstance(id_, str) else id_ for id_ in ids]
        codes = self.table.codes_of(texts)
        self.is_text[rows] = codes >= 0
        self.values[rows] = np.where(codes >= 0, codes, integers)

    def take(self, kept: slice | Ints) -> Ints | CodedIds | list[Id]:
        """The ids of some records: integers, texts, or a list where there are both."""
        values, is_text = self.values[kept], self.is_text[kept]
        if not is_text.any():
            return values
        if is_text.all():
            return CodedIds(values, self.table.texts)
        texts = self.table.texts
        return [texts[n] if text else n for n, text in zip(values.tolist(), is_text.tolist(), strict=True)]


@dataclass(slots=True)
class RatingColumns:
    """Ratings of a block of records, by column; a record that is not plain has nothing in them yet.

    Attributes
    ----------
    users, items : IdColumn
    ratings : float64 array, shape (n,)
    timestamps : int64 array, shape (n,)
        In seconds.
    sources : int64 array, shape (n,)
        Code of each event's source; -1 without one.
    sequences : int64 array, shape (n,)
        -1 without one.
    plain : bool array, shape (n,)
    source_table : TextTable
    """

    users: IdColumn
    items: IdColumn
    ratings: Floats
    timestamps: Ints
    sources: Ints
    sequences: Ints
    plain: Bools
    source_table: TextTable

    def __len__(self) -> int:
        return len(self.ratings)

    def source_names(self) -> dict[int, str]:
        """The sources that records have, by code, -1 for those without one: it has no name."""
        codes, texts = np.flatnonzero(np.bincount(self.sources + 1)) - 1, self.source_table.texts
        return {code: texts[code] if code >= 0 else "" for code in codes.tolist()}

    def put(self, events: dict[int, Event]) -> None:
        """Set some records to events that `decode` has read, by row; of others than ratings, source and sequence."""
        rows = list(events)
        self.sources[rows] = self.source_table.codes_of([event.source for event in events.values()])
        self.sequences[rows] = [-1 if event.sequence is None else event.sequence for event in events.values()]
        ratings = {row: event for row, event in events.items() if isinstance(event, Rating)}
        rows = list(ratings)
        self.users.put(rows, [rating.user for rating in ratings.values()])
        self.items.put(rows, [rating.item for rating in ratings.values()])
        self.ratings[rows] = [rating.rating for rating in ratings.values()]
        self.timestamps[rows] = [rating.timestamp for rating in ratings.values()]


class ColumnDecoder:
    """Decodes blocks of values; keeps the texts that it has seen.

    Parameters
    ----------
    scale : (float, float)
        Declared limits: a rating outside is not plain.

    Examples
    --------
    >>> value = b'{"v":1,"user":"ann","item":242,"rating":3.5,"ts":881250949}'
    >>> decoder, data = ColumnDecoder((1.0, 5.0)), np.frombuffer(value, np.uint8)
    >>> columns = decoder.decode(data, np.array([0]), np.array([len(value)]), latest=2**40)
    >>> list(columns.users.take(slice(None))), columns.items.take(slice(None)).tolist(), columns.plain.tolist()
    (['ann'], [242], [True])
    """

    def __init__(self, scale: tuple[float, float]) -> None:
        self._low, self._high = scale
        self._users, self._items = TextTable(_is_id), TextTable(_is_id)
        self._sources = TextTable(_is_source)

    def decode(self, data: NDArray[np.uint8], starts: Ints, sizes: Ints, latest: int) -> RatingColumns:
        """Columns of some values.

        Parameters
        ----------
        data : uint8 array
        starts, sizes : int64 array, shape (n,)
            Where the values lie in it; any numbers.
        latest : int
            A rating with a later timestamp, in seconds, is not plain.
        """
        for table in (self._users, self._items, self._sources):
            table.trim()
        data = data.view()
        data.flags.writeable = False  # one type for the kernels
        parsed = _parse(
            data,
            np.ascontiguousarray(starts),
            np.ascontiguousarray(sizes),
            float(self._low),
            float(self._high),
            min(latest, MAX_TIMESTAMP),
        )
        users, user_sizes, items, item_sizes, ratings, timestamps, sources, source_sizes, sequences, plain = parsed
        columns = RatingColumns(
            _id_column(data, users, user_sizes, plain, self._users),
            _id_column(data, items, item_sizes, plain, self._items),
            ratings,
            timestamps,
            self._sources.codes(data, sources, source_sizes),
            sequences,
            plain,
            self._sources,
        )
        plain &= (source_sizes < 0) | (columns.sources >= 0)
        return columns


def _id_column(data: NDArray[np.uint8], values: Ints, sizes: Ints, plain: Bools, table: TextTable) -> IdColumn:
    is_text = sizes >= 0
    if is_text.any():
        codes = table.codes(data, values, sizes)
        values = np.where(is_text, codes, values)
        plain &= values >= np.where(is_text, 0, values)
    return IdColumn(values, is_text, table)


def _is_id(text: str) -> bool:
    try:
        return stripped_text(text) == text
    except InputError:
        return False


def _is_source(text: str) -> bool:
    return 0 < len(text) <= MAX_SOURCE_LENGTH


@inlined
def _same(data, at, end, text):  # type: ignore[no-untyped-def]
    """Whether this text is next."""
    if at + len(text) > end:
        return False
    for k in range(len(text)):  # noqa: SIM110
        if data[at + k] != text[k]:
            return False
    return True


@inlined
def _integer(data, at, end):  # type: ignore[no-untyped-def]
    """An integer of 64 bits as JSON has it, without -0; the place after it, and whether it is one."""
    if not 0 <= at < end:
        return np.int64(0), at, False
    negative = data[at] == _MINUS
    if negative:
        at += 1
    first, stop, value = at, min(end, at + 19), np.uint64(0)
    while at < stop:
        digit = np.uint64(data[at]) - np.uint64(_ZERO)  # a byte below wraps around
        if digit > np.uint64(9):
            break
        value = value * np.uint64(10) + digit
        at += 1
    digits = at - first
    good = digits > 0 and (data[first] != _ZERO or (digits == 1 and not negative)) and value <= np.uint64(2**63 - 1)
    number = np.int64(value)
    return (-number if negative else number), at, good


@inlined
def _number(data, at, end):  # type: ignore[no-untyped-def]
    """The same for a decimal number without exponent: the nearest double, by one division (Clinger 1990)."""
    if not 0 <= at < end:
        return 0.0, at, False
    negative = data[at] == _MINUS
    if negative:
        at += 1
    first, stop, point, value = at, min(end, at + _MOST_DIGITS + 2), np.int64(-1), np.int64(0)
    while at < stop:
        digit = np.int64(data[at]) - _ZERO
        if 0 <= digit <= 9:
            value = value * 10 + digit
        elif data[at] == _POINT and point < 0:
            point = at
        else:
            break
        at += 1
    whole, fraction = (at - first, 0) if point < 0 else (point - first, at - point - 1)
    good = whole > 0 and whole + fraction <= _MOST_DIGITS and (point < 0 or fraction > 0)
    good = good and (whole == 1 or data[first] != _ZERO) and not (negative and value == 0)
    found = np.float64(value) / _POWERS[min(fraction, _MOST_DIGITS)]
    return (-found if negative else found), at, good


@inlined
def _text(data, at, end):  # type: ignore[no-untyped-def]
    """Where a text without escapes begins, its size, the place after its end quote, and whether it is one."""
    first = at + 1
    if at >= end or data[at] != _QUOTE:
        return first, np.int64(0), at, False
    at = first
    while at < end and at - first <= _MOST_BYTES and data[at] >= 32 and data[at] != _QUOTE and data[at] != _BACKSLASH:
        at += 1
    good = at > first and at < end and data[at] == _QUOTE
    return first, at - first, at + 1, good


@inlined
def _id(data, at, end):  # type: ignore[no-untyped-def]
    """An integer and -1, or a text's start and size; the place after it, and whether it is one."""
    if at < end and data[at] == _QUOTE:
        return _text(data, at, end)
    value, at, good = _integer(data, at, end)
    return value, np.int64(-1), at, good


@compiled
def _parse(data, starts, sizes, low, high, latest):  # type: ignore[no-untyped-def]
    """Columns of values, and which of them are plain; see `ColumnDecoder.decode`."""
    n = len(starts)
    users, items, sources, sequences, timestamps = (
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    user_sizes, item_sizes, source_sizes = np.full(n, -1), np.full(n, -1), np.full(n, -1)
    ratings, plain = np.zeros(n), np.zeros(n, np.bool_)
    for k in range(n):
        at, end = starts[k], starts[k] + sizes[k]
        if at < 0 or sizes[k] <= 0 or sizes[k] > len(data) or end > len(data):
            continue
        if not _same(data, at, end, _USER):
            continue
        user, user_size, at, good = _id(data, at + len(_USER), end)
        if not good or not _same(data, at, end, _ITEM):
            continue
        item, item_size, at, good = _id(data, at + len(_ITEM), end)
        if not good or not _same(data, at, end, _RATING):
            continue
        rating, at, good = _number(data, at + len(_RATING), end)
        if not good or not (low <= rating <= high) or not _same(data, at, end, _TIME):
            continue
        timestamp, at, good = _integer(data, at + len(_TIME), end)
        if not good or not (0 <= timestamp <= latest):
            continue
        source, source_size, sequence = np.int64(0), np.int64(-1), np.int64(-1)
        if _same(data, at, end, _SOURCE):
            source, source_size, at, good = _text(data, at + len(_SOURCE), end)
            if not good:
                continue
        if _same(data, at, end, _SEQUENCE):
            sequence, at, good = _integer(data, at + len(_SEQUENCE), end)
            if not good or sequence < 0:
                continue
        if at + 1 != end or data[at] != _BRACE:
            continue
        users[k], user_sizes[k], items[k], item_sizes[k] = user, user_size, item, item_size
        ratings[k], timestamps[k] = rating, timestamp
        sources[k], source_sizes[k], sequences[k] = source, source_size, sequence
        plain[k] = True
    return users, user_sizes, items, item_sizes, ratings, timestamps, sources, source_sizes, sequences, plain
