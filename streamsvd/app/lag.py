"""How far a consumer is behind the end of the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamsvd.errors import LogUnavailable
from streamsvd.log import RatingSource

ASK_EVERY_SECONDS = 0.5
ASK_AGAIN_SECONDS = 10.0  # after a question without an answer, which itself takes a while


class LagWatch:
    """Lag in records; asks the broker for the log's end only now and then.

    A broker that does not answer is no error here: the consumer waits for it, and the lag is that to the end last seen.

    Parameters
    ----------
    source : RatingSource
    timer : callable
        A clock that never goes back, in seconds.
    say : callable
        Told when the broker stops and starts to answer.
    """

    def __init__(self, source: RatingSource, timer: Callable[[], float], say: Callable[[str], None]) -> None:
        self._source = source
        self._timer = timer
        self._say = say
        self._ends: dict[int, int] = {}
        self._ask_at = float("-inf")
        self._away = False

    def lag(self, positions: Mapping[int, int]) -> int:
        """Records between these offsets and the log's end."""
        if self._timer() >= self._ask_at:
            self._ask()
        return sum(max(0, end - positions.get(number, 0)) for number, end in self._ends.items())

    def _ask(self) -> None:
        away = False
        try:
            self._ends = dict(self._source.end_offsets())
        except LogUnavailable as error:
            away = True
            if not self._away:
                self._say(f"{error} Waiting for it; nothing is lost.")
        if self._away and not away:
            self._say("Kafka answers again.")
        self._away = away
        self._ask_at = self._timer() + (ASK_AGAIN_SECONDS if away else ASK_EVERY_SECONDS)
