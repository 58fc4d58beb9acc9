"""The two ends of a log: what goes in comes out, in order, from any offset that it holds."""

from __future__ import annotations

from contextlib import closing
from itertools import chain

import pytest
from logs import delete_topic

from streamsvd.errors import DeliveryFailed, EventError, LogError, TopicUnsafe
from streamsvd.log import LogClient, RatingSink, RatingSource, Record, Topics, create_topics, describe_topic, log_end
from streamsvd.ratings import Erasure, Event, Rating, Retraction, decode

EVENTS: list[Event] = [
    *(Rating(number % 90, f"film {number % 7}", 0.5 + number % 5, 881250949 + number) for number in range(2500)),
    Rating("1", 1, 3.0, 0, "toy", 0),
    Rating(1, "1", 3.0, 4_102_444_800, "toy", 1),  # 2100: a clock that is wrong loses nothing
    Retraction(1, "1", 5),
    Erasure("ann", 6),
]


def fill(log: LogClient, topic: str, partitions: int = 1) -> RatingSink:
    create_topics(log, Topics(topic), partitions)
    with RatingSink(log, topic) as sink:
        for event in EVENTS:
            sink.send(event)
    return sink


def polled(source: RatingSource) -> list[Record]:
    """What comes until the position is at the end."""
    records: list[Record] = []
    while source.positions() != source.end_offsets():
        records += chain.from_iterable(source.poll(1.0))
    return records


@pytest.mark.parametrize("partitions", [1, 3])
def test_events_come_out_as_they_went_in(log: LogClient, topic_prefix: str, partitions: int) -> None:
    sink = fill(log, topic_prefix, partitions)
    assert sum(sink.offsets.values()) == len(EVENTS)
    with closing(log.source(topic_prefix)) as source:
        records = polled(source)
        assert source.positions() == source.end_offsets() == sink.offsets
        assert source.partitions == tuple(range(partitions))
    for partition in range(partitions):
        expected = [event for event in EVENTS if sink.partition(event.user) == partition]
        found = [record for record in records if record.partition == partition]
        assert [decode(record.value) for record in found] == expected
        assert [record.timestamp for record in found] == [event.timestamp * 1000 for event in expected]
        assert [record.offset for record in found] == list(range(len(expected)))
    keys = {record.key for record in records}
    assert {b"1", b'"1"', b'"ann"'} <= keys


def test_a_source_seeks(log: LogClient, topic_prefix: str) -> None:
    fill(log, topic_prefix)
    with closing(log.source(topic_prefix)) as source:
        source.seek({0: 40})
        (block,) = source.poll(10.0, 100)
        assert block.offsets.tolist() == list(range(40, 140))
        assert source.positions() == {0: 140}
        source.seek({})
        (block,) = source.poll(10.0, 1)
        assert block.offsets.tolist() == [0]


def test_a_range_is_read_whatever_else_the_reader_was_asked(log: LogClient, topic_prefix: str) -> None:
    sink = fill(log, topic_prefix, 2)
    with closing(log.reader()) as reader:
        parts = reader.ranges(topic_prefix)
        assert [(part.partition, part.start, part.end) for part in parts] == [(n, 0, sink.offsets[n]) for n in (0, 1)]
        for part in (parts[1]._replace(start=7, end=31), parts[0]._replace(start=3, end=4), parts[1]._replace(end=0)):
            assert [(record.partition, record.offset) for record in reader.read(part)] == [
                (part.partition, offset) for offset in range(part.start, part.end)
            ]
        reader.close()
        assert reader.ranges(topic_prefix) == parts
        last = {sink.partition(event.user): event.timestamp for event in EVENTS}
        assert log_end(reader, topic_prefix) == (sink.offsets, max(last.values()))


def test_a_position_that_the_log_does_not_hold_is_refused(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        assert not source.poll(0.0)
        source.seek({0: 7})
        with pytest.raises(TopicUnsafe, match="does not hold that offset"):
            source.poll(10.0)


def test_the_newest_time_is_the_latest_of_all_partitions(log: LogClient, topic_prefix: str) -> None:
    fill(log, topic_prefix, 2)
    with closing(log.source(topic_prefix)) as source:
        assert source.newest_time() == 4_102_444_800
        assert source.newest_time() == 4_102_444_800


def test_an_empty_log_has_no_newest_time(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        assert source.newest_time() is None


def test_an_event_that_nobody_could_read_is_not_sent(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with RatingSink(log, topic_prefix) as sink:
        with pytest.raises(EventError):
            sink.send(Rating(1, 1, float("nan"), 0))
        sink.send(Rating(1, 1, 1.0, 0))
    assert sink.offsets == {0: 1}


def test_a_posted_event_has_a_place(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix), 3)
    with RatingSink(log, topic_prefix) as sink:
        places = [sink.post(event).result(60) for event in EVENTS[:20]]
        assert [partition for partition, _ in places] == [sink.partition(event.user) for event in EVENTS[:20]]
    assert {partition: offset + 1 for partition, offset in places} == sink.offsets


def test_after_a_failure_nothing_more_is_sent(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    delivery = log.delivery(delivery_seconds=1.0)
    delivery.send(topic_prefix, 0, b"1", b"sent", 0, "the first")
    delivery.flush()
    with pytest.raises(DeliveryFailed, match=r"the second.* is not confirmed"):
        delivery.send(f"{topic_prefix}-nowhere", 0, b"1", b"lost", 0, "the second")
    for attempt in (
        lambda: delivery.send(topic_prefix, 0, b"1", b"late", 0, "the third"),
        lambda: delivery.post(topic_prefix, 0, b"1", b"late", 0, "the fourth"),
        delivery.flush,
        delivery.close,
    ):
        with pytest.raises(DeliveryFailed):
            attempt()
    delivery.abandon()
    with closing(log.source(topic_prefix)) as source:
        assert source.end_offsets() == {0: 1}


def test_a_topic_made_anew_has_another_id(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        assert source.topic_id == describe_topic(log, topic_prefix).id
    delete_topic(log, topic_prefix)
    with pytest.raises(LogError, match="no such topic"):
        describe_topic(log, topic_prefix)
    create_topics(log, Topics(topic_prefix), 2)
    assert describe_topic(log, topic_prefix).id != source.topic_id
    assert describe_topic(log, topic_prefix).partitions == 2
