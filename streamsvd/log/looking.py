"""A look at a log from outside: where it ends, its newest rating, and its dead letters.

For whoever watches: nothing here takes part in learning. Whoever keeps the reader keeps one connection for all looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamsvd.log import dead_letters as names
from streamsvd.log.ports import OffsetRange, Reader, Record


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be read, as the dead-letter topic keeps it.

    Attributes
    ----------
    number : int
        Its offset in the dead-letter topic.
    topic, partition, offset
        Where the record came from; partition and offset are -1 where the letter does not say.
    timestamp : int
        Of the record, in milliseconds; -1 without one.
    stage : str
        What was being done when it failed.
    reason : str
    key, value : bytes or None
        Untouched.
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
    """How many records a dead-letter topic holds, and the newest of them, newest first.

    Raises
    ------
    LogUnavailable, LogError
    """
    (part,) = reader.ranges(topic)
    return part.end - part.start, [_letter(record) for record in reversed(_newest(reader, part, most))]


def _newest(reader: Reader, part: OffsetRange, most: int) -> Sequence[Record]:
    return list(reader.read(part._replace(start=max(part.start, part.end - most))))


def _letter(record: Record) -> DeadLetter:
    said = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
    return DeadLetter(
        number=record.offset,
        topic=said.get(names.TOPIC, ""),
        partition=int(said.get(names.PARTITION, -1)),
        offset=int(said.get(names.OFFSET, -1)),
        timestamp=record.timestamp,
        stage=said.get(names.STAGE, ""),
        reason=said.get(names.EXCEPTION_MESSAGE, "no reason was given"),
        key=record.key,
        value=record.value,
    )
