"""Decodes records into events: ratings, retractions and erasures; skips repeated deliveries, rejects invalid records.

The result depends on the records alone, not on how polls divide them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from streamsvd.errors import EventError
from streamsvd.log import Record
from streamsvd.ratings import Erasure, Id, Rating, Retraction, check_scale
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


class EventDecoder:
    """Decodes records and skips those that were learned before.

    Parameters
    ----------
    scale : (float, float)
        Declared limits; a rating outside is invalid.
    high_watermarks : dict of str to int
        Highest sequence number learned, by "source/partition"; updated in place.

    Attributes
    ----------
    repeated : int
        Records skipped because their sequence number is not above the high watermark.
    """

    def __init__(self, scale: tuple[float, float], high_watermarks: dict[str, int]) -> None:
        self._scale = scale
        self.high_watermarks = high_watermarks
        self.repeated = 0

    def decode(self, records: Sequence[Record], reject: Reject) -> Iterator[RatingBatch | Retraction | Erasure]:
        """Events of records, in order.

        Parameters
        ----------
        records : sequence of Record
        reject : callable
            Called with each invalid record and its error.
        """
        batch = RatingBatch()
        low, high = self._scale
        high_watermarks = self.high_watermarks
        source, partition, key = None, -1, ""
        for record in records:  # the hot loop of the consumer
            try:
                event = decode_event(record.value)
                if type(event) is Rating and not low <= event.rating <= high:
                    check_scale(event.rating, self._scale)
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
