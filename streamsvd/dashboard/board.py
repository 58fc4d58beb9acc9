"""The dashboard's state: written by the two pollers, read by every open page.

Each attribute is replaced as a whole, never changed in place, so a page that is drawn while a poller writes shows the
old value or the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model_store.feed import Detail, FeedPoint, Now
from streamsvd.errors import StreamSVDError
from streamsvd.figures import ShadowRow
from streamsvd.log import DeadLetter

SILENT_SECONDS = 4.0
"""A server that has not answered for so long is silent, whatever its client's time-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """Whether a server that is polled answers.

    Attributes
    ----------
    since : float
        Wall clock of its newest answer, in seconds; of the first poll while there was none.
    answered : bool
        Whether it has ever answered.
    error : str or None
        Why the newest poll failed.
    refused : bool
        It answered with an error.
    """

    since: float
    answered: bool = False
    error: str | None = None
    refused: bool = False

    def silent(self, now: float) -> bool:
        """Whether it does not answer."""
        return self.error is not None or now - self.since > SILENT_SECONDS

    def failed(self, error: StreamSVDError) -> ServerStatus:
        """The status after a poll that failed."""
        return replace(self, error=str(error), refused=not error.retriable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store held at the newest poll.

    Attributes
    ----------
    now, detail
        The newest figures.
    points : tuple of FeedPoint
        The history, oldest first.
    shadows : sequence of ShadowRow
        The served model and its shadows; empty where it has none.
    offsets : dict of (topic, partition) to int
        Next offsets to read.
    dataset : str
        Name of the data set; empty when unknown.
    """

    now: Now
    detail: Detail
    points: tuple[FeedPoint, ...]
    shadows: Sequence[ShadowRow]
    offsets: Mapping[tuple[str, int], int]
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What the log held at the newest poll.

    Attributes
    ----------
    ends : dict of int to int
        Next offset to be written, by partition.
    event_time : int or None
        Of its newest rating, in seconds.
    letters : sequence of DeadLetter
        The newest ones, newest first.
    letters_kept : int
        How many the dead-letter topic holds.
    """

    ends: Mapping[int, int]
    event_time: int | None
    letters: Sequence[DeadLetter]
    letters_kept: int


@dataclass(slots=True)
class Board:
    """What is known of one model.

    Attributes
    ----------
    model, topic : str
    has_kafka : bool
        Whether there is a Kafka to poll.
    store, log : ServerStatus
    stored : Stored or None
        None before the first snapshot.
    logged : Logged or None
        None without Kafka, or before its first answer.
    waiting_since : float or None
        Wall clock of the first poll since which every poll found ratings in the log that the snapshot lacks.
    """

    model: str
    topic: str
    has_kafka: bool
    store: ServerStatus
    log: ServerStatus
    stored: Stored | None = None
    logged: Logged | None = None
    waiting_since: float | None = None

    @property
    def waiting(self) -> int | None:
        """Ratings of the log that are not in the newest snapshot; None without Kafka, or while it does not answer."""
        if self.stored is None or self.logged is None or self.log.error:
            return None
        read = {number: offset for (topic, number), offset in self.stored.offsets.items() if topic == self.topic}
        return sum(max(0, end - read.get(number, 0)) for number, end in self.logged.ends.items())

    @property
    def behind(self) -> float | None:
        """The lag in event time: seconds between the log's newest rating and the newest one in the snapshot."""
        if self.waiting is None or self.logged is None or self.stored is None:
            return None
        learned, newest = self.stored.now.point.event_time, self.logged.event_time
        return None if learned is None or newest is None else float(max(0, newest - learned))
