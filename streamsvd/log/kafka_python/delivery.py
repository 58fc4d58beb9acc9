"""Sends records to Kafka in order; the log always has a prefix of what was sent.

An interrupted replay continues where the log ends, so a log must never have a record whose predecessor was lost. So the
producer is idempotent, with acks from all replicas and one request in flight per broker, and at the first record that
fails the client's I/O thread is stopped before it takes the next batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from streamsvd.errors import DeliveryFailed
from streamsvd.log.kafka_python.clients import BOOTSTRAP_SECONDS, brokers
from streamsvd.log.kafka_python.errors import kafka_errors, translated
from streamsvd.log.ports import Delivery
from streamsvd.log.records import Headers, RecordColumns

try:
    from streamsvd.log.kafka_python.batch_sender import BatchFailed, BatchSender
except (AttributeError, ImportError):  # another version of the client
    HAS_BATCHES = False
else:
    HAS_BATCHES = True

MAX_IN_FLIGHT = 20_000


class KafkaDelivery(Delivery):
    """A producer that tracks unconfirmed records."""

    def __init__(self, address: str, *, delivery_seconds: float, linger_seconds: float) -> None:
        self._acknowledged = 0
        self.offsets = {}
        self._address = address
        self._delivery_seconds = delivery_seconds
        self._pending: deque[tuple[Any, object]] = deque()
        self._cause: Exception | None = None
        self._sender: Any = None  # of batches, from the first one on
        with kafka_errors(address, "connecting"):
            self._producer = KafkaProducer(
                bootstrap_servers=brokers(address),
                bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
                enable_idempotence=True,
                acks="all",
                max_in_flight_requests_per_connection=1,
                allow_auto_create_topics=False,
                linger_ms=int(linger_seconds * 1000),
                batch_size=256 << 10,
                max_request_size=4 << 20,
                request_timeout_ms=int(min(15.0, delivery_seconds / 2) * 1000),
                delivery_timeout_ms=int(delivery_seconds * 1000),
                max_block_ms=int(min(BOOTSTRAP_SECONDS, delivery_seconds) * 1000),
                metrics_enabled=False,
            )

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int | None,
        subject: object,
        headers: Headers | None = None,
    ) -> Any:  # the client's future
        if self._cause is not None:
            self._fail()
        self._flush_batches()
        try:
            future = self._producer.send(topic, value, key, headers, partition, timestamp_ms)
        except (KafkaError, AssertionError, ValueError) as error:
            self._stop(error)
            self._fail(subject)
        future.add_errback(self._stop)
        pending = self._pending
        pending.append((future, subject))
        if pending[0][0].is_done or len(pending) > MAX_IN_FLIGHT:
            self._settle(MAX_IN_FLIGHT)
        return future

    def post(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, timestamp_ms: int, subject: object
    ) -> Future[tuple[int, int]]:
        place: Future[tuple[int, int]] = Future()
        place.set_running_or_notify_cancel()
        sent = self.send(topic, partition, key, value, timestamp_ms, subject)
        sent.add_callback(lambda record: place.set_result((record.partition, record.offset)))
        sent.add_errback(lambda error: place.set_exception(translated(error, self._address, "sending")))
        return place

    def send_columns(self, topic: str, parts: Mapping[int, RecordColumns]) -> None:
        if not HAS_BATCHES:
            super().send_columns(topic, parts)
            return
        if self._pending or self._cause is not None:
            self.flush()
        if self._sender is None:
            self._sender = BatchSender(self._address, self._delivery_seconds, self.offsets)
        try:
            self._sender.send(topic, parts)
        except BatchFailed as error:
            self._stop(error.cause)
            self._fail(error.subject)

    def flush(self) -> None:
        if self._cause is None:
            self._flush_batches()
            self._producer.flush()
            self._settle(0)
        if self._cause is not None:
            self._fail()

    def _flush_batches(self) -> None:
        if self._sender is not None:
            try:
                self._sender.flush()
            except BatchFailed as error:
                self._stop(error.cause)
                self._fail(error.subject)

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self.abandon()

    def abandon(self) -> None:
        if self._sender is not None:
            self._sender.close()
        self._producer._sender.force_close()
        self._producer._sender.join(BOOTSTRAP_SECONDS)
        self._producer.close(timeout=0)

    def _settle(self, allowed: int) -> None:
        """Remove confirmed records from the queue; wait while it has more than `allowed`."""
        pending = self._pending
        while pending:
            future, _ = pending[0]
            if not future.is_done:
                if len(pending) <= allowed:
                    return
                try:
                    future.get(2 * self._delivery_seconds)
                except KafkaError as error:
                    self._stop(error)
            if future.exception is not None or not future.is_done:
                self._fail()
            pending.popleft()
            self._confirm(future.value)

    def _confirm(self, sent: Any) -> None:
        self._acknowledged += 1
        self.offsets[sent.topic, sent.partition] = sent.offset + 1

    def _stop(self, error: Exception) -> None:
        # Runs in the I/O thread. Only the client's sender can be stopped at once, not by its close().
        if self._cause is None:
            self._cause = error
        self._producer._sender.force_close()

    def _fail(self, subject: object = None) -> None:
        cause = self._cause
        assert cause is not None
        self._producer._sender.join(BOOTSTRAP_SECONDS)
        found = False
        while self._pending:  # some may be confirmed; the exception of the failed one is the cause
            future, named = self._pending.popleft()
            if future.is_done and future.exception is None:
                self._confirm(future.value)
            elif future.exception is cause and not found:
                subject, found = named, True
            elif subject is None:
                subject = named
        confirmed = self._acknowledged + (0 if self._sender is None else self._sender.confirmed)
        reason = translated(cause, self._address, "sending")
        raise DeliveryFailed(
            f"{subject} is not confirmed, and sending ended there. {reason} The log has at least "
            f"{confirmed:,} records of this run, in order. Run the same command again: it continues where "
            "the log ends."
        ) from cause
