"""What the dashboard knows: written by the two watchers, read by every open page.

Each attribute is replaced as a whole, never changed in place, so a page that draws while a watcher writes sees the old
value or the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model_store import ShadowRow
from model_store.feed import Detail, FeedPoint, Now
from streamsvd.errors import StreamSVDError
from streamsvd.log import DeadLetter

SILENT_SECONDS = 4.0
"""A server that is asked every second and has not answered for so long is silent, whatever its client waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How it stands with a server that is asked again and again.

    Attributes
    ----------
    since : float
        Wall clock of its newest answer, in seconds; of the first question while there was none.
    answered : bool
        Whether it has ever answered.
    trouble : str or None
        Why the newest question has no answer.
    refused : bool
        It did answer, but not with what was asked for.
    """

    since: float
    answered: bool = False
    trouble: str | None = None
    refused: bool = False

    def silent(self, now: float) -> bool:
        """Whether it does not answer."""
        return self.trouble is not None or now - self.since > SILENT_SECONDS

    def failed(self, error: StreamSVDError) -> Contact:
        """After a question that went wrong."""
        return replace(self, trouble=str(error), refused=not error.retriable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store held at the newest answer.

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
    """What the log held at the newest answer.

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
    """Everything that is known of one model.

    Attributes
    ----------
    model, topic : str
    watches_log : bool
        Whether a Kafka is known at all.
    store, log : Contact
    stored : Stored or None
        None before the first snapshot was seen.
    logged : Logged or None
        None while there is no Kafka to ask, or before its first answer.
    waits_since : float or None
        Wall clock since when there have always been ratings in the log that the snapshot lacks, as far as seen.
    """

    model: str
    topic: str
    watches_log: bool
    store: Contact
    log: Contact
    stored: Stored | None = None
    logged: Logged | None = None
    waits_since: float | None = None

    @property
    def waiting(self) -> int | None:
        """Ratings of the log that are not in the newest snapshot; None where Kafka is not asked or silent."""
        if self.stored is None or self.logged is None or self.log.trouble:
            return None
        read = {number: offset for (topic, number), offset in self.stored.offsets.items() if topic == self.topic}
        return sum(max(0, end - read.get(number, 0)) for number, end in self.logged.ends.items())

    @property
    def behind(self) -> float | None:
        """The same in event time: seconds between the log's newest rating and the newest one in the snapshot."""
        if self.waiting is None or self.logged is None or self.stored is None:
            return None
        learned, newest = self.stored.now.point.event_time, self.logged.event_time
        return None if learned is None or newest is None else float(max(0, newest - learned))
