"""Replays the ratings of a data set to the log, in their order.

The loop skips what the log has, waits until a rating is due, and sends it. The log is the only state between two runs:
a replay that was killed continues when it is started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from producer.pacing import Pace
from producer.resume import LogState
from producer.selection import Selection
from streamsvd.errors import SettingsError, TopicUnsafe
from streamsvd.log import RatingSink
from streamsvd.ratings import Rating, RatingTable

_EVERY = 256  # ratings between two checks for a stop
_BLOCK = 16_384  # the same where nothing waits: a few megabytes of the log
_EARLY_SECONDS = 0.02  # a rating may be sent this early; shorter waits would cost more than they are worth

Progress = Callable[[int, int, int], None]
"""Called with the ratings sent, those skipped, and the event time reached."""


@dataclass(slots=True)
class ReplaySummary:
    """Result of a replay.

    Attributes
    ----------
    events : int
        Ratings sent and confirmed.
    skipped : int
        Selected ratings that were not sent, because the log has them or later ones.
    left_out : int
        Of these, the ratings that the log does not have: it starts after them, so they can no longer be in order.
    seconds : float
        From the first rating sent to the last confirmation.
    first_timestamp, last_timestamp : int or None
        Event times of the first and the last rating sent.
    offsets : dict of int to int
        Next offset of each partition written to.
    stopped : bool
        Whether a stop was requested before the end.
    """

    events: int = 0
    skipped: int = 0
    left_out: int = 0
    seconds: float = 0.0
    first_timestamp: int | None = None
    last_timestamp: int | None = None
    offsets: dict[int, int] = field(default_factory=dict)
    stopped: bool = False

    @property
    def events_per_second(self) -> float:
        """Ratings sent per second."""
        return self.events / self.seconds if self.seconds > 0 else 0.0


def replay(
    tables: Iterable[RatingTable],
    sink: RatingSink,
    *,
    log: LogState | None = None,
    selection: Selection | None = None,
    limit: int | None = None,
    pace: Pace | None = None,
    progress: Progress = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ReplaySummary:
    """Send ratings to the log, starting where it ends.

    Parameters
    ----------
    tables : iterable of RatingTable
        Consecutive parts of one data set, in order; each is released before the next.
    sink : RatingSink
        Flushed, not closed.
    log : LogState, optional
        What the log has; None for nothing.
    selection : Selection, optional
        The part to replay; all by default.
    limit : int, optional
        Maximum number of ratings to send.
    pace : Pace, optional
        As fast as possible by default.
    progress : callable, optional
        See `Progress`.
    stop : callable
        Called regularly; True ends the replay after the confirmations.
    clock, sleep : callable
        Time and waiting, in seconds; `sleep` may return early when `stop` becomes true.

    Returns
    -------
    ReplaySummary

    Raises
    ------
    DeliveryFailed
        A rating is not confirmed. The log is in order and without gaps.
    TopicUnsafe
        Partitions were added since `log` was read.
    SettingsError
        `limit` is negative.
    """
    if limit is not None and limit < 0:
        raise SettingsError(f"limit: a number of ratings from 0 on is needed, found {limit}.")
    if log is not None and len(log.last) != sink.partitions:
        raise TopicUnsafe(
            f"the topic has {sink.partitions} partitions now, and had {len(log.last)} when the replay looked where to "
            "resume: users would lie in others than before. Replay into another topic (--topic)"
        )
    paced = pace if pace and (pace.rate or pace.speed) else None
    run = _Run(sink, log or LogState({}, None), limit, paced, progress, stop, clock, sleep, began=clock())
    selection = selection or Selection()
    for table in tables:
        if run.is_over() or selection.ends_before(table):
            break
        run.send(selection.of(table))
    return run.finish()


@dataclass(slots=True)
class _Run:
    sink: RatingSink
    log: LogState
    limit: int | None
    pace: Pace | None
    progress: Progress
    stop: Callable[[], bool]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    began: float
    sent: int = 0
    summary: ReplaySummary = field(default_factory=ReplaySummary)

    def is_over(self) -> bool:
        """Whether nothing more may be sent."""
        self.summary.stopped = self.summary.stopped or self.stop()
        return self.summary.stopped or self.sent == self.limit

    def send(self, rows: RatingTable) -> None:
        """Send the rows that the log does not have, until it is over."""
        summary = self.summary
        last = self.log.last
        summary.left_out += len(rows.between(None, self.log.first or 0, by="count"))
        missing = rows.between(min(last.values(), default=-1) + 1, None, by="count")
        summary.skipped += len(rows) - len(missing)
        newest = max(last.values(), default=-1)
        if self.pace is not None:
            self._send_each(missing, newest)
        elif self._send_each(missing.between(None, newest + 1, by="count"), newest):
            self._send_blocks(missing.between(newest + 1, None, by="count"))

    def _send_blocks(self, rows: RatingTable) -> None:
        """Send rows of which the log has none."""
        summary = self.summary
        for start in range(0, len(rows), _BLOCK):
            self.progress(self.sent, summary.skipped, int(rows.timestamps[start]))
            if self.is_over():
                return
            left = _BLOCK if self.limit is None else min(_BLOCK, self.limit - self.sent)
            block = rows[start : start + left]
            self._begin(int(block.timestamps[0]))
            self.sink.send_table(block)
            self.sent += len(block)
            summary.last_timestamp = int(block.timestamps[-1])

    def _send_each(self, rows: RatingTable, newest: int) -> bool:
        """Send rows of which the log has some; False when it is over."""
        summary, last, send = self.summary, self.log.last, self.sink.send
        for event in rows.events():
            sequence = event.sequence
            assert sequence is not None
            if sequence <= newest and sequence <= last[self.sink.partition(event.user)]:
                summary.skipped += 1
                continue
            if self.sent % _EVERY == 0 or self.sent == self.limit:
                self.progress(self.sent, summary.skipped, event.timestamp)
                if self.is_over():
                    return False
            self._begin(event.timestamp)
            if self.pace is not None and not self._wait(self.pace, event):
                return False
            send(event)
            self.sent += 1
            summary.last_timestamp = event.timestamp
        return True

    def _begin(self, timestamp: int) -> None:
        if self.summary.first_timestamp is None:
            self.summary.first_timestamp = timestamp
            self.began = self.clock()

    def _wait(self, pace: Pace, event: Rating) -> bool:
        """Wait until the event is due; False when a stop is requested."""
        due = self.began + pace.due(self.sent, event.timestamp - (self.summary.first_timestamp or 0))
        if due - self.clock() > _EARLY_SECONDS:
            self.sink.flush()  # nothing stays in a buffer while nothing is due
            self.progress(self.sent, self.summary.skipped, event.timestamp)
            while (left := due - self.clock()) > 0 and not self.stop():
                self.sleep(left)
            return not self.is_over()
        return True

    def finish(self) -> ReplaySummary:
        """Wait for the confirmations and return the summary."""
        summary = self.summary
        self.sink.flush()
        summary.events = self.sent
        summary.seconds = self.clock() - self.began
        summary.offsets = self.sink.offsets
        self.progress(self.sent, summary.skipped, summary.last_timestamp or 0)
        return summary
