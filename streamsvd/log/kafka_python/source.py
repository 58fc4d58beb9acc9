"""Follows all partitions of a topic.

One consumer has them assigned manually: no group, no rebalancing. It knows the offsets, and commits them. Where client
and broker are known to have whole record batches, those are fetched over its connections; elsewhere, its records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kafka import TopicPartition
from kafka.protocol.consumer.offsets import OffsetSpec
from kafka.structs import OffsetAndMetadata

from streamsvd.log.kafka_python.admin import kafka_admin
from streamsvd.log.kafka_python.clients import new_admin, new_consumer, partitions_of
from streamsvd.log.kafka_python.errors import kafka_errors
from streamsvd.log.kafka_python.fetchers import ANSWER_MS, Fetcher, RecordFetcher
from streamsvd.log.ports import RatingSource
from streamsvd.log.records import RecordBlock

try:
    from streamsvd.log.kafka_python import batch_fetcher
except (AttributeError, ImportError):  # a kafka-python whose network client is another one
    batch_fetcher = None  # type: ignore[assignment]


class KafkaSource(RatingSource):
    """Returns the records of kafka-python's consumer, or of its network client."""

    def __init__(self, address: str, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> None:
        self._address, self._topic, self._group = address, topic, group
        self._admin: Any = None
        with kafka_admin(address, f"looking up topic {topic}") as admin:
            self.topic_id = admin.describe(topic).id
        shared = None if batch_fetcher is None else batch_fetcher.SharedClient()
        self._client = new_consumer(address, group=group, gather_seconds=gather_seconds, network=shared)
        try:
            with kafka_errors(address, f"opening topic {topic}"):
                self._assigned = partitions_of(self._client, topic)
                self.partitions = tuple(assigned.partition for assigned in self._assigned)
                self._client.assign(self._assigned)
            self._fetcher: Fetcher = RecordFetcher(self._client, self._assigned)
            if batch_fetcher is not None and shared is not None and shared.has_batches():
                self._fetcher = batch_fetcher.BatchFetcher(shared.manager, self._client.config, self._assigned)
            self.seek({})
        except BaseException:
            self.close()
            raise

    def seek(self, offsets: Mapping[int, int]) -> None:
        with kafka_errors(self._address, f"seeking in topic {self._topic}"):
            self._fetcher.seek({number: offsets.get(number, 0) for number in self.partitions})

    def poll(self, timeout_seconds: float, max_records: int | None = None) -> Sequence[RecordBlock]:
        with kafka_errors(self._address, f"reading topic {self._topic}"):
            return self._fetcher.poll(timeout_seconds, max_records)

    def positions(self) -> dict[int, int]:
        with kafka_errors(self._address, f"asking for the position in topic {self._topic}"):
            return self._fetcher.positions()

    def end_offsets(self) -> dict[int, int]:
        with kafka_errors(self._address, f"asking for the end of topic {self._topic}"):
            ends = self._client.end_offsets(self._assigned, timeout_ms=ANSWER_MS)
        return {assigned.partition: ends[assigned] for assigned in self._assigned}

    def newest_time(self) -> int | None:
        if self._admin is None:
            self._admin = new_admin(self._address)
        with kafka_errors(self._address, f"asking for the newest time of topic {self._topic}"):
            newest = dict.fromkeys(self._assigned, OffsetSpec.MAX_TIMESTAMP)
            found = self._admin.list_partition_offsets(newest, timeout_ms=ANSWER_MS)
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
            self._client.commit(committed, timeout_ms=ANSWER_MS)

    def close(self) -> None:
        self._client.close(autocommit=False)
        if self._admin is not None:
            self._admin.close()
