"""kafka-python as a client of the log."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from streamsvd.log.kafka_python.admin import KafkaAdmin, kafka_admin
from streamsvd.log.kafka_python.delivery import KafkaDelivery
from streamsvd.log.kafka_python.reader import KafkaReader
from streamsvd.log.kafka_python.source import KafkaSource
from streamsvd.log.ports import DELIVERY_SECONDS, LINGER_SECONDS


@dataclass(frozen=True, slots=True)
class KafkaClient:
    """See `streamsvd.log.LogClient`.

    Attributes
    ----------
    address : str
        The broker, `host:port[,host:port…]`.
    """

    address: str

    def admin(self, doing: str) -> AbstractContextManager[KafkaAdmin]:
        """An admin for the body of a `with`."""
        return kafka_admin(self.address, doing)

    def reader(self) -> KafkaReader:
        """A reader of any topics."""
        return KafkaReader(self.address)

    def source(self, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> KafkaSource:
        """A source of an existing topic."""
        return KafkaSource(self.address, topic, group=group, gather_seconds=gather_seconds)

    def delivery(
        self, *, delivery_seconds: float = DELIVERY_SECONDS, linger_seconds: float = LINGER_SECONDS
    ) -> KafkaDelivery:
        """A delivery to any topics."""
        return KafkaDelivery(self.address, delivery_seconds=delivery_seconds, linger_seconds=linger_seconds)
