"""What a client of the log has to offer; everything else in this room is built on it.

Clients inherit these classes with their docstrings. `LogClient` lends the others: an `Admin` for topics, a `Reader` for
what is looked up, a `RatingSource` for what is followed, a `Delivery` for what is written. docs/maintaining.md says how
to add another client.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

DELIVERY_SECONDS = 60.0
LINGER_SECONDS = 0.02

Headers = list[tuple[str, bytes]]


class Record(Protocol):
    """One record of the log; kafka-python's `ConsumerRecord` is one.

    Attributes
    ----------
    topic, partition, offset
        Where it lies.
    timestamp : int
        Its timestamp in milliseconds: the event time, for ratings.
    key, value : bytes or None
    headers : sequence of (str, bytes)
    """

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class OffsetRange(NamedTuple):
    """Records of a partition with `start <= offset < end`."""

    topic: str
    partition: int
    start: int
    end: int


class TopicDescription(NamedTuple):
    """A topic's id, which one made anew under the same name does not share, and how many partitions it has."""

    id: str
    partitions: int


class Admin(Protocol):
    """Topics: made, described, and their settings, which are named as Kafka names them."""

    def topics(self) -> Collection[str]:
        """Names of all topics."""

    def create(self, topic: str, partitions: int, settings: Mapping[str, str]) -> bool:
        """Make a topic and wait until it can be used; False if it is there already."""

    def describe(self, topic: str) -> TopicDescription:
        """What a topic is; `LogError` if there is none."""

    def settings(self, topic: str) -> Mapping[str, str]:
        """Settings of a topic, the log's defaults among them; `LogError` if there is none."""

    def change_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        """Give a topic these settings, and wait until `settings` shows them."""


class Reader(Protocol):
    """Reads what is looked up rather than followed. Connects with the first question."""

    def ranges(self, topic: str) -> list[OffsetRange]:
        """What each partition holds, in the order of their numbers; `LogError` if there is no such topic."""

    def read(self, part: OffsetRange) -> Iterator[Record]:
        """Its records in order; `LogUnavailable` if they do not come, `TopicUnsafe` if they are gone."""

    def close(self) -> None:
        """Let go of the connection; the next question opens another."""


class RatingSource(Protocol):
    """Follows all partitions of a topic, from offset 0. Offsets are those of the next record, by partition.

    Not for several threads.

    Attributes
    ----------
    topic_id : str
        Of the topic when this was opened: another one means that it was made anew, and old offsets mean nothing.
    partitions : tuple of int
        Numbers of the topic's partitions.
    """

    topic_id: str
    partitions: tuple[int, ...]

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Go to these offsets; a partition that is not named goes to offset 0."""

    def poll(self, timeout_seconds: float, max_records: int | None = None) -> Sequence[Record]:
        """Next records, in order within each partition; empty when none came in time.

        While the log is away this returns nothing and goes on trying; `end_offsets` tells.

        Raises
        ------
        TopicUnsafe
            The log does not hold the records at the position any more, or not yet.
        LogError
            A damaged record batch.
        """

    def positions(self) -> dict[int, int]:
        """Offsets that are read next."""

    def end_offsets(self) -> dict[int, int]:
        """Offsets that are written next; `LogUnavailable` while the log does not answer."""

    def newest_time(self) -> int | None:
        """Newest event time in the log, in seconds since 1970; None while the log is empty.

        Raises
        ------
        LogUnavailable
        LogError
            The log cannot tell, such as a broker older than Kafka 3.0.
        """

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Tell lag tools how far the checkpoint is; nothing is ever read from there.

        Raises
        ------
        LogUnavailable, LogError
            Not committed, for instance because another program has joined the group.
        """

    def close(self) -> None:
        """Let go."""


class Delivery(Protocol):
    """Writes records in order, each one accounted for: what the log holds is always a prefix of what was sent.

    Attributes
    ----------
    offsets : dict of (str, int) to int
        Next offset after the last record that is safely in the log, by topic and partition.
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
        """Hand over one record; returns before it is confirmed.

        `DeliveryFailed`, with `subject` in its message, if this record or an earlier one is not confirmed; nothing
        after the failed one was sent.
        """

    def post(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, timestamp_ms: int, subject: object
    ) -> Future[tuple[int, int]]:
        """`send`, with a future of the record's partition and offset, which cannot be cancelled.

        The future's error is `LogUnavailable`, or another `LogError`.
        """

    def flush(self) -> None:
        """Wait until everything handed over is confirmed; `DeliveryFailed` as in `send`."""

    def close(self) -> None:
        """Flush and let go of the connection."""

    def abandon(self) -> None:
        """Let go of the connection without waiting for what is not confirmed."""


class LogClient(Protocol):
    """One way to one log. Its parts connect, and so raise `LogUnavailable` and `LogError`; having it costs nothing.

    Attributes
    ----------
    address : str
        Where the log is, for messages.
    """

    address: str

    def admin(self, doing: str) -> AbstractContextManager[Admin]:
        """An `Admin` for the body of a `with`; errors in it begin with what was being done."""

    def reader(self) -> Reader:
        """A reader of any topics."""

    def source(self, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> RatingSource:
        """A source of an existing topic.

        `group` is the name under which `commit` shows progress; it is never joined. `gather_seconds` is how long the
        log may hold records back in order to hand out more of them at once.
        """

    def delivery(
        self, *, delivery_seconds: float = DELIVERY_SECONDS, linger_seconds: float = LINGER_SECONDS
    ) -> Delivery:
        """A delivery to any topics.

        A record that is not confirmed after `delivery_seconds` has failed; `linger_seconds` is how long it may wait for
        others of the same request.
        """
