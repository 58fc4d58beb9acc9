"""A topic with the prediction of each rating before it was learned.

Delivery is at least once: all predictions are confirmed before their checkpoint is written, and a restarted consumer
sends those after its newest checkpoint again, with the same content; readers deduplicate by `number`. The key is the
user; the record timestamp is the time of sending, because a retention time would delete old event times at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streamsvd.log.partitioning import partition_of
from streamsvd.log.ports import Delivery, LogClient
from streamsvd.log.sink import Sink
from streamsvd.log.topics import Topics
from streamsvd.ratings import Id

VERSION = 1


class Predicted(msgspec.Struct, frozen=True, gc=False):
    """A prediction, as on the topic.

    Attributes
    ----------
    user, item : int or str
    rating : float
    event, page : float
        Predicted just before the rating, and before its page.
    deviation : float
        Standard deviation of `event`.
    ts : int
        Event time, in seconds.
    number : int
        Number of the rating; the same when it is sent again.
    v : int
        Version of the format.
    """

    user: Id
    item: Id
    rating: float
    event: float
    page: float
    deviation: float
    ts: int
    number: int
    v: int = VERSION


class PredictionSink(Sink):
    """Sends predictions to a topic, which is created with the log's defaults if missing.

    Parameters
    ----------
    log : LogClient
    topic : str

    Raises
    ------
    SettingsError, LogUnavailable, LogError
    """

    _delivery: Delivery

    def __init__(self, log: LogClient, topic: str) -> None:
        self._topic = Topics(topic).ratings  # a valid name
        with log.admin(f"creating topic {topic}") as admin:
            if topic not in admin.topics():
                admin.create(topic, 1, {})
            self._partitions = admin.describe(topic).partitions
        self._delivery = log.delivery()
        self._encode = msgspec.json.Encoder().encode

    def send(self, predictions: Sequence[Predicted]) -> None:
        """Send predictions; returns before they are confirmed.

        Raises
        ------
        DeliveryFailed
        """
        for predicted in predictions:
            key = self._encode(predicted.user)
            place = partition_of(key, self._partitions)
            self._delivery.send(self._topic, place, key, self._encode(predicted), None, predicted)
