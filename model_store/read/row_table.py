"""Rows of one side, kept in the process and indexed by row number: an update costs only the rows that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from model_store.codec.blobs import unpack_rows
from model_store.codec.keys import Keys, Side, field, parse_field
from streamsvd.errors import SnapshotCorrupt
from streamsvd.kernels import widened
from streamsvd.lookup import FACTORS
from streamsvd.ratings import Id


class RowTable:
    """Some fixed blocks of all rows of one side.

    Parameters
    ----------
    side : "users" or "items"
    blocks : tuple of str
        Names.

    Attributes
    ----------
    ids : list of id or None
        By row number; None where there is no row.
    numbers : dict of id to int
        Row numbers.
    moved : int
        How often a place was given another id; ids appended at the end do not count.
    """

    def __init__(self, side: Side, blocks: tuple[str, ...]) -> None:
        self.side = side
        self.blocks = blocks
        self.ids: list[Id | None] = []
        self.numbers: dict[Id, int] = {}
        self._by_field: dict[bytes, int] = {}
        self.moved = 0
        self._rows: dict[str, NDArray[Any]] = {}
        self._present = np.zeros(0, bool)

    def __len__(self) -> int:
        """Rows."""
        return len(self.numbers)

    @property
    def size(self) -> int:
        """Places: one more than the highest row number."""
        return len(self.ids)

    @property
    def present(self) -> NDArray[np.bool_]:
        """At which places there is a row, shape (size,)."""
        return self._present[: self.size]

    def rows(self, block: str = FACTORS) -> NDArray[Any]:
        """One block, shape (size,); zeros where there is no row. Not to be written to."""
        return self._rows.get(block, np.zeros(0, "V1"))[: self.size]

    def copy(self) -> RowTable:
        """A table of the same rows that shares nothing with this one."""
        twin = copy(self)
        twin.ids, twin.numbers, twin._by_field = list(self.ids), dict(self.numbers), dict(self._by_field)
        twin._rows = {name: rows.copy() for name, rows in self._rows.items()}
        twin._present = self._present.copy()
        return twin

    def update(
        self, fields: Sequence[bytes], blobs: Sequence[Sequence[bytes | None]], dtypes: list[np.dtype[Any]], keys: Keys
    ) -> NDArray[np.int64]:
        """Update rows that changed, were added, or were removed (no blob).

        Parameters
        ----------
        fields : sequence of bytes, length n
        blobs : for each block a sequence of n blobs
        dtypes : list of dtype
            The checkpoint's table.
        keys : Keys

        Returns
        -------
        int64 array
            Places of the rows that were set.

        Raises
        ------
        SnapshotCorrupt
            When a blob is damaged, or a row is not in all blocks.
        """
        if fields and None in blobs[0]:
            fields, blobs = self._without_gone(fields, blobs)
        if not fields:
            return np.zeros(0, np.int64)
        numbers, fixed = np.zeros(0, np.int64), {}
        for name, column in zip(self.blocks, blobs, strict=True):
            key = keys.block(self.side, name)
            if None in column:
                raise SnapshotCorrupt(f"{key} lacks rows that other blocks have; rebuild the snapshot from the log")
            numbers, values, _ = unpack_rows(cast("Sequence[bytes]", column), key, dtypes, fields)
            fixed[name] = values
        self.put(fields, numbers, fixed, keys)
        return numbers

    def put(
        self, fields: Sequence[bytes], numbers: NDArray[np.int64], blocks: Mapping[str, NDArray[Any]], keys: Keys
    ) -> None:
        """Update rows that changed or were added."""
        settled = self.size
        self.ids.extend([None] * (int(numbers.max(initial=-1)) + 1 - settled))
        self._place_all(fields, numbers.tolist(), settled, keys)  # first, because it clears places that ids have left
        for name, values in blocks.items():
            self._rows[name] = rows = widened(self._rows.get(name, np.zeros(0, values.dtype)), self.size)
            rows[numbers] = values
        self._present = widened(self._present, self.size)
        self._present[numbers] = True

    def _without_gone(
        self, fields: Sequence[bytes], blobs: Sequence[Sequence[bytes | None]]
    ) -> tuple[Sequence[bytes], Sequence[Sequence[bytes | None]]]:
        """Remove the rows without a blob; returns the others."""
        for name, blob in zip(fields, blobs[0], strict=True):
            if blob is None:
                self._remove(name)
        there = [k for k, blob in enumerate(blobs[0]) if blob is not None]
        return [fields[k] for k in there], [[column[k] for k in there] for column in blobs]

    def _place_all(self, fields: Sequence[bytes], numbers: list[int], settled: int, keys: Keys) -> None:
        if list(map(self._by_field.get, fields)) == numbers:
            return  # the usual case: no row has moved
        for name, number in zip(fields, numbers, strict=True):
            if self._by_field.get(name) != number:
                self._place(name, number, settled, keys)

    def _place(self, name: bytes, number: int, settled: int, keys: Keys) -> None:
        self.moved += number < settled
        self._remove(name)
        before = self.ids[number]
        if before is not None:
            del self.numbers[before]
            self._by_field.pop(field(before), None)
        id_ = parse_field(name, keys.versions(self.side))
        self.ids[number], self.numbers[id_], self._by_field[name] = id_, number, number

    def _remove(self, name: bytes) -> None:
        number = self._by_field.pop(name, None)
        if number is not None:
            id_ = self.ids[number]
            assert id_ is not None
            del self.numbers[id_]
            self.ids[number], self._present[number] = None, False
            self.moved += 1
            for rows in self._rows.values():
                rows[number] = np.zeros((), rows.dtype)
