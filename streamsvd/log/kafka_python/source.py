"""Where ratings come from: all partitions of a topic, followed.

One consumer takes them by hand: no group, no rebalancing. It starts where the checkpoint says and hands out the
client's own records, because a record of our own for each would cost a tenth of the speed.
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
from streamsvd.log.ports import Record

_ANSWER_MS = 10_000  # a broker that is away must not hold up a shut-down


class KafkaSource:
    """All partitions of a Kafka topic; see `streamsvd.log.RatingSource`. Not for several threads.

    Parameters
    ----------
    address : str
        The broker, `host:port`.
    topic : str
        An existing topic.
    group : str, optional
        Name under which `commit` shows progress to lag tools. The group is never joined.
    gather_seconds : float
        How long the broker may wait for more records before it hands out the first; 0 is not at all.

    Attributes
    ----------
    topic_id : str
        Kafka's id of the topic: another one means that it was made anew, and old offsets mean nothing.

    Raises
    ------
    LogUnavailable, LogError
        The broker does not answer, or there is no such topic.
    """

    def __init__(self, address: str, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> None:
        self._address, self._topic, self._group = address, topic, group
        self._asking: Any = None
        with kafka_admin(address, f"looking up topic {topic}") as admin:
            self.topic_id = admin.describe(topic).id
        self._client = new_consumer(address, group=group, gather_seconds=gather_seconds)
        try:
            with kafka_errors(address, f"opening topic {topic}"):
                self._assigned = partitions_of(self._client, topic)
                self._client.assign(self._assigned)
                self.seek({})
        except BaseException:
            self.close()
            raise

    @property
    def partitions(self) -> tuple[int, ...]:
        """Numbers of the topic's partitions."""
        return tuple(assigned.partition for assigned in self._assigned)

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Go to these offsets; a partition that is not named goes to its start, offset 0.

        An offset that the log does not hold makes the next `poll` raise `TopicUnsafe`.
        """
        with kafka_errors(self._address, f"seeking in topic {self._topic}"):
            for assigned in self._assigned:
                self._client.seek(assigned, offsets.get(assigned.partition, 0))

    def poll(self, timeout_seconds: float, max_records: int | None = None) -> Sequence[Record]:
        """Next records, in order within each partition; empty when none came in time.

        While the broker is away this returns nothing and goes on trying; `end_offsets` tells.

        Raises
        ------
        TopicUnsafe
            The log does not hold the records at the position any more, or not yet.
        LogError
            A damaged record batch.
        """
        with kafka_errors(self._address, f"reading topic {self._topic}"):
            batches = self._client.poll(int(timeout_seconds * 1000), max_records)
        if len(batches) == 1:
            (records,) = batches.values()
            return records  # type: ignore[no-any-return]
        return list(chain.from_iterable(batches.values()))

    def positions(self) -> dict[int, int]:
        """Offsets that are read next, by partition."""
        with kafka_errors(self._address, f"asking for the position in topic {self._topic}"):
            return {
                assigned.partition: self._client.position(assigned, timeout_ms=_ANSWER_MS)
                for assigned in self._assigned
            }

    def end_offsets(self) -> dict[int, int]:
        """Offsets that are written next, by partition; asks the broker.

        Raises
        ------
        LogUnavailable
        """
        with kafka_errors(self._address, f"asking for the end of topic {self._topic}"):
            ends = self._client.end_offsets(self._assigned, timeout_ms=_ANSWER_MS)
        return {assigned.partition: ends[assigned] for assigned in self._assigned}

    def newest_time(self) -> int | None:
        """Newest event time in the log, in seconds since 1970; None while the log is empty; asks the broker.

        Raises
        ------
        LogUnavailable
        LogError
            The broker is older than Kafka 3.0 and cannot tell.
        """
        if self._asking is None:
            self._asking = new_admin(self._address)
        with kafka_errors(self._address, f"asking for the newest time of topic {self._topic}"):
            newest = dict.fromkeys(self._assigned, OffsetSpec.MAX_TIMESTAMP)
            found = self._asking.list_partition_offsets(newest, timeout_ms=_ANSWER_MS)
        time = max(place.timestamp for place in found.values())
        return time // 1000 if time >= 0 else None

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Tell lag tools how far the checkpoint is; nothing is ever read from there.

        Raises
        ------
        LogUnavailable, LogError
            Not committed, for instance because another program has joined the group.
        """
        if self._group is None:
            return
        with kafka_errors(self._address, f"committing offsets of group {self._group}"):
            committed = {
                TopicPartition(self._topic, number): OffsetAndMetadata(offset, "", -1)
                for number, offset in offsets.items()
            }
            self._client.commit(committed, timeout_ms=_ANSWER_MS)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close(autocommit=False)
        if self._asking is not None:
            self._asking.close()
