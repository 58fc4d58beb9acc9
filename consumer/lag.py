"""How far a consumer is behind the end of the log, in records and in event time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from consumer.progress import Lag
from streamsvd.errors import LogError, LogUnavailable
from streamsvd.log import RatingSource

ASK_EVERY_SECONDS = 0.5
ASK_AGAIN_SECONDS = 10.0  # after a request without an answer, which takes a while


class LagMonitor:
    """Measures the lag; requests the log's end from the broker every half second.

    A broker that does not answer is not an error: the consumer waits for it, and the lag is to the last known end.

    Parameters
    ----------
    source : RatingSource
    timer : callable
        Monotonic clock in seconds.
    notify : callable
        Called with a message when the broker stops answering, and when it answers again.
    latest : callable
        Latest timestamp that may be learned; with one beyond it in the log, the lag in event time is not known.
    """

    def __init__(
        self,
        source: RatingSource,
        timer: Callable[[], float],
        notify: Callable[[str], None],
        latest: Callable[[], int],
    ) -> None:
        self._source = source
        self._timer, self._latest = timer, latest
        self._notify = notify
        self._ends: dict[int, int] = {}
        self._newest: int | None = None
        self._ask_at = float("-inf")
        self._away = False

    def behind(self, positions: Mapping[int, int], event_time: int | None) -> Lag:
        """The lag of a position.

        Parameters
        ----------
        positions : dict of int to int
            Next offset of each partition.
        event_time : int or None
            Newest event time learned, in seconds.
        """
        if self._timer() >= self._ask_at:
            self._ask(positions)
        if not self._ends:
            return Lag()
        records = self._left(positions)
        if not records:
            return Lag(0, 0)
        known = self._newest is not None and event_time is not None
        return Lag(records, max(0, self._newest - event_time) if known else None)  # type: ignore[operator]

    def _left(self, positions: Mapping[int, int]) -> int:
        return sum(max(0, end - positions.get(number, 0)) for number, end in self._ends.items())

    def _ask(self, positions: Mapping[int, int]) -> None:
        away = False
        try:
            self._ends = dict(self._source.end_offsets())
            if self._left(positions):
                self._newest = self._newest_time()
        except LogUnavailable as error:
            away = True
            if not self._away:
                self._notify(f"{error} Waiting for it; nothing is lost.")
        if self._away and not away:
            self._notify("Kafka answers again.")
        self._away = away
        self._ask_at = self._timer() + (ASK_AGAIN_SECONDS if away else ASK_EVERY_SECONDS)

    def _newest_time(self) -> int | None:
        try:
            newest = self._source.newest_time()
            return newest if newest is not None and newest <= self._latest() else None
        except LogUnavailable:
            raise
        except LogError:  # an old broker: only the lag in records is known
            return None
