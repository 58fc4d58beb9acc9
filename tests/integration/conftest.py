"""What tests against real services begin with: the log, a connection to Redis, the writer of the test's own model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from model_store import ModelWriter, connect
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
