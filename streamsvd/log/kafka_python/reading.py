"""Reading a known stretch of a partition: forwards, or the newest matching record backwards.

For what is looked up rather than followed: the catalogue, the end of the log after an interruption, the last
dead letter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

T = TypeVar("T")

_FIRST_STRETCH = 1000
_PATIENCE_SECONDS = 30.0


def partitions_of(client: Any, topic: str) -> list[TopicPartition]:
    """All partitions of a topic in order; the client's error if there is no such topic."""
    numbers = client.partitions_for_topic(topic)
    if not numbers:
        raise UnknownTopicOrPartitionError(topic)
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def bounds(client: Any, partition: TopicPartition) -> tuple[int, int]:
    """First offset that a partition still holds, and the next one to be written."""
    first: int = client.beginning_offsets([partition])[partition]
    end: int = client.end_offsets([partition])[partition]
    return first, end


def read_range(client: Any, partition: TopicPartition, start: int, end: int) -> Iterator[Any]:
    """Records of a partition with `start <= offset < end`, in order.

    Raises the client's `KafkaTimeoutError` when the broker delivers nothing for half a minute.
    """
    if start >= end:
        return
    client.assign([partition])
    client.seek(partition, start)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while client.position(partition) < end:
        records = client.poll(timeout_ms=500).get(partition, ())
        if records:
            deadline = time.monotonic() + _PATIENCE_SECONDS
        elif time.monotonic() > deadline:
            raise KafkaTimeoutError(f"no record of {partition} in {_PATIENCE_SECONDS:.0f} s")
        for record in records:
            if record.offset >= end:
                return
            yield record


def first_match(client: Any, partition: TopicPartition, match: Callable[[Any], T | None], most: int) -> T | None:
    """What `match` returns for the first of the partition's oldest `most` records where it is not None."""
    first, end = bounds(client, partition)
    for record in read_range(client, partition, first, min(end, first + most)):
        found = match(record)
        if found is not None:
            return found
    return None


def last_match(client: Any, partition: TopicPartition, match: Callable[[Any], T | None]) -> T | None:
    """What `match` returns for the newest record where it is not None.

    Reads backwards, in stretches that double.
    """
    first, end = bounds(client, partition)
    length = _FIRST_STRETCH
    while end > first:
        start = max(first, end - length)
        for record in reversed(list(read_range(client, partition, start, end))):
            found = match(record)
            if found is not None:
                return found
        end, length = start, length * 2
    return None
