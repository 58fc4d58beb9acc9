"""What only a real broker shows of the two ends of the log."""

from __future__ import annotations

from contextlib import closing

import pytest

from streamsvd.errors import DeliveryFailed, LogUnavailable
from streamsvd.log import LogClient, RatingSink, Topics, create_topics
from streamsvd.log.kafka_python.clients import new_admin
from streamsvd.ratings import Rating


def test_a_source_commits_for_lag_tools_without_joining(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    group = f"{topic_prefix}-group"
    with closing(log.source(topic_prefix, group=group)) as source:
        source.commit({0: 140})
    with closing(new_admin(log.address)) as client:
        committed = client.list_group_offsets([group])[group]
        assert [offset.offset for offset in committed.values()] == [140]
        assert client.describe_groups([group])[group]["members"] == []


def test_a_broker_that_is_away_has_no_newest_time(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        source._address = "127.0.0.1:1"  # type: ignore[attr-defined]
        with pytest.raises(LogUnavailable):
            source.newest_time()


def test_after_a_failure_nothing_more_gets_into_the_log(log: LogClient, topic_prefix: str) -> None:
    """The broker refuses one old rating among good ones: what is in the log ends before it."""
    now = 4_000_000_000
    with log.admin("test") as admin:
        admin.create(topic_prefix, 1, {"message.timestamp.after.max.ms": "3600000", "retention.ms": "-1"})
    sink = RatingSink(log, topic_prefix)
    for number in range(100):
        sink.send(Rating(1, number, 3.0, number, "toy", number))
    sink.flush()

    def send_many() -> None:
        for number in range(100, 50_000):
            sink.send(Rating(1, number, 3.0, now if number == 100 else number, "toy", number))

    with pytest.raises(DeliveryFailed, match=r"sequence=100\).* is not confirmed") as caught:
        send_many()
    assert "Run the same command again" in str(caught.value)
    assert sink.offsets == {0: 100}
    with pytest.raises(DeliveryFailed):
        sink.send(Rating(1, 1, 3.0, 1))
    with pytest.raises(DeliveryFailed):
        sink.close()
    with closing(log.source(topic_prefix)) as source:
        assert source.end_offsets() == {0: 100}
