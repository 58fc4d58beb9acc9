"""Whole record batches of a real Kafka: the same records as kafka-python's consumer gives, whatever the log holds."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import chain
from typing import Any

import pytest
from kafka import KafkaProducer, TopicPartition, codec
from logs import delete_topic

from streamsvd.embedded import Server
from streamsvd.errors import ServiceError, TopicUnsafe
from streamsvd.log import LogClient, LogRecord, RatingSource, Topics, create_topics, log_client
from streamsvd.log.kafka_python.batch_fetcher import BatchFetcher
from streamsvd.log.kafka_python.clients import new_admin
from streamsvd.log.kafka_python.fetchers import RecordFetcher

THERE = {"gzip": codec.has_gzip, "snappy": codec.has_snappy, "lz4": codec.has_lz4, "zstd": codec.has_zstd}
CODECS = [None, *(name for name, is_there in THERE.items() if is_there())]


@contextmanager
def producing(address: str, **settings: Any) -> Iterator[KafkaProducer]:
    with closing(KafkaProducer(bootstrap_servers=address, **settings)) as producer:
        yield producer
        producer.flush()


def everything(source: RatingSource) -> list[LogRecord]:
    """What comes until the position is at the end."""
    records: list[LogRecord] = []
    while source.positions() != source.end_offsets():
        records += chain.from_iterable(source.poll(1.0, 400))
    return records


def by_both(monkeypatch: pytest.MonkeyPatch, log: LogClient, topic: str) -> list[LogRecord]:
    """All records of a topic by partition: in batches, and from the consumer."""
    found = []
    for kind in (BatchFetcher, RecordFetcher):
        with closing(log.source(topic)) as source:
            assert isinstance(source._fetcher, kind)  # type: ignore[attr-defined]
            found.append(sorted(everything(source), key=lambda record: record.partition))
        monkeypatch.setattr("streamsvd.log.kafka_python.source.batch_fetcher", None)
    assert found[0] == [record._replace(headers=record.headers or ()) for record in found[1]]
    return found[0]


@pytest.mark.parametrize("compression", CODECS)
def test_all_kinds_of_records(
    monkeypatch: pytest.MonkeyPatch, log: LogClient, topic_prefix: str, compression: str | None
) -> None:
    create_topics(log, Topics(topic_prefix), 3)
    with producing(log.address, compression_type=compression, linger_ms=20) as producer:
        for k in range(3000):
            producer.send(topic_prefix, b"value %d" % k, key=b"%d" % k, partition=k % 3, timestamp_ms=10**12 - k)
        for headers in ([("error", b"decode"), ("none", b"")], []):
            producer.send(topic_prefix, None, key=b"", partition=1, headers=headers)
            producer.send(topic_prefix, b"", partition=1, headers=headers)
    found = by_both(monkeypatch, log, topic_prefix)
    assert len(found) == 3004
    assert [record.headers for record in found if record.headers] == [[("error", b"decode"), ("none", b"")]] * 2
    assert [record.timestamp for record in found if record.value == b"value 9"] == [10**12 - 9]


def test_the_brokers_own_time(monkeypatch: pytest.MonkeyPatch, log: LogClient, topic_prefix: str) -> None:
    with log.admin("test") as admin:
        admin.create(topic_prefix, 1, {"message.timestamp.type": "LogAppendTime"})
    with producing(log.address) as producer:
        for k in range(20):
            producer.send(topic_prefix, b"%d" % k, timestamp_ms=k)
    assert all(record.timestamp > 10**12 for record in by_both(monkeypatch, log, topic_prefix))


def test_transactions_of_both_ends(monkeypatch: pytest.MonkeyPatch, log: LogClient, topic_prefix: str) -> None:
    """As kafka-python's consumer by default, records of aborted transactions are read; their ends are not."""
    create_topics(log, Topics(topic_prefix))
    with producing(log.address, transactional_id=topic_prefix) as producer:
        producer.init_transactions()
        for number, end in enumerate((producer.commit_transaction, producer.abort_transaction) * 2):
            producer.begin_transaction()
            for k in range(10):
                producer.send(topic_prefix, b"%d %d" % (number, k))
            producer.flush()
            end()
    found = by_both(monkeypatch, log, topic_prefix)
    assert [record.offset for record in found] == [11 * number + k for number in range(4) for k in range(10)]


def test_a_record_that_is_larger_than_a_fetch(log: LogClient, topic_prefix: str) -> None:
    with log.admin("test") as admin:
        admin.create(topic_prefix, 1, {"max.message.bytes": str(32 << 20)})
    with producing(log.address, max_request_size=32 << 20) as producer:
        for size in (10, 18 << 20, 10):
            producer.send(topic_prefix, b"x" * size).get(60)
    with closing(log.source(topic_prefix)) as source:
        assert [len(record.value or b"") for record in everything(source)] == [10, 18 << 20, 10]


def test_a_log_whose_start_was_deleted_is_unsafe(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with producing(log.address) as producer:
        for k in range(20):
            producer.send(topic_prefix, b"%d" % k)
    with closing(new_admin(log.address)) as admin:
        admin.delete_records({TopicPartition(topic_prefix, 0): 5})
    with closing(log.source(topic_prefix)) as source:
        for _ in range(2):
            with pytest.raises(TopicUnsafe, match="does not hold that offset"):
                source.poll(10.0)
        source.seek({0: 5})
        assert [record.offset for record in everything(source)] == list(range(5, 20))


def test_a_topic_made_anew_is_unsafe(log: LogClient, topic_prefix: str) -> None:
    with closing(log.source(made(log, topic_prefix, 20))) as source:
        assert len(everything(source)) == 20
        delete_topic(log, topic_prefix)
        assert not source.poll(0.3)
        made(log, topic_prefix, 10)
        with pytest.raises(TopicUnsafe, match="does not hold that offset"):
            next(filter(None, (source.poll(1.0) for _ in range(60))))


def made(log: LogClient, topic: str, records: int) -> str:
    create_topics(log, Topics(topic))
    with producing(log.address) as producer:
        for k in range(records):
            producer.send(topic, b"%d" % k)
    return topic


def test_a_broker_that_is_killed_is_waited_for(
    start_kafka: Callable[[], AbstractContextManager[Server]], topic_prefix: str
) -> None:
    running = start_kafka()
    server = running.__enter__()
    log = log_client(server.address)
    with closing(log.source(made(log, topic_prefix, 30))) as source:
        records = list(chain.from_iterable(source.poll(10.0, 12)))
        os.kill(server.pid, signal.SIGKILL)
        assert server.wait(60)
        while found := source.poll(0.3, 5):
            records += chain.from_iterable(found)  # what was fetched before
        with pytest.raises(ServiceError):
            running.__exit__(None, None, None)
        with start_kafka():
            made(log, topic_prefix, 5)
            records += everything(source)
    assert [record.offset for record in records] == list(range(35))
    assert [record.value for record in records] == [b"%d" % k for k in (*range(30), *range(5))]
