"""Topics: made so that no rating is ever lost, and refused where one would be."""

from __future__ import annotations

import re

import pytest

from streamsvd.errors import LogError, TopicUnsafe
from streamsvd.log import (
    LogClient,
    RatingSink,
    Topics,
    check_ratings_topic,
    create_topics,
    describe_topic,
    topic_exists,
)
from streamsvd.ratings import Rating


def new_topic(log: LogClient, name: str, **settings: str) -> None:
    with log.admin("test") as admin:
        assert admin.create(name, 1, {name.replace("_", "."): value for name, value in settings.items()})


def test_new_topics_are_safe_and_keep_what_they_are(log: LogClient, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    assert not topic_exists(log, topics.ratings)
    assert create_topics(log, topics, 2).partitions == 2
    assert topic_exists(log, topics.ratings)
    with log.admin("test") as admin:
        assert not admin.create(topics.ratings, 1, {})  # it is there
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


def test_an_empty_topic_is_corrected_and_one_with_ratings_refused(log: LogClient, topic_prefix: str) -> None:
    new_topic(log, topic_prefix)  # as a broker makes them by itself
    layout = create_topics(log, Topics(topic_prefix))
    assert "corrected" in layout.notes[0]
    check_ratings_topic(log, topic_prefix)

    filled = f"{topic_prefix}-2"
    new_topic(log, filled)
    with RatingSink(log, filled) as sink:
        sink.send(Rating(1, 1, 3.0, 881250949))
    with pytest.raises(TopicUnsafe, match=r"retention\.ms is 604800000"):
        create_topics(log, Topics(filled))


def test_a_topic_that_is_not_there_is_said_to_be_missing(log: LogClient, topic_prefix: str) -> None:
    for attempt in (
        lambda: check_ratings_topic(log, topic_prefix),
        lambda: describe_topic(log, topic_prefix),
        lambda: log.source(topic_prefix),
        lambda: log.reader().ranges(topic_prefix),
        lambda: RatingSink(log, topic_prefix),
    ):
        with pytest.raises(LogError, match="no such topic") as caught:
            attempt()
        assert not caught.value.retriable


def test_settings_hold_what_the_check_asks_for(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    names = Topics(topic_prefix)
    with log.admin("test") as admin:
        assert admin.settings(names.ratings)["segment.ms"] == str(2**63 - 1)
        assert admin.settings(names.dead_letters)["retention.ms"] == "-1"
        assert admin.settings(names.catalogue)["cleanup.policy"] == "compact"
