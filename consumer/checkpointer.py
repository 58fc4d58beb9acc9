"""A checkpoint: a method a step, in the order of docs/checkpointing.md, which says what happens when each fails.

Exactly once rests on this order. The state with the offsets that it was learned from is written in one atomic, fenced
step; what the state relies on is confirmed before it, and what only tools look at is committed after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from consumer.feed_writer import FeedWriter
from consumer.progress import Lag, Saved
from consumer.schedule import Retry, Schedule, Throttle
from consumer.state import ConsumerState
from model_store import ModelWriter, Written
from model_store.feed import Operation
from streamsvd.errors import LogError, LogUnavailable
from streamsvd.log import DeadLetters, PredictionSink, RatingSource

_ASK_SECONDS = 5.0  # between two questions to Kafka in live mode: each would hold up the ratings behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Time, passed in.

    Attributes
    ----------
    wall : callable
        Wall clock in seconds: the checkpoint's date.
    timer : callable
        A clock that never goes back, in seconds: for the schedule.
    pause : callable
        Waits some seconds; may return early when a stop was asked for.
    """

    wall: Callable[[], float]
    timer: Callable[[], float]
    pause: Callable[[float], None]


class Checkpointer:
    """Writes the checkpoints of one consumer.

    Parameters
    ----------
    state : ConsumerState
        What is written; the loop keeps it current.
    writer : ModelWriter
        Already acquired.
    source : RatingSource
    dead_letters : DeadLetters
    predictions : PredictionSink or None
    check_topic : callable
        Raises when the topic has been deleted, or deleted and recreated: the client would silently follow it.
    topic, topic_id : str
    schedule : Schedule
    clocks : Clocks
    say : callable
        Called with a message when Redis stops answering, and when it answers again.

    Attributes
    ----------
    feed : FeedWriter
    saved : Saved
        What the checkpoints so far took.
    throttle : Throttle
        What is left of the rests that the newest checkpoint allows; the loop uses it up.
    records : int
        Consumed since the newest checkpoint; the loop counts them.
    stop : callable
        Whether a stop has been requested.
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
        topic_id: str,
        schedule: Schedule,
        clocks: Clocks,
        say: Callable[[str], None],
    ) -> None:
        self._state, self._writer, self._source = state, writer, source
        self._dead_letters, self._predictions = dead_letters, predictions
        self._check, self._topic, self._topic_id = check_topic, topic, topic_id
        self._schedule, self._clocks, self._say = schedule, clocks, say
        self.feed = FeedWriter(state.metrics, state.shadows.shadows)
        self.saved = Saved()
        self.throttle = Throttle(clocks.timer, clocks.pause, 0.0)
        self.records = 0
        self.stop: Callable[[], bool] = lambda: False
        self._events_before = state.metrics.events
        self._written_at = clocks.timer()
        self._asked_at = -math.inf

    def restart_schedule(self) -> None:
        """The time until the next checkpoint counts from now."""
        self._written_at = self._clocks.timer()

    def ask_next_time(self) -> None:
        """The next checkpoint asks Kafka and commits the offset for lag tools, whatever came before."""
        self._asked_at = -math.inf

    @property
    def version(self) -> int:
        """Of the newest checkpoint."""
        return self._writer.version

    @property
    def is_due(self) -> bool:
        """Whether the schedule wants a checkpoint now."""
        waited = self._clocks.timer() - self._written_at
        return self.records >= self._schedule.events or (self.records > 0 and waited >= self._schedule.seconds)

    def checkpoint(
        self, lag: Lag, repeated: int, *, gently: bool = False, answered: str = "", promoted: bool = False
    ) -> Written:
        """Write what has changed since the last checkpoint, and from where to go on.

        Parameters
        ----------
        lag : Lag
        repeated : int
            Repeated deliveries so far; both are for the figures.
        gently : bool
            Little waits to be learned: a large write may rest, see `Throttle`.
        answered : str
            A request to serve a shadow that has been dealt with.
        promoted : bool
            The served model is another one now.
        """
        timer = self._clocks.timer
        ask = not self._schedule.live or timer() - self._asked_at >= _ASK_SECONDS
        seconds = self._schedule.throttle_seconds if gently else 0.0
        if ask:
            self.check_topic()
        self.confirm_side_topics()
        written = self.write(
            lag,
            repeated,
            throttle=Throttle(timer, self._clocks.pause, seconds),
            detailed=ask,
            answered=answered,
            promoted=promoted,
        )
        self.throttle = Throttle(timer, self._clocks.pause, seconds)
        if ask:
            self.commit_offsets()
            self._asked_at = timer()
        return written

    # The steps

    def check_topic(self) -> None:
        """Step 1: the topic is still the one that was read so far."""
        with suppress(LogUnavailable):  # what was read is worth keeping; the next checkpoint, or start, asks again
            self._check()

    def confirm_side_topics(self) -> None:
        """Step 2: the dead letters, and the predictions where they are sent, are confirmed by Kafka."""
        self._dead_letters.flush()
        if self._predictions is not None:
            self._predictions.flush()

    def write(
        self, lag: Lag, repeated: int, *, throttle: Throttle, detailed: bool, answered: str, promoted: bool
    ) -> Written:
        """Step 3: one atomic, fenced write: changed rows, metrics, high watermarks, next offset of every partition."""
        state, clocks = self._state, self._clocks
        began, at = clocks.timer(), clocks.wall()
        now = self._now(at, began - self._written_at, lag, repeated, detailed=detailed)
        checkpoint = state.checkpoint(
            version=self._writer.version + 1,
            token=self._writer.token,
            topic=self._topic,
            topic_id=self._topic_id,
            written_at=at,
            whole=promoted,
        )
        beside = state.shadows.share(checkpoint, state.model, answered)
        films = (state.catalogue.values() if state.catalogue else []) if state.fresh or promoted else None
        retry = Retry(self._schedule.patience, clocks.timer, clocks.pause, self.stop, self._say)
        written = retry.until_done(
            lambda: self._writer.write(
                checkpoint,
                removed_users=checkpoint.state.users.removed,
                films=films,
                feed=self.feed.pending(),
                now=now,
                beside=beside,
                promoted=promoted,
                whole=state.fresh,
                rest=throttle,
            )
        )
        self.feed.written()
        state.fresh = False
        self.records, self._events_before = 0, state.metrics.events
        self._written_at = clocks.timer()
        self.saved = self.saved.after(at, self._written_at - began, written.bytes)
        return written

    def commit_offsets(self) -> None:
        """Step 4: the group's offset is committed, for lag tools only."""
        with suppress(LogError):  # the checkpoint holds; the next commit says the same and more
            self._source.commit(self._state.offsets)

    def _now(self, at: float, seconds: float, lag: Lag, repeated: int, *, detailed: bool) -> dict[str, bytes]:
        """The newest figures, for the store; `seconds` have passed since the checkpoint before."""
        state = self._state
        learned = state.metrics.events - self._events_before
        operation = Operation(
            version=self._writer.version + 1,
            events_per_second=learned / seconds if seconds > 0 else None,
            lag=lag.records,
            lag_seconds=lag.seconds,
            checkpoint_seconds=self.saved.seconds,
            checkpoint_bytes=self.saved.bytes,
            dead_letters={reason: n for reason, n in state.dead_letters.items() if n},
            repeated=repeated,
        )
        point = self.feed.point(state.model, state.event_time, at, lag.records)
        return self.feed.now(state.model, point, operation, detailed=detailed)
