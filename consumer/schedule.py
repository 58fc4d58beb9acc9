"""When a checkpoint is written, how it is throttled, and how long it is retried."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from streamsvd.errors import StoreUnavailable

T = TypeVar("T")

_MOST_GATHERED = 0.03  # seconds
_EVENTS = 50_000  # records between checkpoints of a consumer that follows the log
_REST_RATIO = 9.0  # seconds of learning for one of writing, while catching up: checkpoints take a tenth of the time
_PAUSE_RATIO = 3.0  # seconds of pause for one of writing
_LONGEST_BACKOFF = 5.0  # seconds between two attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a checkpoint is written.

    Attributes
    ----------
    events : int or None
        After so many records, always. None: after 50,000 when following the log; while catching up, however many.
    seconds : float
        After so many seconds with something new; while catching up, after nine times what the last checkpoint took
        if that is longer. 0 is live mode: after every poll with records, always.
    patience : float
        Seconds of retries while Redis does not answer; then the consumer stops, and nothing is lost.
    """

    events: int | None = None
    seconds: float = 5.0
    patience: float = 60.0

    @property
    def live(self) -> bool:
        """Whether every poll ends in a checkpoint."""
        return self.seconds == 0

    def is_due(self, records: int, waited: float, took: float, *, catching_up: bool) -> bool:
        """Whether a checkpoint is due.

        Parameters
        ----------
        records : int
            Consumed since the last one.
        waited : float
            Seconds since the last one.
        took : float
            Seconds that the last one took.
        catching_up : bool
            More is left in the log than one poll reads, the run ends at given offsets, or the lag is not known.
        """
        if not records:
            return False
        if self.live or records >= (self.events or (math.inf if catching_up else _EVENTS)):
            return True
        return waited >= (max(self.seconds, _REST_RATIO * took) if catching_up else self.seconds)

    def most_records(self, records: int, most: int) -> int:
        """How many of `most` records the next poll may bring, after `records` since the last checkpoint."""
        return most if self.events is None else min(self.events - records, most)

    @property
    def gather_seconds(self) -> float:
        """How long the broker may gather records for one fetch: every poll has a fixed cost."""
        return min(_MOST_GATHERED, self.seconds / 10)

    @property
    def throttle_seconds(self) -> float:
        """Total pauses within the writing of a checkpoint."""
        return self.seconds / 5


class Throttle:
    """Pauses between the parts of a large write, so that it does not delay lookups on the same machine.

    Parameters
    ----------
    timer : callable
        Monotonic clock in seconds.
    pause : callable
        Waits some seconds.
    most : float
        Seconds of pauses in total.

    Attributes
    ----------
    left : float
        Seconds that remain of them.
    """

    def __init__(self, timer: Callable[[], float], pause: Callable[[float], None], most: float) -> None:
        self._timer, self._pause, self.left = timer, pause, most
        self._since = timer()

    def work(self) -> None:
        """Count the work from now on."""
        self._since = self._timer()

    def __call__(self) -> None:
        """Pause three times as long as the work since the last pause took."""
        wait = min(_PAUSE_RATIO * (self._timer() - self._since), self.left)
        if wait > 0:
            self._pause(wait)
            self.left -= wait
        self._since = self._timer()


class Retry:
    """Retries while Redis does not answer, until a stop is requested.

    Parameters
    ----------
    seconds : float
        Limit of the retries.
    timer, pause : callable
        As for `Throttle`.
    stop : callable
        Whether a stop has been requested.
    notify : callable
        Called with a message when Redis stops answering, and when it answers again.
    """

    def __init__(
        self,
        seconds: float,
        timer: Callable[[], float],
        pause: Callable[[float], None],
        stop: Callable[[], bool],
        notify: Callable[[str], None],
    ) -> None:
        self._seconds, self._timer, self._pause, self._stop, self._notify = seconds, timer, pause, stop, notify

    def until_done(self, write: Callable[[], T]) -> T:
        """Call `write` until the store answers, with exponential backoff, and return its result.

        Raises
        ------
        StoreUnavailable
            It did not answer in time, or a stop was requested.
        """
        give_up, wait, waited = self._timer() + self._seconds, 0.1, False
        while True:
            try:
                done = write()
            except StoreUnavailable as error:
                if self._stop() or self._timer() + wait > give_up:
                    raise StoreUnavailable(f"{error}. Nothing is lost: start again when Redis answers") from error
                if not waited:
                    self._notify(f"{error}. Trying again for {self._seconds:g} s.")
                self._pause(wait)
                wait, waited = min(2 * wait, _LONGEST_BACKOFF), True
            else:
                if waited:
                    self._notify("Redis answers again.")
                return done
