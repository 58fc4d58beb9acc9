"""Record batches from columns: kafka-python's own reader finds the records in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record import MemoryRecords

from streamsvd.log.kafka_python.batch_writing import SEQUENCES, ProducerId, RecordBatch, record_batches
from streamsvd.log.records import RecordColumns, Spans

PRODUCER = ProducerId(4711, 3)
TIMES = st.integers(0, 99_999_999_999_000)
RECORDS = st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=300), TIMES), min_size=1, max_size=150)
Records = list[tuple[bytes, bytes, int]]


def columns_of(records: Records) -> RecordColumns:
    texts = [text for key, value, _ in records for text in (key, value)]
    sizes = np.array([len(text) for text in texts])
    starts = np.cumsum(sizes) - sizes
    times = np.array([time for *_, time in records], np.int64)
    keys, values = (Spans(starts[at::2].copy(), sizes[at::2].copy()) for at in (0, 1))
    data = np.frombuffer(b"".join(texts) + b"more", np.uint8).copy()
    return RecordColumns(times, keys, values, data, lambda row: f"row {row}")


def read(batch: RecordBatch) -> tuple[Any, Records]:
    """What the client reads: the batch's head, and its records."""
    memory = MemoryRecords(batch.data)
    found = memory.next_batch()
    assert not memory.has_next()
    assert found.validate_crc()
    records = list(found)
    assert [record.offset for record in records] == list(range(len(records)))
    assert all(record.headers == [] for record in records)
    return found, [(record.key, record.value, record.timestamp) for record in records]


@given(RECORDS, st.integers(0, 150), st.integers(0, SEQUENCES - 1), st.sampled_from([1, 700, 5000, 1_000_000]))
def test_the_clients_reader_finds_the_records(records: Records, start: int, sequence: int, most: int) -> None:
    start = min(start, len(records) - 1)
    batches = record_batches(columns_of(records), range(start, len(records)), PRODUCER, sequence, most)
    at = start
    for batch in batches:
        head, found = read(batch)
        assert (batch.start, batch.stop) == (at, at + len(found))
        assert found == records[at : batch.stop]
        assert (head.base_offset, head.magic, head.attributes) == (0, 2, 0)
        assert (head.producer_id, head.producer_epoch) == PRODUCER
        assert head.base_sequence == batch.sequence == (sequence + at - start) % SEQUENCES
        assert head.max_timestamp == max(time for *_, time in found)
        assert len(batch.data) <= most or len(found) == 1
        at = batch.stop
    assert at == len(records)
    assert batches[-1].next_sequence == (sequence + at - start) % SEQUENCES


def test_batches_of_many_records_are_of_about_equal_size() -> None:
    records = [(b"%d" % number, b"x" * (number % 40), number) for number in range(5000)]
    sizes = [len(batch.data) for batch in record_batches(columns_of(records), range(5000), PRODUCER, 0, 50_000)]
    assert len(sizes) > 3
    assert max(sizes) < 1.05 * min(sizes)


def test_rows_of_columns_as_records() -> None:
    records = [(b"a", b"bc", 3), (b"", b"", 0)]
    columns = columns_of(records)
    assert [columns.record(row) for row in range(2)] == records


@pytest.mark.parametrize("size", [62, 63, 64, 8190, 8191, 8192, 70_000])
def test_lengths_around_those_where_their_own_length_grows(size: int) -> None:
    (batch,) = record_batches(columns_of([(b"k" * size, b"v" * size, 5)]), range(1), PRODUCER, 0, 10)
    assert read(batch)[1] == [(b"k" * size, b"v" * size, 5)]
