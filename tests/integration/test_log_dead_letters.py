"""Dead letters on a real broker: each bad record once, its bytes untouched, with the reason."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from streamsvd.errors import EventError
from streamsvd.log import DeadLetters, KafkaSource, Record, Topics, create_topics
from streamsvd.log.kafka_python.clients import admin
from streamsvd.log.kafka_python.delivery import Delivery
from streamsvd.ratings import decode

RUBBISH: list[tuple[bytes | None, bytes | None]] = [
    (b"1", b"\xff\x00\xfe not UTF-8"),
    (b"", b""),
    (None, b'{"v":2,"user":1}'),
    (b"key only", None),
    (b"\xff", b"[]"),
]


def fill(address: str, topics: Topics, partitions: int = 1) -> list[Record]:
    create_topics(address, topics, partitions)
    delivery = Delivery(address)
    for number, (key, value) in enumerate(RUBBISH * 2):
        headers = [("mine", b"\x00\x01")] if number == 0 else None
        delivery.send(topics.ratings, number % partitions, key, value, 881250949000, number, headers)
    delivery.close()
    with KafkaSource(address, topics.ratings) as source:
        return list(source)


def reason(record: Record) -> EventError:
    with pytest.raises(EventError) as caught:
        decode(record.value)
    return caught.value


def bury(letters: DeadLetters, records: Iterable[Record]) -> None:
    for record in records:
        letters.send(record, "decode", reason(record))


def read(address: str, topics: Topics) -> list[Record]:
    with KafkaSource(address, topics.dead_letters) as source:
        return list(source)


def places(letters: Iterable[Record]) -> list[tuple[int, int]]:
    headers = [dict(letter.headers) for letter in letters]
    prefix = "__connect.errors."
    return [(int(h[f"{prefix}partition"]), int(h[f"{prefix}offset"])) for h in headers]


def test_a_letter_carries_the_bytes_and_says_where_and_why(kafka_address: str, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    records = fill(kafka_address, topics)
    with DeadLetters(kafka_address, topics) as letters:
        bury(letters, records)
        letters.flush()
        assert letters.written == len(records)
    found = read(kafka_address, topics)
    assert [(letter.key, letter.value, letter.timestamp) for letter in found] == [
        (record.key, record.value, record.timestamp) for record in records
    ]
    headers = dict(found[0].headers)
    assert headers.pop("streamsvd.errors.topic.id")
    assert headers == {
        "mine": b"\x00\x01",
        "__connect.errors.topic": topic_prefix.encode(),
        "__connect.errors.partition": b"0",
        "__connect.errors.offset": b"0",
        "__connect.errors.stage": b"decode",
        "__connect.errors.exception.class.name": b"streamsvd.errors.EventError",
        "__connect.errors.exception.message": str(reason(records[0])).encode(),
    }


@pytest.mark.parametrize("partitions", [1, 2])
def test_bad_records_read_again_after_a_crash_are_not_written_again(
    kafka_address: str, topic_prefix: str, partitions: int
) -> None:
    topics = Topics(topic_prefix)
    records = fill(kafka_address, topics, partitions)
    first = DeadLetters(kafka_address, topics)
    bury(first, records[:6])
    first.flush()  # and here it was killed, before its checkpoint
    with DeadLetters(kafka_address, topics) as second:
        bury(second, records)
    assert (second.written, second.skipped) == (4, 6)
    with DeadLetters(kafka_address, topics) as third:
        bury(third, records)
    assert third.written == 0
    assert places(read(kafka_address, topics)) == [(record.partition, record.offset) for record in records]
    first.close()


def test_a_topic_made_anew_has_its_own_letters(kafka_address: str, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    with DeadLetters(kafka_address, topics) as letters:
        bury(letters, fill(kafka_address, topics))
    with admin(kafka_address, "test") as client:
        client.delete_topics([topics.ratings])
    with DeadLetters(kafka_address, topics) as letters:
        bury(letters, fill(kafka_address, topics)[:3])
        assert letters.written == 3
    assert len(read(kafka_address, topics)) == 2 * len(RUBBISH) + 3


def test_a_clean_log_costs_no_connection() -> None:
    with DeadLetters("127.0.0.1:1", Topics()) as letters:  # nobody listens there
        letters.flush()
    assert letters.written == 0
