"""An in-memory log. Not thread-safe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count

from streamsvd.errors import DeliveryFailed, LogError, TopicUnsafe
from streamsvd.log.ports import (
    DELIVERY_SECONDS,
    LINGER_SECONDS,
    Admin,
    Delivery,
    LogClient,
    OffsetRange,
    RatingSource,
    Reader,
    TopicDescription,
)
from streamsvd.log.records import Headers, LogRecord, RecordBlock

_MOST_RECORDS = 5000  # of one poll
_DEFAULTS = {"cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": "-1"}  # Kafka's

Place = tuple[str, int, int]
"""Topic, partition and offset."""


@dataclass(slots=True)
class MemoryTopic:
    """A topic: its id, its settings, and the records of each partition."""

    id: str
    settings: dict[str, str]
    partitions: list[list[LogRecord]]


class MemoryLog(LogClient):
    """An in-memory log, and its client.

    Attributes
    ----------
    topics : dict of str to MemoryTopic
        Delete an entry to delete the topic.
    committed : dict of str to dict of int to int
        Offset of each partition, by group.

    Examples
    --------
    >>> from streamsvd.log import Topics, create_topics, read_all
    >>> log = MemoryLog()
    >>> create_topics(log, Topics("films"), 2).partitions
    2
    >>> _ = log.delivery().send("films", 1, b"7", b"a rating", 1000, "it")
    >>> [(record.partition, record.offset, record.value) for record in read_all(log, "films")]
    [(1, 0, b'a rating')]
    """

    address = "memory"

    def __init__(self) -> None:
        self.topics: dict[str, MemoryTopic] = {}
        self.committed: dict[str, dict[int, int]] = {}
        self.ids = count(1)
        self.actions: dict[Place, Callable[[MemorySource], None]] = {}

    def topic(self, name: str) -> MemoryTopic:
        """A topic by its name; `LogError` if it does not exist."""
        if name not in self.topics:
            raise LogError(f"topic {name}: the log in memory has no such topic")
        return self.topics[name]

    # As a client

    def admin(self, doing: str) -> AbstractContextManager[MemoryAdmin]:
        return nullcontext(MemoryAdmin(self))

    def reader(self) -> MemoryReader:
        return MemoryReader(self)

    def source(self, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> MemorySource:
        return MemorySource(self, topic, group)

    def delivery(
        self, *, delivery_seconds: float = DELIVERY_SECONDS, linger_seconds: float = LINGER_SECONDS
    ) -> MemoryDelivery:
        return MemoryDelivery(self)

    # Fault injection

    def before(self, topic: str, partition: int, offset: int, action: Callable[[MemorySource], None]) -> None:
        """Once, before a source returns the record at an offset, call an action with the source.

        The action may raise, as in a crash, request a stop, seek, or change the log; records before it are returned
        first, and the poll that calls it is empty.
        """
        self.actions[topic, partition, offset] = action

    def deliver_twice(self, topic: str, partition: int, start: int, end: int) -> None:
        """Once, after the records with `start <= offset < end`, return them again."""
        self.before(topic, partition, end, lambda source: source.seek({**source.positions(), partition: start}))

    def lose_tail(self, topic: str, partition: int, end: int) -> None:
        """Lose the records from an offset on."""
        del self.topic(topic).partitions[partition][end:]

    def add_partitions(self, topic: str, partitions: int) -> None:
        """Give a topic this many partitions; users then belong to others than before."""
        found = self.topic(topic).partitions
        found += [[] for _ in range(len(found), partitions)]


class MemoryAdmin(Admin):
    """Topics get Kafka's defaults for other settings."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def topics(self) -> Collection[str]:
        return self._log.topics.keys()

    def create(self, topic: str, partitions: int, settings: Mapping[str, str]) -> bool:
        if topic in self._log.topics:
            return False
        self._log.topics[topic] = MemoryTopic(
            str(next(self._log.ids)), {**_DEFAULTS, **settings}, [[] for _ in range(partitions)]
        )
        return True

    def describe(self, topic: str) -> TopicDescription:
        found = self._log.topic(topic)
        return TopicDescription(found.id, len(found.partitions))

    def settings(self, topic: str) -> Mapping[str, str]:
        return dict(self._log.topic(topic).settings)

    def change_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        self._log.topic(topic).settings.update(settings)


class MemoryReader(Reader):
    """Holds nothing."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def ranges(self, topic: str) -> list[OffsetRange]:
        partitions = self._log.topic(topic).partitions
        return [OffsetRange(topic, number, 0, len(records)) for number, records in enumerate(partitions)]

    def read(self, part: OffsetRange) -> Iterator[LogRecord]:
        yield from self._log.topic(part.topic).partitions[part.partition][part.start : part.end]

    def close(self) -> None:
        pass


class MemorySource(RatingSource):
    """Returns the records of the first partition first, and never waits."""

    def __init__(self, log: MemoryLog, topic: str, group: str | None) -> None:
        self._log, self._topic, self._group = log, topic, group
        found = log.topic(topic)
        self.topic_id, self.partitions = found.id, tuple(range(len(found.partitions)))
        self.seek({})

    def seek(self, offsets: Mapping[int, int]) -> None:
        self._positions = {number: offsets.get(number, 0) for number in self.partitions}

    def poll(self, timeout_seconds: float, max_records: int | None = None) -> Sequence[RecordBlock]:
        partitions = self._log.topic(self._topic).partitions
        for number, position in self._positions.items():
            if position > len(partitions[number]):
                raise TopicUnsafe(f"topic {self._topic}: the log in memory does not hold that offset ({position})")
            action = self._log.actions.pop((self._topic, number, position), None)
            if action is not None:
                action(self)
                return []
        found: list[LogRecord] = []
        most = _MOST_RECORDS if max_records is None else max_records
        for number, position in self._positions.items():
            records = partitions[number]
            ahead = [n for topic, at, n in self._log.actions if (topic, at) == (self._topic, number) and n > position]
            end = min([len(records), position + most - len(found), *ahead])
            found += records[position:end]
            self._positions[number] = end
        return RecordBlock.of(found)

    def positions(self) -> dict[int, int]:
        return dict(self._positions)

    def end_offsets(self) -> dict[int, int]:
        partitions = self._log.topic(self._topic).partitions
        return {number: len(partitions[number]) for number in self.partitions}

    def newest_time(self) -> int | None:
        partitions = self._log.topic(self._topic).partitions
        return max((record.timestamp // 1000 for records in partitions for record in records), default=None)

    def commit(self, offsets: Mapping[int, int]) -> None:
        if self._group is not None:
            self._log.committed[self._group] = dict(offsets)

    def close(self) -> None:
        pass


class MemoryDelivery(Delivery):
    """Writes at once; fails only for a missing topic."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.offsets = {}
        self._failed: DeliveryFailed | None = None

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int | None,
        subject: object,
        headers: Headers | None = None,
    ) -> int:
        self.flush()
        try:
            records = self._log.topic(topic).partitions[partition]
        except (LogError, IndexError) as error:
            self._failed = DeliveryFailed(f"{subject} is not confirmed, and sending ended there. {error}")
            raise self._failed from error
        offset, time = len(records), -1 if timestamp_ms is None else timestamp_ms
        records.append(LogRecord(topic, partition, offset, time, key, value, headers or []))
        self.offsets[topic, partition] = offset + 1
        return offset

    def post(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, timestamp_ms: int, subject: object
    ) -> Future[tuple[int, int]]:
        place: Future[tuple[int, int]] = Future()
        place.set_result((partition, self.send(topic, partition, key, value, timestamp_ms, subject)))
        return place

    def flush(self) -> None:
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        self.flush()

    def abandon(self) -> None:
        pass
