"""A look at a log from outside: where it ends, its newest rating, and its dead letters. Reads, never writes.

For whoever watches: nothing here takes part in learning. One connection is kept for all looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamsvd.log import dead_letters as names
from streamsvd.log.ports import LogClient, OffsetRange, Record
from streamsvd.log.topics import Topics


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where a log ends.

    Attributes
    ----------
    offsets : dict of int to int
        Next offset to be written, by partition.
    event_time : int or None
        Newest event time among the partitions' last records, in seconds; None while there is no record.
    """

    offsets: dict[int, int]
    event_time: int | None


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


class LogLook:
    """Looks at the topics of one model. For one thread.

    Parameters
    ----------
    log : LogClient
    topics : Topics
    """

    def __init__(self, log: LogClient, topics: Topics) -> None:
        self._reader = log.reader()
        self._topics = topics

    def end(self) -> LogEnd:
        """Where the ratings end now.

        Raises
        ------
        LogUnavailable, LogError
        """
        parts = self._reader.ranges(self._topics.ratings)
        newest = [record for part in parts for record in self._newest(part, 1)]
        times = [record.timestamp // 1000 for record in newest]
        return LogEnd({part.partition: part.end for part in parts}, max(times, default=None))

    def dead_letters(self, most: int) -> tuple[int, Sequence[DeadLetter]]:
        """How many dead letters there are, and the newest of them, newest first.

        Raises
        ------
        LogUnavailable, LogError
        """
        (part,) = self._reader.ranges(self._topics.dead_letters)
        return part.end - part.start, [_letter(record) for record in reversed(self._newest(part, most))]

    def close(self) -> None:
        """Let go of the connection; the next look opens another."""
        self._reader.close()

    def _newest(self, part: OffsetRange, most: int) -> Sequence[Record]:
        return list(self._reader.read(part._replace(start=max(part.start, part.end - most))))


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
