"""Fetches whole record batches by kafka-python's network client: no object is made for a record.

The connections, the metadata and the I/O thread are those of a `KafkaConsumer`, which does not fetch itself. Every
leader has one request on its way, also while the caller works on what the one before brought. As in that consumer, a
leader that fails or has moved is asked for again after a new look at the metadata.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

from kafka import TopicPartition
from kafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    LogTruncationError,
    NoError,
    OffsetOutOfRangeError,
    RetriableError,
    for_code,
)
from kafka.net import KafkaConnectionManager, KafkaNetClient, NetworkSelector
from kafka.protocol.consumer import FetchRequest

from streamsvd.log.kafka_python.fetchers import Fetcher
from streamsvd.log.kafka_python.record_batches import read_batches
from streamsvd.log.records import RecordBlock

_Topic = FetchRequest.FetchTopic
_Partition = _Topic.FetchPartition
_VERSIONS = {"min_version": 4, "max_version": 12}  # from Kafka 0.11; the next one has topic ids for names
_BACKOFF_SECONDS = 0.1
_NETWORK_ERRORS = (KafkaError, OSError, RuntimeError)  # the last one for a connection that is just being closed
_ALL_COMMITTED_OR_NOT = 0  # isolation level, the consumer's default
_NO_SESSION = {"session_id": 0, "session_epoch": -1, "forgotten_topics_data": []}


class SharedClient:
    """Makes the network client of a `KafkaConsumer`, as its setting `kafka_client`, and keeps its manager.

    Attributes
    ----------
    manager : KafkaConnectionManager
    """

    manager: Any

    def __call__(self, **settings: Any) -> Any:
        net = NetworkSelector(**settings)
        self.manager = KafkaConnectionManager(net, **settings)
        return KafkaNetClient(net, self.manager)

    def has_batches(self) -> bool:
        """Whether the broker has a version of the fetch request that is known here."""
        try:
            self.manager.broker_version_data.api_version(FetchRequest, **_VERSIONS)
        except IncompatibleBrokerVersion:
            return False
        return True


@dataclass(slots=True)
class _State:
    """Where reading of a partition is.

    `position` is the next record's offset, `ahead` that of what is fetched next; `unread` and then `error` are between.
    `end` is where the log ended when it was last fetched.
    """

    place: TopicPartition
    position: int = 0
    ahead: int = 0
    end: int = 0
    epoch: int = -1
    unread: deque[RecordBlock] = field(default_factory=deque)
    error: KafkaError | None = None
    not_before: float = 0.0
    turn: int = 0

    @property
    def number(self) -> int:
        found: int = self.place.partition
        return found

    def seek(self, offset: int) -> None:
        self.position = self.ahead = offset
        self.epoch, self.error = -1, None
        self.unread.clear()

    def take(self, most: int) -> RecordBlock:
        """The next unread records."""
        block = self.unread.popleft()
        if len(block) > most:
            self.unread.appendleft(block[most:])
            block = block[:most]
        self.position = block.next_offset
        return block

    def raise_error(self) -> None:
        """Raise the error if all records before it were taken; after that, ask again."""
        if self.error is not None and not self.unread:
            error, self.error, self.ahead = self.error, None, self.position
            raise error


class BatchFetcher(Fetcher):
    """Fetches record batches.

    Parameters
    ----------
    manager : KafkaConnectionManager
        Of the consumer's `SharedClient`; its I/O thread runs, and its metadata has the topic.
    settings : mapping
        The consumer's: sizes and waiting times of fetches.
    assigned : sequence of TopicPartition
        All of one topic.
    """

    def __init__(self, manager: Any, settings: Mapping[str, Any], assigned: Sequence[TopicPartition]) -> None:
        self._manager, self._settings = manager, settings
        self._states = {place.partition: _State(place) for place in assigned}
        self._topic = assigned[0].topic
        self._asked: set[Any] = set()
        self._answers: SimpleQueue[tuple[Any, dict[int, int], Any]] = SimpleQueue()
        self._turns = count(1)

    def seek(self, offsets: Mapping[int, int]) -> None:
        for number, state in self._states.items():
            state.seek(offsets[number])

    def positions(self) -> dict[int, int]:
        return {number: state.position for number, state in self._states.items()}

    def poll(self, timeout_seconds: float, max_records: int | None) -> Sequence[RecordBlock]:
        most = self._settings["max_poll_records"] if max_records is None else max_records
        deadline = time.monotonic() + timeout_seconds
        self._receive(0.0)
        while True:
            found = self._take(most)
            now = time.monotonic()
            self._ask(now)
            if found or now >= deadline:
                return found
            waits = [state.not_before - now for state in self._states.values() if state.not_before > now]
            self._receive(min(deadline - now, *waits) if waits else deadline - now)

    def _take(self, most: int) -> list[RecordBlock]:
        """At most so many unread records, of the partition first that had its turn longest ago."""
        states, found = self._in_turn(), list[RecordBlock]()
        for state in states:
            state.raise_error()
        for state in states:
            while state.unread and most:
                found.append(state.take(most))
                most -= len(found[-1])
                state.turn = next(self._turns)
            if not state.unread and state.error is None:
                state.position = state.ahead  # there may be no record at the end of a batch
        return found

    def _in_turn(self) -> list[_State]:
        return sorted(self._states.values(), key=lambda state: state.turn)

    def _ask(self, now: float) -> None:
        """Send a request to every leader that has none, unless much is unread.

        A request for what is not there yet holds up all others to that broker, so it has to wait until all is read.
        """
        unread = sum(block.data.nbytes for state in self._states.values() for block in state.unread)
        if unread > self._settings["max_partition_fetch_bytes"]:
            return
        wanted: dict[Any, list[_State]] = defaultdict(list)
        for state in self._in_turn():
            if state.error is None and state.not_before <= now:
                leader = self._manager.cluster.leader_for_partition(state.place)
                if leader is None or leader == -1:
                    self._retry_later([state])
                elif leader not in self._asked:
                    wanted[leader].append(state)
        for leader, states in wanted.items():
            if any(state.unread for state in states) and all(state.ahead >= state.end for state in states):
                continue
            asked = {state.number: state.ahead for state in states}
            answer = self._manager.call_soon(self._manager.send, self._request(states), leader)
            self._asked.add(leader)
            answer.add_both(partial(self._answered, leader, asked))

    def _answered(self, leader: Any, asked: dict[int, int], outcome: Any) -> None:
        self._answers.put((leader, asked, outcome))

    def _request(self, states: Iterable[_State]) -> Any:
        leader_epoch = self._manager.cluster.leader_epoch_for_partition
        partitions = [
            _Partition(
                partition=state.number,
                current_leader_epoch=-1 if (epoch := leader_epoch(state.place)) is None else epoch,
                fetch_offset=state.ahead,
                last_fetched_epoch=state.epoch,
                partition_max_bytes=self._settings["max_partition_fetch_bytes"],
            )
            for state in states
        ]
        return FetchRequest(
            max_wait_ms=self._settings["fetch_max_wait_ms"],
            min_bytes=self._settings["fetch_min_bytes"],
            max_bytes=self._settings["fetch_max_bytes"],
            isolation_level=_ALL_COMMITTED_OR_NOT,
            topics=[_Topic(topic=self._topic, partitions=partitions)],
            rack_id="",
            **_NO_SESSION,
            **_VERSIONS,
        )

    def _receive(self, timeout_seconds: float) -> None:
        """Read the answers that are there; wait for the first one."""
        try:
            answer = self._answers.get(timeout=max(timeout_seconds, 0.0))
            while True:
                self._read(*answer)
                answer = self._answers.get_nowait()
        except Empty:
            pass

    def _read(self, leader: Any, asked: dict[int, int], outcome: Any) -> None:
        self._asked.discard(leader)
        if isinstance(outcome, Exception) and not isinstance(outcome, _NETWORK_ERRORS):
            raise outcome
        if isinstance(outcome, Exception) or outcome.error_code:
            self._retry_later(self._states[number] for number in asked)
            return
        for topic in outcome.responses:
            for found in topic.partitions:
                state = self._states[found.partition_index]
                if asked.get(state.number) == state.ahead:  # else a seek came between
                    self._read_partition(state, found)

    def _read_partition(self, state: _State, found: Any) -> None:
        error = for_code(found.error_code)
        diverging = found.diverging_epoch
        if error is OffsetOutOfRangeError:
            state.error = OffsetOutOfRangeError({state.place: state.ahead})
        elif issubclass(error, RetriableError):
            self._retry_later([state])
        elif error is not NoError:
            state.error = error(f"fetching {state.place}")
        elif diverging is not None and diverging.end_offset >= 0:
            state.error = LogTruncationError({state.place: diverging.end_offset})
        elif found.records:
            batches = read_batches(self._topic, state.number, found.records, state.ahead)
            state.unread += batches.blocks
            state.ahead, state.epoch, state.error = batches.end, batches.epoch, batches.damage
            state.end = found.high_watermark

    def _retry_later(self, states: Iterable[_State]) -> None:
        """Ask for these partitions again after a while, by new metadata."""
        self._manager.cluster.request_update()
        for state in states:
            state.not_before = time.monotonic() + _BACKOFF_SECONDS
