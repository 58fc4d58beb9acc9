"""Ratings in memory into a table, with a checksum of what they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import DatasetError
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.in_memory.column import Column
from streamsvd.ratings.in_memory.fields import EncodedIds, ratings_of, seconds_of, wanted_rows
from streamsvd.ratings.in_memory.frames import Label, frame_columns, is_frame
from streamsvd.ratings.in_memory.rows import Row, row_columns
from streamsvd.ratings.order import stream_order
from streamsvd.ratings.reading.times import Times
from streamsvd.ratings.table import FILE_ORDER, RatingTable

NAME = "in-memory"
"""Name of every data set that was read from memory."""


class Frame(Protocol):
    """A data frame or table that hands out its columns by Arrow's PyCapsule interface, as those of pandas do."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Its columns, as a stream of Arrow's C data interface."""


def read_memory(
    source: Frame | Iterable[Row],
    columns: Sequence[Label] | None = None,
    scale: tuple[float, float] | None = None,
    *,
    ids: Literal["auto", "text"] = "auto",
    drop_ratings: Collection[float] = (),
    time_format: str | None = None,
) -> RatingTable:
    """Ratings of a data frame or of rows, put into the order in which they happened.

    Parameters
    ----------
    source : data frame, or iterable of Rating or of tuple
        Rows are `(user, item, rating)` or `(user, item, rating, time)`. Where there is no time, their order stands
        for it, and the number of a row is its timestamp.
    columns : sequence of label, length 3 or 4, optional
        The frame's columns for user, item, rating and time; found by their usual names when left out.
    scale : tuple of float, optional
        Lowest and highest rating that the data set allows; the limits found when left out.
    ids : {"auto", "text"}
        With `auto` their type decides whether ids are integers or text; with `text` integers become text.
    drop_ratings : collection of float
        Ratings to leave out, NaN for missing ones.
    time_format : str, optional
        As for `read_ratings`, of times that are numbers or text.

    Returns
    -------
    RatingTable
        Named `NAME`; `dataset.sha256` is that of the table's columns, so the same ratings have the same one.

    Raises
    ------
    DatasetError
        With the row, what was found and what to do.

    Examples
    --------
    >>> table = read_memory([("ann", "Heat", 5, 881250949), ("bob", "Heat", 2, 881250940)])
    >>> table.users, table.dataset.scale
    (array(['bob', 'ann'], dtype=object), (2.0, 5.0))
    """
    if scale is not None:
        Dataset(NAME, "", scale)  # refuses limits that are no scale before a long read
    found = _columns_of(source, columns, ids == "text")
    if not len(found[2].values):
        raise DatasetError("the frame has no rows; give one that has some")
    wanted = wanted_rows(found[2], drop_ratings)
    if not wanted.any():
        raise DatasetError(f"all {len(wanted):,} ratings were left out, as asked for; drop fewer of them")
    user, item, rating, *time = found if wanted.all() else (column.only(wanted) for column in found)
    users, items = (EncodedIds.of(column, as_text=ids == "text") for column in (user, item))
    ratings = ratings_of(rating, scale)
    times = Times(time_format)
    timestamps = seconds_of(time[0], times) if time else np.arange(len(ratings))
    order = stream_order(users.numbers, items.numbers, timestamps)
    ratings, timestamps = ratings[order], timestamps[order]
    limits = scale or (float(ratings.min()), float(ratings.max()))
    dataset = Dataset(NAME, _checksum(users, items, order, ratings, timestamps), limits)
    left_out = len(wanted) - len(ratings)
    return RatingTable(
        users[order],
        items[order],
        ratings,
        timestamps,
        dataset,
        is_file_order=not time,
        left_out=left_out,
        time_format=times.format if time else FILE_ORDER,
    )


def _columns_of(source: Any, columns: Sequence[Label] | None, as_text: bool) -> list[Column]:
    if is_frame(source):
        return frame_columns(source, columns)
    if not isinstance(source, Iterable) or isinstance(source, bytes | dict):
        raise DatasetError(
            f"{type(source).__name__}: not a source of ratings; give a path, a name, a DataFrame, "
            "or an iterable of (user, item, rating) or (user, item, rating, time)"
        )
    if columns is not None:
        raise DatasetError("columns are those of files and frames; rows are (user, item, rating) or with a time")
    return row_columns(source, as_text=as_text)


def _checksum(
    users: EncodedIds, items: EncodedIds, order: NDArray[np.int64], ratings: Any, timestamps: NDArray[np.int64]
) -> str:
    """SHA-256 of the columns in the stream's order: all numbers in 8 bytes, little-endian; the names of text ids."""
    digest = hashlib.sha256()
    for ids in (users, items):
        digest.update(json.dumps(ids.names).encode())
        digest.update(ids.numbers[order].astype("<i8").data)
    digest.update(ratings.astype("<f8").data)
    digest.update(timestamps.astype("<i8").data)
    return digest.hexdigest()
