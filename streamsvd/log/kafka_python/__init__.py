"""The client of the log by kafka-python; only this package imports it."""

from streamsvd.log.kafka_python.client import KafkaClient

__all__ = ["KafkaClient"]
