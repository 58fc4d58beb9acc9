"""The client that the commands use."""

from __future__ import annotations

from streamsvd.log.kafka_python import KafkaClient, compile_record_kernels
from streamsvd.log.ports import LogClient

__all__ = ["compile_record_kernels", "log_client"]


def log_client(address: str) -> LogClient:
    """The client of the log at an address, `host:port[,host:port…]`; connects on first use.

    Examples
    --------
    >>> log_client("127.0.0.1:9092").address
    '127.0.0.1:9092'
    """
    return KafkaClient(address)
