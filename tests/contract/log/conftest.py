"""Every test here runs over every client of the log."""

from __future__ import annotations

import pytest

from streamsvd.log import LogClient, log_client
from streamsvd.log.memory import MemoryLog


@pytest.fixture(params=["kafka", "kafka-records", "memory"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LogClient:
    """A log that the test shares with no other topic of its name; `kafka-records` reads no whole batches."""
    if request.param == "kafka-records":
        monkeypatch.setattr("streamsvd.log.kafka_python.source.batch_fetcher", None)
    return MemoryLog() if request.param == "memory" else log_client(request.getfixturevalue("kafka_address"))
