"""Ids to row numbers, in order of first appearance.

A dictionary holds them all. For arrays of integer ids a table with open addressing gives the same answers without
making Python objects: that is several times the speed of learning for short rows. For coded texts, each is looked up
once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels import Id
from streamsvd.kernels.memory_pages import zeros
from streamsvd.ratings import CodedIds

_EMPTY = -1
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio: Knuth 1998, section 6.4

Ints = NDArray[np.int64]
Table = NDArray[np.int64]
"""Pairs of key and number: one memory access for both."""


class IdIndex:
    """The ids of one side, and the numbers of their rows.

    Attributes
    ----------
    rows : dict of id to int
    ids : list of id or None
        By row; None where an id was taken out: its number goes to the next new id.
    free : list of int
        Those numbers, highest first.

    Examples
    --------
    >>> users = IdIndex()
    >>> users.add(["ann", 7]).tolist()
    [0, 1]
    >>> users.find(["bob", 7]).tolist(), len(users)
    ([-1, 1], 2)
    """

    def __init__(self) -> None:
        self.rows: dict[Id, int] = {}
        self.ids: list[Id | None] = []
        self.free: list[int] = []
        self._table: Table | None = None
        self._coded: tuple[list[str], Ints] | None = None  # some texts, and the rows of those looked up, by code

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, ids: Sequence[Id] | Ints) -> Ints:
        """Row of each id; -1 where there is none."""
        if isinstance(ids, np.ndarray):
            found = np.empty(len(ids), np.int64)
            _look_up(self._plain_table(), ids, found)
            return found
        if isinstance(ids, CodedIds):
            return self._find_coded(ids)
        get = self.rows.get
        return np.array([get(name, -1) for name in ids], np.int64)

    def fresh(self, ids: Sequence[Id] | Ints, rows: Ints) -> list[Id]:
        """The ids that `find` did not find, each once, in order of first appearance."""
        missing = np.flatnonzero(rows < 0)
        if not len(missing):
            return []
        if isinstance(ids, np.ndarray):
            return list(_distinct(ids[missing], _empty_table(len(missing))).tolist())
        if isinstance(ids, CodedIds):
            codes = _distinct(ids.codes[missing], _empty_table(len(missing)))
            return list(CodedIds(codes, ids.texts))
        return list(dict.fromkeys(ids[k] for k in missing.tolist()))

    def add(self, fresh: Sequence[Id]) -> Ints:
        """Give each new id a row number; returns the numbers."""
        reused = [self.free.pop() for _ in range(min(len(self.free), len(fresh)))]
        for name, number in zip(fresh, reused, strict=False):
            self.ids[number] = name
        numbers = [*reused, *range(len(self.ids), len(self.ids) + len(fresh) - len(reused))]
        self.ids.extend(fresh[len(reused) :])
        self.rows.update(zip(fresh, numbers, strict=True))
        if self._table is not None:
            if 3 * len(self.rows) > 2 * len(self._table):
                self._table = _grown(self._table, len(self.rows))
            _insert(self._table, _pairs(fresh, numbers))
        return np.array(numbers, np.int64)

    def number(
        self, ids: Sequence[Id] | Ints, add: Callable[[Sequence[Id]], Any] | None = None
    ) -> tuple[Ints, list[Id]]:
        """Row of each id, and the ids that had none before; `add`, by default this index's, gives them one."""
        rows = self.find(ids)
        fresh = self.fresh(ids, rows)
        if fresh:
            (add or self.add)(fresh)
            rows = self.find(ids)
        return rows, fresh

    def remove(self, name: Id) -> int | None:
        """Take an id out; returns the number that it had."""
        number = self.rows.pop(name, None)
        if number is not None:
            self._table = self._coded = None
            self.ids[number] = None
            self.free.append(number)
            self.free.sort(reverse=True)
        return number

    def taken(self) -> tuple[Ints, list[Id]]:
        """Rows in use, ascending, and their ids."""
        pairs = [(row, name) for row, name in enumerate(self.ids) if name is not None]
        return np.array([row for row, _ in pairs], np.int64), [name for _, name in pairs]

    def names(self, rows: Ints) -> list[Id]:
        """Ids of some rows; those not in use are left out."""
        return [name for name in (self.ids[row] for row in rows.tolist()) if name is not None]

    def restore(self, ids: Sequence[Id], numbers: Ints, free: Sequence[int]) -> None:
        """Exactly these ids with these numbers."""
        self._table = self._coded = None
        self.ids = [None] * (len(ids) + len(free))
        self.free = list(free)
        self.rows = dict(zip(ids, numbers.tolist(), strict=True))
        for name, number in self.rows.items():
            self.ids[number] = name

    def _find_coded(self, ids: CodedIds) -> Ints:
        texts, codes, get = ids.texts, ids.codes, self.rows.get
        rows = self._coded[1] if self._coded is not None and self._coded[0] is texts else np.zeros(0, np.int64)
        if len(rows) < len(texts):
            rows = np.append(rows, np.full(len(texts), -1))
        self._coded = texts, rows
        found = rows[codes]
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            new = _distinct(codes[unknown], _empty_table(len(unknown)))
            rows[new] = [get(texts[code], -1) for code in new.tolist()]
            found = rows[codes]
        return found

    def _plain_table(self) -> Table:
        if self._table is None:
            self._table = _empty_table(len(self.rows) + 32)
            _insert(self._table, _pairs(list(self.rows), list(self.rows.values())))
        return self._table


def _pairs(names: Sequence[Id], numbers: Sequence[int]) -> Ints:
    """The integer ids that 64 bits hold, with their numbers: no array of integers asks for another."""
    try:
        if set(map(type, names)) <= {int}:
            return np.column_stack([np.array(names, np.int64), np.array(numbers, np.int64)])
    except OverflowError:
        pass
    held = [k for k, name in enumerate(names) if isinstance(name, int) and -(2**63) <= name < 2**63]
    return np.array([(names[k], numbers[k]) for k in held], np.int64).reshape(-1, 2)


def _empty_table(n: int) -> Table:
    """A table that n keys leave half empty, or emptier."""
    table = zeros((1 << (2 * n).bit_length(), 2), np.int64)
    table[:, 1] = _EMPTY
    return table


@inlined
def _slot(table, key):  # type: ignore[no-untyped-def]
    """Where a key is, or where it belongs."""
    mask = len(table) - 1
    at = np.int64((np.uint64(key) * _MIXER) >> np.uint64(32)) & mask
    while table[at, 1] != _EMPTY and table[at, 0] != key:
        at = (at + 1) & mask
    return at


@compiled
def _look_up(table, ids, found):  # type: ignore[no-untyped-def]
    for k in range(len(ids)):
        found[k] = table[_slot(table, ids[k]), 1]


@compiled
def _distinct(ids, table):  # type: ignore[no-untyped-def]
    """Each id once, in order of first appearance; the table is empty at first."""
    found, n = np.empty_like(ids), 0
    for k in range(len(ids)):
        at = _slot(table, ids[k])
        if table[at, 1] == _EMPTY:
            table[at, 0], table[at, 1] = ids[k], n
            found[n] = ids[k]
            n += 1
    return found[:n]


def _grown(table: Table, n: int) -> Table:
    """The same table with room for n keys."""
    larger = _empty_table(n)
    _insert(larger, table[table[:, 1] != _EMPTY])
    return larger


@compiled
def _insert(table, pairs):  # type: ignore[no-untyped-def]
    for k in range(len(pairs)):
        at = _slot(table, pairs[k, 0])
        table[at, 0], table[at, 1] = pairs[k, 0], pairs[k, 1]
