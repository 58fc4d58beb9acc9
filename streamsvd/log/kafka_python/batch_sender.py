"""Sends record batches over kafka-python's network client, one request in flight per broker.

A batch without an answer is looked for in the log, and if it is not there, sent again with the same sequence number,
which a broker that has it by then recognises: so each is in the log once. A sequence number alone is not enough: when
it starts, and now and then, a broker forgets the producers whose newest record is older than a day, and records have
event times. Until all batches are confirmed nothing later is sent, and after one that failed nothing at all, so each
partition has a prefix of what was sent to it.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import chain, islice
from typing import Any

from kafka import TopicPartition
from kafka.errors import (
    DuplicateSequenceNumberError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    MessageSizeTooLargeError,
    NoError,
    RecordListTooLargeError,
    UnknownBrokerIdError,
    for_code,
)
from kafka.future import Future
from kafka.net import KafkaNetClient
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

from streamsvd.errors import StreamSVDError
from streamsvd.log.kafka_python.batch_writing import ProducerId, RecordBatch, record_batches
from streamsvd.log.kafka_python.clients import BOOTSTRAP_SECONDS, brokers
from streamsvd.log.kafka_python.errors import kafka_errors
from streamsvd.log.kafka_python.reader import KafkaReader
from streamsvd.log.ports import OffsetRange
from streamsvd.log.records import Record, RecordColumns

_MOST_BYTES = 1_000_000  # of a batch; a broker takes 1,048,588 if nothing else is set
_RETRY_MS = 100
_TOO_LARGE = MessageSizeTooLargeError, RecordListTooLargeError
_CONNECTION_ERRORS = OSError, RuntimeError  # the second for a connection that is just being closed
_Topic = ProduceRequest.TopicProduceData
_Partition = _Topic.PartitionProduceData


class BatchFailed(Exception):
    """A batch is not confirmed: the client's error, and what its first record, or the refused one, is."""

    def __init__(self, cause: Exception, subject: object) -> None:
        super().__init__(cause, subject)
        self.cause, self.subject = cause, subject


class BatchSender:
    """An idempotent producer of record batches. Not thread-safe.

    Parameters
    ----------
    address : str
    delivery_seconds : float
        A batch that is not confirmed this long after it was first sent has failed.
    offsets : dict of (str, int) to int
        See `Delivery`; kept up to date.

    Attributes
    ----------
    confirmed : int
        Records.

    Raises
    ------
    LogUnavailable, LogError
    """

    def __init__(self, address: str, delivery_seconds: float, offsets: dict[tuple[str, int], int]) -> None:
        self._address = address
        self._offsets = offsets
        self._ends: dict[TopicPartition, int] = {}  # offsets from which on the next batches will be
        self._unanswered: set[TopicPartition] = set()
        self.confirmed = 0
        self._delivery_seconds = delivery_seconds
        self._request_ms = int(min(15.0, delivery_seconds / 2) * 1000)
        self._most_bytes = _MOST_BYTES
        self._sequences: dict[TopicPartition, int] = {}
        self._waiting: dict[TopicPartition, deque[RecordBatch]] = {}  # not confirmed; the first of each is sent
        self._in_flight: list[tuple[Any, list[TopicPartition]]] = []
        self._deadline = 0.0
        with kafka_errors(address, "connecting"):
            self._client = KafkaNetClient(
                bootstrap_servers=brokers(address),
                request_timeout_ms=self._request_ms,
                reconnect_backoff_max_ms=1000,  # finds a restarted broker soon
            )
            try:
                self._producer = self._new_producer()
            except BaseException:
                self._client.close()
                raise

    def send(self, topic: str, parts: Mapping[int, RecordColumns]) -> None:
        """Send all records; those of the last request may be unconfirmed.

        Raises
        ------
        BatchFailed
            These records or earlier ones are not confirmed; nothing may be sent any more.
        """
        self._client.poll(timeout_ms=_RETRY_MS, future=self._client.cluster.add_topic(topic))  # finds its leaders
        queues: dict[TopicPartition, deque[RecordBatch]] = {}
        for number, columns in parts.items():
            place, rows = TopicPartition(topic, number), range(len(columns.timestamps))
            batches = record_batches(columns, rows, self._producer, self._sequences.get(place, 0), self._most_bytes)
            self._sequences[place] = batches[-1].next_sequence
            queues[place] = deque(batches)
        while queues:
            self.flush()
            self._deadline = time.monotonic() + self._delivery_seconds
            self._waiting = {place: deque([batches.popleft()]) for place, batches in queues.items()}
            queues = {place: batches for place, batches in queues.items() if batches}
            self._advance(self._request)

    def flush(self) -> None:
        """Wait until everything sent is confirmed; `BatchFailed` as in `send`."""
        while self._waiting:
            self._advance(self._receive if self._in_flight else self._request)

    def close(self) -> None:
        """Disconnect without waiting."""
        self._client.close()

    def _new_producer(self) -> ProducerId:
        deadline = time.monotonic() + BOOTSTRAP_SECONDS
        self._client.check_version(timeout_ms=int(BOOTSTRAP_SECONDS * 1000))
        while True:
            request = InitProducerIdRequest(
                transactional_id=None, transaction_timeout_ms=0, producer_id=-1, producer_epoch=-1, max_version=4
            )
            try:
                node = self._client.least_loaded_node(bootstrap_fallback=True)
                answer = self._client.send_and_receive(node, request, timeout_ms=self._request_ms)
                if not answer.error_code:
                    return ProducerId(answer.producer_id, answer.producer_epoch)
                raise for_code(answer.error_code)()
            except (KafkaError, *_CONNECTION_ERRORS) as error:
                self._wait_to_retry(error, deadline)

    def _advance(self, step: Callable[[], None]) -> None:
        """Take a step; after an error that may pass, wait a moment."""
        try:
            step()
        except (KafkaError, *_CONNECTION_ERRORS) as error:
            try:
                self._wait_to_retry(error, self._deadline)
            except KafkaError as cause:
                first = next(iter(self._waiting.values()))[0]
                raise BatchFailed(cause, first.columns.subject(first.start)) from cause

    def _wait_to_retry(self, error: Exception, deadline: float) -> None:
        """Wait a moment and ask for the leaders; raise the error if that cannot help, or it is too late."""
        if isinstance(error, _CONNECTION_ERRORS):
            error = KafkaConnectionError(str(error))
        if time.monotonic() >= deadline or not (error.retriable or isinstance(error, UnknownBrokerIdError)):  # type: ignore[attr-defined]
            raise error
        self._client.cluster.request_update()
        self._client.poll(timeout_ms=_RETRY_MS, future=Future())

    def _look(self) -> None:
        """Where the log ends, the first time; confirm the batches without an answer that it has."""
        new = self._waiting.keys() - self._ends.keys()
        if not (new or self._unanswered):
            return
        try:
            with closing(KafkaReader(self._address)) as reader:
                for topic in {place.topic for place in new | self._unanswered}:
                    for part in reader.ranges(topic):
                        place = TopicPartition(topic, part.partition)
                        start = self._ends.setdefault(place, part.end)
                        if place in self._unanswered:
                            self._find(reader, place, part._replace(start=start))
        except StreamSVDError as error:
            raise KafkaConnectionError(str(error)) from error

    def _find(self, reader: KafkaReader, place: TopicPartition, part: OffsetRange) -> None:
        batch = self._waiting[place][0]
        expected = [batch.columns.record(row) for row in range(batch.start, batch.stop)]
        records = reader.read(part)
        for first in records:
            if _content(first) == expected[0]:
                found = [_content(record) for record in chain([first], islice(records, len(expected) - 1))]
                if found != expected:
                    cause = KafkaError(
                        f"{place} has a part of a batch, from offset {first.offset} on: another replay runs"
                    )
                    raise BatchFailed(cause, batch.columns.subject(batch.start))
                self._confirm(place, first.offset)
                break
        self._unanswered.discard(place)

    def _request(self) -> None:
        """Send the first batch of each partition to its leader."""
        self._look()
        cluster, leaders = self._client.cluster, defaultdict(list)
        for place in self._waiting:
            leaders[cluster.leader_for_partition(place)].append(place)
        for node, places in leaders.items():
            if node in (None, -1):
                continue
            topics = defaultdict(list)
            for place in places:
                topics[place.topic].append(_Partition(index=place.partition, records=self._waiting[place][0].data))
            request = ProduceRequest(
                transactional_id=None,
                acks=-1,
                timeout_ms=self._request_ms,
                topic_data=[_Topic(name=topic, partition_data=partitions) for topic, partitions in topics.items()],
                min_version=3,
                max_version=9,  # names topics; later ones need their ids
            )
            self._in_flight.append((self._client.send(node, request), places))
        if self._waiting and not self._in_flight:
            raise LeaderNotAvailableError(f"no leader of {', '.join(map(str, self._waiting))}")
        for _ in range(2):  # the first asks whether the socket takes the request, the second writes it
            self._client.poll(timeout_ms=0)

    def _receive(self) -> None:
        """Wait for the answer to one request."""
        answered, places = self._in_flight.pop()
        self._client.poll(timeout_ms=max(0, 1000 * (self._deadline - time.monotonic())), future=answered)
        if not answered.is_done:
            raise KafkaTimeoutError(f"no answer for {self._delivery_seconds:g} s")
        if answered.exception is not None:
            self._unanswered.update(places)
            raise answered.exception
        errors = [
            error
            for topic in answered.value.responses
            for part in topic.partition_responses
            if (error := self._outcome(TopicPartition(topic.name, part.index), part)) is not None
        ]
        if errors:
            raise next((error for error in errors if isinstance(error, BatchFailed)), errors[0])

    def _outcome(self, place: TopicPartition, answer: Any) -> KafkaError | BatchFailed | None:
        """Take one batch's outcome; returns an error, which may pass or not."""
        batches = self._waiting[place]
        batch, error = batches[0], for_code(answer.error_code)
        if error is NoError or error is DuplicateSequenceNumberError:
            self._confirm(place, answer.base_offset)
            return None
        if error in _TOO_LARGE and batch.stop - batch.start > 1:
            self._most_bytes = len(batch.data) // 2
            rows = range(batch.start, batch.stop)
            parts = record_batches(batch.columns, rows, self._producer, batch.sequence, self._most_bytes)
            batches.popleft()
            batches.extendleft(reversed(parts))
            return None
        cause = error(answer.error_message)
        if cause.retriable:
            self._unanswered.add(place)  # a leader that is replaced, or lacks replicas, may have written it
            return cause
        refused = answer.record_errors[0].batch_index if answer.record_errors else 0
        return BatchFailed(cause, batch.columns.subject(batch.start + refused))

    def _confirm(self, place: TopicPartition, offset: int) -> None:
        """The first batch of a partition is in the log, from an offset on."""
        batch = self._waiting[place].popleft()
        if not self._waiting[place]:
            del self._waiting[place]
        if offset < 0:  # a broker that has the batch need not say where
            offset = self._ends[place]
        self._ends[place] = self._offsets[place] = offset + batch.stop - batch.start
        self.confirmed += batch.stop - batch.start


def _content(record: Record) -> tuple[bytes | None, bytes | None, int]:
    return record.key, record.value, record.timestamp
