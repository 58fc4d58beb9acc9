"""What was predicted for each rating before it was learned, onto a topic for whoever wants to look at every one.

At least once: all predictions of a checkpoint are confirmed before it is written, so a consumer that was killed sends
those after its newest checkpoint again, with the same content, `number` included: a reader leaves out those whose
number it has seen. The key is the user; the record timestamp is when it was sent, because a topic with a retention time
would delete old event times at once.
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
    """One prediction, as on the topic.

    Attributes
    ----------
    user, item : int or str
    rating : float
        What was given.
    event, page : float
        What was predicted just before it, and before its page.
    deviation : float
        Standard deviation of `event`.
    ts : int
        Event time, in seconds.
    number : int
        Ratings that the model had learned with this one: the same when it is sent again.
    v : int
        Version of this format.
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
    """Predictions onto a topic, which is made with the log's defaults if need be.

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
        self._topic = Topics(topic).ratings  # a name that Kafka takes
        with log.admin(f"creating topic {topic}") as admin:
            if topic not in admin.topics():
                admin.create(topic, 1, {})
            self._partitions = admin.describe(topic).partitions
        self._delivery = log.delivery()
        self._encode = msgspec.json.Encoder().encode

    def send(self, predictions: Sequence[Predicted]) -> None:
        """Hand over some; returns before they are confirmed.

        Raises
        ------
        DeliveryFailed
        """
        for predicted in predictions:
            key = self._encode(predicted.user)
            place = partition_of(key, self._partitions)
            self._delivery.send(self._topic, place, key, self._encode(predicted), None, predicted)
