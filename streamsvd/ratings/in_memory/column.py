"""A column of ratings in memory: an Arrow array, and what is said of a row in which it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streamsvd.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str or int
        What it is called in messages.
    values : pyarrow.Array, shape (n,)
    rows : int64 array, shape (n,), optional
        Numbers of their rows, where some of the rows were left out.
    """

    name: str | int
    values: pa.Array
    rows: NDArray[np.int64] | None = None

    def only(self, kept: NDArray[np.bool_]) -> Column:
        """Those rows of a whole column that are true."""
        return Column(self.name, self.values.filter(pa.array(kept)), np.flatnonzero(kept))

    def wrong(self, row: int, what: str, todo: str) -> DatasetError:
        """The error that a value raises by its place; `what` follows the column's name."""
        return self.refused(row, f"{self.name!r} {what}; {todo}")

    def refused(self, row: int, reason: str) -> DatasetError:
        """The same for a reason that names the value and what to do."""
        return refused_row(row if self.rows is None else int(self.rows[row]), reason)

    def refuse_missing(self) -> None:
        """Raise a `DatasetError` where a value is missing."""
        if self.values.null_count:
            row = first_row(self.values.is_null().to_numpy(zero_copy_only=False))
            todo = "fill in such rows or leave them out (of a DataFrame: dropna)"
            raise self.wrong(row, "is missing", todo)


def wrong_row(row: int, what: str, todo: str) -> DatasetError:
    """The error that a row raises, by its number from 0."""
    return refused_row(row, f"{what}; {todo}")


def refused_row(row: int, reason: str) -> DatasetError:
    """The same for a reason that says what to do."""
    return DatasetError(f"row {row:,} (counted from 0): {reason}")


def first_row(where: Any) -> int:
    """Number of the first row for which a boolean array, shape (n,), is true."""
    return int(np.flatnonzero(where)[0])


def array_of(values: Any, name: str | int, first: int = 0) -> pa.Array:
    """Values of one kind as an Arrow array, NaN among them as missing.

    Parameters
    ----------
    values : pandas Series, NumPy array or list, shape (n,)
    name : str or int
        Of the column, for messages.
    first : int
        Number of the first value's row.

    Raises
    ------
    DatasetError
        When they are of several kinds, or of one that Arrow does not know.

    Examples
    --------
    >>> str(array_of([1, None], "user").type)
    'int64'
    """
    try:
        return combined(pa.array(values, from_pandas=True))
    except (ValueError, TypeError, OverflowError, pa.ArrowException) as error:
        _explain(list(values), name, first)
        raise DatasetError(f"column {name!r}: {error}; make all of it integers, numbers, text or dates") from error


def combined(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """An array in one piece, without categories."""
    if not pa.types.is_dictionary(values.type):
        return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    kind = values.type.value_type
    if pa.types.is_string_view(kind):  # Arrow cannot take values out of these
        kind = pa.large_string()
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    plain = [chunk.dictionary.cast(kind).take(chunk.indices) for chunk in chunks]
    return pa.chunked_array(plain, kind).combine_chunks()


def _explain(values: Sequence[Any], name: str | int, first: int) -> None:
    """Raise what is wrong with the first value that Arrow does not know, or that is of another kind than the first."""
    kinds: dict[str, Any] = {}
    for row, value in enumerate(values, first):
        try:
            kind = pa.array([value], from_pandas=True).type
        except (ValueError, TypeError, OverflowError, pa.ArrowException) as error:
            todo = "make the column integers of 64 bits, numbers, text or dates"
            raise wrong_row(row, f"{name!r} is {_short(value)}, which cannot be read ({error})", todo) from error
        if not pa.types.is_null(kind):
            is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
            kinds.setdefault("number" if is_number else str(kind), value)
        if len(kinds) > 1:
            before, other = (type(each).__name__ for each in kinds.values())
            todo = "give all of the column one type (of a DataFrame: astype)"
            raise wrong_row(row, f"{name!r} is {_short(value)} ({other}), after values of type {before}", todo)


def _short(value: object) -> str:
    return repr(value)[:80]
