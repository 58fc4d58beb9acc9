"""The ports of a log client, on which the rest of the package is built.

Clients inherit these classes with their docstrings. `LogClient` creates the others: an `Admin` for topics, a `Reader`
for offset ranges, a `RatingSource` to follow a topic, a `Delivery` to write. docs/maintaining.md describes how to add a
client.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from streamsvd.log.records import Headers, Record, RecordBlock, RecordColumns

DELIVERY_SECONDS = 60.0
LINGER_SECONDS = 0.02


class OffsetRange(NamedTuple):
    """Records of a partition with `start <= offset < end`."""

    topic: str
    partition: int
    start: int
    end: int


class TopicDescription(NamedTuple):
    """A topic's id, which changes when it is recreated, and its number of partitions."""

    id: str
    partitions: int


class Admin(Protocol):
    """Creates and describes topics; settings have Kafka's names."""

    def topics(self) -> Collection[str]:
        """Names of all topics."""

    def create(self, topic: str, partitions: int, settings: Mapping[str, str]) -> bool:
        """Create a topic and wait until it is usable; False if it exists."""

    def describe(self, topic: str) -> TopicDescription:
        """Describe a topic; `LogError` if it does not exist."""

    def settings(self, topic: str) -> Mapping[str, str]:
        """Settings of a topic, with the log's defaults; `LogError` if it does not exist."""

    def change_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change settings of a topic, and wait until `settings` returns them."""


class Reader(Protocol):
    """Reads offset ranges. Connects on first use."""

    def ranges(self, topic: str) -> list[OffsetRange]:
        """The offsets of each partition, by number; `LogError` if the topic does not exist."""

    def read(self, part: OffsetRange) -> Iterator[Record]:
        """Records of a range in order; `LogUnavailable` if they do not arrive, `TopicUnsafe` if they are gone."""

    def close(self) -> None:
        """Disconnect; the next use connects again."""


class RatingSource(Protocol):
    """Follows all partitions of a topic, from offset 0. Offsets are those of the next record, by partition.

    Not thread-safe.

    Attributes
    ----------
    topic_id : str
        Of the topic when this was opened: another id means that it was recreated, and old offsets are invalid.
    partitions : tuple of int
        Numbers of the topic's partitions.
    """

    topic_id: str
    partitions: tuple[int, ...]

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Seek to these offsets; other partitions to offset 0."""

    def poll(self, timeout_seconds: float, max_records: int | None = None) -> Sequence[RecordBlock]:
        """Next records, in order within each partition, in blocks that are not empty; none if nothing came in time.

        While the log is unavailable this returns nothing and keeps trying; `end_offsets` raises.

        Raises
        ------
        TopicUnsafe
            The position lies before the log's first record, or after its end.
        LogError
            A damaged record batch.
        """

    def positions(self) -> dict[int, int]:
        """Offsets of the next records to read."""

    def end_offsets(self) -> dict[int, int]:
        """Offsets of the next records to be written; `LogUnavailable` while the log does not answer."""

    def newest_time(self) -> int | None:
        """Newest event time in the log, in seconds since 1970; None while the log is empty.

        Raises
        ------
        LogUnavailable
        LogError
            The log does not support it, such as a broker older than Kafka 3.0.
        """

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Commit the checkpoint's offsets for lag tools; they are never read.

        Raises
        ------
        LogUnavailable, LogError
            Not committed, for example because another program has joined the group.
        """

    def close(self) -> None:
        """Disconnect."""


class Delivery(Protocol):
    """Writes records in order: each partition always has a prefix of what was sent to it.

    Attributes
    ----------
    offsets : dict of (str, int) to int
        Next offset after the last confirmed record, by topic and partition.
    """

    offsets: dict[tuple[str, int], int]

    def send(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int | None,
        subject: object,
        headers: Headers | None = None,
    ) -> object:
        """Send a record; returns before it is confirmed.

        `DeliveryFailed`, with `subject` in its message, if this record or an earlier one is not confirmed; none
        after the failed one was sent.
        """

    def post(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, timestamp_ms: int, subject: object
    ) -> Future[tuple[int, int]]:
        """`send`, with a future of the record's partition and offset, which cannot be cancelled.

        The future's error is `LogUnavailable`, or another `LogError`.
        """

    def send_columns(self, topic: str, parts: Mapping[int, RecordColumns]) -> None:
        """`send` for many records, by partition; each partition has its records in order."""
        for partition, columns in parts.items():
            for row in range(len(columns.timestamps)):
                self.send(topic, partition, *columns.record(row), columns.subject(row))

    def flush(self) -> None:
        """Wait until everything sent is confirmed; `DeliveryFailed` as in `send`."""

    def close(self) -> None:
        """Flush and disconnect."""

    def abandon(self) -> None:
        """Disconnect without waiting for confirmations."""


class LogClient(Protocol):
    """A client of one log. Only its parts connect, and so raise `LogUnavailable` and `LogError`.

    Attributes
    ----------
    address : str
        For messages.
    """

    address: str

    def admin(self, doing: str) -> AbstractContextManager[Admin]:
        """An `Admin` for the body of a `with`; messages of errors begin with `doing`."""

    def reader(self) -> Reader:
        """A reader of any topics."""

    def source(self, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> RatingSource:
        """A source of an existing topic.

        `group` is the name under which `commit` shows progress; it is never joined. `gather_seconds` is how long the
        log may gather records for one poll.
        """

    def delivery(
        self, *, delivery_seconds: float = DELIVERY_SECONDS, linger_seconds: float = LINGER_SECONDS
    ) -> Delivery:
        """A delivery to any topics.

        A record that is not confirmed after `delivery_seconds` has failed; `linger_seconds` is how long it may wait for
        others of the same request.
        """
