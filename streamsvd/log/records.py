"""Records of the log: one by one, and as blocks of bytes for those who read many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Headers = list[tuple[str, bytes]]


class Record(Protocol):
    """A record of the log; kafka-python's `ConsumerRecord` is one.

    Attributes
    ----------
    topic, partition, offset
        Its position.
    timestamp : int
        In milliseconds: the event time, for ratings; -1 if none was given.
    key, value : bytes or None
    headers : sequence of (str, bytes)
    """

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class LogRecord(NamedTuple):
    """See `Record`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Spans(NamedTuple):
    """Where some byte strings lie in a buffer.

    Attributes
    ----------
    start, size : int64 array, shape (n,)
        A size of -1 is None.
    """

    start: NDArray[np.int64]
    size: NDArray[np.int64]

    def part(self, part: slice) -> Spans:
        """Some of them."""
        return Spans(self.start[part], self.size[part])

    def bytes_of(self, k: int, data: NDArray[np.uint8]) -> bytes | None:
        """One of them, out of the buffer."""
        start, size = int(self.start[k]), int(self.size[k])
        return None if size < 0 else data[start : start + size].tobytes()


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """Records of one partition in the order of their offsets, as bytes; iterating creates the records.

    Attributes
    ----------
    topic : str
    partition : int
    offsets, timestamps : int64 array, shape (n,)
        Timestamps in milliseconds, -1 for none.
    keys, values : Spans
        Where they lie in `data`.
    data : uint8 array
        Read-only; shared by the blocks that were cut from this one.
    headers : mapping of int to sequence of (str, bytes)
        By offset; records without any are left out.

    Examples
    --------
    >>> records = [LogRecord("films", 0, 5, 1000, b"7", b"a rating"), LogRecord("films", 0, 6, 2000, None, None)]
    >>> (block,) = RecordBlock.of(records)
    >>> len(block), block.next_offset, [record.value for record in block.before(6)]
    (2, 7, [b'a rating'])
    """

    topic: str
    partition: int
    offsets: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    keys: Spans
    values: Spans
    data: NDArray[np.uint8]
    headers: Mapping[int, Sequence[tuple[str, bytes]]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Sequence[Record]) -> list[Self]:
        """Blocks of some records: one for each run of records of one partition."""
        return [cls._of_one(topic, number, list(run)) for (topic, number), run in groupby(records, _partition)]

    @classmethod
    def _of_one(cls, topic: str, partition: int, records: list[Record]) -> Self:
        texts = [text for record in records for text in (record.key, record.value)]
        sizes = np.array([-1 if text is None else len(text) for text in texts], np.int64)
        stops = np.cumsum(np.maximum(sizes, 0))
        starts = stops - np.maximum(sizes, 0)
        return cls(
            topic,
            partition,
            np.array([record.offset for record in records], np.int64),
            np.array([record.timestamp for record in records], np.int64),
            Spans(starts[::2], sizes[::2]),
            Spans(starts[1::2], sizes[1::2]),
            np.frombuffer(b"".join(text for text in texts if text), np.uint8),
            {record.offset: record.headers for record in records if record.headers},
        )

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, part: slice) -> RecordBlock:
        return RecordBlock(
            self.topic,
            self.partition,
            self.offsets[part],
            self.timestamps[part],
            self.keys.part(part),
            self.values.part(part),
            self.data,
            self.headers,
        )

    def __iter__(self) -> Iterator[LogRecord]:
        return map(self.record, range(len(self)))

    def record(self, k: int) -> LogRecord:
        """One of the records."""
        offset = int(self.offsets[k])
        return LogRecord(
            self.topic,
            self.partition,
            offset,
            int(self.timestamps[k]),
            self.keys.bytes_of(k, self.data),
            self.values.bytes_of(k, self.data),
            self.headers.get(offset, ()),
        )

    def before(self, offset: int) -> RecordBlock:
        """The records with smaller offsets."""
        return self[: int(np.searchsorted(self.offsets, offset))]

    @property
    def next_offset(self) -> int:
        """The offset after the last record."""
        return int(self.offsets[-1]) + 1


class RecordColumns(NamedTuple):
    """Records to be written to one partition.

    Attributes
    ----------
    timestamps : int64 array, shape (n,)
        In milliseconds.
    keys, values : Spans
        Where they lie in `data`; none is None.
    data : uint8 array
    subject : callable
        What a row is, for messages.
    """

    timestamps: NDArray[np.int64]
    keys: Spans
    values: Spans
    data: NDArray[np.uint8]
    subject: Callable[[int], object]

    def record(self, row: int) -> tuple[bytes | None, bytes | None, int]:
        """Key, value and timestamp of a row."""
        return self.keys.bytes_of(row, self.data), self.values.bytes_of(row, self.data), int(self.timestamps[row])


def _partition(record: Record) -> tuple[str, int]:
    return record.topic, record.partition
