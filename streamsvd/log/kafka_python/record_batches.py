"""Record batches, as a broker returns and stores them, to blocks of records.

Batches of the format before Kafka 0.11 are left to kafka-python, record by record.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from crc32c import crc32c
from kafka import codec
from kafka.errors import CorruptRecordError, KafkaError, UnsupportedCodecError
from kafka.record import MemoryRecords
from kafka.record.util import decode_varint
from numpy.typing import NDArray

from streamsvd.log.kafka_python.record_kernels import UNREAD_BYTES, index_records
from streamsvd.log.records import LogRecord, RecordBlock, Spans

_HEAD = struct.Struct(">qiibIhiqqqhii")
_LENGTH = struct.Struct(">qi")  # how a batch of any format begins
_MAGIC_AT, _CHECKED_AT = 16, 21
_SMALLEST = 14  # bytes after the length, in the oldest format
_SMALLEST_RECORD = 7
_CODEC, _APPEND_TIME, _CONTROL = 0x07, 0x08, 0x20  # of the attributes
_CODECS: dict[int, tuple[str, Callable[[], bool], Callable[[bytes], bytes] | None]] = {
    1: ("gzip", codec.has_gzip, codec.gzip_decode),
    2: ("snappy", codec.has_snappy, codec.snappy_decode),
    3: ("lz4", codec.has_lz4, codec.lz4_decode),
    4: ("zstd", codec.has_zstd, codec.zstd_decode),
}


class FetchedBatches(NamedTuple):
    """The records of what was fetched of a partition.

    Attributes
    ----------
    blocks : list of RecordBlock
        None is empty.
    end : int
        The offset after the last batch: what to fetch next, also where records are missing.
    epoch : int
        The leader epoch of the last batch; -1 if there is none.
    damage : KafkaError or None
        What is wrong with the records after those of the blocks.
    """

    blocks: list[RecordBlock]
    end: int
    epoch: int
    damage: KafkaError | None


class _Batch(NamedTuple):
    """A batch whose checksum is right; without records, if those are for the broker's own use."""

    base: int
    last: int
    epoch: int
    size: int
    time: int
    is_time_of_all: bool
    records: bytes | memoryview


def read_batches(topic: str, partition: int, data: bytes, position: int) -> FetchedBatches:
    """Read record batches; the last one is left out if it is incomplete.

    Parameters
    ----------
    topic, partition
        Where they are from.
    data : bytes
        Record batches one after another.
    position : int
        The offset that was asked for; records before it, which a batch may hold, are left out.
    """
    slices, damage = _slices(data)
    if data and not slices and damage is None:
        damage = KafkaError(f"no complete record batch at offset {position} of {topic}/{partition}")
    read = _read_one_by_one if any(part[_MAGIC_AT] < 2 for part in slices) else _read_in_columns
    found = read(topic, partition, slices, position)
    return found if found.damage is not None else found._replace(damage=damage)


def compile_record_kernels() -> None:
    """Compile what reads record batches, or load it from the cache, so that no reader waits for it."""
    index_records(np.frombuffer(b"", np.uint8), np.zeros((0, 7), np.int64), np.zeros((8, 0), np.int64))


def _slices(data: bytes) -> tuple[list[memoryview], KafkaError | None]:
    """The complete batches, and what is wrong after them."""
    view, at, slices = memoryview(data), 0, list[memoryview]()
    while at + _LENGTH.size <= len(data):
        base, length = _LENGTH.unpack_from(data, at)
        if length < _SMALLEST:
            return slices, CorruptRecordError(f"record batch at offset {base} has a length of {length}")
        end = at + _LENGTH.size + length
        if end > len(data):
            break
        slices.append(view[at:end])
        at = end
    return slices, None


def _read_in_columns(topic: str, partition: int, slices: Sequence[memoryview], position: int) -> FetchedBatches:
    batches: list[_Batch] = []
    damage: KafkaError | None = None
    try:
        for part in slices:
            batches.append(_opened(part, partition, batches[-1].last if batches else -1))
    except KafkaError as error:
        damage = error
    data, columns, wrong = _indexed(batches)
    damage = wrong or damage
    headers, view = {}, data.data
    for k in np.flatnonzero(columns[7]).tolist():
        try:
            headers[int(columns[0, k])] = _headers(view, int(columns[6, k]), int(columns[7, k]))
        except UnicodeDecodeError as error:
            columns, damage = columns[:, :k], _invalid(int(columns[0, k]) - 1, error)
            break
    columns = columns[:, np.searchsorted(columns[0], position) :]
    offsets, timestamps, key, key_size, value, value_size = columns[:6]
    block = RecordBlock(
        topic, partition, offsets, timestamps, Spans(key, key_size), Spans(value, value_size), data, headers
    )
    end = block.next_offset if damage is not None and len(block) else position
    if damage is None and batches:
        end = max(position, batches[-1].last + 1)
    return FetchedBatches([block] if len(block) else [], end, batches[-1].epoch if batches else -1, damage)


def _opened(part: memoryview, partition: int, before: int) -> _Batch:
    """Check a batch that follows the offset `before`, and decompress its records."""
    if len(part) < _HEAD.size:
        raise CorruptRecordError(f"record batch of {len(part)} bytes after offset {before}")
    base, _, epoch, magic, checksum, attributes, last_delta, first, largest, *_, count = _HEAD.unpack_from(part)
    if magic != 2:
        raise CorruptRecordError(f"record batch at offset {base} has the unknown format {magic}")
    if crc32c(part[_CHECKED_AT:]) != checksum:
        raise CorruptRecordError(f"record batch for partition {partition} at offset {base} failed crc check")
    last = base + last_delta
    if not before < base <= last <= np.iinfo(np.int64).max:
        raise CorruptRecordError(f"record batch at offset {base} ends with {last} and follows {before}")
    by_broker = bool(attributes & _APPEND_TIME)
    time = largest if by_broker else first
    if attributes & _CONTROL:
        return _Batch(base, last, epoch, 0, time, by_broker, b"")
    records: bytes | memoryview = part[_HEAD.size :]
    if attributes & _CODEC:
        records = _decompressed(attributes & _CODEC, bytes(records), base)
    if count < 0 or count * _SMALLEST_RECORD > len(records):
        raise CorruptRecordError(f"record batch at offset {base} has {count} records in {len(records)} bytes")
    return _Batch(base, last, epoch, count, time, by_broker, records)


def _decompressed(number: int, records: bytes, base: int) -> bytes:
    if number not in _CODECS:
        raise UnsupportedCodecError(f"Unrecognized compression type: {number}")
    name, is_there, decode = _CODECS[number]
    if not is_there() or decode is None:
        raise UnsupportedCodecError(f"Libraries for {name} compression codec not found")
    try:
        return decode(records)
    except Exception as error:  # each library has its own
        raise CorruptRecordError(f"record batch at offset {base} is no {name}: {error!r}") from error


def _indexed(batches: Sequence[_Batch]) -> tuple[NDArray[np.uint8], NDArray[np.int64], KafkaError | None]:
    """The bytes of all records, their columns as `index_records` writes them, and what is wrong after those."""
    sizes = [len(batch.records) for batch in batches]
    stops = np.cumsum(sizes, dtype=np.int64)
    data = np.frombuffer(b"".join(batch.records for batch in batches), np.uint8)
    table = np.array(
        [
            (stop - size, stop, batch.size, batch.base, batch.last, batch.time, batch.is_time_of_all)
            for stop, size, batch in zip(stops.tolist(), sizes, batches, strict=True)
        ],
        np.int64,
    ).reshape(-1, 7)
    columns = np.empty((8, sum(batch.size for batch in batches)), np.int64)
    n, damage = index_records(data, table, columns)
    columns = columns[:, :n]
    if not damage:
        return data, columns, None
    after = int(columns[0, -1]) if n else -1
    return data, columns, _invalid(after, "unread bytes" if damage == UNREAD_BYTES else "wrong structure")


def _headers(data: memoryview, at: int, count: int) -> list[tuple[str, Any]]:
    """The headers of a record whose structure was checked."""
    headers = []
    for _ in range(count):
        size, at = decode_varint(data, at)
        name = bytes(data[at : at + size]).decode()
        size, at = decode_varint(data, at + size)
        headers.append((name, bytes(data[at : at + size]) if size >= 0 else None))
        at += max(size, 0)
    return headers


def _read_one_by_one(topic: str, partition: int, slices: Sequence[memoryview], position: int) -> FetchedBatches:
    """The same by kafka-python, which knows the older formats."""
    records: list[LogRecord] = []
    end, epoch, damage = position, -1, None
    try:
        for part in slices:
            batch = MemoryRecords(part).next_batch()
            if not batch.validate_crc():
                raise CorruptRecordError(f"record batch for partition {partition} at offset {end} failed crc check")
            if not getattr(batch, "is_control_batch", False):
                for one in batch:
                    time = -1 if one.timestamp is None else one.timestamp
                    records.append(LogRecord(topic, partition, one.offset, time, one.key, one.value, one.headers))
                    end = max(end, one.offset + 1)
            if part[_MAGIC_AT] >= 2:
                end, epoch = max(end, batch.next_offset), batch.leader_epoch
    except KafkaError as error:
        damage = error
    except (AssertionError, LookupError, TypeError, ValueError, struct.error) as error:
        damage = _invalid(end - 1, error)
    return FetchedBatches(RecordBlock.of([r for r in records if r.offset >= position]), end, epoch, damage)


def _invalid(after: int, reason: object) -> CorruptRecordError:
    return CorruptRecordError(f"invalid record after offset {after}: {reason}")
