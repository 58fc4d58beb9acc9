"""The two ends of the log on a real broker."""

from __future__ import annotations

from contextlib import closing

import pytest

from streamsvd.errors import DeliveryFailed, EventError, TopicUnsafe
from streamsvd.log import LogClient, RatingSink, RatingSource, Record, Topics, create_topics
from streamsvd.log.kafka_python.clients import new_admin
from streamsvd.ratings import Erasure, Event, Rating, Retraction, decode

EVENTS: list[Event] = [
    *(Rating(number % 90, f"film {number % 7}", 0.5 + number % 5, 881250949 + number) for number in range(2500)),
    Rating("1", 1, 3.0, 0, "toy", 0),
    Rating(1, "1", 3.0, 4_102_444_800, "toy", 1),  # 2100: a clock that is wrong loses nothing
    Retraction(1, "1", 5),
    Erasure("ann", 6),
]


def polled(source: RatingSource) -> list[Record]:
    """What comes until the position is at the end."""
    records: list[Record] = []
    while source.positions() != source.end_offsets():
        records += source.poll(1.0)
    return records


@pytest.mark.parametrize("partitions", [1, 3])
def test_events_come_out_as_they_went_in(log: LogClient, topic_prefix: str, partitions: int) -> None:
    create_topics(log, Topics(topic_prefix), partitions)
    with RatingSink(log, topic_prefix) as sink:
        for event in EVENTS:
            sink.send(event)
        sink.flush()
        assert sink.acknowledged == len(EVENTS)
    with closing(log.source(topic_prefix)) as source:
        records = polled(source)
        assert source.positions() == source.end_offsets() == sink.offsets
        assert source.partitions == tuple(range(partitions))
    for partition in range(partitions):
        expected = [event for event in EVENTS if sink.partition(event.user) == partition]
        found = [record for record in records if record.partition == partition]
        assert [decode(record.value) for record in found] == expected
        assert [record.timestamp for record in found] == [event.timestamp * 1000 for event in expected]
    keys = {record.key for record in records}
    assert {b"1", b'"1"', b'"ann"'} <= keys


def test_a_source_seeks_and_commits_for_lag_tools_without_joining(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with RatingSink(log, topic_prefix) as sink:
        for event in EVENTS:
            sink.send(event)
    group = f"{topic_prefix}-group"
    with closing(log.source(topic_prefix, group=group)) as source:
        source.seek({0: 40})
        records = source.poll(10.0, 100)
        assert [record.offset for record in records] == list(range(40, 140))
        assert source.positions() == {0: 140}
        source.commit({0: 140})
        source.seek({})
        assert source.poll(10.0, 1)[0].offset == 0
    with closing(new_admin(log.address)) as client:
        committed = client.list_group_offsets([group])[group]
        assert [offset.offset for offset in committed.values()] == [140]
        assert client.describe_groups([group])[group]["members"] == []


def test_a_position_that_the_log_does_not_hold_is_refused(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        assert source.poll(0.0) == []
        source.seek({0: 7})
        with pytest.raises(TopicUnsafe, match="does not hold that offset"):
            source.poll(10.0)


def test_an_event_that_nobody_could_read_is_not_sent(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with RatingSink(log, topic_prefix) as sink:
        with pytest.raises(EventError):
            sink.send(Rating(1, 1, float("nan"), 0))
        sink.send(Rating(1, 1, 1.0, 0))
    assert sink.acknowledged == 1


def test_after_a_failure_nothing_more_gets_into_the_log(log: LogClient, topic_prefix: str) -> None:
    """The broker refuses one old rating among good ones: what is in the log ends before it."""
    now = 4_000_000_000
    with closing(new_admin(log.address)) as client:
        settings = {"message.timestamp.after.max.ms": "3600000", "retention.ms": "-1"}
        client.create_topics({topic_prefix: {"num_partitions": 1, "configs": settings}}, wait_for_metadata=True)
    sink = RatingSink(log, topic_prefix)
    for number in range(100):
        sink.send(Rating(1, number, 3.0, number, "toy", number))
    sink.flush()

    def send_many() -> None:
        for number in range(100, 50_000):
            sink.send(Rating(1, number, 3.0, now if number == 100 else number, "toy", number))

    with pytest.raises(DeliveryFailed, match=r"sequence=100\).* is not confirmed") as caught:
        send_many()
    assert "safe to run the same command again" in str(caught.value)
    assert sink.acknowledged == 100
    with pytest.raises(DeliveryFailed):
        sink.send(Rating(1, 1, 3.0, 1))
    with pytest.raises(DeliveryFailed):
        sink.close()
    with closing(log.source(topic_prefix)) as source:
        assert source.end_offsets() == {0: 100}
