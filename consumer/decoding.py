"""Decodes records into events: ratings, retractions and erasures; skips repeated deliveries, rejects invalid records.

The result depends on the records, not on how polls divide them; and, for ratings that are ahead of the clock, on the
clock by which each was judged first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from streamsvd.errors import EventError
from streamsvd.log import Record
from streamsvd.ratings import Erasure, Id, Rating, Retraction, check_not_ahead, check_scale
from streamsvd.ratings import decode as decode_event

Reject = Callable[[Record, EventError], None]


@dataclass(slots=True)
class RatingBatch:
    """Consecutive ratings, by column."""

    users: list[Id] = field(default_factory=list)
    items: list[Id] = field(default_factory=list)
    ratings: list[float] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ratings)

    def __getitem__(self, part: slice) -> RatingBatch:
        return RatingBatch(self.users[part], self.items[part], self.ratings[part], self.timestamps[part])


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
        self.high_watermarks = high_watermarks
        self.repeated = 0

    def decode(self, records: Iterable[Record], reject: Reject) -> Iterator[RatingBatch | Retraction | Erasure]:
        """Events of records, in order.

        Parameters
        ----------
        records : iterable of Record
        reject : callable
            Called with each invalid record and its error.
        """
        batch = RatingBatch()
        low, high = self._scale
        bound, latest = self._bound, self._bound.latest()
        refusals = bound.refusals
        high_watermarks = self.high_watermarks
        source, partition, key = None, -1, ""
        for record in records:  # the hot loop of the consumer
            try:
                event = decode_event(record.value)
                if type(event) is Rating:
                    if not low <= event.rating <= high:
                        check_scale(event.rating, self._scale)
                    if event.timestamp > latest or (refusals and (record.partition, record.offset) in refusals):
                        bound.check(record, event.timestamp)
            except EventError as error:
                reject(record, error)
                continue
            if event.sequence is not None:
                if event.source != source or record.partition != partition or not key:
                    source, partition = event.source, record.partition
                    key = f"{source or ''}/{partition}"
                if event.sequence <= high_watermarks.get(key, -1):
                    self.repeated += 1
                    continue
                high_watermarks[key] = event.sequence
            if type(event) is Rating:
                batch.users.append(event.user)
                batch.items.append(event.item)
                batch.ratings.append(event.rating)
                batch.timestamps.append(event.timestamp)
                continue
            if batch:
                yield batch
                batch = RatingBatch()
            if not isinstance(event, Rating):
                yield event
        if batch:
            yield batch
