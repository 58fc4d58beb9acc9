"""What a consumer tells about how far it is."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation import Figures


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a consumer is behind the end of the log; None where Kafka has not said.

    Attributes
    ----------
    records : int or None
    seconds : int or None
        In event time: the log's newest time less the newest one learned.
    """

    records: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """Checkpoints of one consumer.

    Attributes
    ----------
    count : int
    written_at : float or None
        Wall clock of the newest one, in seconds.
    seconds, bytes : float and int, or None
        What the newest one took and sent.
    total_seconds, total_bytes : float and int
        What all of them took and sent.
    """

    count: int = 0
    written_at: float | None = None
    seconds: float | None = None
    bytes: int | None = None
    total_seconds: float = 0.0
    total_bytes: int = 0

    def after(self, written_at: float, seconds: float, size: int) -> Saved:
        """With one more."""
        return Saved(self.count + 1, written_at, seconds, size, self.total_seconds + seconds, self.total_bytes + size)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the consumer is.

    Attributes
    ----------
    learned : int
        Ratings learned since this consumer started.
    positions : dict of int to int
        Next offset of each partition.
    figures : Figures
    event_time : int or None
        Newest event time, in seconds.
    rejected, repeated : int
        Records sent to the dead letters, and repeated deliveries left out, since this consumer started.
    version : int
        Of the newest checkpoint.
    dead_letters : dict of str to int
        Records sent to the dead letters since the model's beginning, by reason.
    drift : dict of str to int
        Changes of the page error since the model's beginning, by detector.
    users, items : int
        Rows of the model.
    lag : Lag
        As of the newest answer of Kafka.
    saved : Saved
        What the checkpoints of this consumer took.
    """

    learned: int
    positions: dict[int, int]
    figures: Figures
    event_time: int | None
    rejected: int
    repeated: int
    version: int
    dead_letters: dict[str, int]
    drift: dict[str, int]
    users: int
    items: int
    lag: Lag
    saved: Saved
