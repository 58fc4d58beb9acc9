"""Dead letters: each bad record once, its bytes untouched, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import closing

import pytest
from logs import delete_topic

from streamsvd.errors import EventError
from streamsvd.log import (
    DeadLetters,
    LogClient,
    LogRecord,
    Record,
    Topics,
    create_topics,
    log_client,
    newest_dead_letters,
    read_all,
)
from streamsvd.ratings import decode

RUBBISH: list[tuple[bytes | None, bytes | None]] = [
    (b"1", b"\xff\x00\xfe not UTF-8"),
    (b"", b""),
    (None, b'{"v":2,"user":1}'),
    (b"key only", None),
    (b"\xff", b"[]"),
]


def fill(log: LogClient, topics: Topics, partitions: int = 1) -> list[Record]:
    create_topics(log, topics, partitions)
    delivery = log.delivery()
    for number, (key, value) in enumerate(RUBBISH * 2):
        headers = [("mine", b"\x00\x01")] if number == 0 else None
        delivery.send(topics.ratings, number % partitions, key, value, 881250949000, number, headers)
    delivery.close()
    return list(read_all(log, topics.ratings))


def reason(record: Record) -> EventError:
    with pytest.raises(EventError) as caught:
        decode(record.value)
    return caught.value


def bury(letters: DeadLetters, records: Iterable[Record]) -> int:
    """How many of them were not there already."""
    return sum(letters.send(record, "decode", reason(record)) for record in records)


def read(log: LogClient, topics: Topics) -> list[Record]:
    return list(read_all(log, topics.dead_letters))


def places(letters: Iterable[Record]) -> list[tuple[int, int]]:
    headers = [dict(letter.headers) for letter in letters]
    prefix = "__connect.errors."
    return [(int(h[f"{prefix}partition"]), int(h[f"{prefix}offset"])) for h in headers]


def test_a_letter_carries_the_bytes_and_says_where_and_why(log: LogClient, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    records = fill(log, topics)
    with DeadLetters(log, topics) as letters:
        assert bury(letters, records) == len(records)
        letters.flush()
    found = read(log, topics)
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


def buried(log: LogClient, topics: Topics, **parts: object) -> Record:
    """The letter of one record, which no log of the tests would take."""
    create_topics(log, topics)
    record = LogRecord(topics.ratings, 0, 7, 881250949000, **{"key": b"k", "value": b"x", **parts})  # type: ignore[arg-type]
    with DeadLetters(log, topics) as letters:
        assert letters.send(record, "decode", EventError("too large", "too large"))
    (letter,) = read(log, topics)
    return letter


def test_of_a_record_that_is_too_large_there_is_the_head(log: LogClient, topic_prefix: str) -> None:
    value, topics = b"0123456789" * 500_000, Topics(topic_prefix)
    letter = buried(log, topics, value=value)
    assert (letter.key, letter.value) == (b"k", value[: 1 << 16])
    headers = dict(letter.headers)
    assert headers["streamsvd.errors.value.length"] == b"5000000"
    assert headers["streamsvd.errors.value.sha256"] == hashlib.sha256(value).hexdigest().encode()
    assert "streamsvd.errors.key.length" not in headers
    with closing(log.reader()) as reader:
        _, (shown,) = newest_dead_letters(reader, topics.dead_letters, 3)
    assert shown.cut == {"value": (5_000_000, hashlib.sha256(value).hexdigest())}


def test_a_key_that_is_too_large_is_cut_as_well(log: LogClient, topic_prefix: str) -> None:
    letter = buried(log, Topics(topic_prefix), key=b"k" * 5_000_000, value=None)
    assert (letter.key, letter.value) == (b"k" * (1 << 16), None)
    assert dict(letter.headers)["streamsvd.errors.key.length"] == b"5000000"


def test_headers_are_kept_up_to_a_size_and_never_taken_for_the_letters_own(log: LogClient, topic_prefix: str) -> None:
    many = [("a", b"1"), ("large", b"x" * 5_000_000), *[(f"h{k}", b"") for k in range(100_000)]]
    letter = buried(log, Topics(topic_prefix), headers=[*many, ("streamsvd.errors.clock", b"?"), ("b", None)])
    names = [name for name, _ in letter.headers]
    assert names[0] == "a"
    assert not {"large", "h99999", "streamsvd.errors.clock"} & set(names)
    assert sum(len(name) + len(data) for name, data in letter.headers) < 1 << 17
    assert int(dict(letter.headers)["streamsvd.errors.headers.left.out"]) == 100_002


def test_the_newest_letters_are_looked_at(log: LogClient, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    records = fill(log, topics, 2)
    with DeadLetters(log, topics) as letters:
        bury(letters, records)
    with closing(log.reader()) as reader:
        kept, newest = newest_dead_letters(reader, topics.dead_letters, 3)
    assert kept == len(records)
    assert [letter.number for letter in newest] == [9, 8, 7]
    assert [(letter.topic, letter.partition, letter.offset, letter.key, letter.value) for letter in newest] == [
        (record.topic, record.partition, record.offset, record.key, record.value or b"") for record in records[:-4:-1]
    ]
    assert newest[0].reason == str(reason(records[-1]))


@pytest.mark.parametrize("partitions", [1, 2])
def test_bad_records_read_again_after_a_crash_are_not_written_again(
    log: LogClient, topic_prefix: str, partitions: int
) -> None:
    topics = Topics(topic_prefix)
    records = fill(log, topics, partitions)
    first = DeadLetters(log, topics)
    bury(first, records[:6])
    first.flush()  # and here it was killed, before its checkpoint
    with DeadLetters(log, topics) as second:
        assert bury(second, records) == 4
    with DeadLetters(log, topics) as third:
        assert bury(third, records) == 0
    assert places(read(log, topics)) == [(record.partition, record.offset) for record in records]
    first.close()


def test_a_topic_made_anew_has_its_own_letters(log: LogClient, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    with DeadLetters(log, topics) as letters:
        bury(letters, fill(log, topics))
    delete_topic(log, topics.ratings)
    with DeadLetters(log, topics) as letters:
        assert bury(letters, fill(log, topics)[:3]) == 3
    assert len(read(log, topics)) == 2 * len(RUBBISH) + 3


def test_a_clean_log_costs_no_connection() -> None:
    with DeadLetters(log_client("127.0.0.1:1"), Topics()) as letters:  # nobody listens there
        letters.flush()
