"""Rows of one side, kept in the process: each stands at the place of its row number, so a change costs what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
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
        Names.
    ragged : set of str
        Those of them whose rows differ in length; these are kept as they are stored, and read when asked for.

    Attributes
    ----------
    ids : list of id or None
        By row number; None where there is no row.
    numbers : dict of id to int
        Row numbers.
    moved : int
        How often a place has got another id; ids that come on at the end do not count.
    """

    def __init__(self, side: Side, blocks: tuple[str, ...], ragged: Set[str] = frozenset()) -> None:
        self.side = side
        self.blocks = blocks
        self._ragged: dict[str, list[bytes | None]] = {name: [] for name in blocks if name in ragged}
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

    def blobs(self, block: str, places: Iterable[int]) -> list[bytes]:
        """Rows of a ragged block, as they are stored; there must be one at each of these places."""
        return [blob for place in places if (blob := self._ragged[block][place]) is not None]

    def copy(self) -> Table:
        """A table of the same rows that shares nothing with this one."""
        twin = copy(self)
        twin.ids, twin.numbers = list(self.ids), dict(self.numbers)
        twin._rows = {name: rows.copy() for name, rows in self._rows.items()}
        twin._ragged = {name: list(rows) for name, rows in self._ragged.items()}
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
            self.ids.extend([None] * (int(numbers.max()) + 1 - self.size))
            self._put(name, numbers, values, found)
        known = self.numbers
        for id_, number in zip(present, numbers.tolist(), strict=True):
            if known.get(id_) != number:
                self._place(id_, number, settled)
        self._present = grown(self._present, self.size)
        self._present[numbers] = True
        return numbers

    def _place(self, id_: Id, number: int, settled: int) -> None:
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
            for blobs in self._ragged.values():
                blobs[number] = None

    def _put(self, name: str, numbers: NDArray[np.int64], values: NDArray[Any], blobs: list[bytes]) -> None:
        if name in self._ragged:
            column = self._ragged[name]
            column.extend([None] * (self.size - len(column)))
            for number, blob in zip(numbers.tolist(), blobs, strict=True):
                column[number] = blob
            return
        rows = self._rows.get(name, np.zeros(0, values.dtype))
        self._rows[name] = rows = grown(rows, self.size)
        rows[numbers] = values


def grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """An array with room for `size` elements on its last axis; growing by half makes it cheap in the long run."""
    held = array.shape[-1]
    if held >= size:
        return array
    more = np.zeros((*array.shape[:-1], max(size, held * 3 // 2)), array.dtype)
    more[..., :held] = array
    return more
