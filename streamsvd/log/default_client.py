"""The client that the commands use."""

from __future__ import annotations

import numpy as np

from streamsvd.log.kafka_python import KafkaClient, compile_record_kernels
from streamsvd.log.kafka_python.batch_writing import ProducerId, record_batches
from streamsvd.log.ports import LogClient
from streamsvd.log.sink import columns_by_partition
from streamsvd.ratings import Dataset, RatingTable

__all__ = ["compile_record_kernels", "compile_sending_kernels", "log_client"]


def log_client(address: str) -> LogClient:
    """The client of the log at an address, `host:port[,host:port…]`; connects on first use.

    Examples
    --------
    >>> log_client("127.0.0.1:9092").address
    '127.0.0.1:9092'
    """
    return KafkaClient(address)


def compile_sending_kernels() -> None:
    """Compile what `RatingSink.send_table` calls, or load it from the cache, so that no replay waits for it."""
    one = np.ones(1, np.int64)
    table = RatingTable(one, one, one.astype(np.float64), one, Dataset("one", "0" * 64, (0.0, 1.0)))
    for columns in columns_by_partition(table, 2).values():
        record_batches(columns, range(1), ProducerId(0, 0), 0, 1)
