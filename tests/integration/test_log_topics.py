"""Topics on a real broker: made so that no rating is ever lost, and refused where one would be."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streamsvd.embedded import embedded_kafka, kafka
from streamsvd.errors import LogError, LogUnavailable, TopicUnsafe
from streamsvd.log import (
    LogClient,
    RatingSink,
    Topics,
    check_ratings_topic,
    create_topics,
    log_client,
    read_all,
    topic_id,
)
from streamsvd.ratings import Rating

OLD = 881250949  # 1997


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"


def new_topic(log: LogClient, name: str, **settings: str) -> None:
    with log.admin("test") as admin:
        assert admin.create(name, 1, {name.replace("_", "."): value for name, value in settings.items()})


def send_old_ratings(log: LogClient, topic: str, count: int) -> None:
    with RatingSink(log, topic) as sink:
        for number in range(count):
            sink.send(Rating(number % 90, number, 3.0, OLD + number * 5000, "toy", number))


def test_new_topics_are_safe_and_keep_what_they_are(log: LogClient, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    assert create_topics(log, topics, 2).partitions == 2
    check_ratings_topic(log, topics.ratings)
    again = create_topics(log, topics, 3)
    assert again.partitions == 2
    assert "keeps its 2 partition(s); 3 were asked for" in again.notes[0]
    assert create_topics(log, topics).notes == ()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retention_ms", "604800000"),
        ("retention_bytes", "1000000"),
        ("cleanup_policy", "compact"),
        ("message_timestamp_type", "LogAppendTime"),
        ("message_timestamp_before_max_ms", "3600000"),
    ],
)
def test_a_topic_that_would_lose_ratings_is_refused_with_its_remedy(
    log: LogClient, topic_prefix: str, setting: str, value: str
) -> None:
    safe = {"retention_ms": "-1"}
    new_topic(log, topic_prefix, **(safe | {setting: value}))
    name = setting.replace("_", ".")
    with pytest.raises(TopicUnsafe, match=re.escape(f"{name} is {value} (")) as caught:
        check_ratings_topic(log, topic_prefix)
    remedy = re.search(r"--add-config (\S+)`", str(caught.value))
    assert remedy
    changes = dict(change.split("=") for change in remedy[1].split(","))
    assert set(changes) == {name}


def test_an_empty_topic_is_mended_and_one_with_ratings_refused(log: LogClient, topic_prefix: str) -> None:
    new_topic(log, topic_prefix)  # as a broker makes them by itself
    layout = create_topics(log, Topics(topic_prefix))
    assert "mended" in layout.notes[0]
    check_ratings_topic(log, topic_prefix)

    filled = f"{topic_prefix}-2"
    new_topic(log, filled)
    send_old_ratings(log, filled, 1)
    with pytest.raises(TopicUnsafe, match=r"retention\.ms is 604800000"):
        create_topics(log, Topics(filled))


def test_a_topic_that_is_not_there_is_said_to_be_missing(log: LogClient, topic_prefix: str) -> None:
    for attempt in (
        lambda: check_ratings_topic(log, topic_prefix),
        lambda: topic_id(log, topic_prefix),
        lambda: log.source(topic_prefix),
        lambda: RatingSink(log, topic_prefix),
    ):
        with pytest.raises(LogError, match="no such topic") as caught:
            attempt()
        assert not caught.value.retriable


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
        new_topic(log, "defaults")
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


def test_settings_hold_what_the_check_asks_for(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    names = Topics(topic_prefix)
    with log.admin("test") as admin:
        assert admin.settings(names.ratings)["segment.ms"] == str(2**63 - 1)
        assert admin.settings(names.dead_letters)["retention.ms"] == "-1"
        assert admin.settings(names.catalogue)["cleanup.policy"] == "compact"
