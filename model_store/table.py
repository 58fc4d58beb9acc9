"""Rows of one side, kept in the process: each stands at the place of its row number, so a change costs what changed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.blocks import unpack_rows
from model_store.keys import Keys, Side, parse_field
from streamsvd.errors import SnapshotCorrupt
from streamsvd.ratings import Id

FACTORS, TRAINING, WINDOW, SEEN = "factors", "training", "window", "seen"
"""Blocks of the learner's rows: what scoring needs, what steers learning, the newest ratings, all items rated."""


class Table:
    """Some blocks of all rows of one side.

    Parameters
    ----------
    side : "users" or "items"
    blocks : tuple of str
        Names of fixed blocks.

    Attributes
    ----------
    ids : list of id or None
        By row number; None where there is no row.
    numbers : dict of id to int
        Row numbers.
    moved : int
        How often a place has got another id; ids that come on at the end do not count.
    """

    def __init__(self, side: Side, blocks: tuple[str, ...]) -> None:
        self.side = side
        self.blocks = blocks
        self.ids: list[Id | None] = []
        self.numbers: dict[Id, int] = {}
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

    def copy(self) -> Table:
        """A table of the same rows that shares nothing with this one."""
        twin = copy(self)
        twin.ids, twin.numbers = list(self.ids), dict(self.numbers)
        twin._rows = {name: rows.copy() for name, rows in self._rows.items()}
        twin._present = self._present.copy()
        return twin

    def update(
        self,
        fields: Sequence[bytes],
        blobs: Sequence[Sequence[bytes | None]],
        dtypes: list[np.dtype[Any]],
        keys: Keys,
    ) -> NDArray[np.int64]:
        """Take in rows that changed, came, or went (no blob).

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
        key = keys.versions(self.side)
        ids = [parse_field(name, key) for name in fields]
        for k, id_ in enumerate(ids):
            if blobs[0][k] is None:
                self._remove(id_)
        there = [k for k in range(len(ids)) if blobs[0][k] is not None]
        if not there:
            return np.zeros(0, np.int64)
        present = [ids[k] for k in there]
        numbers, settled = np.zeros(0, np.int64), self.size
        for name, column in zip(self.blocks, blobs, strict=True):
            key = keys.block(self.side, name)
            found = [blob for k in there if (blob := column[k]) is not None]
            if len(found) < len(there):
                raise SnapshotCorrupt(f"{key} lacks rows that other blocks have; rebuild the snapshot from the log")
            numbers, values, _ = unpack_rows(found, key, dtypes, present)
            self._make_room(name, values.dtype, int(numbers.max()) + 1)
            self._rows[name][numbers] = values
        for id_, number in zip(present, numbers.tolist(), strict=True):
            self._place(id_, number, settled)
        self._present[numbers] = True
        return numbers

    def _place(self, id_: Id, number: int, settled: int) -> None:
        if self.numbers.get(id_) == number:
            return
        self.moved += number < settled
        self._remove(id_)
        before = self.ids[number]
        if before is not None:
            del self.numbers[before]
        self.ids[number], self.numbers[id_] = id_, number

    def _remove(self, id_: Id) -> None:
        number = self.numbers.pop(id_, None)
        if number is not None:
            self.ids[number], self._present[number] = None, False
            self.moved += 1
            for rows in self._rows.values():
                rows[number] = np.zeros((), rows.dtype)

    def _make_room(self, name: str, dtype: np.dtype[Any], size: int) -> None:
        """Room for that many places; arrays grow by half, so that growing is cheap in the long run."""
        self.ids.extend([None] * (size - self.size))
        if len(self._present) < self.size:
            grown = np.zeros(max(self.size, len(self._present) * 3 // 2), bool)
            grown[: len(self._present)] = self._present
            self._present = grown
        rows = self._rows.get(name)
        if rows is None or len(rows) < self.size:
            more = np.zeros(len(self._present), dtype)
            if rows is not None:
                more[: len(rows)] = rows
            self._rows[name] = more
