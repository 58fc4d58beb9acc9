"""The binary format: what goes in comes out, and nothing else does."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from model_store.codec.blobs import (
    MARK,
    VERSION,
    dtype_to_json,
    json_to_dtype,
    pack,
    pack_rows,
    unpack,
    unpack_rows,
)
from streamsvd.errors import SnapshotCorrupt, StoreError

GOLDEN = Path(__file__).parent / "golden"

numbers = st.one_of(hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes())
fields = st.tuples(st.text(min_size=1, max_size=5), numbers, hnp.array_shapes(max_dims=2, max_side=3))
structures = st.lists(fields, min_size=1, max_size=4, unique_by=lambda field: field[0]).map(np.dtype)
dtypes = st.one_of(numbers, structures)
arrays = dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


def golden(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(GOLDEN.glob(pattern))]


def with_checksum(body: bytes) -> bytes:
    return struct.pack("<I", zlib.crc32(body)) + body


@given(dtypes)
def test_a_dtype_survives_json(dtype: np.dtype) -> None:
    assert json_to_dtype(dtype_to_json(dtype)) == dtype


def test_padding_of_a_structure_survives() -> None:
    dtype = np.dtype([("a", "i1"), ("b", "<f8")], align=True)
    assert json_to_dtype(dtype_to_json(dtype)).itemsize == dtype.itemsize


def test_python_objects_are_refused() -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        dtype_to_json(np.dtype([("a", "O")]))


@given(arrays)
def test_an_array_survives(array: np.ndarray) -> None:
    found = unpack(pack(array), "key")
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert found.flags.writeable


@given(dtypes, st.lists(st.integers(0, 3), max_size=6), st.data())
def test_rows_survive(dtype: np.dtype, lengths: list[int], data: st.DataObject) -> None:
    if not lengths:
        assert pack_rows(np.zeros(0, dtype), np.zeros(1, np.int64), np.zeros(0, np.int64), 1) == []
        return
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = data.draw(hnp.arrays(dtype, int(offsets[-1])))
    rows = data.draw(hnp.arrays(np.int64, len(lengths), elements=st.integers(0, 2**32 - 1)))
    blobs = pack_rows(values, offsets, rows, 2)
    found_rows, found, found_offsets = unpack_rows(blobs, "key", [np.dtype("<i2"), dtype])
    assert found_rows.tolist() == rows.tolist()
    assert (found.dtype, found.tobytes()) == (dtype, values.tobytes())
    assert found_offsets.tolist() == offsets.tolist()
    assert found.flags.writeable


@pytest.mark.parametrize("blob", golden("*.bin"), ids=[p.name for p in sorted(GOLDEN.glob("*.bin"))])
def test_any_flipped_byte_is_found(blob: bytes) -> None:
    table = [np.dtype([("x", "<f8", (3,)), ("count", "<i4")]), np.dtype("<i4")]
    for k in range(len(blob)):
        for flip in (1, 0x80, 0xFF):
            damaged = blob[:k] + bytes([blob[k] ^ flip]) + blob[k + 1 :]
            with pytest.raises(SnapshotCorrupt, match=r"key.*rebuild"):
                unpack(damaged, "key")
            with pytest.raises(SnapshotCorrupt, match=r"key.*rebuild"):
                unpack_rows([damaged], "key", table)


@given(st.binary(max_size=60))
def test_rubbish_is_refused(blob: bytes) -> None:
    with pytest.raises(SnapshotCorrupt, match="key"):
        unpack(blob, "key")
    with pytest.raises(SnapshotCorrupt, match="key of ann"):
        unpack_rows([blob], "key", [np.dtype("<i4")], ["ann"])


def test_every_shortened_blob_is_refused() -> None:
    blob = pack(np.arange(3))
    for length in range(len(blob)):
        with pytest.raises(SnapshotCorrupt, match="key"):
            unpack(blob[:length], "key")


def test_a_newer_format_is_named() -> None:
    blob = with_checksum(bytes([MARK, VERSION + 1]) + bytes(20))
    with pytest.raises(SnapshotCorrupt, match=rf"format {VERSION + 1}.*format {VERSION}.*rebuild"):
        unpack(blob, "key")


@pytest.mark.parametrize("about", [b"{", b"[]", b'{"dtype":"<zz","shape":[1]}', b'{"dtype":"<f8","shape":[3]}'])
def test_a_sound_blob_with_a_senseless_description_is_refused(about: bytes) -> None:
    body = bytes([MARK, VERSION]) + bytes(6) + struct.pack("<I", len(about)) + about + bytes(8)
    with pytest.raises(SnapshotCorrupt, match="key holds no array"):
        unpack(with_checksum(body), "key")


def test_rows_of_two_layouts_are_refused() -> None:
    one = [np.dtype("<i4"), np.dtype("<i8")]
    blobs = pack_rows(np.zeros(1, "<i4"), np.arange(2), np.zeros(1, np.int64), 1)
    blobs += pack_rows(np.zeros(1, "<i8"), np.arange(2), np.ones(1, np.int64), 2)
    with pytest.raises(SnapshotCorrupt, match="mixes rows"):
        unpack_rows(blobs, "key", one)
    with pytest.raises(SnapshotCorrupt, match="an unknown one"):
        unpack_rows(blobs[1:], "key", one[:1])
    with pytest.raises(SnapshotCorrupt, match="whole number"):
        unpack_rows(blobs[:1], "key", [np.dtype("<f8")])


def test_an_array_and_a_row_are_not_taken_for_each_other() -> None:
    with pytest.raises(SnapshotCorrupt, match="a row where an array"):
        unpack(pack_rows(np.zeros(1), np.arange(2), np.zeros(1, np.int64), 1)[0], "key")
    with pytest.raises(SnapshotCorrupt, match="unknown one"):
        unpack_rows([pack(np.zeros(1))], "key", [np.dtype("<f8")])
