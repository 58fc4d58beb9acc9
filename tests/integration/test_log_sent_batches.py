"""Batches of ratings on a real broker that does not answer, refuses, or goes away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kafka.errors import (
    BrokerResponseError,
    DuplicateSequenceNumberError,
    KafkaConnectionError,
    NotEnoughReplicasAfterAppendError,
    NotEnoughReplicasError,
    NotLeaderForPartitionError,
    RequestTimedOutError,
)
from kafka.future import Future

from streamsvd.embedded import embedded_kafka
from streamsvd.embedded.folder import free_ports
from streamsvd.errors import DeliveryFailed, LogUnavailable
from streamsvd.log import LogClient, RatingSink, Topics, create_topics, log_client, read_all
from streamsvd.log.kafka_python import delivery as deliveries
from streamsvd.ratings import Dataset, RatingTable, decode

DATASET = Dataset("toy", "ab" * 32, (1.0, 5.0))


def table(size: int, **columns: Any) -> RatingTable:
    numbers = np.arange(size)
    made = {"timestamps": 881250949 + numbers // 3, **columns}
    return RatingTable(numbers * 7 % 90, numbers % 50, numbers % 5 + 1.0, dataset=DATASET, **made)


def numbers(log: LogClient, topic: str) -> dict[int, list[int | None]]:
    """Sequence numbers of the ratings in each partition."""
    found: dict[int, list[int | None]] = {}
    for record in read_all(log, topic):
        found.setdefault(record.partition, []).append(decode(record.value).sequence)
    return found


def once(log: LogClient, topic: str, rows: RatingTable, partitions: int) -> None:
    """Every rating is there once, in order."""
    sink = RatingSink(log, topic)
    places = [sink.partition(user) for user in rows.users.tolist()]
    expected = {part: [n for n, place in enumerate(places) if place == part] for part in range(partitions)}
    assert numbers(log, topic) == expected


@pytest.fixture
def sink(log: LogClient, topic_prefix: str) -> Iterator[RatingSink]:
    """On a topic of three partitions; has sent nothing."""
    create_topics(log, Topics(topic_prefix), 3)
    with closing(RatingSink(log, topic_prefix)) as made:
        yield made


def client_of(sink: RatingSink) -> Any:
    """The network client, from the first table on."""
    return sink._delivery._sender._client  # type: ignore[attr-defined]


@pytest.mark.parametrize("fate", ["written", "lost", "late", "closing"])
def test_a_batch_without_an_answer_is_there_once(
    log: LogClient, topic_prefix: str, sink: RatingSink, fate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = table(30_000)
    sink.send_table(rows[:10])
    sink.flush()
    client = client_of(sink)
    send, held, cuts = client.send, [], []

    def send_with_cuts(node: int, request: Any) -> Future:
        if fate == "late" and held:  # it was looked for, in vain
            client.poll(timeout_ms=10_000, future=send(node, held.pop()))
            return send(node, request)
        if fate in ("lost", "closing") and held:
            held.clear()
            return send(node, request)
        if fate == "written":
            client.poll(timeout_ms=10_000, future=send(node, request))
        else:
            held.append(request)
        cuts.append(request)
        if fate == "closing":
            raise RuntimeError("Transport closed for writes")
        return Future().failure(KafkaConnectionError("cut"))

    monkeypatch.setattr(client, "send", send_with_cuts)
    for start, stop in ((10, 8000), (8000, 20_000), (20_000, 30_000)):
        sink.send_table(rows[start:stop])
    sink.flush()
    assert len(cuts) >= 3
    assert sum(sink.offsets.values()) == 30_000
    once(log, topic_prefix, rows, 3)


def answer(request: Any, code: int) -> Any:
    """What a broker answers that has this error for all partitions."""
    parts = {"error_code": code, "base_offset": -1, "error_message": None, "record_errors": []}
    return SimpleNamespace(
        responses=[
            SimpleNamespace(
                name=topic.name,
                partition_responses=[SimpleNamespace(index=part.index, **parts) for part in topic.partition_data],
            )
            for topic in request.topic_data
        ]
    )


@pytest.mark.parametrize(
    ("error", "written"),
    [
        (NotLeaderForPartitionError, False),
        (NotEnoughReplicasError, False),
        (NotEnoughReplicasAfterAppendError, True),
        (RequestTimedOutError, True),
        (RequestTimedOutError, False),
        (DuplicateSequenceNumberError, True),
    ],
)
def test_a_batch_whose_error_may_pass_is_there_once(
    log: LogClient,
    topic_prefix: str,
    sink: RatingSink,
    error: type[BrokerResponseError],
    written: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = table(20_000)
    sink.send_table(rows[:1000])
    sink.flush()
    client = client_of(sink)
    send, answers = client.send, iter([False, True, False, True, *[True] * 20])

    def send_with_errors(node: int, request: Any) -> Future:
        if next(answers):
            return send(node, request)
        if written:
            client.poll(timeout_ms=10_000, future=send(node, request))
        return Future().success(answer(request, error.errno))

    monkeypatch.setattr(client, "send", send_with_errors)
    for start in range(1000, 20_000, 5000):
        sink.send_table(rows[start : start + 5000])
    sink.flush()
    assert sum(sink.offsets.values()) == 20_000
    once(log, topic_prefix, rows, 3)


def test_a_broker_that_restarts_gets_every_rating_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = free_ports(2)
    monkeypatch.setattr("streamsvd.embedded.kafka.free_ports", lambda count: ports)
    rows = table(200_000)
    with embedded_kafka(tmp_path / "kafka") as server:
        log = log_client(server.address)
        create_topics(log, Topics("ratings"), 3)
        sink = RatingSink(log, "ratings", delivery_seconds=300.0)
        for start in range(0, 100_000, 20_000):
            sink.send_table(rows[start : start + 20_000])  # the last request's answer may be lost
    with embedded_kafka(tmp_path / "kafka"):
        with closing(sink):
            for start in range(100_000, 200_000, 20_000):
                sink.send_table(rows[start : start + 20_000])
        once(log, "ratings", rows, 3)


def test_a_batch_that_is_too_large_for_the_topic_is_split(log: LogClient, topic_prefix: str) -> None:
    with log.admin("test") as admin:
        admin.create(topic_prefix, 1, {"max.message.bytes": "20000", "retention.ms": "-1"})
    rows = table(20_000)
    with RatingSink(log, topic_prefix) as sink:
        sink.send_table(rows[:15_000])
        sink.send_table(rows[15_000:])
    once(log, topic_prefix, rows, 1)


def test_a_rating_that_is_too_large_for_the_topic_is_named(log: LogClient, topic_prefix: str) -> None:
    with log.admin("test") as admin:
        admin.create(topic_prefix, 1, {"max.message.bytes": "200", "retention.ms": "-1"})
    sink = RatingSink(log, topic_prefix)
    rows = table(10)
    users = np.array([*"abcdefg", "x" * 200, "h", "i"], object)
    sink.send_table(RatingTable(users, rows.items, rows.ratings, rows.timestamps, DATASET))
    with pytest.raises(DeliveryFailed, match=r"xxx.*sequence=7\) is not confirmed.*at least 7 records"):
        sink.flush()
    assert numbers(log, topic_prefix) == {0: list(range(7))}


def test_a_refused_rating_is_named_and_nothing_follows_its_batch(log: LogClient, topic_prefix: str) -> None:
    with log.admin("test") as admin:
        admin.create(topic_prefix, 1, {"message.timestamp.after.max.ms": "3600000", "retention.ms": "-1"})
    sink = RatingSink(log, topic_prefix)
    stamps = np.arange(50_000)
    stamps[40_000:] = 4_000_000_000
    rows = table(50_000, timestamps=stamps)
    sink.send_table(rows[:1000])

    def send_rest() -> None:
        for start in range(1000, 50_000, 7000):
            sink.send_table(rows[start : start + 7000])
        sink.flush()

    with pytest.raises(DeliveryFailed, match=r"sequence=40000\) is not confirmed.*Run the same command again"):
        send_rest()
    with pytest.raises(DeliveryFailed):
        sink.send_table(rows[:1])
    with pytest.raises(DeliveryFailed):
        sink.close()
    (logged,) = numbers(log, topic_prefix).values()
    assert logged == list(range(len(logged)))
    assert sink.offsets == {0: len(logged)}
    assert len(logged) <= 40_000


def test_a_wrong_sequence_number_ends_the_sending(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix), 3)
    sink = RatingSink(log, topic_prefix)
    rows = table(2000)
    sink.send_table(rows[:1000])
    sink.flush()
    sender = sink._delivery._sender  # type: ignore[attr-defined]
    for place in sender._sequences:
        sender._sequences[place] += 1
    sink.send_table(rows[1000:])
    with pytest.raises(DeliveryFailed, match=r"sequence=\d+\) is not confirmed.*refused.*at least 1,000 records"):
        sink.flush()
    assert sum(map(len, numbers(log, topic_prefix).values())) == 1000


def test_a_broker_that_is_away_too_long_fails_the_sending(tmp_path: Path) -> None:
    with embedded_kafka(tmp_path / "kafka") as server:
        log = log_client(server.address)
        create_topics(log, Topics("ratings"))
        sink = RatingSink(log, "ratings", delivery_seconds=1.0)
        sink.send_table(table(10))
        sink.flush()
    began = time.monotonic()
    sink.send_table(table(20)[10:])
    with pytest.raises(DeliveryFailed, match=r"sequence=10\) is not confirmed.*does not answer") as caught:
        sink.flush()
    assert time.monotonic() - began > 1.0
    assert "at least 10 records" in str(caught.value)
    with pytest.raises(LogUnavailable):
        RatingSink(log, "ratings")


def test_another_version_of_the_client_sends_record_by_record(
    log: LogClient, topic_prefix: str, sink: RatingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "HAS_BATCHES", False)
    rows = table(3000)
    sink.send_table(rows)
    sink.flush()
    assert sink._delivery._sender is None  # type: ignore[attr-defined]
    once(log, topic_prefix, rows, 3)
