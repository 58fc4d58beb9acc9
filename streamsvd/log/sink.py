"""Writes ratings to the log.

A record's key is its user, so that the ratings of a user stay in order for any number of partitions; its timestamp is
the event time. The key is the id as JSON: the integer 1 and the string "1" are two users.
"""

from __future__ import annotations

from concurrent.futures import Future
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from streamsvd.log.partitioning import partition_of, partitions_of
from streamsvd.log.ports import DELIVERY_SECONDS, LINGER_SECONDS, Delivery, LogClient
from streamsvd.log.records import RecordColumns, Spans
from streamsvd.log.topics import describe_topic
from streamsvd.ratings import Event, Id, RatingTable, encode
from streamsvd.ratings.bulk import encode_columns

_encode_key = msgspec.json.Encoder().encode


class Sink:
    """Base class: sends through a delivery; as a context manager, closes without waiting after an error."""

    _delivery: Delivery | None = None

    def flush(self) -> None:
        """Wait until everything sent is confirmed; `DeliveryFailed` as in `send`."""
        if self._delivery is not None:
            self._delivery.flush()

    def close(self) -> None:
        """Flush and disconnect."""
        if self._delivery is not None:
            self._delivery.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif self._delivery is not None:
            self._delivery.abandon()


class RatingSink(Sink):
    """Sends events to a topic, in order, with the guarantees of `Delivery`.

    Parameters
    ----------
    log : LogClient
    topic : str
        An existing topic.
    delivery_seconds, linger_seconds : float
        See `LogClient.delivery`.

    Raises
    ------
    LogUnavailable, LogError
        The log does not answer, or the topic does not exist.

    Attributes
    ----------
    partitions : int
        Number of the topic's partitions when this was opened; users lie in these until it is closed.
    """

    _delivery: Delivery

    def __init__(
        self,
        log: LogClient,
        topic: str,
        *,
        delivery_seconds: float = DELIVERY_SECONDS,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._topic = topic
        self.partitions = describe_topic(log, topic).partitions
        self._delivery = log.delivery(delivery_seconds=delivery_seconds, linger_seconds=linger_seconds)
        self._places: dict[Id, tuple[bytes, int]] = {}
        self._send = self._delivery.send

    @property
    def offsets(self) -> dict[int, int]:
        """Next offset after the last confirmed event, by partition."""
        return {partition: offset for (_, partition), offset in sorted(self._delivery.offsets.items())}

    def partition(self, user: Id) -> int:
        """The partition of a user's events."""
        return self._place(user)[1]

    def _place(self, user: Id) -> tuple[bytes, int]:
        place = self._places.get(user)
        if place is None:
            key = _encode_key(user)
            place = self._places[user] = key, partition_of(key, self.partitions)
        return place

    def send(self, event: Event) -> None:
        """Send an event; returns before it is confirmed.

        Raises
        ------
        EventError
            The event cannot be encoded.
        DeliveryFailed
            This event or an earlier one is not confirmed; none after the failed one was sent.
        """
        key, partition = self._place(event.user)
        self._send(self._topic, partition, key, encode(event), event.timestamp * 1000, event)

    def send_table(self, table: RatingTable) -> None:
        """`send` for all rows of a table, with the same bytes; much faster for thousands of rows."""
        self._delivery.send_columns(self._topic, columns_by_partition(table, self.partitions))

    def post(self, event: Event) -> Future[tuple[int, int]]:
        """`send`, with a future of the event's partition and offset; see `Delivery.post`."""
        key, value = _encode_key(event.user), encode(event)
        place = partition_of(key, self.partitions)
        return self._delivery.post(self._topic, place, key, value, event.timestamp * 1000, event)


def columns_by_partition(table: RatingTable, count: int) -> dict[int, RecordColumns]:
    """What `RatingSink.send` would send of all rows, by partition, of which the topic has `count`."""
    encoded = encode_columns(table)
    partitions = partitions_of(Spans(*encoded.keys), encoded.data, count)

    def part(number: int) -> RecordColumns:
        rows = np.flatnonzero(partitions == number)
        return RecordColumns(
            1000 * table.timestamps[rows],
            Spans(*encoded.keys[:, rows]),
            Spans(*encoded.values[:, rows]),
            encoded.data,
            lambda row: next(table[int(rows[row]) :].events(block=1)),
        )

    return {number: part(number) for number in np.unique(partitions).tolist()}
