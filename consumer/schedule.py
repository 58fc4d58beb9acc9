"""When a checkpoint is written, how gently, and for how long that is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from streamsvd.errors import StoreUnavailable

T = TypeVar("T")

_MOST_GATHERED = 0.03  # seconds
_RESTING = 3.0  # seconds of rest for one of writing
_LONGEST_PAUSE = 5.0  # seconds between two attempts


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
    def throttle_seconds(self) -> float:
        """How long the writing of a checkpoint may rest in all."""
        return self.seconds / 5


class Throttle:
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


class Retry:
    """Goes on trying while Redis does not answer; a stop asked for meanwhile ends that.

    Parameters
    ----------
    seconds : float
        For which it is tried again.
    timer, pause : callable
        As for `Throttle`.
    stop : callable
        Whether somebody has asked for an end.
    say : callable
        Told when Redis does not answer, and when it does again.
    """

    def __init__(
        self,
        seconds: float,
        timer: Callable[[], float],
        pause: Callable[[float], None],
        stop: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        self._seconds, self._timer, self._pause, self._stop, self._say = seconds, timer, pause, stop, say

    def until_done(self, write: Callable[[], T]) -> T:
        """What `write` returns; it is called again, with longer and longer pauses, while the store does not answer.

        Raises
        ------
        StoreUnavailable
            It did not answer in time, or a stop was asked for.
        """
        give_up, wait, waited = self._timer() + self._seconds, 0.1, False
        while True:
            try:
                done = write()
            except StoreUnavailable as error:
                if self._stop() or self._timer() + wait > give_up:
                    raise StoreUnavailable(f"{error}. Nothing is lost: start again when it does") from error
                if not waited:
                    self._say(f"{error}. Trying again for {self._seconds:g} s.")
                self._pause(wait)
                wait, waited = min(2 * wait, _LONGEST_PAUSE), True
            else:
                if waited:
                    self._say("Redis answers again.")
                return done
