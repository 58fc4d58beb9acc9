"""Record batches in columns hold what kafka-python reads in them, and damaged ones are refused."""

from __future__ import annotations

import os
import random
import struct
from itertools import chain

import numpy as np
import pytest
from built_batches import CONTROL, HEAD_BYTES, Content, built, last_delta, read_by_kafka_python, sealed, with_records
from hypothesis import given
from hypothesis import strategies as st
from kafka import codec
from kafka.errors import CorruptRecordError, KafkaError, UnsupportedCodecError

from streamsvd.log import LogRecord
from streamsvd.log.kafka_python.record_batches import FetchedBatches, read_batches
from streamsvd.log.kafka_python.record_kernels import index_records

CODECS = {0: True, 1: codec.has_gzip(), 2: codec.has_snappy(), 3: codec.has_lz4(), 4: codec.has_zstd()}
THERE = [number for number, there in CODECS.items() if there]
FUZZ = int(os.environ.get("STREAMSVD_FUZZ", "3000"))
PLAIN = [Content(1000 + k, b"%d" % k, b'{"v":1,"user":%d}' % k) for k in range(300)]

texts = st.none() | st.binary(max_size=200)
headers = st.just(()) | st.lists(st.tuples(st.text(max_size=3), texts), min_size=1, max_size=3)
contents = st.builds(Content, st.integers(-1, 2**42), texts, texts, headers, st.integers(0, 3) | st.just(2**20))
batches = st.fixed_dictionaries(
    {"contents": st.lists(contents, min_size=1, max_size=8), "codec": st.sampled_from(THERE)},
    optional={
        "removed": st.integers(0, 3),
        "append_time": st.integers(-1, 2**42),
        "attributes": st.sampled_from([0, CONTROL, 0x10]),
    },
)


def read(data: bytes, position: int = 0) -> FetchedBatches:
    return read_batches("films", 3, data, position)


def records(found: FetchedBatches) -> list[LogRecord]:
    return list(chain.from_iterable(found.blocks))


@given(drawn=st.lists(batches, max_size=4), gap=st.integers(0, 5), position=st.integers(0, 20))
def test_the_records_are_those_that_kafka_python_reads(drawn: list, gap: int, position: int) -> None:  # type: ignore[type-arg]
    data, end = b"", 0
    for options in drawn:
        batch = built(base=end + gap, **options)
        data, end = data + batch, end + gap + last_delta(batch) + 1
    found = read(data, position)
    assert records(found) == read_by_kafka_python("films", 3, data, position)
    assert (found.end, found.damage) == (max(end, position), None)
    assert all(len(block) for block in found.blocks)


@pytest.mark.parametrize("number", THERE)
def test_each_compression(number: int) -> None:
    data = built(PLAIN, 7, codec=number)
    found = read(data, 9)
    assert records(found) == read_by_kafka_python("films", 3, data, 9)
    assert (len(records(found)), found.end, found.damage) == (298, 307, None)
    assert len(index_records.signatures) == 1  # the one that `compile_record_kernels` compiles


@pytest.mark.parametrize("number", [*(n for n, there in CODECS.items() if not there), 5, 7])
def test_an_unknown_compression_is_named(number: int) -> None:
    batch = bytearray(built(PLAIN, 0))
    struct.pack_into(">h", batch, 21, number)
    found = read(sealed(batch))
    assert isinstance(found.damage, UnsupportedCodecError)
    name = {2: "snappy", 3: "lz4", 4: "zstd"}.get(number, f"type: {number}")
    assert name in str(found.damage)
    assert not found.blocks


@pytest.mark.parametrize("magic", [0, 1])
def test_the_older_formats(magic: int) -> None:
    data = built(PLAIN, 0, magic=magic)
    times = [content.timestamp if magic else -1 for content in PLAIN]
    found = read(data + built(PLAIN[:1], 300) + built(PLAIN[:1], 301, attributes=CONTROL), 5)
    assert [(r.offset, r.timestamp, r.key, r.value) for r in records(found)[:-1]] == [
        (k, times[k], content.key, content.value) for k, content in enumerate(PLAIN) if k >= 5
    ]
    assert (records(found)[-1].offset, found.end, found.damage) == (300, 302, None)
    damaged = read(data[:-1] + b"x", 0)
    assert len(records(damaged)) == 299
    assert isinstance(damaged.damage, CorruptRecordError)


def test_an_incomplete_last_batch_is_left_out() -> None:
    first, second = built(PLAIN, 0), built(PLAIN, 300)
    for cut in (1, 11, 12, 16, 17, 60, 61, len(second) - 1):
        found = read(first + second[:cut])
        assert (len(records(found)), found.end, found.damage) == (300, 300, None)
        alone = read(first[:cut], 40)
        assert "no complete record batch at offset 40" in str(alone.damage)
        assert (alone.blocks, alone.end) == ([], 40)
    assert read(b"") == FetchedBatches([], 0, -1, None)


def test_what_is_before_the_damage_is_read_first() -> None:
    damaged = bytearray(built(PLAIN, 300))
    damaged[100] ^= 1
    found = read(built(PLAIN, 0) + damaged + built(PLAIN, 600), 2)
    assert (len(records(found)), found.end) == (298, 300)
    assert "failed crc check" in str(found.damage)
    assert "300" in str(found.damage)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda batch: struct.pack_into(">b", batch, 16, 3), "unknown format 3"),
        (lambda batch: struct.pack_into(">i", batch, 8, 5), "a length of 5"),
        (lambda batch: struct.pack_into(">i", batch, 8, -1), "a length of -1"),
        (lambda batch: struct.pack_into(">i", batch, 8, 20), "32 bytes"),
        (lambda batch: struct.pack_into(">q", batch, 0, -5), "follows -1"),
        (lambda batch: struct.pack_into(">i", batch, 23, -2), "ends with -2"),
        (lambda batch: struct.pack_into(">q", batch, 0, 2**63 - 2), "ends with"),
        (lambda batch: struct.pack_into(">i", batch, 57, 2**31 - 1), "2147483647 records"),
        (lambda batch: struct.pack_into(">i", batch, 57, -1), "-1 records"),
        (lambda batch: struct.pack_into(">i", batch, 57, 299), "unread bytes"),
        (lambda batch: struct.pack_into(">i", batch, 57, 301), "wrong structure"),
        (lambda batch: struct.pack_into(">i", batch, 23, 298), "wrong structure"),
        (lambda batch: struct.pack_into(">q", batch, 27, 2**63 - 100), "wrong structure"),
    ],
)
def test_a_wrong_head_is_damage(change, message: str) -> None:  # type: ignore[no-untyped-def]
    batch = bytearray(built(PLAIN, 0))
    change(batch)
    found = read(sealed(batch))
    assert message in str(found.damage)
    assert found.end <= 300


def varint(value: int) -> bytes:
    bits, out = (value << 1) ^ (value >> 63), bytearray()
    while bits > 127:
        out.append(bits & 127 | 128)
        bits >>= 7
    return bytes([*out, bits])


def record(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return varint(len(body)) + body


NONE, ZERO = varint(-1), varint(0)


@pytest.mark.parametrize(
    "wrong",
    [
        varint(-3),
        varint(2**40),
        b"\x80",
        b"\xff" * 10 + b"\x01",  # eleven bytes
        b"\xff" * 9 + b"\x02",  # more than 64 bits
        record(b"\x80", ZERO, ZERO, NONE, NONE, ZERO),  # unknown attributes
        record(b"\0", ZERO, ZERO, varint(2**62), NONE, ZERO),
        record(b"\0", ZERO, ZERO, NONE, varint(5), b"four"),
        record(b"\0", ZERO, ZERO, varint(8), b"k", NONE, ZERO),  # the next record's bytes
        record(b"\0", ZERO, ZERO, NONE, NONE, varint(-1)),
        record(b"\0", ZERO, ZERO, NONE, NONE, varint(2**62)),
        record(b"\0", ZERO, ZERO, NONE, NONE, varint(1), NONE, NONE),  # a header without a name
        record(b"\0", ZERO, ZERO, NONE, NONE, varint(1), varint(1), b"\xff", NONE),  # no UTF-8
        record(b"\0", ZERO, ZERO, NONE, NONE, varint(1), varint(1), b"h", varint(9)),
        record(b"\0", ZERO, ZERO, NONE, NONE, ZERO, b"more"),
        record(b"\0", ZERO, varint(-1), NONE, NONE, ZERO),
        record(b"\0", ZERO, varint(9), NONE, NONE, ZERO),
        record(b"\0", varint(2**63 - 1), ZERO, NONE, NONE, ZERO),
    ],
)
def test_a_wrong_record_is_damage(wrong: bytes) -> None:
    good = record(b"\0", ZERO, ZERO, varint(20), b"k" * 20, varint(1), b"v", ZERO)
    found = read(with_records(built(PLAIN[:3], 40), good + wrong + good, 3))
    assert [(r.offset, r.key, r.value) for r in records(found)] == [(40, b"k" * 20, b"v")]
    assert (found.end, type(found.damage)) == (41, CorruptRecordError)


def test_overlong_numbers_are_read() -> None:
    long = b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"
    data = with_records(built(PLAIN[:1], 5), record(b"\0", long, long, NONE, long, long), 1)
    assert records(read(data)) == read_by_kafka_python("films", 3, data, 0)
    assert records(read(data))[0][2:6] == (5, 1000, None, b"")


@given(
    drawn=st.lists(st.sampled_from([0, 1, 2, 3, 5, 8, 127, 128, 255]) | st.integers(0, 255), max_size=60),
    count=st.integers(0, 4),
)
def test_no_byte_behind_a_batch_is_looked_at(drawn: list[int], count: int) -> None:
    found = []
    for behind in (0, 1, 128):
        data = np.frombuffer(bytes([behind] * 20 + drawn + [behind] * 200), np.uint8)
        columns = np.zeros((8, count), np.int64)
        batch = np.array([[20, 20 + len(drawn), count, 0, 2**40, 0, 0]])
        n, damage = index_records(data, batch, columns)
        found.append((n, damage, columns[:, :n].tolist()))
        assert all((columns[2 + k, :n] + columns[3 + k, :n] <= batch[0, 1]).all() for k in (0, 2))
    assert found[0] == found[1] == found[2]


def test_mutated_batches_are_read_as_kafka_python_does_or_refused() -> None:
    """With a right checksum, so that the damage is for the reader of records to see."""
    chance = random.Random(15)
    odd = [*PLAIN[:3], Content(-1, None, None, [("a", b"1"), ("b", None)], 3), Content(2**41, b"k" * 99, b"", (), 9)]
    refused = 0
    for number in range(FUZZ):
        batch = bytearray(built(odd, 12, codec=number % 2, removed=number % 3))
        for _ in range(chance.choice([1, 1, 2, 5])):
            place = chance.randrange(23 if number % 4 else 0, len(batch))
            batch[place] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
        if chance.random() < 0.2:
            batch = batch[: chance.randrange(HEAD_BYTES, len(batch) + 1)]
            struct.pack_into(">i", batch, 8, len(batch) - 12)
        data = sealed(batch) + built(PLAIN[:1], 2**40)
        found = read(data, 12)
        if found.damage is None:
            assert records(found) == read_by_kafka_python("films", 3, data, 12)
        else:
            refused += 1
            assert isinstance(found.damage, KafkaError)
    assert FUZZ / 10 < refused < FUZZ
