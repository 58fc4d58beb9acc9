"""What a consumer is told about when to write, and what it tells about how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evaluation import Figures

_MOST_GATHERED = 0.03  # seconds
_RESTING = 3.0  # seconds of rest for one of writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a checkpoint is written: after so many events or seconds, whichever comes first.

    Attributes
    ----------
    events : int
    seconds : float
        0 is live mode: after every poll that brought something.
    patience : float
        Seconds to go on trying while Redis does not answer; then the consumer stops, and nothing is lost.
    """

    events: int = 50_000
    seconds: float = 5.0
    patience: float = 60.0

    @property
    def live(self) -> bool:
        """Whether every poll ends in a checkpoint."""
        return self.seconds == 0

    @property
    def gather_seconds(self) -> float:
        """How long records may wait at the broker for more of them: each handful costs a round of everything."""
        return min(_MOST_GATHERED, self.seconds / 10)

    @property
    def rest_seconds(self) -> float:
        """How long the writing of a checkpoint may rest in all."""
        return self.seconds / 5


class Rest:
    """Waits between the pages of a large write, so that lookups on the same machine are not held up by it.

    Parameters
    ----------
    timer : callable
        A clock that never goes back, in seconds.
    pause : callable
        Waits some seconds.
    most : float
        Seconds in all.

    Attributes
    ----------
    left : float
        Seconds that are left of them.
    """

    def __init__(self, timer: Callable[[], float], pause: Callable[[float], None], most: float) -> None:
        self._timer, self._pause, self.left = timer, pause, most
        self._since = timer()

    def work(self) -> None:
        """From now on it is work, whatever was before."""
        self._since = self._timer()

    def __call__(self) -> None:
        """Wait three times as long as work took since the last rest."""
        wait = min(_RESTING * (self._timer() - self._since), self.left)
        if wait > 0:
            self._pause(wait)
            self.left -= wait
        self._since = self._timer()


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
