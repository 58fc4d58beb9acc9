"""The loop: poll, decode, predict, score, learn; from time to time a checkpoint.

A checkpoint is these steps, in this order; docs/checkpointing.md says what happens when each fails:

1. the topic is still the one that was read so far;
2. the dead letters, and the predictions where they are sent, are confirmed;
3. one atomic, fenced write: changed rows, metrics, marks, and the next offset of every partition;
4. the group's offset is committed, for lag tools only.

Nothing in the state depends on where a poll or a checkpoint fell, so a consumer that was killed and started again ends
with the same bits as one that never was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

import numpy as np

from consumer.feeding import Feed
from consumer.progress import Lag, Progress, Saved
from consumer.recovery import DEAD_LETTERS, RANKING, SHOWN, Resumed
from consumer.schedule import Patience, Rest, Schedule
from consumer.shadows import standings
from consumer.sorting import Run, Sorter
from model_store import Beside, Checkpoint, ModelWriter, ShadowRow, Written
from model_store.feed import Operation
from streamsvd.errors import EventError, LogError, LogUnavailable, SettingsError, StoreUnavailable
from streamsvd.learner import Predictions
from streamsvd.log import DeadLetters, KafkaSource, Predicted, PredictionSink, Record
from streamsvd.ratings import Erasure, Retraction

POLL_SECONDS = 0.2
_MOST_RECORDS = 5000  # of one poll: progress is shown, and a stop is seen, between two
_HANDFUL = 500  # of one poll, when there is time
_LOOK_SECONDS = 1.0  # between two looks at whether a shadow is to be served
_ASK_SECONDS = 5.0  # between two questions to Kafka in live mode: each would hold up the ratings behind it


class Consumer:
    """Learns one model from one topic.

    Parameters
    ----------
    source : KafkaSource
    start : Resumed
        What to go on from.
    writer : ModelWriter
        Already acquired.
    dead_letters : DeadLetters
    topic, topic_id : str
    schedule : Schedule
    clock : callable
        Wall clock in seconds: the checkpoint's date.
    timer : callable
        A clock that never goes back, in seconds: for the schedule.
    pause : callable
        Waits some seconds; may return early when a stop was asked for.
    check : callable
        Raises when the topic has been deleted, or deleted and made anew: the client would follow it without a word.
    requested : callable
        Name of the shadow that somebody wants to be served; empty without a request.
    predictions : PredictionSink, optional
        Where every prediction goes.
    lag : callable
        How far behind the end of the log given offsets and the newest event time learned are; asked after every poll.
    say : callable
        Told when Redis does not answer, and when it does again, and what became of a request.
    """

    def __init__(
        self,
        source: KafkaSource,
        start: Resumed,
        writer: ModelWriter,
        dead_letters: DeadLetters,
        *,
        topic: str,
        topic_id: str,
        schedule: Schedule,
        clock: Callable[[], float],
        timer: Callable[[], float],
        pause: Callable[[float], None],
        check: Callable[[], None] = lambda: None,
        requested: Callable[[], str] = lambda: "",
        predictions: PredictionSink | None = None,
        lag: Callable[[Mapping[int, int], int | None], Lag] = lambda _, __: Lag(),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._writer = writer
        self._dead_letters = dead_letters
        self._topic, self._topic_id = topic, topic_id
        self._schedule = schedule
        self._clock, self._timer, self._pause, self._check, self._say = clock, timer, pause, check, say
        self._requested, self._looked_at = requested, -math.inf
        self._ask_lag, self._lag = lag, Lag()
        self._predictions = predictions
        self._stop: Callable[[], bool] = lambda: False
        self._start = start
        self.dataset = start.dataset
        self.model, self.metrics, self._shadows = start.model, start.metrics, start.shadows
        self.choices, self.watch = start.choices, start.watch
        self._sorter = Sorter((self.model.scale.low, self.model.scale.high), start.marks)
        self._positions = {number: start.offsets.get(number, 0) for number in source.partitions}
        self._event_time = start.event_time
        self._feed = Feed(self.metrics, self._shadows.shadows)
        self._dead_letter_counts = dict(start.dead_letters)
        self._saved = Saved()
        self._learned = self._learned_before = self._rejected = self._since_checkpoint = 0
        self._nothing_written = start.fresh
        self._checkpointed_at = timer()
        self._asked_at = -math.inf
        self._rest = Rest(timer, pause, 0.0)

    def run(
        self,
        *,
        until: Mapping[int, int] | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        """Consume until the given offsets are reached or a stop is asked for; the last act is a checkpoint.

        Parameters
        ----------
        until : dict of int to int, optional
            Offset of each partition at which to stop; without it, the consumer follows the log.
        stop : callable
            Asked after every poll.
        progress : callable, optional
            Called after every poll, with the state of things.

        Raises
        ------
        StaleWriter
            Another consumer has taken this model over; everything up to its start is in the store.
        StoreUnavailable, StoreError, LogUnavailable, LogError
            A restart goes on from the newest checkpoint; nothing is lost.
        """
        self._stop = stop
        self._source.seek(self._positions)
        self._checkpointed_at = self._timer()
        if self._shadows.unsaved and not self._nothing_written:
            self.checkpoint()
        self._serve_requested()
        while not stop() and not self._reached(until):
            gently = until is None and self._keeps_up()
            most = _HANDFUL if gently and self._rest.left else _MOST_RECORDS
            room = min(self._schedule.events - self._since_checkpoint, most)
            records = self._source.poll(POLL_SECONDS, room)
            self._rest.work()
            self._take(self._cut(records, until))
            if gently and len(records) == room:  # they came during a gentle checkpoint
                self._rest()
            self._lag = self._ask_lag(self._positions, self._event_time)
            if until is not None and not records:
                self._pass_gaps(until)
            if self._is_due():
                self.checkpoint(gently=gently)
            self._serve_requested()
            if progress is not None:
                progress(self.progress())
        self._asked_at = -math.inf  # the last checkpoint asks, and tells, whatever came before
        if self._since_checkpoint or self._nothing_written:
            self.checkpoint()
        elif self._schedule.live:
            self._tell_lag_tools()
        return self.progress()

    def progress(self) -> Progress:
        """How far this is now."""
        return Progress(
            self._learned,
            dict(self._positions),
            self.metrics.figures(),
            self._event_time,
            self._rejected,
            self._sorter.repeated,
            self._writer.version,
            dict(self._dead_letter_counts),
            self.metrics.drift.counts,
            self.model.n_users,
            self.model.n_items,
            self._lag,
            self._saved,
        )

    def standings(self) -> list[ShadowRow]:
        """How the served model and its shadows do; empty without any."""
        return standings(self._shadows.shadows, self.model)

    def _serve_requested(self) -> None:
        """When somebody wants a shadow to be served: do that, in a checkpoint."""
        if self._timer() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = self._timer()
        name = ""
        with suppress(StoreUnavailable):  # the next checkpoint says so, and waits
            name = self._requested()
        if name:
            self._serve(name)

    def _serve(self, name: str) -> None:
        promoted = False
        try:
            before = self.model
            self.model = self._shadows.promote(name, self.model, self.metrics.figures().events)
            self.choices.follow(before, self.model)
            promoted = True
        except SettingsError as error:
            self._say(f"A request to serve {name} is refused: {error}.")
        self.checkpoint(answered=name, promoted=promoted)
        if promoted:
            self._say(f"{name} is the served model from version {self._writer.version} on.")

    def checkpoint(self, *, gently: bool = False, answered: str = "", promoted: bool = False) -> Written:
        """Write what has changed since the last checkpoint, and from where to go on.

        Parameters
        ----------
        gently : bool
            Little waits to be learned: a large write may rest, see `Rest`.
        answered : str
            A request to serve a shadow that has been dealt with.
        promoted : bool
            The served model is another one now.
        """
        ask = not self._schedule.live or self._timer() - self._asked_at >= _ASK_SECONDS
        if ask:
            self._check_topic()
        self._dead_letters.flush()
        if self._predictions is not None:
            self._predictions.flush()
        began, at = self._timer(), self._clock()
        now = self._now(at, began - self._checkpointed_at, detailed=ask)
        state = self.choices.changes(self.model)
        if promoted:
            state = self.choices.state(self.model)
        figures = self.metrics.figures()
        checkpoint = Checkpoint(
            version=self._writer.version + 1,
            token=self._writer.token,
            offsets={
                **{(self._topic, n): next_ for n, next_ in self._positions.items()},
                **self._start.catalogue_offsets,
            },
            state=state,
            metrics={
                **self.metrics.state(),
                **self._shadows.metrics(),
                **{f"{RANKING}{name}": array for name, array in self.watch.state().items()},
                DEAD_LETTERS: np.array([self._dead_letter_counts[reason] for reason in EventError.REASONS], np.int64),
            },
            marks=dict(self._sorter.marks),
            genres=self._start.catalogue.genres if self._start.catalogue else (),
            event_time=self._event_time,
            written_at=at,
            summary={
                "topic": self._topic,
                "topic_id": self._topic_id,
                "dataset": self._start.dataset,
                "users": self.model.n_users,
                "items": self.model.n_items,
                "rmse": figures.rmse_last_window,
                **asdict(figures),
                **{f"{RANKING}{name}": value for name, value in asdict(self.watch.ranking[SHOWN].figures()).items()},
            },
        )
        rest_seconds = self._schedule.rest_seconds if gently else 0.0
        rest = Rest(self._timer, self._pause, rest_seconds)
        written = self._write(checkpoint, self._shadows.share(checkpoint, self.model, answered), now, promoted, rest)
        self._rest = Rest(self._timer, self._pause, rest_seconds)
        self._feed.written()
        self._nothing_written = False
        self._since_checkpoint = 0
        self._learned_before = self._learned
        self._checkpointed_at = self._timer()
        self._saved = self._saved.after(at, self._checkpointed_at - began, written.bytes)
        if ask:
            self._tell_lag_tools()
            self._asked_at = self._timer()
        return written

    def _now(self, at: float, seconds: float, *, detailed: bool) -> dict[str, bytes]:
        """The newest figures, for the store; `seconds` have passed since the checkpoint before."""
        operation = Operation(
            version=self._writer.version + 1,
            events_per_second=(self._learned - self._learned_before) / seconds if seconds > 0 else None,
            lag=self._lag.records,
            lag_seconds=self._lag.seconds,
            checkpoint_seconds=self._saved.seconds,
            checkpoint_bytes=self._saved.bytes,
            dead_letters={reason: n for reason, n in self._dead_letter_counts.items() if n},
            repeated=self._sorter.repeated,
        )
        point = self._feed.point(self.model, self._event_time, at, self._lag.records)
        return self._feed.now(self.model, point, operation, detailed=detailed)

    def _check_topic(self) -> None:
        with suppress(LogUnavailable):  # what was read is worth keeping; the next checkpoint, or start, asks again
            self._check()

    def _write(
        self, checkpoint: Checkpoint, beside: Beside | None, now: Mapping[str, bytes], promoted: bool, rest: Rest
    ) -> Written:
        catalogue = self._start.catalogue
        films = (catalogue.values() if catalogue else []) if self._nothing_written or promoted else None
        patience = Patience(self._schedule.patience, self._timer, self._pause, self._stop, self._say)
        return patience.until_done(
            lambda: self._writer.write(
                checkpoint,
                removed_users=checkpoint.state.users.removed,
                films=films,
                feed=self._feed.pending(),
                now=now,
                beside=beside,
                promoted=promoted,
                whole=self._nothing_written,
                rest=rest,
            )
        )

    def _tell_lag_tools(self) -> None:
        with suppress(LogError):  # the checkpoint holds; the next commit says the same and more
            self._source.commit(self._positions)

    def _reached(self, until: Mapping[int, int] | None) -> bool:
        return until is not None and all(self._positions.get(n, 0) >= offset for n, offset in until.items())

    def _pass_gaps(self, until: Mapping[int, int]) -> None:
        """Offsets that hold no record, such as those at which a producer's transactions end, are read too."""
        with suppress(LogUnavailable):
            for number, position in self._source.positions().items():
                self._positions[number] = max(self._positions[number], min(position, until.get(number, 0)))

    def _cut(self, records: Sequence[Record], until: Mapping[int, int] | None) -> Sequence[Record]:
        if until is None:
            return records
        return [record for record in records if record.offset < until.get(record.partition, record.offset + 1)]

    def _keeps_up(self) -> bool:
        """Whether no more waits in the log than one poll brings."""
        return self._lag.records is not None and self._lag.records <= _MOST_RECORDS

    def _is_due(self) -> bool:
        waited = self._timer() - self._checkpointed_at
        return self._since_checkpoint >= self._schedule.events or (
            self._since_checkpoint > 0 and waited >= self._schedule.seconds
        )

    def _take(self, records: Sequence[Record]) -> None:
        for part in self._sorter.sort(records, self._reject):
            if isinstance(part, Run):
                self._learn(part)
            elif isinstance(part, Retraction):
                self.model.retract(part.user, part.item)
                self._shadows.shadows.retract(part.user, part.item)
            elif isinstance(part, Erasure):
                self.choices.erase(self.model, part.user)
                self.watch.forget(part.user)
                self.model.erase(part.user)
                self._shadows.shadows.erase(part.user)
        for record in records:
            self._positions[record.partition] = record.offset + 1
        self._since_checkpoint += len(records)

    def _learn(self, run: Run) -> None:
        """In parts that end where the feed wants a point: what it says then depends on nothing that comes later."""
        while run:
            room = self._feed.room
            part, run = (run, run[len(run) :]) if len(run) <= room else (run[:room], run[room:])
            ratings, timestamps = np.array(part.ratings), np.array(part.timestamps, np.int64)
            predictions = self.watch.learn(self.model, self.choices, part.users, part.items, ratings, timestamps)
            self.metrics.score(part.items, ratings, timestamps, predictions)
            self._shadows.shadows.learn(part.users, part.items, ratings, timestamps, predictions)
            if self._predictions is not None:
                self._predictions.send(_predicted(part, predictions, self.metrics.events - len(part)))
            self._learned += len(part)
            newest = int(timestamps.max())
            self._event_time = newest if self._event_time is None else max(self._event_time, newest)
            self._feed.take(self.model, self._event_time, self._clock(), self._lag.records)

    def _reject(self, record: Record, error: EventError) -> None:
        self._dead_letters.send(record, "decode", error)
        self._dead_letter_counts[error.reason] += 1
        self._rejected += 1


def _predicted(run: Run, predictions: Predictions, before: int) -> list[Predicted]:
    """The predictions of a run of ratings, the first of which is number `before` + 1."""
    found = zip(predictions.event.tolist(), predictions.page.tolist(), predictions.deviation.tolist(), strict=True)
    given = zip(run.users, run.items, run.ratings, run.timestamps, strict=True)
    return [
        Predicted(user, item, rating, *numbers, timestamp, number)
        for number, ((user, item, rating, timestamp), numbers) in enumerate(zip(given, found, strict=True), before + 1)
    ]
