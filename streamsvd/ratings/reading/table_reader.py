"""Blocks of rows into a table of ratings: what is wrong is said by row."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streamsvd.errors import DatasetError
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.order import stream_order
from streamsvd.ratings.reading.fields import Array, GrowingArray, IdColumn, Ratings
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import BadRow, Block
from streamsvd.ratings.reading.times import Times
from streamsvd.ratings.table import FILE_ORDER, RatingTable


@dataclass(slots=True)
class TableReader:
    """The columns of a table, as they grow; without `times` the number of a rating is its timestamp."""

    users: IdColumn
    items: IdColumn
    ratings: Ratings
    times: Times | None
    left_out: int = 0
    _rows: int = 0
    _left_out_rows: Any = field(default_factory=hashlib.sha256)
    _rated: GrowingArray = field(default_factory=GrowingArray)
    _timestamps: GrowingArray = field(default_factory=GrowingArray)

    def add(self, block: Block) -> None:
        """Take in the rows of a block.

        Raises
        ------
        BadRow
            At the first row that cannot be read.
        """
        try:
            self._add(block.columns())
        except (ValueError, OverflowError) as error:  # Arrow's own errors are ValueErrors
            self._explain(block)
            raise BadRow(f"at {block.done:,} of {block.total:,}", f"{error}; correct what is wrong there") from error

    def _add(self, columns: Any) -> None:
        users, items, texts, *times = columns
        rated = self.ratings.read(texts)
        kept = ~np.isnan(rated)
        if not kept.all():
            users, items, *times = (column.filter(kept) for column in (users, items, *times))
            rows = self._rows + np.flatnonzero(~kept)
            self.left_out += len(rows)
            self._left_out_rows.update(rows.astype("<i8").data)
            rated = rated[kept]
        self._rows += len(kept)
        if not len(rated):
            return
        if self.times is not None:
            self._timestamps.extend(self.times.read(times[0]))
        self.users.add(users)
        self.items.add(items)
        self._rated.extend(rated)

    def left_out_rows(self) -> bytes:
        """Checksum of the numbers of the rows that were left out; empty without any."""
        digest: bytes = self._left_out_rows.digest()
        return digest if self.left_out else b""

    def _explain(self, block: Block) -> None:
        """Raise what is wrong with the first row that cannot be read; return if all of them can."""
        for where, texts in block.rows():
            try:
                if math.isnan(self.ratings.check(texts[2])):
                    continue
                self.users.check(texts[0])
                self.items.check(texts[1])
                if self.times is not None:
                    self.times.check(texts[3])
            except ValueError as error:
                raise BadRow(where, str(error)) from error

    def table(self, file: DataFile, dataset: Callable[[Array], Dataset]) -> RatingTable:
        """All ratings in the order of the stream; `dataset` is given the ratings, of shape (n,), to find their scale.

        Raises
        ------
        DatasetError
            When there are none, or their times cannot be what they were taken as.
        """
        rated = self._rated.take()
        if not len(rated):
            left = f": all {self.left_out:,} were left out" if self.left_out else ""
            raise DatasetError(f"{file.label}: no ratings in this file{left}; give one that has some")
        timestamps = np.arange(len(rated)) if self.times is None else self._checked_timestamps(file)
        users, items = self.users.numbers(), self.items.numbers()
        order = stream_order(users, items, timestamps)
        # One column after the other, and in the types that they are kept in, so that memory stays low.
        users = users[order]
        items = items[order]
        rated = rated[order]
        timestamps = timestamps[order]
        del order
        return RatingTable(
            self.users.named(users),
            self.items.named(items),
            rated,
            timestamps.astype(np.int64, copy=False),
            dataset(rated),
            is_file_order=self.times is None,
            left_out=self.left_out,
            time_format=FILE_ORDER if self.times is None else self.times.format,
        )

    def _checked_timestamps(self, file: DataFile) -> Array:
        assert self.times is not None
        try:
            self.times.end()
        except ValueError as error:
            raise DatasetError(f"{file.label}: {error}") from error
        return self._timestamps.take()
