"""kafka-python as a client of the log."""

from __future__ import annotations

from contextlib import AbstractContextManager

from streamsvd.log.kafka_python.admin import KafkaAdmin, kafka_admin
from streamsvd.log.kafka_python.delivery import KafkaDelivery
from streamsvd.log.kafka_python.reader import KafkaReader
from streamsvd.log.kafka_python.source import KafkaSource
from streamsvd.log.ports import DELIVERY_SECONDS, LINGER_SECONDS, LogClient


class KafkaClient(LogClient):
    """A client of the brokers at `host:port[,host:port…]`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def admin(self, doing: str) -> AbstractContextManager[KafkaAdmin]:
        return kafka_admin(self.address, doing)

    def reader(self) -> KafkaReader:
        return KafkaReader(self.address)

    def source(self, topic: str, *, group: str | None = None, gather_seconds: float = 0.0) -> KafkaSource:
        return KafkaSource(self.address, topic, group=group, gather_seconds=gather_seconds)

    def delivery(
        self, *, delivery_seconds: float = DELIVERY_SECONDS, linger_seconds: float = LINGER_SECONDS
    ) -> KafkaDelivery:
        return KafkaDelivery(self.address, delivery_seconds=delivery_seconds, linger_seconds=linger_seconds)
