"""Record batches as brokers keep them, made by kafka-python's builder, and what kafka-python reads in them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from crc32c import crc32c
from kafka.record import MemoryRecords, MemoryRecordsBuilder

from streamsvd.log import LogRecord

APPEND_TIME, CONTROL = 0x08, 0x20
HEAD_BYTES = 61
_ATTRIBUTES_AT, _LAST_AT, _LARGEST_TIME_AT = 21, 23, 35


class Content(NamedTuple):
    """What one record holds; `gap` offsets before it have no record, as after compaction."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    gap: int = 0


def built(
    contents: Sequence[Content],
    base: int,
    *,
    codec: int = 0,
    magic: int = 2,
    attributes: int = 0,
    removed: int = 0,
    append_time: int | None = None,
) -> bytes:
    """A batch; `removed` records after the last one are gone."""
    builder = MemoryRecordsBuilder(magic, codec, 1 << 30)
    for content in contents:
        builder.skip(content.gap)
        assert builder.append(content.timestamp, content.key, content.value, list(content.headers)) is not None
    builder.close()
    batch = bytearray(builder.buffer())
    if magic < 2:
        return bytes(batch)
    struct.pack_into(">q", batch, 0, base)
    (made,) = struct.unpack_from(">h", batch, _ATTRIBUTES_AT)
    if append_time is not None:
        attributes |= APPEND_TIME
        struct.pack_into(">q", batch, _LARGEST_TIME_AT, append_time)
    struct.pack_into(">h", batch, _ATTRIBUTES_AT, made | attributes)
    struct.pack_into(">i", batch, _LAST_AT, last_delta(batch) + removed)
    return sealed(batch)


def last_delta(batch: bytes | bytearray) -> int:
    """Last offset minus first one."""
    found: int = struct.unpack_from(">i", batch, _LAST_AT)[0]
    return found


def with_records(batch: bytes, records: bytes, count: int | None = None) -> bytes:
    """The batch with other bytes for its records, and a length and a checksum that fit."""
    made = bytearray(batch[:HEAD_BYTES] + records)
    struct.pack_into(">i", made, 8, len(made) - 12)
    if count is not None:
        struct.pack_into(">i", made, HEAD_BYTES - 4, count)
    return sealed(made)


def sealed(batch: bytearray) -> bytes:
    """The batch with the checksum that fits."""
    struct.pack_into(">I", batch, 17, crc32c(bytes(batch[_ATTRIBUTES_AT:])))
    return bytes(batch)


def read_by_kafka_python(topic: str, partition: int, data: bytes, position: int) -> list[LogRecord]:
    """The records from a position on; raises as kafka-python does."""
    found = []
    for batch in MemoryRecords(data):
        assert batch.validate_crc()
        if not getattr(batch, "is_control_batch", False):
            found += [LogRecord(topic, partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in batch]
    return [record._replace(headers=record.headers or ()) for record in found if record.offset >= position]
