"""Rows of any blocks to blobs and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_states import plain, state

from model_store.codec.keys import Keys, field
from model_store.codec.rows import RowLayout, encode_rows
from model_store.read.side_rows import HashRows, SideReader
from streamsvd.errors import SnapshotCorrupt, StoreError
from streamsvd.kernels.state import Ragged, Rows, State

KEYS = Keys("m")
EMPTY = Rows(np.zeros(0, np.int64), [], {}, {})


def stored(whole: State, side: str, layout: RowLayout) -> dict[str, dict[bytes, bytes]]:
    rows = getattr(whole, side)
    fields = [field(id_) for id_ in rows.ids]
    blobs = encode_rows(rows, side, layout)
    return {name: dict(zip(fields, blobs.get(name, []), strict=True)) for name in layout.blocks[side]}


def decode_rows(blobs: dict[str, dict[bytes, bytes]], side: str, layout: RowLayout, keys: Keys) -> Rows:
    rows = SideReader(
        HashRows({keys.block(side, name): part for name, part in blobs.items()}), side, layout, keys
    ).rows()
    return replace(rows, fixed=dict(rows.fixed), ragged=dict(rows.ragged))


def decoded(whole: State, layout: RowLayout) -> State:
    users, items = (decode_rows(stored(whole, side, layout), side, layout, KEYS) for side in ("users", "items"))
    return State(whole.settings, whole.globals_, users, items)


@given(st.sets(st.integers(0, 300), max_size=12), st.randoms(use_true_random=False))
def test_rows_survive_in_any_order(numbers: set[int], random) -> None:
    ids = list(numbers)
    random.shuffle(ids)
    whole = state(3, ids, sorted(numbers))
    found = decoded(whole, RowLayout().extended(whole))
    assert plain(found) == plain(whole)
    assert found.users.numbers.tolist() == sorted(numbers)


def test_ids_may_be_text() -> None:
    whole = state(1, [0, 1, 2], [])
    whole.users.ids[:] = ["ann", "7", 7]
    assert decoded(whole, RowLayout().extended(whole)).users.ids == ["ann", "7", 7]


def test_a_layout_keeps_a_side_that_did_not_change() -> None:
    layout = RowLayout().extended(state(1, [0], [0]))
    assert layout.extended(replace(state(2, [0], [0]), users=EMPTY)) == layout
    assert layout.extended(state(2, [5], [])) == layout


def test_a_side_may_come_later() -> None:
    layout = RowLayout().extended(replace(state(1, [0], [0]), users=EMPTY))
    assert layout.blocks["users"] == {}
    assert set(layout.extended(state(2, [0], [0])).blocks["users"]) == {"factors", "training", "window", "seen"}


def test_another_layout_is_refused() -> None:
    old = state(1, [0], [0])
    layout = RowLayout().extended(old)
    wider = {**old.users.fixed, "factors": np.zeros(1, [("x", "<f8", (5,))])}
    with pytest.raises(StoreError, match="not laid out as those stored"):
        layout.extended(replace(old, users=replace(old.users, fixed=wider)))
    with pytest.raises(StoreError, match="not laid out as those stored"):
        layout.extended(replace(old, users=replace(old.users, ragged={})))
    with pytest.raises(StoreError, match="names two blocks"):
        layout.extended(replace(old, users=replace(old.users, ragged={"factors": old.users.ragged["seen"]})))


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": np.array([0])},
        {"numbers": np.array([0, -1])},
        {"numbers": np.array([0, 2**32])},
        {"ids": [0]},
        {"ragged": {"window": Ragged(np.zeros(3), np.array([0, 2, 4]))}},
        {"ragged": {"window": Ragged(np.zeros(3), np.array([0, 2, 1]))}},
        {"ragged": {"window": Ragged(np.zeros(3), np.array([0, 2]))}},
        {"fixed": {"factors": np.zeros(3)}},
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    whole = state(1, [0, 1], [])
    whole = replace(whole, users=replace(whole.users, **change))
    with pytest.raises(StoreError, match="users: "):
        encode_rows(whole.users, "users", RowLayout().extended(whole))


def test_a_row_that_is_not_in_all_blocks_is_found() -> None:
    whole = state(1, [0, 1], [])
    layout = RowLayout().extended(whole)
    blobs = stored(whole, "users", layout)
    del blobs["window"][b"1"]
    with pytest.raises(SnapshotCorrupt, match=r"users:block:.*different rows"):
        decode_rows(blobs, "users", layout, KEYS)


def test_a_blob_in_the_wrong_place_is_found() -> None:
    whole = state(1, [0, 1], [])
    layout = RowLayout().extended(whole)
    blobs = stored(whole, "users", layout)
    blobs["training"] = {b"0": blobs["training"][b"1"], b"1": blobs["training"][b"0"]}
    with pytest.raises(SnapshotCorrupt, match="different rows"):
        decode_rows(blobs, "users", layout, KEYS)
    blobs = stored(whole, "users", layout)
    blobs["factors"] = dict(blobs["training"])
    with pytest.raises(SnapshotCorrupt, match="does not hold what the head document says"):
        decode_rows(blobs, "users", layout, KEYS)


def test_a_damaged_row_is_named() -> None:
    whole = state(1, [0, 1], [])
    layout = RowLayout().extended(whole)
    blobs = stored(whole, "users", layout)
    blob = blobs["training"][b"1"]
    blobs["training"][b"1"] = blob[:-1] + bytes([blob[-1] ^ 1])
    with pytest.raises(SnapshotCorrupt, match=r"users:block:training of 1 is.*damaged.*rebuild"):
        decode_rows(blobs, "users", layout, KEYS)


def test_a_layout_that_numpy_does_not_know_is_refused() -> None:
    with pytest.raises(SnapshotCorrupt, match="dtype that NumPy does not know"):
        RowLayout(["<zz"]).numpy_dtypes("key")
