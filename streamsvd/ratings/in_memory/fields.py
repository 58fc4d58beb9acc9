"""The fields of ratings in memory: ids, ratings and times, each of a whole column."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streamsvd.errors import DatasetError
from streamsvd.ratings.event import MAX_TIMESTAMP
from streamsvd.ratings.id_text import MAX_ID_LENGTH
from streamsvd.ratings.in_memory.column import Column, first_row
from streamsvd.ratings.reading.times import Times

_DAY_SECONDS = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True, slots=True)
class EncodedIds:
    """Ids of users or of items, as numbers.

    Attributes
    ----------
    numbers : int64 or int32 array, shape (n,)
        The ids themselves; of text ids, their places in `names`.
    names : list of str, or None
        The different text ids, sorted by code points; None where ids are integers.
    """

    numbers: NDArray[np.signedinteger[Any]]
    names: list[str] | None

    @classmethod
    def of(cls, column: Column, *, as_text: bool) -> EncodedIds:
        """Ids of a column: as on the wire, their type decides whether they are integers or text, unless all are text.

        Raises
        ------
        DatasetError
            When one is missing or blank, or the column holds neither integers of 64 bits nor text.
        """
        column.refuse_missing()
        kind = column.values.type
        if pa.types.is_integer(kind):
            return cls._of_text(column) if as_text else cls(_integers(column), None)
        if _is_text(kind):
            return cls._of_text(column)
        hint = {"double": ": turn whole numbers into integers first", "bool": ": is it the right column?"}
        raise DatasetError(
            f"column {column.name!r} holds {kind}, and ids are integers or text{hint.get(str(kind), '')} "
            "(of a DataFrame: astype('int64') or astype(str))"
        )

    @classmethod
    def _of_text(cls, column: Column) -> EncodedIds:
        encoded = column.values.cast(pa.large_string()).dictionary_encode()
        places = encoded.indices.to_numpy()
        stripped = [name.strip() for name in encoded.dictionary.to_pylist()]
        if "" in stripped:
            todo = "every rating names its user and its item: fill in such rows or leave them out"
            raise column.wrong(first_row(places == stripped.index("")), "is blank", todo)
        if (long := max(stripped, key=len, default="")) and len(long) > MAX_ID_LENGTH:
            todo = f"{MAX_ID_LENGTH} characters are the most: shorten such ids"
            raise column.wrong(first_row(places == stripped.index(long)), f"has {len(long):,} characters", todo)
        names = sorted(set(stripped))
        numbers = {name: number for number, name in enumerate(names)}
        return cls(np.array([numbers[name] for name in stripped], np.int32)[places], names)

    def __getitem__(self, order: NDArray[np.int64]) -> NDArray[Any]:
        """Ids in an order: int64, or object array of str."""
        taken = self.numbers[order]
        return taken if self.names is None else np.array(self.names, dtype=object)[taken]


def _integers(column: Column) -> NDArray[np.int64]:
    try:
        found: NDArray[np.int64] = column.values.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid as error:
        row = first_row(column.values.to_numpy() >= np.uint64(2**63))
        todo = "make the column text (of a DataFrame: astype(str))"
        raise column.wrong(row, f"is {column.values[row]}, beyond 64 bits", todo) from error
    return found


def wanted_rows(column: Column, dropped: Collection[float]) -> NDArray[np.bool_]:
    """Whether each rating of a column, shape (n,), is none of the values to leave out; NaN stands for missing ones."""
    if not (dropped and _is_number(column.values.type)):
        return np.ones(len(column.values), bool)
    ratings = column.values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)  # missing ones are NaN
    left_out: NDArray[np.bool_] = np.isin(ratings, list(dropped))
    if any(map(math.isnan, dropped)):
        left_out |= np.isnan(ratings)
    return ~left_out


def ratings_of(column: Column, limits: tuple[float, float] | None) -> NDArray[np.floating[Any]]:
    """Ratings of a column: float32 where that loses nothing, else float64.

    Raises
    ------
    DatasetError
        When one is missing, infinite or outside the limits, or the column holds no numbers.
    """
    column.refuse_missing()
    kind = column.values.type
    if not _is_number(kind):
        raise DatasetError(
            f"column {column.name!r} holds {kind}, and ratings are numbers; "
            "convert them, as with float(rating) (of a DataFrame: astype(float))"
        )
    ratings: NDArray[np.float64] = column.values.cast(pa.float64(), safe=False).to_numpy()
    finite = np.isfinite(ratings)
    if not finite.all():
        row = first_row(~finite)
        raise column.wrong(
            row, f"is {ratings[row]}", "a rating is a finite number: correct such rows or leave them out"
        )
    if limits is not None:
        outside = (ratings < limits[0]) | (ratings > limits[1])
        if outside.any():
            row = first_row(outside)
            value, scale = f"{ratings[row]:g}", f"{limits[0]:g} to {limits[1]:g}"
            todo = f"correct such rows, or leave them out (drop_ratings=[{value}]), or give the right scale=(low, high)"
            raise column.wrong(row, f"is {value}, outside the scale {scale}", todo)
    narrow = ratings.astype(np.float32)
    return narrow if np.array_equal(narrow, ratings) else ratings


def seconds_of(column: Column, times: Times) -> NDArray[np.int64]:
    """Whole seconds since 1970 of a column of dates and times (in UTC where they have no zone), numbers or text.

    Numbers and text are read as those of a file, by `times`.

    Raises
    ------
    DatasetError
        When one is missing or out of range, or the column holds anything else.
    """
    column.refuse_missing()
    values, kind = column.values, column.values.type
    seconds: NDArray[np.int64]
    if pa.types.is_timestamp(kind):
        seconds = values.cast(pa.int64()).to_numpy() // _PER_SECOND[kind.unit]
    elif pa.types.is_date64(kind):  # milliseconds
        seconds = values.cast(pa.int64()).to_numpy() // 1000
    elif pa.types.is_date32(kind):
        seconds = values.cast(pa.int32()).to_numpy().astype(np.int64) * _DAY_SECONDS
    elif _is_number(kind) or _is_text(kind):
        return _as_in_files(column, times)
    else:
        raise DatasetError(
            f"column {column.name!r} holds {kind}, and times are dates, seconds since 1970 or ISO dates as text; "
            "name another column, or convert it (of a DataFrame: pandas.to_datetime)"
        )
    outside = (seconds < 0) | (seconds > MAX_TIMESTAMP)
    if outside.any():
        row = first_row(outside)
        todo = "a rating's time is from 1970 to 5138: correct such rows or leave them out"
        raise column.wrong(row, f"is {values[row]}", todo)
    return seconds


def _as_in_files(column: Column, times: Times) -> NDArray[np.int64]:
    try:
        seconds = times.read(column.values)
        times.end()
    except (ValueError, OverflowError) as error:
        for row, text in enumerate(column.values.cast(pa.string()).to_pylist()):
            try:
                times.check(text)
            except (ValueError, OverflowError) as found:
                raise column.refused(row, f"{column.name!r}: {found}") from found
        raise DatasetError(f"column {column.name!r}: {error}") from error
    return seconds


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
