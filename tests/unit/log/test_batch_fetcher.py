"""Fetching from leaders that answer as a test says: order, errors, moves, and how much is asked for at a time."""

from __future__ import annotations

from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest
from built_batches import CONTROL, Content, built
from kafka import TopicPartition
from kafka.errors import (
    CorruptRecordError,
    KafkaConnectionError,
    LogTruncationError,
    NodeNotReadyError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from kafka.future import Future
from kafka.protocol.broker_version_data import BrokerVersionData

from streamsvd.log import LogRecord
from streamsvd.log.kafka_python.batch_fetcher import BatchFetcher, SharedClient

SETTINGS = {
    "fetch_max_bytes": 2000,
    "max_partition_fetch_bytes": 1000,
    "fetch_max_wait_ms": 500,
    "fetch_min_bytes": 1,
    "max_poll_records": 5,
}


class Leaders:
    """The network: leaders of partitions, the requests that they have not answered, and the answers."""

    def __init__(self, leaders: dict[int, int | None]) -> None:
        self.leaders, self.updates = leaders, 0
        self.cluster = self
        self.send = object()  # the I/O thread calls it
        self.open: dict[int, tuple[Any, Future]] = {}

    def leader_for_partition(self, place: TopicPartition) -> int | None:
        return self.leaders[place.partition]

    def leader_epoch_for_partition(self, place: TopicPartition) -> int | None:
        return None if place.partition else 4

    def request_update(self) -> None:
        self.updates += 1

    def call_soon(self, send: object, request: Any, leader: int) -> Future:
        assert send is self.send
        assert leader not in self.open, "one request at a time"
        self.open[leader] = (request, Future())
        return self.open[leader][1]

    def asked(self, leader: int) -> dict[int, int]:
        """Offsets by partition, in the order of the request that a leader has not answered."""
        (topic,) = self.open[leader][0].topics
        assert topic.topic == "films"
        return {one.partition: one.fetch_offset for one in topic.partitions}

    def epochs(self, leader: int) -> list[tuple[int, int]]:
        partitions = self.open[leader][0].topics[0].partitions
        return [(one.current_leader_epoch, one.last_fetched_epoch) for one in partitions]

    def answer(self, leader: int, *, end: int = 2**40, **found: Any) -> None:
        """Answer with bytes, an error class, or a diverging end for `p0`, `p1`, …; the log ends with `end`."""
        _, future = self.open.pop(leader)
        partitions = []
        for name, content in found.items():
            error = 0 if isinstance(content, bytes | int) else content.errno
            diverging = SimpleNamespace(end_offset=content if isinstance(content, int) else -1)
            records = content if isinstance(content, bytes) else None
            partitions.append(
                SimpleNamespace(
                    partition_index=int(name[1:]),
                    error_code=error,
                    diverging_epoch=diverging,
                    high_watermark=end,
                    records=records,
                )
            )
        future.success(SimpleNamespace(error_code=0, responses=[SimpleNamespace(partitions=partitions)]))

    def fail(self, leader: int, error: Exception) -> None:
        self.open.pop(leader)[1].failure(error)


def batch(base: int, count: int, size: int = 10, **options: Any) -> bytes:
    return built([Content(base + k, b"k", b"v" * size) for k in range(count)], base, **options)


def fetching(leaders: dict[int, int | None], **settings: int) -> tuple[Leaders, BatchFetcher]:
    network = Leaders(leaders)
    places = [TopicPartition("films", number) for number in leaders]
    fetcher = BatchFetcher(network, {**SETTINGS, **settings}, places)
    fetcher.seek(dict.fromkeys(leaders, 0))
    return network, fetcher


def polled(fetcher: BatchFetcher, most: int | None = None) -> list[tuple[int, int]]:
    """Partition and offset of what one poll gives."""
    records: list[LogRecord] = list(chain.from_iterable(fetcher.poll(0.0, most)))
    return [(record.partition, record.offset) for record in records]


def test_the_next_request_is_on_its_way_while_records_are_worked_on() -> None:
    network, fetcher = fetching({0: 1})
    assert polled(fetcher) == []
    request = network.open[1][0]
    assert (request.max_bytes, request.min_bytes, request.max_wait_ms, request.isolation_level) == (2000, 1, 500, 0)
    assert (network.asked(1), network.epochs(1)) == ({0: 0}, [(4, -1)])
    network.answer(1, p0=batch(0, 7))
    assert polled(fetcher) == [(0, k) for k in range(5)]
    assert (network.asked(1), network.epochs(1)) == ({0: 7}, [(4, 0)])
    assert polled(fetcher, 1) == [(0, 5)]
    assert fetcher.positions() == {0: 6}
    network.answer(1, p0=batch(7, 2))
    assert polled(fetcher) == [(0, 6), (0, 7), (0, 8)]
    assert (fetcher.positions(), network.updates) == ({0: 9}, 0)


def test_leaders_are_asked_side_by_side() -> None:
    network, fetcher = fetching({0: 1, 1: 2, 2: 1})
    assert polled(fetcher) == []
    assert (network.asked(1), network.asked(2)) == ({0: 0, 2: 0}, {1: 0})
    assert network.epochs(1) == [(4, -1), (-1, -1)]
    network.answer(2, p1=batch(0, 1))
    assert polled(fetcher) == [(1, 0)]
    assert (network.asked(1), network.asked(2)) == ({0: 0, 2: 0}, {1: 1})


def test_partitions_take_turns() -> None:
    network, fetcher = fetching({0: 1, 1: 1, 2: 1})
    polled(fetcher)
    network.answer(1, p0=batch(0, 5), p1=batch(0, 5))
    assert polled(fetcher, 3) == [(0, 0), (0, 1), (0, 2)]
    assert list(network.asked(1)) == [1, 2, 0]
    assert polled(fetcher, 3) == [(1, 0), (1, 1), (1, 2)]
    network.answer(1, p2=batch(0, 2))
    assert polled(fetcher, 3) == [(2, 0), (2, 1), (0, 3)]
    assert list(network.asked(1)) == [1, 2, 0]
    assert polled(fetcher) == [(1, 3), (1, 4), (0, 4)]


def test_nothing_is_asked_for_while_much_is_unread() -> None:
    network, fetcher = fetching({0: 1})
    polled(fetcher)
    network.answer(1, p0=batch(0, 6, 400))
    assert polled(fetcher, 5) == [(0, k) for k in range(5)]
    assert not network.open
    assert polled(fetcher, 5) == [(0, 5)]
    assert network.asked(1) == {0: 6}


def test_records_to_come_are_waited_for_when_all_are_read() -> None:
    network, fetcher = fetching({0: 1, 1: 1, 2: 2})
    polled(fetcher)
    network.answer(1, p0=batch(0, 3), end=3)
    assert polled(fetcher, 2) == [(0, 0), (0, 1)]
    assert network.open.keys() == {2}
    assert polled(fetcher, 2) == [(0, 2)]
    assert network.asked(1) == {1: 0, 0: 3}


def test_the_position_is_behind_offsets_without_records() -> None:
    network, fetcher = fetching({0: 1})
    polled(fetcher)
    network.answer(1, p0=batch(0, 2, removed=3) + batch(5, 1, attributes=CONTROL))
    assert polled(fetcher, 1) == [(0, 0)]
    assert fetcher.positions() == {0: 1}
    assert polled(fetcher, 1) == [(0, 1)]
    assert (fetcher.positions(), network.asked(1)) == ({0: 6}, {0: 6})
    network.answer(1, p0=batch(6, 1, attributes=CONTROL))
    assert polled(fetcher) == []
    assert fetcher.positions() == {0: 7}


def test_an_answer_from_before_a_seek_is_not_read() -> None:
    network, fetcher = fetching({0: 1, 1: 1})
    polled(fetcher)
    fetcher.seek({0: 40, 1: 0})
    network.answer(1, p0=batch(0, 2), p1=batch(0, 1))
    assert polled(fetcher) == [(1, 0)]
    assert network.asked(1) == {0: 40, 1: 1}
    network.answer(1, p0=batch(38, 4), p1=OffsetOutOfRangeError)
    fetcher.seek({0: 40, 1: 7})
    assert polled(fetcher) == [(0, 40), (0, 41)]
    fetcher.seek({0: 3, 1: 7})
    assert fetcher.positions() == {0: 3, 1: 7}


@pytest.mark.parametrize("error", [NotLeaderForPartitionError, UnknownTopicOrPartitionError])
def test_a_leader_that_moved_is_looked_for(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    monkeypatch.setattr("streamsvd.log.kafka_python.batch_fetcher._BACKOFF_SECONDS", 0.0)
    network, fetcher = fetching({0: 1, 1: 1})
    polled(fetcher)
    network.leaders[0] = None
    network.answer(1, p0=error, p1=batch(0, 1))
    assert polled(fetcher) == [(1, 0)]
    assert network.asked(1) == {1: 1}
    assert network.updates == 2
    network.leaders[0] = 2
    assert polled(fetcher) == []
    assert network.asked(2) == {0: 0}


@pytest.mark.parametrize("error", [KafkaConnectionError("gone"), NodeNotReadyError(1), RuntimeError("closed")])
def test_a_leader_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    network, fetcher = fetching({0: 1})
    polled(fetcher)
    network.fail(1, error)
    assert polled(fetcher) == []
    assert (network.open, network.updates) == ({}, 1)  # not at once
    assert not fetcher.poll(0.2, 1)
    assert network.asked(1) == {0: 0}
    network.answer(1, p0=batch(0, 1))
    assert polled(fetcher) == [(0, 0)]


def test_an_error_of_another_client_is_raised() -> None:
    network, fetcher = fetching({0: 1})
    polled(fetcher)
    network.fail(1, AttributeError("another client"))
    with pytest.raises(AttributeError):
        polled(fetcher)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (OffsetOutOfRangeError, OffsetOutOfRangeError),
        (TopicAuthorizationFailedError, TopicAuthorizationFailedError),
        (1, LogTruncationError),
        (batch(2, 1)[:-1] + b"x", CorruptRecordError),
    ],
)
def test_an_error_comes_after_the_records_before_it_and_again(content: Any, error: type[Exception]) -> None:
    network, fetcher = fetching({0: 1, 1: 1})
    polled(fetcher)
    network.answer(1, p0=batch(0, 2), p1=batch(0, 2))
    assert polled(fetcher, 1) == [(0, 0)]
    network.answer(1, p0=content)
    assert polled(fetcher, 1) == [(1, 0)]
    assert polled(fetcher, 1) == [(0, 1)]
    with pytest.raises(error):
        polled(fetcher)
    assert polled(fetcher, 1) == [(1, 1)]
    network.answer(1, p1=b"")  # what was asked for meanwhile
    assert polled(fetcher) == []
    assert (network.asked(1)[0], fetcher.positions()) == (2, {0: 2, 1: 2})
    network.answer(1, p0=content)
    with pytest.raises(error):
        polled(fetcher)


def test_a_broker_without_the_known_requests_has_no_batches() -> None:
    shared = SharedClient()
    for version, known in {(0, 10, 2): False, (0, 11): True, (2, 5): True, (4, 0): True}.items():
        shared.manager = SimpleNamespace(broker_version_data=BrokerVersionData(version))
        assert shared.has_batches() == known
