"""Reads offset ranges of partitions with one assigned consumer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from streamsvd.log.kafka_python.clients import new_consumer, partitions_of
from streamsvd.log.kafka_python.errors import kafka_errors
from streamsvd.log.ports import OffsetRange, Reader
from streamsvd.log.records import Record

_PATIENCE_SECONDS = 30.0


class KafkaReader(Reader):
    """Fails when the broker delivers nothing for half a minute."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None

    def ranges(self, topic: str) -> list[OffsetRange]:
        client = self._connected()
        with kafka_errors(self._address, f"reading topic {topic}"):
            partitions = partitions_of(client, topic)
            first, end = client.beginning_offsets(partitions), client.end_offsets(partitions)
        return [OffsetRange(topic, place.partition, first[place], end[place]) for place in partitions]

    def read(self, part: OffsetRange) -> Iterator[Record]:
        topic, partition, start, end = part
        if start >= end:
            return
        client, place = self._connected(), TopicPartition(topic, partition)
        with kafka_errors(self._address, f"reading topic {topic}"):
            client.assign([place])
            client.seek(place, start)
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while client.position(place) < end:
                records = client.poll(timeout_ms=500).get(place, ())
                if records:
                    deadline = time.monotonic() + _PATIENCE_SECONDS
                elif time.monotonic() > deadline:
                    raise KafkaTimeoutError(f"no record of {place} in {_PATIENCE_SECONDS:.0f} s")
                for record in records:
                    if record.offset >= end:
                        return
                    yield record

    def close(self) -> None:
        if self._client is not None:
            self._client.close(autocommit=False)
            self._client = None

    def _connected(self) -> Any:
        if self._client is None:
            self._client = new_consumer(self._address)
        return self._client
