"""Checkpoints: a method for each step, in the order of docs/checkpointing.md, which describes the failure of each.

Exactly-once depends on this order. The state and the offsets that it was learned from are written in one atomic, fenced
transaction; what the state relies on is confirmed before it, and what only lag tools read is committed after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from consumer.feed_writer import FeedWriter
from consumer.progress import CheckpointStats, Lag
from consumer.schedule import Retry, Schedule, Throttle
from consumer.state import ConsumerState
from model_store import ModelWriter, Written
from model_store.feed import Operation
from streamsvd.errors import LogError, LogUnavailable
from streamsvd.log import DeadLetters, PredictionSink, RatingSource

_KAFKA_SECONDS = 5.0  # between two requests to Kafka in live mode: each delays the ratings behind it
_IDLE_SECONDS = 5.0  # between two checks of the topic while there is nothing to write


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Sources of time.

    Attributes
    ----------
    wall : callable
        Wall clock in seconds: the checkpoint's date.
    timer : callable
        Monotonic clock in seconds: for the schedule.
    pause : callable
        Waits some seconds; may return early when a stop is requested.
    """

    wall: Callable[[], float]
    timer: Callable[[], float]
    pause: Callable[[float], None]


class Checkpointer:
    """Writes the checkpoints of one consumer.

    Parameters
    ----------
    state : ConsumerState
        Written by each checkpoint; the loop updates it.
    writer : ModelWriter
        Acquired.
    source : RatingSource
    dead_letters : DeadLetters
    predictions : PredictionSink or None
    check_topic : callable
        Raises when the topic was deleted or recreated, or got partitions, which a client does not notice.
    topic : str
    schedule : Schedule
    clocks : Clocks
    notify : callable
        Called with a message when Redis stops answering, and when it answers again.

    Attributes
    ----------
    feed : FeedWriter
    checkpoints : CheckpointStats
        Statistics of the checkpoints so far.
    throttle : Throttle
        Pauses that the newest checkpoint allows; the loop uses the rest of them.
    records : int
        Consumed since the newest checkpoint; counted by the loop.
    """

    def __init__(
        self,
        state: ConsumerState,
        writer: ModelWriter,
        source: RatingSource,
        dead_letters: DeadLetters,
        predictions: PredictionSink | None,
        *,
        check_topic: Callable[[], None],
        topic: str,
        schedule: Schedule,
        clocks: Clocks,
        notify: Callable[[str], None],
    ) -> None:
        self._state, self._writer, self._source = state, writer, source
        self._dead_letters, self._predictions = dead_letters, predictions
        self._check, self._topic = check_topic, topic
        self._schedule, self._clocks, self._notify = schedule, clocks, notify
        self.feed = FeedWriter(state.metrics, state.shadows.shadows)
        self.checkpoints = CheckpointStats()
        self.throttle = Throttle(clocks.timer, clocks.pause, 0.0)
        self.records = 0
        self._stop: Callable[[], bool] = lambda: False
        self._events_before = state.metrics.events
        self._written_at, self._took = clocks.timer(), 0.0
        self._kafka_at, self._checked_at = -math.inf, clocks.timer()

    def start(self, stop: Callable[[], bool]) -> None:
        """Count the time until the next checkpoint from now; `stop` ends retries."""
        self._stop, self._written_at = stop, self._clocks.timer()

    def require_all_steps(self) -> None:
        """Let the next checkpoint take steps 1 and 4, in live mode too."""
        self._kafka_at = -math.inf

    @property
    def version(self) -> int:
        """Version of the newest checkpoint."""
        return self._writer.version

    def is_due(self, *, catching_up: bool) -> bool:
        """Whether a checkpoint is due."""
        waited = self._clocks.timer() - self._written_at
        return self._schedule.is_due(self.records, waited, self._took, catching_up=catching_up)

    def checkpoint(
        self, lag: Lag, repeated: int, *, throttled: bool = False, answered: str = "", promoted: bool = False
    ) -> Written:
        """Write the changes since the last checkpoint, with the offsets to resume from.

        Parameters
        ----------
        lag : Lag
        repeated : int
            Repeated deliveries so far; both are for the figures.
        throttled : bool
            Pause within a large write, see `Throttle`.
        answered : str
            The promotion request that this checkpoint carries out or refuses.
        promoted : bool
            Another model is served now.
        """
        timer = self._clocks.timer
        all_steps = not self._schedule.live or timer() - self._kafka_at >= _KAFKA_SECONDS
        seconds = self._schedule.throttle_seconds if throttled else 0.0
        if all_steps:
            self.check_topic()
        self.confirm_side_topics()
        written = self.write(
            lag,
            repeated,
            throttle=Throttle(timer, self._clocks.pause, seconds),
            detailed=all_steps,
            answered=answered,
            promoted=promoted,
        )
        self.throttle = Throttle(timer, self._clocks.pause, seconds)
        if all_steps:
            self.commit_offsets()
            self._kafka_at = timer()
        return written

    def check_idle(self) -> None:
        """Step 1 every few seconds without a checkpoint: the ratings may go where nothing is read."""
        if not self.records and self._clocks.timer() - self._checked_at >= _IDLE_SECONDS:
            self.check_topic()

    # The steps

    def check_topic(self) -> None:
        """Step 1: the topic is still the one that was read, with the same partitions."""
        with suppress(LogUnavailable):  # keep what was read; the next checkpoint, or start, checks again
            self._check()
        self._checked_at = self._clocks.timer()

    def confirm_side_topics(self) -> None:
        """Step 2: Kafka has confirmed the dead letters, and the predictions if they are sent."""
        self._dead_letters.flush()
        if self._predictions is not None:
            self._predictions.flush()

    def write(
        self, lag: Lag, repeated: int, *, throttle: Throttle, detailed: bool, answered: str, promoted: bool
    ) -> Written:
        """Step 3: one atomic, fenced transaction: changed rows, metrics, high watermarks, offsets of the partitions."""
        state, clocks = self._state, self._clocks
        began, at = clocks.timer(), clocks.wall()
        newest = self._newest_figures(at, began - self._written_at, lag, repeated, detailed=detailed)
        checkpoint = state.checkpoint(
            version=self._writer.version + 1,
            token=self._writer.token,
            topic=self._topic,
            topic_id=self._source.topic_id,
            written_at=at,
            whole=promoted,
        )
        shadows = state.shadows.checkpoint(checkpoint, state.model, answered)
        catalogue = (state.catalogue.values() if state.catalogue else []) if state.fresh or promoted else None
        retry = Retry(self._schedule.patience, clocks.timer, clocks.pause, self._stop, self._notify)
        preparing = clocks.timer() - began

        def attempt() -> Written:
            attempted = clocks.timer()
            written = self._writer.write(
                checkpoint,
                removed_users=checkpoint.state.users.removed,
                catalogue=catalogue,
                feed=self.feed.pending(),
                now=newest,
                shadows=shadows,
                promoted=promoted,
                whole=state.fresh,
                pause=throttle,
            )
            self._took = preparing + clocks.timer() - attempted  # without the wait for a store that did not answer
            return written

        written = retry.until_done(attempt)
        self.feed.clear()
        state.fresh = False
        self.records, self._events_before = 0, state.metrics.events
        self._written_at = clocks.timer()
        self.checkpoints = self.checkpoints.after(at, self._written_at - began, written.bytes)
        return written

    def commit_offsets(self) -> None:
        """Step 4: commit the group's offsets, for lag tools only."""
        with suppress(LogError):  # the checkpoint is complete; the next commit includes this one
            self._source.commit(self._state.offsets)

    def _newest_figures(
        self, at: float, seconds: float, lag: Lag, repeated: int, *, detailed: bool
    ) -> dict[str, bytes]:
        """The newest figures, for the store; `seconds` since the previous checkpoint."""
        state = self._state
        learned = state.metrics.events - self._events_before
        operation = Operation(
            version=self._writer.version + 1,
            events_per_second=learned / seconds if seconds > 0 else None,
            lag=lag.records,
            lag_seconds=lag.seconds,
            checkpoint_seconds=self.checkpoints.seconds,
            checkpoint_bytes=self.checkpoints.bytes,
            dead_letters={reason: n for reason, n in state.dead_letters.items() if n},
            repeated=repeated,
        )
        point = self.feed.point(state.model, state.event_time, at, lag.records)
        return self.feed.now(state.model, point, operation, detailed=detailed)
