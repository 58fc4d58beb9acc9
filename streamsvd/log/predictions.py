"""What was predicted for each rating before it was learned, onto a topic for whoever wants to look at every one.

At least once: all predictions of a checkpoint are confirmed before it is written, so a consumer that was killed sends
those after its newest checkpoint again, with the same content, `number` included: a reader leaves out those whose
number it has seen. The key is the user; the record timestamp is when it was sent, because a topic with a retention time
would delete old event times at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec
from kafka.errors import TopicAlreadyExistsError

from streamsvd.log.kafka_python.clients import admin
from streamsvd.log.kafka_python.delivery import Delivery, Sink
from streamsvd.log.kafka_python.topics import Topics, partition_count
from streamsvd.log.sink import partition_of
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
    """Predictions onto a topic, which is made with the broker's defaults if need be.

    Parameters
    ----------
    address : str
        The broker, `host:port`.
    topic : str

    Raises
    ------
    SettingsError, LogUnavailable, LogError
    """

    def __init__(self, address: str, topic: str) -> None:
        self._topic = Topics(topic).ratings  # a name that Kafka takes
        with admin(address, f"creating topic {topic}") as client:
            if topic not in client.list_topics():
                with suppress(TopicAlreadyExistsError):  # another process was faster
                    client.create_topics({topic: {"num_partitions": 1}})
                client.wait_for_topics([topic])
        self._partitions = partition_count(address, topic)
        self._delivery = Delivery(address)
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
