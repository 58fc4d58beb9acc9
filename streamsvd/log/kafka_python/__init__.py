"""The client of the log by kafka-python; only this package imports it."""

from streamsvd.log.kafka_python.client import KafkaClient
from streamsvd.log.kafka_python.record_batches import compile_record_kernels

__all__ = ["KafkaClient", "compile_record_kernels"]
