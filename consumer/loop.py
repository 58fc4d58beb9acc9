"""The loop: poll, decode, predict, score, learn; from time to time a checkpoint (`Checkpointer`).

Nothing in the state depends on where a poll or a checkpoint fell, so a consumer that was killed and started again ends
with the same bits as one that never was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np

from consumer.checkpointer import Checkpointer, Clocks
from consumer.decoding import EventDecoder, RatingBatch
from consumer.progress import Lag, Progress
from consumer.schedule import Schedule
from consumer.shadows import standings
from consumer.state import ConsumerState
from evaluation import Monitor
from model_store import ShadowRow, Written
from streamsvd.errors import EventError, LogUnavailable, SettingsError, StoreUnavailable
from streamsvd.learner import IteratedSVD, Predictions
from streamsvd.log import DeadLetters, Predicted, PredictionSink, RatingSource, Record
from streamsvd.ratings import Erasure, Retraction

POLL_SECONDS = 0.2
_MOST_RECORDS = 5000  # of one poll: progress is shown, and a stop is seen, between two
_HANDFUL = 500  # of one poll, when there is time
_LOOK_SECONDS = 1.0  # between two looks at whether a shadow is to be served


class Consumer:
    """Learns one model from one topic; `open_consumer` puts one together.

    Parameters
    ----------
    source : RatingSource
    state : ConsumerState
        What to go on from; kept current.
    checkpointer : Checkpointer
        Of that state.
    dead_letters : DeadLetters
    predictions : PredictionSink or None
        Where every prediction goes.
    schedule : Schedule
    clocks : Clocks
    requested : callable
        Name of the shadow that somebody wants to be served; empty without a request.
    lag : callable
        How far behind the end of the log given offsets and the newest event time learned are; asked after every poll.
    say : callable
        Told what became of a request.
    """

    def __init__(
        self,
        source: RatingSource,
        state: ConsumerState,
        checkpointer: Checkpointer,
        dead_letters: DeadLetters,
        predictions: PredictionSink | None,
        *,
        schedule: Schedule,
        clocks: Clocks,
        requested: Callable[[], str],
        lag: Callable[[Mapping[int, int], int | None], Lag],
        say: Callable[[str], None],
    ) -> None:
        self._source, self._state, self._checkpointer = source, state, checkpointer
        self._dead_letters, self._predictions = dead_letters, predictions
        self._schedule, self._clocks, self._say = schedule, clocks, say
        self._requested, self._looked_at = requested, -math.inf
        self._ask_lag, self._lag = lag, Lag()
        scale = state.model.scale.low, state.model.scale.high
        self._decoder = EventDecoder(scale, state.high_watermarks)
        for number in source.partitions:
            state.offsets.setdefault(number, 0)
        self._learned = self._rejected = 0

    @property
    def model(self) -> IteratedSVD:
        """The served one."""
        return self._state.model

    @property
    def metrics(self) -> Monitor:
        """Of the served model."""
        return self._state.metrics

    @property
    def dataset(self) -> str:
        """Name and checksum of the data set that the log holds, as far as it says so."""
        return self._state.dataset

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
        checkpointer = self._checkpointer
        checkpointer.stop = stop
        self._source.seek(self._state.offsets)
        checkpointer.restart_schedule()
        if self._state.shadows.unsaved and not self._state.fresh:
            self.checkpoint()
        self._serve_requested()
        while not stop() and not self._reached(until):
            self._poll(until)
            self._serve_requested()
            if progress is not None:
                progress(self.progress())
        checkpointer.ask_next_time()
        if checkpointer.records or self._state.fresh:
            self.checkpoint()
        elif self._schedule.live:
            checkpointer.commit_offsets()
        return self.progress()

    def _poll(self, until: Mapping[int, int] | None) -> None:
        """Take some records in, and write a checkpoint when one is due."""
        checkpointer = self._checkpointer
        gently = until is None and self._keeps_up()
        most = _HANDFUL if gently and checkpointer.throttle.left else _MOST_RECORDS
        room = min(self._schedule.events - checkpointer.records, most)
        records = self._source.poll(POLL_SECONDS, room)
        checkpointer.throttle.work()
        self._take(self._cut(records, until))
        if gently and len(records) == room:  # they came during a gentle checkpoint
            checkpointer.throttle()
        self._lag = self._ask_lag(self._state.offsets, self._state.event_time)
        if until is not None and not records:
            self._pass_gaps(until)
        if checkpointer.is_due:
            self.checkpoint(gently=gently)

    def progress(self) -> Progress:
        """How far this is now."""
        state = self._state
        return Progress(
            self._learned,
            dict(state.offsets),
            state.metrics.figures(),
            state.event_time,
            self._rejected,
            self._decoder.repeated,
            self._checkpointer.version,
            dict(state.dead_letters),
            state.metrics.drift.counts,
            state.model.n_users,
            state.model.n_items,
            self._lag,
            self._checkpointer.saved,
        )

    def standings(self) -> list[ShadowRow]:
        """How the served model and its shadows do; empty without any."""
        return standings(self._state.shadows.shadows, self._state.model)

    def checkpoint(self, *, gently: bool = False, answered: str = "", promoted: bool = False) -> Written:
        """Write what has changed since the last checkpoint; see `Checkpointer.checkpoint`."""
        return self._checkpointer.checkpoint(
            self._lag, self._decoder.repeated, gently=gently, answered=answered, promoted=promoted
        )

    def _serve_requested(self) -> None:
        """When somebody wants a shadow to be served: do that, in a checkpoint."""
        if self._clocks.timer() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = self._clocks.timer()
        name = ""
        with suppress(StoreUnavailable):  # the next checkpoint says so, and waits
            name = self._requested()
        if name:
            self._serve(name)

    def _serve(self, name: str) -> None:
        state, promoted = self._state, False
        try:
            before = state.model
            state.model = state.shadows.promote(name, before, state.metrics.figures().events)
            state.choices.follow(before, state.model)
            promoted = True
        except SettingsError as error:
            self._say(f"A request to serve {name} is refused: {error}.")
        self.checkpoint(answered=name, promoted=promoted)
        if promoted:
            self._say(f"{name} is the served model from version {self._checkpointer.version} on.")

    def _reached(self, until: Mapping[int, int] | None) -> bool:
        return until is not None and all(self._state.offsets.get(n, 0) >= offset for n, offset in until.items())

    def _pass_gaps(self, until: Mapping[int, int]) -> None:
        """Offsets that hold no record, such as those at which a producer's transactions end, are read too."""
        offsets = self._state.offsets
        with suppress(LogUnavailable):
            for number, position in self._source.positions().items():
                offsets[number] = max(offsets[number], min(position, until.get(number, 0)))

    def _cut(self, records: Sequence[Record], until: Mapping[int, int] | None) -> Sequence[Record]:
        if until is None:
            return records
        return [record for record in records if record.offset < until.get(record.partition, record.offset + 1)]

    def _keeps_up(self) -> bool:
        """Whether no more waits in the log than one poll brings."""
        return self._lag.records is not None and self._lag.records <= _MOST_RECORDS

    def _take(self, records: Sequence[Record]) -> None:
        state = self._state
        for part in self._decoder.decode(records, self._reject):
            if isinstance(part, RatingBatch):
                self._learn(part)
            elif isinstance(part, Retraction):
                state.model.retract(part.user, part.item)
                state.shadows.shadows.retract(part.user, part.item)
            elif isinstance(part, Erasure):
                state.choices.erase(state.model, part.user)
                state.sampler.forget(part.user)
                state.model.erase(part.user)
                state.shadows.shadows.erase(part.user)
        for record in records:
            state.offsets[record.partition] = record.offset + 1
        self._checkpointer.records += len(records)

    def _learn(self, batch: RatingBatch) -> None:
        """In parts that end where the feed wants a point: what it says then depends on nothing that comes later."""
        state, feed = self._state, self._checkpointer.feed
        while batch:
            room = feed.room
            part, batch = (batch, batch[len(batch) :]) if len(batch) <= room else (batch[:room], batch[room:])
            ratings, timestamps = np.array(part.ratings), np.array(part.timestamps, np.int64)
            predictions = state.sampler.learn(state.model, state.choices, part.users, part.items, ratings, timestamps)
            state.metrics.score(part.items, ratings, timestamps, predictions)
            state.shadows.shadows.learn(part.users, part.items, ratings, timestamps, predictions)
            if self._predictions is not None:
                self._predictions.send(_predicted(part, predictions, state.metrics.events - len(part)))
            self._learned += len(part)
            newest = int(timestamps.max())
            state.event_time = newest if state.event_time is None else max(state.event_time, newest)
            feed.take(state.model, state.event_time, self._clocks.wall(), self._lag.records)

    def _reject(self, record: Record, error: EventError) -> None:
        self._dead_letters.send(record, "decode", error)
        self._state.dead_letters[error.reason] += 1
        self._rejected += 1


def _predicted(batch: RatingBatch, predictions: Predictions, before: int) -> list[Predicted]:
    """The predictions of a batch of ratings, the first of which is number `before` + 1."""
    found = zip(predictions.event.tolist(), predictions.page.tolist(), predictions.deviation.tolist(), strict=True)
    given = zip(batch.users, batch.items, batch.ratings, batch.timestamps, strict=True)
    return [
        Predicted(user, item, rating, *numbers, timestamp, number)
        for number, ((user, item, rating, timestamp), numbers) in enumerate(zip(given, found, strict=True), before + 1)
    ]
