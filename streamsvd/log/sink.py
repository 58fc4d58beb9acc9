"""Where ratings go: the writing end of the log.

A record's key is its user, so that one user's ratings stay in order whatever the number of partitions; its
timestamp is the event time. The key is the id as JSON: the integer 1 and the string "1" are two users.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

import msgspec
from kafka.partitioner import murmur2

from streamsvd.log.kafka_python.delivery import DELIVERY_SECONDS, LINGER_SECONDS, Delivery, Sink
from streamsvd.log.kafka_python.errors import translated
from streamsvd.log.kafka_python.topics import partition_count
from streamsvd.ratings import Event, Id, encode

_encode_key = msgspec.json.Encoder().encode


def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key: that of Kafka's own default, so that clients in other languages agree.

    Examples
    --------
    >>> partition_of(b"196", 3), partition_of(b"196", 1)
    (0, 0)
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions if partitions > 1 else 0


class RatingSink(Protocol):
    """What a producer of events needs of the log.

    Attributes
    ----------
    acknowledged : int
        Events that are safely in the log.
    offsets : dict of int to int
        Next offset after the last of them, by partition.
    """

    @property
    def acknowledged(self) -> int: ...
    @property
    def offsets(self) -> dict[int, int]: ...

    def partition(self, user: Id) -> int:
        """The partition that holds this user's events."""
        ...

    def send(self, event: Event) -> None:
        """Hand over one event; returns before it is confirmed."""
        ...

    def flush(self) -> None:
        """Wait until everything handed over is confirmed."""
        ...

    def close(self) -> None:
        """Flush and let go."""
        ...


class KafkaSink(Sink):
    """Events onto a Kafka topic; see `RatingSink` and, for what is guaranteed, `streamsvd.log.kafka_python.delivery`.

    Parameters
    ----------
    address : str
        The broker, `host:port`.
    topic : str
        An existing topic.
    delivery_seconds, linger_seconds : float
        See `Delivery`.

    Raises
    ------
    LogUnavailable, LogError
        The broker does not answer, or there is no such topic.
    """

    def __init__(
        self,
        address: str,
        topic: str,
        *,
        delivery_seconds: float = DELIVERY_SECONDS,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._address, self._topic = address, topic
        self._count = partition_count(address, topic)
        self._delivery = Delivery(address, delivery_seconds=delivery_seconds, linger_seconds=linger_seconds)
        self._places: dict[Id, tuple[bytes, int]] = {}
        self._send = self._delivery.send

    @property
    def acknowledged(self) -> int:
        """Events that are safely in the log."""
        return self._delivery.acknowledged

    @property
    def offsets(self) -> dict[int, int]:
        """Next offset after the last of them, by partition."""
        return {partition: offset for (_, partition), offset in sorted(self._delivery.offsets.items())}

    def partition(self, user: Id) -> int:
        """The partition that holds this user's events."""
        return self._place(user)[1]

    def _place(self, user: Id) -> tuple[bytes, int]:
        place = self._places.get(user)
        if place is None:
            key = _encode_key(user)
            place = self._places[user] = key, partition_of(key, self._count)
        return place

    def send(self, event: Event) -> None:
        """Hand over one event; returns before it is confirmed.

        Raises
        ------
        EventError
            The event holds something that nobody could read back.
        DeliveryFailed
            This event or an earlier one is not confirmed; nothing after the failed one was sent.
        """
        key, partition = self._place(event.user)
        self._send(self._topic, partition, key, encode(event), event.timestamp * 1000, event)

    def post(self, event: Event) -> Future[tuple[int, int]]:
        """Hand over one event, whose partition and offset the future holds once it is confirmed.

        The future's error is `LogUnavailable`, or another that `send` knows; it cannot be cancelled.

        Raises
        ------
        EventError, DeliveryFailed
            As in `send`.
        """
        key, value = _encode_key(event.user), encode(event)
        place: Future[tuple[int, int]] = Future()
        place.set_running_or_notify_cancel()
        sent = self._delivery.send(
            self._topic, partition_of(key, self._count), key, value, event.timestamp * 1000, event
        )
        sent.add_callback(lambda record: place.set_result((record.partition, record.offset)))
        sent.add_errback(lambda error: place.set_exception(translated(error, self._address, "sending")))
        return place
