"""A table that is kept current, held to a dictionary; copies share nothing."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from model_store.codec.blobs import pack_rows
from model_store.codec.keys import Keys, field
from model_store.read.row_table import RowTable
from streamsvd.errors import SnapshotCorrupt
from streamsvd.lookup.item_filters import NO_YEAR, facets_of
from streamsvd.ratings import CatalogueItem, Id

KEYS = Keys("m")
DTYPES: list[np.dtype[Any]] = [np.dtype([("a", "<i8")]), np.dtype("<i4")]
IDS = st.one_of(st.integers(0, 9), st.sampled_from(["1", "x"]))


def blobs(changes: dict[Id, tuple[int, int]]) -> list[list[bytes | None]]:
    """Blobs of both blocks: by id, the row number and a value, which the second block holds negated."""
    numbers = np.array([number for number, _ in changes.values()], np.int64)
    values = np.array([value for _, value in changes.values()], np.int64)
    offsets = np.arange(len(values) + 1)
    first = pack_rows(values.astype(DTYPES[0]), offsets, numbers, 1)
    second = pack_rows(-values.astype(DTYPES[1]), offsets, numbers, 2)
    return [list(first), list(second)]


class Kept(RuleBasedStateMachine):
    """A table and what it must hold: an id's row number and value."""

    def __init__(self) -> None:
        super().__init__()
        self.table = RowTable("items", ("first", "second"))
        self.held: dict[Id, tuple[int, int]] = {}

    @rule(ids=st.lists(IDS, unique=True, max_size=5), value=st.integers(0, 4), copied=st.booleans())
    def change(self, ids: list[Id], value: int, copied: bool) -> None:
        before = self.table
        shown = before.rows("first").tobytes(), list(before.ids), dict(before.numbers)
        if copied:
            self.table = before.copy()
        used = {number for number, _ in self.held.values()}
        free = iter(n for n in range(30) if n not in used)
        changes = {id_: (self.held[id_][0] if id_ in self.held else next(free), value) for id_ in ids}
        self.table.update([field(id_) for id_ in changes], blobs(changes), DTYPES, KEYS)
        self.held.update(changes)
        if copied:
            assert shown == (before.rows("first").tobytes(), list(before.ids), dict(before.numbers))

    @rule(ids=st.lists(IDS, unique=True, max_size=3))
    def remove(self, ids: list[Id]) -> None:
        nothing: list[bytes | None] = [None] * len(ids)
        self.table.update([field(id_) for id_ in ids], [nothing, nothing], DTYPES, KEYS)
        for id_ in ids:
            self.held.pop(id_, None)

    @rule(old=IDS, new=IDS, value=st.integers(0, 4))
    def give_a_number_to_another(self, old: Id, new: Id, value: int) -> None:
        if old not in self.held or new in self.held:
            return
        number, _ = self.held.pop(old)
        made = blobs({new: (number, value)})
        fields: list[bytes] = [field(new), field(old)]
        self.table.update(fields, [[column[0], None] for column in made], DTYPES, KEYS)
        self.held[new] = (number, value)

    @rule(first=IDS, second=IDS, value=st.integers(1, 4))
    def exchange_numbers(self, first: Id, second: Id, value: int) -> None:
        if first == second or not {first, second} <= self.held.keys():
            return
        (one, _), (other, _) = self.held[first], self.held[second]
        changes = {first: (other, value), second: (one, value)}
        self.table.update([field(id_) for id_ in changes], blobs(changes), DTYPES, KEYS)
        self.held.update(changes)

    @invariant()
    def holds_what_it_must(self) -> None:
        table = self.table
        assert table.numbers == {id_: number for id_, (number, _) in self.held.items()}
        assert len(table) == int(table.present.sum()) == len(self.held)
        for id_, (number, value) in self.held.items():
            assert (table.ids[number], table.present[number]) == (id_, True)
            assert table.rows("first")[number]["a"] == value
            assert table.rows("second")[number] == -value
        absent = ~table.present
        assert all(id_ is None for id_, gone in zip(table.ids, absent, strict=True) if gone)
        assert not table.rows("first")["a"][absent].any() if table.size else True


test_a_table_holds_what_a_dictionary_would = Kept.TestCase


def test_a_row_that_is_not_in_all_blocks_is_damage() -> None:
    table = RowTable("items", ("first", "second"))
    first, _ = blobs({1: (0, 1)})
    with pytest.raises(SnapshotCorrupt, match="second lacks rows"):
        table.update([b"1"], [first, [None]], DTYPES, KEYS)


def test_facets_are_extended_by_new_items() -> None:
    catalogue: dict[Id, CatalogueItem] = {
        1: CatalogueItem(1, "One", ("Drama", "Crime"), 1990),
        2: CatalogueItem(2, "Two"),
        "x": CatalogueItem("x", "X", ("crime",), 2000),
    }
    whole = facets_of([1, None, 2, "x", 7], catalogue)
    grown = facets_of([1, None], catalogue).extended([2, "x", 7], catalogue)
    assert whole.years.tolist() == grown.years.tolist() == [1990, NO_YEAR, NO_YEAR, 2000, NO_YEAR]
    assert {name: which.tolist() for name, which in whole.genres.items()} == {
        "drama": [True, False, False, False, False],
        "crime": [True, False, False, True, False],
    }
    assert {name: which.tolist() for name, which in grown.genres.items()} == {
        name: which.tolist() for name, which in whole.genres.items()
    }
