"""The log by kafka-python: the only place that imports it."""

from streamsvd.log.kafka_python.client import KafkaClient

__all__ = ["KafkaClient"]
