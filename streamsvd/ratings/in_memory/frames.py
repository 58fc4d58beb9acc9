"""The columns of a data frame: pandas' own, or any whose columns Arrow can take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.interchange

from streamsvd.errors import DatasetError
from streamsvd.ratings.in_memory.column import Column, array_of, combined

Label = str | int

_ITEMS = ("item", "movie", "film", "book", "product", "track", "song", "artist", "game")
_USUAL = {
    "user": frozenset({"user", "userid", "uid", "reader", "customer", "customerid", "reviewer", "reviewerid"}),
    "item": frozenset({*_ITEMS, *(f"{item}id" for item in _ITEMS), "iid", "isbn", "asin"}),
    "rating": frozenset({"rating", "ratings", "bookrating", "score", "stars", "overall"}),
    "timestamp": frozenset({"timestamp", "time", "datetime", "date", "day", "ts", "unixreviewtime"}),
}
"""Usual names of each column, in small letters without marks between words."""


def is_frame(source: object) -> bool:
    """Whether something hands out its columns: by Arrow's PyCapsules, or by the data frame interchange protocol."""
    return hasattr(source, "__arrow_c_stream__") or hasattr(source, "__dataframe__")


def frame_columns(frame: Any, columns: Sequence[Label] | None) -> list[Column]:
    """User, item, rating and, where there is one, time of a data frame.

    Parameters
    ----------
    frame : pandas.DataFrame, or what `is_frame` takes
        Its index does not count.
    columns : sequence of label, length 3 or 4, optional
        Labels of the columns; found by usual names when left out.

    Raises
    ------
    DatasetError
        When it is not said which columns are meant, or one cannot be taken.
    """
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        labels = frame.columns.tolist()
        return [Column(labels[at], array_of(frame.iloc[:, at], labels[at])) for at in _places(labels, columns)]
    try:
        table = pa.table(frame) if hasattr(frame, "__arrow_c_stream__") else pa.interchange.from_dataframe(frame)
    except (ValueError, TypeError, NotImplementedError, pa.ArrowException) as error:
        raise DatasetError(f"{type(frame).__name__}: not a table that Arrow can take: {error}; give a frame") from error
    labels = table.column_names
    return [Column(labels[at], combined(table.column(at))) for at in _places(labels, columns)]


def _places(labels: Sequence[Label], columns: Sequence[Label] | None) -> list[int]:
    """Where user, item, rating and perhaps time stand among the labels of a frame."""
    if columns is None:
        return _recognised(labels)
    if len(columns) not in {3, 4} or len(set(columns)) != len(columns):
        raise _unclear(labels, f"columns={tuple(columns)!r} are not three or four different ones")
    for label in columns:
        if labels.count(label) != 1:
            raise _unclear(labels, f"{'several columns are' if label in labels else 'no column is'} named {label!r}")
    return [labels.index(label) for label in columns]


def _recognised(labels: Sequence[Label]) -> list[int]:
    plain = [re.sub(r"[\W_]", "", str(label)).casefold() for label in labels]
    places = []
    for what, usual in _USUAL.items():
        found = [at for at, name in enumerate(plain) if name in usual]
        if len(found) > 1:
            raise _unclear(labels, f"the {what} may be {' or '.join(repr(labels[at]) for at in found)}")
        if not found and (what != "timestamp" or len(labels) != 3):
            raise _unclear(labels, f"no column has a usual name of the {what}")
        places += found
    return places


def _unclear(labels: Sequence[Label], what: str) -> DatasetError:
    return DatasetError(
        f"{what}; the frame's columns are {', '.join(map(repr, labels)) or 'none'}: say which are meant, by "
        'load(frame, columns=("user", "item", "rating", "timestamp")) with their names in this order; without the '
        "last one, the order of the rows stands for time"
    )
