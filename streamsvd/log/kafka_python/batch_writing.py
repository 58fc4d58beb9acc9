"""Record batches, Kafka's format of records, version 2: built by a kernel from columns.

Neither headers nor compression; record timestamps are the producer's.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
from crc32c import crc32c

from streamsvd.compiler import compiled, inlined
from streamsvd.log.records import RecordColumns

_START = struct.Struct(">qiibI")  # base offset, length, leader epoch, magic, checksum
_REST = struct.Struct(">hiqqqhii")  # attributes, last offset delta, times, producer's id and epoch, sequence, count
_HEAD = _START.size + _REST.size
_MOST_AROUND = 32  # bytes of a record around its key and value
_NO_LEADER_EPOCH, _MAGIC, _NO_ATTRIBUTES = -1, 2, 0
SEQUENCES = 1 << 31
"""Sequence numbers begin again after so many records of a producer in a partition."""


class ProducerId(NamedTuple):
    """Under which a broker knows a producer, and refuses what it has already."""

    id: int
    epoch: int


class RecordBatch(NamedTuple):
    """Rows `start` to `stop` of columns as bytes, the first with a sequence number."""

    data: bytes
    columns: RecordColumns
    start: int
    stop: int
    sequence: int

    @property
    def next_sequence(self) -> int:
        """Of the record after the last one."""
        return (self.sequence + self.stop - self.start) % SEQUENCES


def record_batches(
    columns: RecordColumns, rows: range, producer: ProducerId, sequence: int, most_bytes: int
) -> list[RecordBatch]:
    """Batches of about equal size, each of at most `most_bytes`, or of one row.

    Parameters
    ----------
    columns : RecordColumns
    rows : range
        Consecutive, not empty.
    producer : ProducerId
    sequence : int
        Of the first row.
    most_bytes : int
    """
    part = slice(rows.start, rows.stop)
    sizes = _MOST_AROUND + columns.keys.size[part] + columns.values.size[part]
    parts = -(-int(sizes.sum()) // max(most_bytes - _HEAD - int(sizes.max()), 1))
    shares = np.searchsorted(np.cumsum(sizes), sizes.sum() * np.arange(1, parts) / parts)
    edges = rows.start + np.unique([0, *shares, len(sizes)])
    out, batches = np.empty(_HEAD + int(sizes.sum()), np.uint8), []
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        batches.append(_record_batch(columns, start, stop, producer, sequence, out))
        sequence = batches[-1].next_sequence
    return batches


def _record_batch(
    columns: RecordColumns, start: int, stop: int, producer: ProducerId, sequence: int, out: Any
) -> RecordBatch:
    times, part = columns.timestamps[start:stop], slice(start, stop)
    first = int(times[0])
    size = _write_records(columns.data, *columns.keys.part(part), *columns.values.part(part), times - first, _HEAD, out)
    count = stop - start
    _REST.pack_into(out, _START.size, _NO_ATTRIBUTES, count - 1, first, int(times.max()), *producer, sequence, count)
    checksum = crc32c(out[_START.size : size])
    _START.pack_into(out, 0, 0, size - _START.size + 9, _NO_LEADER_EPOCH, _MAGIC, checksum)
    return RecordBatch(out[:size].tobytes(), columns, start, stop, sequence)


@inlined
def _varint_size(value: Any) -> Any:
    left, size = (value << 1) ^ (value >> 63), 1
    while left & ~0x7F:
        left = (left >> 7) & 0x1FFFFFFFFFFFFFF
        size += 1
    return size


@inlined
def _put_varint(out: Any, at: Any, value: Any) -> Any:
    left = (value << 1) ^ (value >> 63)  # zigzag
    while left & ~0x7F:
        out[at] = np.uint8((left & 0x7F) | 0x80)
        left = (left >> 7) & 0x1FFFFFFFFFFFFFF
        at += 1
    out[at] = np.uint8(left)
    return at + 1


@inlined
def _put_bytes(out: Any, at: Any, data: Any, start: Any, size: Any) -> Any:
    at = _put_varint(out, at, size)
    out[at : at + size] = data[start : start + size]
    return at + size


@compiled
def _write_records(
    data: Any, key_start: Any, key_size: Any, value_start: Any, value_size: Any, times: Any, at: Any, out: Any
) -> Any:
    """Write a record for each row to `out`, which has room for them, from `at` on; returns where they end."""
    for row in range(len(times)):
        key, value = key_size[row], value_size[row]
        size = 2 + _varint_size(times[row]) + _varint_size(row)
        size += _varint_size(key) + key + _varint_size(value) + value
        at = _put_varint(out, at, size)
        out[at] = 0  # attributes
        at = _put_varint(out, at + 1, times[row])
        at = _put_varint(out, at, row)
        at = _put_bytes(out, at, data, key_start[row], key)
        at = _put_bytes(out, at, data, value_start[row], value)
        out[at] = 0  # number of headers
        at += 1
    return at
