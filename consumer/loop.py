"""The loop: poll, decode, predict, score, learn, and a checkpoint when one is due (`Checkpointer`).

Nothing in the state depends on the boundaries of polls and checkpoints, so a restarted consumer ends with the same bits
as an undisturbed one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from consumer.checkpointer import Checkpointer, Clocks
from consumer.decoding import ClockBound, EventDecoder, RatingBatch
from consumer.progress import Lag, Progress
from consumer.schedule import Schedule
from consumer.state import ConsumerState
from evaluation import Monitor
from evaluation.shadows import comparison_rows
from model_store import Written
from streamsvd.errors import EventError, LogUnavailable, SettingsError, StoreUnavailable
from streamsvd.figures import ShadowRow
from streamsvd.kernels import as_ids
from streamsvd.learner import IteratedSVD, Predictions
from streamsvd.log import DeadLetters, Predicted, PredictionSink, RatingSource, Record, RecordBlock
from streamsvd.ratings import Erasure, Retraction

POLL_SECONDS = 0.2
_MOST_RECORDS = 20_000  # of one poll: progress is reported, and a stop is noticed, between two
_FEW_RECORDS = 500  # of one poll, while a checkpoint is throttled
_REQUEST_SECONDS = 1.0  # between two checks for a promotion request


class Consumer:
    """Learns one model from one topic; made by `open_consumer`.

    Parameters
    ----------
    source : RatingSource
    state : ConsumerState
        Where to resume; updated.
    checkpointer : Checkpointer
        Of this state.
    dead_letters : DeadLetters
    predictions : PredictionSink or None
        Gets every prediction.
    schedule : Schedule
    clocks : Clocks
    bound : ClockBound
    requested : callable
        Name of the shadow in a promotion request; empty without one.
    lag : callable
        The lag of given offsets and the newest event time learned; called after every poll.
    notify : callable
        Called with the outcome of a request.
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
        bound: ClockBound,
        requested: Callable[[], str],
        lag: Callable[[Mapping[int, int], int | None], Lag],
        notify: Callable[[str], None],
    ) -> None:
        self._source, self._state, self._checkpointer = source, state, checkpointer
        self._dead_letters, self._predictions = dead_letters, predictions
        self._schedule, self._clocks, self._notify = schedule, clocks, notify
        self._requested, self._requested_at = requested, -math.inf
        self._measure_lag, self._lag = lag, Lag()
        scale = state.model.scale.low, state.model.scale.high
        self._decoder = EventDecoder(scale, state.high_watermarks, bound)
        for number in source.partitions:
            state.offsets.setdefault(number, 0)
        self._learned = self._rejected = 0

    @property
    def model(self) -> IteratedSVD:
        """The served model."""
        return self._state.model

    @property
    def metrics(self) -> Monitor:
        """Metrics of the served model."""
        return self._state.metrics

    @property
    def dataset(self) -> str:
        """Name and checksum of the log's data set; empty if unknown."""
        return self._state.dataset

    def run(
        self,
        *,
        until: Mapping[int, int] | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Progress:
        """Consume until the given offsets are reached or a stop is requested, and write a final checkpoint.

        Parameters
        ----------
        until : dict of int to int, optional
            Offset of each partition at which to stop; without it, the consumer follows the log.
        stop : callable
            Called after every poll.
        progress : callable, optional
            Called after every poll.

        Raises
        ------
        StaleWriter
            Another consumer has taken over this model; its checkpoints are in the store.
        StoreUnavailable, StoreError, LogUnavailable, LogError
            A restart resumes from the newest checkpoint; nothing is lost.
        """
        checkpointer = self._checkpointer
        self._source.seek(self._state.offsets)
        checkpointer.start(stop)
        if self._state.shadows.unsaved and not self._state.fresh:
            self.checkpoint()
        self._promote_requested()
        while not stop() and not self._reached(until):
            self._poll(until)
            self._promote_requested()
            if progress is not None:
                progress(self.progress())
        checkpointer.require_all_steps()
        if checkpointer.records or self._state.fresh:
            self.checkpoint()
        elif self._schedule.live:
            checkpointer.commit_offsets()
        return self.progress()

    def _poll(self, until: Mapping[int, int] | None) -> None:
        """Consume one poll, and write a checkpoint when one is due."""
        checkpointer = self._checkpointer
        throttled = until is None and self._is_caught_up()
        most = _FEW_RECORDS if throttled and checkpointer.throttle.left else _MOST_RECORDS
        limit = self._schedule.most_records(checkpointer.records, most)
        blocks = self._source.poll(POLL_SECONDS, limit)
        checkpointer.throttle.work()
        self._process(self._before(until, blocks))
        if throttled and sum(map(len, blocks)) == limit:  # a backlog from a throttled checkpoint
            checkpointer.throttle()
        self._lag = self._measure_lag(self._state.offsets, self._state.event_time)
        if not blocks:
            checkpointer.check_idle()
            if until is not None:
                self._skip_gaps(until)
        if checkpointer.is_due(catching_up=until is not None or not self._is_caught_up()):
            self.checkpoint(throttled=throttled)

    def progress(self) -> Progress:
        """The progress so far."""
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
            self._checkpointer.checkpoints,
        )

    def comparison_rows(self) -> list[ShadowRow]:
        """Figures of the served model and its shadows; empty without shadows."""
        return comparison_rows(self._state.shadows.shadows, self._state.model)

    def checkpoint(self, *, throttled: bool = False, answered: str = "", promoted: bool = False) -> Written:
        """Write a checkpoint; see `Checkpointer.checkpoint`."""
        return self._checkpointer.checkpoint(
            self._lag, self._decoder.repeated, throttled=throttled, answered=answered, promoted=promoted
        )

    def _promote_requested(self) -> None:
        """Carry out a promotion request, in a checkpoint."""
        if self._clocks.timer() - self._requested_at < _REQUEST_SECONDS:
            return
        self._requested_at = self._clocks.timer()
        name = ""
        with suppress(StoreUnavailable):  # the next checkpoint reports it, and waits
            name = self._requested()
        if name:
            self._promote(name)

    def _promote(self, name: str) -> None:
        state, promoted = self._state, False
        try:
            before = state.model
            state.model = state.shadows.promote(name, before, state.metrics.figures().events)
            state.choices.follow(before, state.model)
            promoted = True
        except SettingsError as error:
            self._notify(f"A request to serve {name} is refused: {error}.")
        self.checkpoint(answered=name, promoted=promoted)
        if promoted:
            self._notify(f"{name} is the served model from version {self._checkpointer.version} on.")

    def _reached(self, until: Mapping[int, int] | None) -> bool:
        return until is not None and all(self._state.offsets.get(n, 0) >= offset for n, offset in until.items())

    def _skip_gaps(self, until: Mapping[int, int]) -> None:
        """Advance over offsets without a record, such as the ends of a producer's transactions."""
        offsets = self._state.offsets
        with suppress(LogUnavailable):
            for number, position in self._source.positions().items():
                offsets[number] = max(offsets[number], min(position, until.get(number, 0)))

    def _before(self, until: Mapping[int, int] | None, blocks: Sequence[RecordBlock]) -> Sequence[RecordBlock]:
        if until is None:
            return blocks
        parts = (block.before(until.get(block.partition, block.next_offset)) for block in blocks)
        return [part for part in parts if len(part)]

    def _is_caught_up(self) -> bool:
        """Whether one poll can read the rest of the log."""
        return self._lag.records is not None and self._lag.records <= _MOST_RECORDS

    def _process(self, blocks: Sequence[RecordBlock]) -> None:
        state = self._state
        for part in self._decoder.decode(blocks, self._reject):
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
        state.last_records.add(blocks)
        for block in blocks:
            state.offsets[block.partition] = block.next_offset
            self._checkpointer.records += len(block)

    def _learn(self, batch: RatingBatch) -> None:
        """Learn in parts that end where a feed point is due, so that a point depends on no later rating."""
        state, feed = self._state, self._checkpointer.feed
        while batch:
            part, batch = batch[: feed.until_due], batch[feed.until_due :]
            columns = part.users, part.items, part.ratings, part.timestamps
            predictions = state.sampler.learn(state.model, state.choices, *columns)
            state.metrics.score(*columns[1:], predictions)
            state.shadows.shadows.learn(*columns, predictions)
            if self._predictions is not None:
                self._predictions.send(_predicted(part, predictions, state.metrics.events - len(part)))
            self._learned += len(part)
            newest = int(part.timestamps.max())
            state.event_time = newest if state.event_time is None else max(state.event_time, newest)
            feed.add_if_due(state.model, state.event_time, self._clocks.wall(), self._lag.records)

    def _reject(self, record: Record, error: EventError) -> None:
        self._dead_letters.send(record, "decode", error)
        self._state.dead_letters[error.reason] += 1
        self._rejected += 1


def _predicted(batch: RatingBatch, predictions: Predictions, before: int) -> list[Predicted]:
    """The predictions of a batch of ratings, the first of which has number `before` + 1."""
    found = zip(predictions.event.tolist(), predictions.page.tolist(), predictions.deviation.tolist(), strict=True)
    users, items = as_ids(batch.users), as_ids(batch.items)
    given = zip(users, items, batch.ratings.tolist(), batch.timestamps.tolist(), strict=True)
    return [
        Predicted(user, item, rating, *numbers, timestamp, number)
        for number, ((user, item, rating, timestamp), numbers) in enumerate(zip(given, found, strict=True), before + 1)
    ]
