"""Topics on a real broker: made so that no rating is ever lost, and refused where one would be."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streamsvd.embedded import embedded_kafka, kafka
from streamsvd.errors import LogUnavailable
from streamsvd.log import (
    LogClient,
    RatingSink,
    Topics,
    create_topics,
    log_client,
    read_all,
)
from streamsvd.ratings import Rating

OLD = 881250949  # 1997


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"


def send_old_ratings(log: LogClient, topic: str, count: int) -> None:
    with RatingSink(log, topic) as sink:
        for number in range(count):
            sink.send(Rating(number % 90, number, 3.0, OLD + number * 5000, "toy", number))


def test_a_broker_that_is_not_there_is_unavailable_at_once(unused_port: int) -> None:
    address = f"127.0.0.1:{unused_port}"
    log = log_client(address)
    for attempt in (
        lambda: create_topics(log, Topics("films")),
        lambda: log.source("films"),
        lambda: log.reader().ranges("films"),
        lambda: log.delivery(),
        lambda: RatingSink(log, "films"),
    ):
        with pytest.raises(LogUnavailable, match=f"Kafka at {address} does not answer .*refused"):
            attempt()


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that refuses connections: bound, but nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_ratings_of_1997_survive_the_cleaner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broker that cleans all the time empties a topic with Kafka's defaults, and leaves ours alone."""
    write_settings = kafka._write_settings

    def impatient(*arguments: object) -> Path:
        path: Path = write_settings(*arguments)  # type: ignore[arg-type]
        with path.open("a") as settings:
            settings.write("log.retention.check.interval.ms=100\nlog.initial.task.delay.ms=100\n")
        return path

    monkeypatch.setattr(kafka, "_write_settings", impatient)
    with embedded_kafka(tmp_path / "kafka") as server:
        log = log_client(server.address)
        create_topics(log, Topics("ours"))
        with log.admin("test") as admin:
            admin.create("defaults", 1, {})
        # 3,000 ratings over half a year: Kafka's default would roll a segment for every week of event time
        send_old_ratings(log, "ours", 3000)
        send_old_ratings(log, "defaults", 10)
        with closing(log.reader()) as reader:
            until(lambda: reader.ranges("defaults")[0].start == 10, 60)
            assert reader.ranges("ours")[0].start == 0
        stamps = [record.timestamp for record in read_all(log, "ours")]
        assert stamps == [(OLD + number * 5000) * 1000 for number in range(3000)]
        segments = list(tmp_path.rglob("ours-0/*.log"))
        assert len(segments) == 1
