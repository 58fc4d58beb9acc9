"""Decodes blocks of records into events: ratings, retractions and erasures; skips repeated deliveries, rejects invalid
records.

Ratings come in columns; what is not the plain JSON of one is decoded by itself. The result depends on the records, not
on how polls divide them; and, for ratings that are ahead of the clock, on the clock by which each was judged first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import EventError
from streamsvd.learner import Ids
from streamsvd.log import Record, RecordBlock
from streamsvd.ratings import CodedIds, Erasure, Event, Rating, Retraction, check_not_ahead, check_scale
from streamsvd.ratings import decode as decode_event
from streamsvd.ratings.bulk import ColumnDecoder, RatingColumns, skip_repeated

Reject = Callable[[Record, EventError], None]


@dataclass(frozen=True, slots=True)
class RatingBatch:
    """Consecutive ratings, by column, ready to be learned.

    Attributes
    ----------
    users, items : int64 array, CodedIds or list of int and str, length n
    ratings : float64 array, shape (n,)
    timestamps : int64 array, shape (n,)
        In seconds.
    """

    users: Ids
    items: Ids
    ratings: NDArray[np.float64]
    timestamps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ratings)

    def __getitem__(self, part: slice) -> RatingBatch:
        return RatingBatch(self.users[part], self.items[part], self.ratings[part], self.timestamps[part])

    @classmethod
    def joined(cls, batches: list[RatingBatch]) -> RatingBatch:
        """One batch of several, in order."""
        if len(batches) == 1:
            return batches[0]
        return cls(
            _joined([batch.users for batch in batches]),
            _joined([batch.items for batch in batches]),
            np.concatenate([batch.ratings for batch in batches]),
            np.concatenate([batch.timestamps for batch in batches]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockBound:
    """How far ahead of the clock the timestamp of a rating may be.

    Attributes
    ----------
    clock : callable
        Seconds since 1970.
    max_ahead : int
        In seconds.
    refusals : mapping
        By partition and offset, the clock by which a record was refused: it is judged by that one again.
    """

    clock: Callable[[], float]
    max_ahead: int
    refusals: Mapping[tuple[int, int], int]

    def latest(self) -> int:
        """Latest timestamp that may be learned now."""
        return int(self.clock()) + self.max_ahead

    def check(self, record: Record, timestamp: int) -> None:
        """Raise `AheadOfClock` if a rating may not be learned."""
        clock = self.refusals.get((record.partition, record.offset))
        check_not_ahead(timestamp, int(self.clock()) if clock is None else clock, self.max_ahead)


class EventDecoder:
    """Decodes records and skips those that were learned before.

    Parameters
    ----------
    scale : (float, float)
        Declared limits; a rating outside is invalid.
    high_watermarks : dict of str to int
        Highest sequence number learned, by "source/partition"; updated in place.
    bound : ClockBound
        A rating beyond it is invalid.

    Attributes
    ----------
    repeated : int
        Records skipped because their sequence number is not above the high watermark.
    """

    def __init__(self, scale: tuple[float, float], high_watermarks: dict[str, int], bound: ClockBound) -> None:
        self._scale, self._bound = scale, bound
        self._columns = ColumnDecoder(scale)
        self._refused: dict[int, list[int]] = {}  # offsets by partition
        for partition, offset in bound.refusals:
            self._refused.setdefault(partition, []).append(offset)
        self.high_watermarks = high_watermarks
        self.repeated = 0

    def decode(self, blocks: Iterable[RecordBlock], reject: Reject) -> Iterator[RatingBatch | Retraction | Erasure]:
        """Events of records, in order.

        Parameters
        ----------
        blocks : iterable of RecordBlock
        reject : callable
            Called with each invalid record and its error.
        """
        latest = self._bound.latest()
        batches: list[RatingBatch] = []
        for block in blocks:
            columns = self._columns.decode(block.data, block.values.start, block.values.size, latest)
            if block.partition in self._refused:
                columns.plain &= ~np.isin(block.offsets, self._refused[block.partition])
            kept = columns.plain.copy()
            others = self._decode_others(block, columns, latest, reject)
            kept[list(others)] = True
            self._skip_repeated(block.partition, columns, kept)
            first = 0
            for row, event in others.items():
                if isinstance(event, Rating) or not kept[row]:
                    continue
                batches += _batches(columns, kept, first, row)
                first = row + 1
                if batches:
                    yield RatingBatch.joined(batches)
                    batches = []
                yield event
            batches += _batches(columns, kept, first, len(columns))
        if batches:
            yield RatingBatch.joined(batches)

    def _decode_others(
        self, block: RecordBlock, columns: RatingColumns, latest: int, reject: Reject
    ) -> dict[int, Event]:
        """Decode the records that are not plain, and put them into the columns; by row."""
        bound, refusals = self._bound, self._bound.refusals
        events: dict[int, Event] = {}
        for row in np.flatnonzero(~columns.plain).tolist():
            record = block.record(row)
            try:
                event = decode_event(record.value)
                if isinstance(event, Rating):
                    check_scale(event.rating, self._scale)
                    if event.timestamp > latest or (refusals and (record.partition, record.offset) in refusals):
                        bound.check(record, event.timestamp)
            except EventError as error:
                reject(record, error)
                continue
            events[row] = event
        if events:
            columns.put(events)
        return events

    def _skip_repeated(self, partition: int, columns: RatingColumns, kept: NDArray[np.bool_]) -> None:
        """Remove repeated deliveries from the kept records, and raise the high watermarks."""
        marks = self.high_watermarks
        keys = {source: f"{name}/{partition}" for source, name in columns.source_names().items()}
        found, repeated = skip_repeated(columns, {source: marks.get(key, -1) for source, key in keys.items()}, kept)
        marks.update((keys[source], mark) for source, mark in found.items())
        self.repeated += repeated


def _batches(columns: RatingColumns, kept: NDArray[np.bool_], first: int, end: int) -> list[RatingBatch]:
    """The kept ratings from row `first` to `end`, which holds no other events: one batch, or none."""
    rows: slice | NDArray[np.int64] = slice(first, end)
    if not kept[rows].all():
        rows = np.flatnonzero(kept[rows]) + first
    users, items = columns.users.take(rows), columns.items.take(rows)
    batch = RatingBatch(users, items, columns.ratings[rows], columns.timestamps[rows])
    return [batch] if len(batch) else []


def _joined(parts: list[Ids]) -> Ids:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    coded = [part for part in parts if isinstance(part, CodedIds)]
    if len(coded) == len(parts) and all(part.texts is coded[0].texts for part in coded):
        return CodedIds(np.concatenate([part.codes for part in coded]), coded[0].texts)
    return list(chain.from_iterable(part.tolist() if isinstance(part, np.ndarray) else part for part in parts))
