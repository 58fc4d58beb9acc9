"""Inspection of a log by dashboards and tools: its end offsets, its newest event time, and its dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamsvd.log import dead_letters as names
from streamsvd.log.ports import OffsetRange, Reader
from streamsvd.log.records import Record


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter.

    Attributes
    ----------
    number : int
        Its offset in the dead-letter topic.
    topic, partition, offset
        Of the invalid record; partition and offset are -1 if unknown.
    timestamp : int
        In milliseconds; -1 without one.
    stage : str
        Where it failed.
    reason : str
    key, value : bytes or None
        Unchanged; of a large record the head.
    cut : dict of str to (int, str)
        The whole length and its SHA-256, in hexadecimal, of `key` and `value` where there is only the head.
    """

    number: int
    topic: str
    partition: int
    offset: int
    timestamp: int
    stage: str
    reason: str
    key: bytes | None
    value: bytes | None
    cut: Mapping[str, tuple[int, str]]


def log_end(reader: Reader, topic: str) -> tuple[dict[int, int], int | None]:
    """Next offset of each partition, and the newest event time among their last records; None without any.

    Raises
    ------
    LogUnavailable, LogError
    """
    parts = reader.ranges(topic)
    times = [record.timestamp // 1000 for part in parts for record in _newest(reader, part, 1)]
    return {part.partition: part.end for part in parts}, max(times, default=None)


def newest_dead_letters(reader: Reader, topic: str, most: int) -> tuple[int, Sequence[DeadLetter]]:
    """Number of dead letters of a topic, and the newest ones, newest first.

    Raises
    ------
    LogUnavailable, LogError
    """
    (part,) = reader.ranges(topic)
    return part.end - part.start, [_letter(record) for record in reversed(_newest(reader, part, most))]


def _newest(reader: Reader, part: OffsetRange, most: int) -> Sequence[Record]:
    return list(reader.read(part._replace(start=max(part.start, part.end - most))))


def _letter(record: Record) -> DeadLetter:
    headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
    return DeadLetter(
        number=record.offset,
        topic=headers.get(names.TOPIC, ""),
        partition=int(headers.get(names.PARTITION, -1)),
        offset=int(headers.get(names.OFFSET, -1)),
        timestamp=record.timestamp,
        stage=headers.get(names.STAGE, ""),
        reason=headers.get(names.EXCEPTION_MESSAGE, "no reason was given"),
        key=record.key,
        value=record.value,
        cut={
            what: (int(headers[length]), headers.get(names.SHA256.format(what), ""))
            for what in ("key", "value")
            if (length := names.LENGTH.format(what)) in headers
        },
    )
