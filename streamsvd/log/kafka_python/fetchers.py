"""What a source asks for records, and the one that kafka-python's consumer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from kafka import TopicPartition

from streamsvd.log.records import RecordBlock

ANSWER_MS = 10_000  # an unavailable broker must not delay a shutdown


class Fetcher(Protocol):
    """Fetches the records of all partitions of a topic; raises the client's errors. See `RatingSource`."""

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Continue with these offsets, one for each partition."""

    def poll(self, timeout_seconds: float, max_records: int | None) -> Sequence[RecordBlock]:
        """Next records; none after the time-out, or while the log is unavailable."""

    def positions(self) -> dict[int, int]:
        """Offsets of the next records."""


class RecordFetcher(Fetcher):
    """Copies the records that kafka-python's consumer makes, where `BatchFetcher` can't do without them.

    Parameters
    ----------
    consumer : KafkaConsumer
        With all partitions assigned.
    assigned : sequence of TopicPartition
    """

    def __init__(self, consumer: Any, assigned: Sequence[TopicPartition]) -> None:
        self._consumer, self._assigned = consumer, assigned

    def seek(self, offsets: Mapping[int, int]) -> None:
        for assigned in self._assigned:
            self._consumer.seek(assigned, offsets[assigned.partition])

    def poll(self, timeout_seconds: float, max_records: int | None) -> Sequence[RecordBlock]:
        batches = self._consumer.poll(int(timeout_seconds * 1000), max_records)
        return RecordBlock.of(list(chain.from_iterable(batches.values())))

    def positions(self) -> dict[int, int]:
        return {
            assigned.partition: self._consumer.position(assigned, timeout_ms=ANSWER_MS) for assigned in self._assigned
        }
