"""Follows all partitions of a topic.

One consumer has them assigned manually: no group, no rebalancing. It returns the client's own records, because another
object for each would cost a tenth of the speed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from kafka import TopicPartition
from kafka.protocol.consumer.offsets import OffsetSpec
from kafka.structs import OffsetAndMetadata

from streamsvd.log.kafka_python.admin import kafka_admin
from streamsvd.log.kafka_python.clients import new_admin, new_consumer, partitions_of
from streamsvd.log.kafka_python.errors import kafka_errors
from streamsvd.log.ports import RatingSource
from streamsvd.log.records import RecordBlock

_ANSWER_MS = 10_000  # an unavailable broker must not delay a shutdown


class KafkaSource(RatingSource):
    """Returns the records of kafka-python's consumer."""

    def __init__(self, address: str, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> None:
        self._address, self._topic, self._group = address, topic, group
        self._admin: Any = None
        with kafka_admin(address, f"looking up topic {topic}") as admin:
            self.topic_id = admin.describe(topic).id
        self._client = new_consumer(address, group=group, gather_seconds=gather_seconds)
        try:
            with kafka_errors(address, f"opening topic {topic}"):
                self._assigned = partitions_of(self._client, topic)
                self.partitions = tuple(assigned.partition for assigned in self._assigned)
                self._client.assign(self._assigned)
                self.seek({})
        except BaseException:
            self.close()
            raise

    def seek(self, offsets: Mapping[int, int]) -> None:
        with kafka_errors(self._address, f"seeking in topic {self._topic}"):
            for assigned in self._assigned:
                self._client.seek(assigned, offsets.get(assigned.partition, 0))

    def poll(self, timeout_seconds: float, max_records: int | None = None) -> Sequence[RecordBlock]:
        with kafka_errors(self._address, f"reading topic {self._topic}"):
            batches = self._client.poll(int(timeout_seconds * 1000), max_records)
        return RecordBlock.of(list(chain.from_iterable(batches.values())))

    def positions(self) -> dict[int, int]:
        with kafka_errors(self._address, f"asking for the position in topic {self._topic}"):
            return {
                assigned.partition: self._client.position(assigned, timeout_ms=_ANSWER_MS)
                for assigned in self._assigned
            }

    def end_offsets(self) -> dict[int, int]:
        with kafka_errors(self._address, f"asking for the end of topic {self._topic}"):
            ends = self._client.end_offsets(self._assigned, timeout_ms=_ANSWER_MS)
        return {assigned.partition: ends[assigned] for assigned in self._assigned}

    def newest_time(self) -> int | None:
        if self._admin is None:
            self._admin = new_admin(self._address)
        with kafka_errors(self._address, f"asking for the newest time of topic {self._topic}"):
            newest = dict.fromkeys(self._assigned, OffsetSpec.MAX_TIMESTAMP)
            found = self._admin.list_partition_offsets(newest, timeout_ms=_ANSWER_MS)
        time = max(place.timestamp for place in found.values())
        return time // 1000 if time >= 0 else None

    def commit(self, offsets: Mapping[int, int]) -> None:
        if self._group is None:
            return
        with kafka_errors(self._address, f"committing offsets of group {self._group}"):
            committed = {
                TopicPartition(self._topic, number): OffsetAndMetadata(offset, "", -1)
                for number, offset in offsets.items()
            }
            self._client.commit(committed, timeout_ms=_ANSWER_MS)

    def close(self) -> None:
        self._client.close(autocommit=False)
        if self._admin is not None:
            self._admin.close()
