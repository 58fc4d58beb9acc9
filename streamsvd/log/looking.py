"""A look at a log from outside: where it ends, its newest rating, and its dead letters. Reads, never writes.

For whoever watches: nothing here takes part in learning. One connection is kept for all looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition

from streamsvd.log import dead_letters as names
from streamsvd.log.kafka_python.clients import new_consumer
from streamsvd.log.kafka_python.errors import kafka_errors
from streamsvd.log.kafka_python.reading import bounds, partitions_of, read_range
from streamsvd.log.kafka_python.source import Record
from streamsvd.log.kafka_python.topics import Topics


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
    address : str
        The broker, `host:port`.
    topics : Topics
    """

    def __init__(self, address: str, topics: Topics) -> None:
        self._address = address
        self._topics = topics
        self._client: Any = None

    def end(self) -> LogEnd:
        """Where the ratings end now.

        Raises
        ------
        LogUnavailable, LogError
        """
        client = self._connected()
        with kafka_errors(self._address, f"looking at topic {self._topics.ratings}"):
            partitions = partitions_of(client, self._topics.ratings)
            ends: dict[TopicPartition, int] = client.end_offsets(partitions)
            newest = [_last(client, partition, end) for partition, end in ends.items() if end > 0]
        times = [record.timestamp // 1000 for record in newest if record is not None]
        return LogEnd({p.partition: end for p, end in ends.items()}, max(times, default=None))

    def dead_letters(self, most: int) -> tuple[int, Sequence[DeadLetter]]:
        """How many dead letters there are, and the newest of them, newest first.

        Raises
        ------
        LogUnavailable, LogError
        """
        client = self._connected()
        with kafka_errors(self._address, f"looking at topic {self._topics.dead_letters}"):
            partition = TopicPartition(self._topics.dead_letters, 0)
            first, end = bounds(client, partition)
            records = list(read_range(client, partition, max(first, end - most), end))
        return end - first, [_letter(record) for record in reversed(records)]

    def close(self) -> None:
        """Let go of the connection; the next look opens another."""
        if self._client is not None:
            self._client.close(autocommit=False)
            self._client = None

    def _connected(self) -> Any:
        if self._client is None:
            self._client = new_consumer(self._address, max_poll_records=1000)
        return self._client


def _last(client: Any, partition: TopicPartition, end: int) -> Record | None:
    found: Record | None = None
    for record in read_range(client, partition, end - 1, end):
        found = record
    return found


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
