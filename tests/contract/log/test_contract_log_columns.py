"""Ratings sent in columns are in the log as if each had been sent alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamsvd.errors import DeliveryFailed, EventError
from streamsvd.log import LogClient, RatingSink, Topics, create_topics, read_all
from streamsvd.ratings import Dataset, Rating, RatingTable

NUMBERS = np.arange(40_000)
TABLE = RatingTable(
    NUMBERS * 7 % 900 - 5,
    NUMBERS % 50,
    NUMBERS % 10 / 2 + 0.5,
    881250949 + NUMBERS // 3 * 40,
    Dataset("toy", "ab" * 32, (0.5, 5.0)),
)
TEXTS = RatingTable(
    np.array([f"é{number % 700}" for number in NUMBERS[:9000]], object),
    np.array([f"film {number % 70}" for number in NUMBERS[:9000]], object),
    TABLE.ratings[:9000].astype(np.float32),
    TABLE.timestamps[:9000],
    TABLE.dataset,
    first=123,
)


def logged(log: LogClient, topic: str) -> list[tuple[Any, ...]]:
    return [
        (record.partition, record.offset, record.timestamp, record.key, record.value, list(record.headers))
        for record in read_all(log, topic)
    ]


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("table", [TABLE, TEXTS], ids=["integers", "texts"])
def test_a_table_is_logged_as_its_ratings_one_by_one(
    log: LogClient, topic_prefix: str, partitions: int, table: RatingTable
) -> None:
    each, at_once = Topics(f"{topic_prefix}-each"), Topics(f"{topic_prefix}-at-once")
    for topics in (each, at_once):
        create_topics(log, topics, partitions)
    with RatingSink(log, each.ratings) as sink:
        for event in table.events():
            sink.send(event)
    with RatingSink(log, at_once.ratings) as columns:
        for start in range(0, len(table), 17_000):
            columns.send_table(table[start : start + 17_000])
    assert logged(log, at_once.ratings) == logged(log, each.ratings)
    assert columns.offsets == sink.offsets
    assert len(sink.offsets) == partitions


def test_tables_and_single_ratings_keep_their_order(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with RatingSink(log, topic_prefix) as sink:
        for start in range(0, 3000, 1000):
            sink.send_table(TABLE[start : start + 999])
            sink.send(next(TABLE[start + 999 :].events()))
        sink.send_table(TABLE[:0])
        sink.flush()
        assert sink.offsets == {0: 3000}
    keys = [int(key) for *_, key, _, _ in logged(log, topic_prefix)]
    assert keys == TABLE.users[:3000].tolist()


def test_a_table_that_cannot_be_encoded_is_refused_whole(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    wrong = RatingTable(
        TABLE.users[:3], TABLE.items[:3], np.array([1.0, np.nan, 2.0]), TABLE.timestamps[:3], TABLE.dataset
    )
    with RatingSink(log, topic_prefix) as sink, pytest.raises(EventError, match=r"nan.*cannot be sent"):
        sink.send_table(wrong)
    assert logged(log, topic_prefix) == []


def test_without_its_topic_a_table_fails_with_its_first_rating(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    sink = RatingSink(log, topic_prefix, delivery_seconds=2.0)
    sink._topic = f"{topic_prefix}-gone"

    def send() -> None:
        sink.send_table(TABLE[5:20])
        sink.flush()

    with pytest.raises(DeliveryFailed, match=r"sequence=5\).* is not confirmed"):
        send()
    with pytest.raises(DeliveryFailed):
        sink.send_table(TABLE[:1])
    with pytest.raises(DeliveryFailed):
        sink.send(Rating(1, 1, 3.0, 1))
