"""What tests against real services begin with: the log, a connection to Redis, the writer of the test's own model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis

from model_store import ModelWriter, connect
from streamsvd.embedded import Server, embedded_kafka
from streamsvd.embedded.folder import free_ports
from streamsvd.log import LogClient, log_client


@pytest.fixture
def log(kafka_address: str) -> LogClient:
    return log_client(kafka_address)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def writer(client: redis.Redis, model_name: str) -> Iterator[ModelWriter]:
    writer = ModelWriter(client, model_name)
    writer.acquire()
    yield writer
    writer.close()


@pytest.fixture
def start_kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[Server]]:
    """Starts a Kafka of this test's own: the same address and the same data every time."""
    ports = free_ports(2)
    monkeypatch.setattr("streamsvd.embedded.kafka.free_ports", lambda count: ports)
    return lambda: embedded_kafka(tmp_path / "kafka")
