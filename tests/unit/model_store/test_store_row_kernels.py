"""Blobs that kernels make are those of `struct` and zlib, and their frames those of redis-py."""

from __future__ import annotations

import struct
import zlib

import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from model_states import state
from redis.connection import Connection

from model_store.codec.blobs import MARK, VERSION, pack_rows, unpack_rows
from model_store.codec.keys import field
from model_store.codec.row_frames import RowFrames
from model_store.codec.rows import RowLayout, encode_rows
from streamsvd.kernels.state import Ragged, Rows, State

PAYLOADS = st.lists(st.binary(max_size=40), max_size=8)
NOTHING = Rows(np.zeros(0, np.int64), [], {}, {})


def rows_of(payloads: list[bytes]) -> Ragged:
    values = np.frombuffer(bytearray(b"".join(payloads)), np.uint8)
    return Ragged(values, np.cumsum([0, *map(len, payloads)]))


@given(PAYLOADS, st.integers(0, 2**32 - 9), st.integers(1, 2**16 - 1))
def test_a_blob_is_that_of_struct_and_zlib(payloads: list[bytes], number: int, dtype: int) -> None:
    block, numbers = rows_of(payloads), number + np.arange(len(payloads))
    blobs = pack_rows(block.values, block.offsets, numbers, dtype)
    bodies = [struct.pack("<BBHI", MARK, VERSION, dtype, number + k) + payload for k, payload in enumerate(payloads)]
    assert blobs == [struct.pack("<I", zlib.crc32(body)) + body for body in bodies]
    if blobs and dtype == 1:
        found, values, offsets = unpack_rows(blobs, "key", [np.dtype("u1")])
        assert (found.tolist(), values.tobytes()) == (numbers.tolist(), b"".join(payloads))
        assert offsets.tolist() == block.offsets.tolist()


@given(PAYLOADS, st.integers(0, 2**32 - 9), st.lists(st.text(max_size=5) | st.integers(), min_size=8, max_size=8))
def test_frames_are_those_of_redis_py(payloads: list[bytes], number: int, ids: list[str | int]) -> None:
    n = len(payloads)
    ids = [name if isinstance(name, int) else name.encode(errors="ignore").decode() for name in ids[:n]]
    rows = Rows(number + np.arange(n), list(ids), {}, {"block": rows_of(payloads)})
    layout = RowLayout().extended(State({}, {}, rows, NOTHING))
    frames, fields = RowFrames(rows, "users", layout), [field(id_) for id_ in ids]
    blobs = encode_rows(rows, "users", layout).get("block", [])
    found = [(page.rows, bytes(page.text), page.blob_bytes) for page in (frames.block("block") if n else ())]
    assert found == ([(n, packed(fields, blobs), sum(map(len, blobs)))] if n else [])
    found = [(page.rows, bytes(page.text)) for page in frames.marks(12)]
    assert found == ([(n, packed([b"12"] * n, fields))] if n else [])


def test_frames_come_in_pages() -> None:
    whole = state(3, range(4500), [0])
    whole.users.ragged["seen"] = rows_of([bytes([k % 256]) * (k % 4000) for k in range(4500)])
    layout = RowLayout().extended(whole)
    frames, fields = RowFrames(whole.users, "users", layout), [field(id_) for id_ in whole.users.ids]
    for name, blobs in encode_rows(whole.users, "users", layout).items():
        done = 0
        for page in frames.block(name):
            part = slice(done, done + page.rows)
            assert bytes(page.text) == packed(fields[part], blobs[part])
            assert page.blob_bytes == sum(map(len, blobs[part]))
            assert page.rows <= 2000
            assert len(page.text) <= 2 << 20
            done += page.rows
        assert done == 4500


def packed(firsts: list[bytes], seconds: list[bytes]) -> bytes:
    """These arguments in turns, as redis-py sends them."""
    arguments = [part for pair in zip(firsts, seconds, strict=True) for part in pair]
    sent = b"".join(Connection().pack_command("X", *arguments))
    return sent.partition(b"X\r\n")[2]
