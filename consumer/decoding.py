"""Records of the log become events: ratings to learn, retractions and erasures; repeated deliveries are left out.

Every record ends in exactly one of these. What is decided here depends on the records alone, never on how a poll cut
them.
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
    """Consecutive ratings, as columns."""

    users: list[Id] = field(default_factory=list)
    items: list[Id] = field(default_factory=list)
    ratings: list[float] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ratings)

    def __getitem__(self, part: slice) -> RatingBatch:
        return RatingBatch(self.users[part], self.items[part], self.ratings[part], self.timestamps[part])


class EventDecoder:
    """Decodes records and recognises repeated ones.

    Parameters
    ----------
    scale : (float, float)
        Limits that the data set declares; a rating outside is no rating.
    high_watermarks : dict of str to int
        Highest sequence number learned, by "source/partition"; kept up to date in place.

    Attributes
    ----------
    repeated : int
        Records left out because their sequence number was learned before.
    """

    def __init__(self, scale: tuple[float, float], high_watermarks: dict[str, int]) -> None:
        self._scale = scale
        self.high_watermarks = high_watermarks
        self.repeated = 0

    def decode(self, records: Sequence[Record], reject: Reject) -> Iterator[RatingBatch | Retraction | Erasure]:
        """What is to be learned from some records, in their order.

        Parameters
        ----------
        records : sequence of Record
        reject : callable
            Called with each record that is no valid event, and why.
        """
        batch = RatingBatch()
        low, high = self._scale
        high_watermarks = self.high_watermarks
        source, partition, key = None, -1, ""
        for record in records:  # the consumer's own share of its time is spent here
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
