"""What is no event teaches nothing, stops nobody, and is kept once with the reason."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import redis
from invalid_records import bad_catalogue_records, invalid_records
from kafka import KafkaProducer
from killing import killer_of
from model_runs import (
    checkpoint_of,
    command,
    consume_command,
    fill,
    final,
    learn_all,
    learned_in_process,
    letters,
    plan_for,
    run_command,
)
from model_states import plain

from consumer import Schedule, open_consumer
from producer import prepare
from streamsvd.log import Topics, log_client
from streamsvd.ratings import RatingTable, encode, read_catalogue, read_ratings

GOOD = 2_000


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:GOOD]


@pytest.fixture
def bad(kafka_address: str, topic_prefix: str, table: RatingTable) -> dict[int, bytes | None]:
    """A topic in which every kind of invalid record stands between the ratings: what is bad, by offset."""
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    kinds = invalid_records()
    every = GOOD // len(kinds)
    values: list[bytes | None] = []
    bad = {}
    for number, event in enumerate(table.events()):
        if number % every == 0 and kinds:
            bad[len(values)] = kinds[0]
            values.append(kinds.pop(0))
        values.append(encode(event))
    assert not kinds
    with closing(log_client(kafka_address).delivery()) as delivery:
        for number, value in enumerate(values):
            delivery.send(topic_prefix, 0, b"key %d" % number, value, 881250949000, number)
    return bad


def kept(value: bytes | None) -> bytes | None:
    """What the letter of a record holds of its value: of a large one, the head."""
    return value if value is None or len(value) < 900_000 else value[: 1 << 16]


def assert_each_bad_one_is_kept_once(kafka: str, topic: str, bad: dict[int, bytes | None]) -> None:
    found = letters(kafka, topic)
    offsets = [int(dict(letter.headers)["__connect.errors.offset"]) for letter in found]
    assert offsets == list(bad)
    assert [letter.value for letter in found] == [kept(value) for value in bad.values()]
    assert [letter.key for letter in found] == [b"key %d" % offset for offset in bad]
    for letter in found:
        headers = dict(letter.headers)
        assert headers["__connect.errors.topic"] == topic.encode()
        assert headers["__connect.errors.stage"] == b"decode"
        ahead = letter.value is not None and b'"ts":99999999999' in letter.value
        expected = b"streamsvd.errors." + (b"AheadOfClock" if ahead else b"EventError")
        assert headers["__connect.errors.exception.class.name"] == expected
        assert len(headers["__connect.errors.exception.message"]) > 15


def test_each_good_one_is_learned_once_and_each_bad_one_kept_once(
    kafka_address: str,
    redis_url: str,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    bad: dict[int, bytes | None],
) -> None:
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name, schedule=Schedule(events=700))
    _, end = learn_all(plan)
    assert (end.learned, end.rejected, end.repeated) == (GOOD, len(bad), 0)
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]
    assert_each_bad_one_is_kept_once(kafka_address, topic_prefix, bad)


def test_a_consumer_killed_among_invalid_records_keeps_each_bad_one_once(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    bad: dict[int, bytes | None],
) -> None:
    with killer_of(client, redis_url, model_name, 5) as killer:
        consume = consume_command(kafka_address, killer.store, topic_prefix, model_name, "--checkpoint-events", "300")
        for moment in (killer.writing, killer.written, killer.writing):  # the letters are out, the offset is not
            with command(*consume) as process:
                moment(process)
                assert process.wait(60) == -9
        status, _, messages = run_command(*consume, "--until-end")
        assert status == 0, messages
    assert final(redis_url, model_name)["state"] == learned_in_process(table)["state"]
    assert_each_bad_one_is_kept_once(kafka_address, topic_prefix, bad)

    before = final(redis_url, model_name)
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name, rebuild=True))
    assert final(redis_url, model_name) == before
    assert_each_bad_one_is_kept_once(kafka_address, topic_prefix, bad)


def test_a_record_that_is_too_large_for_its_letter_is_passed(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    """Megabytes are kilobytes on the way: the broker takes the record, and would not take it again in a letter."""
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    events = [encode(event) for event in table[:300].events()]
    note = events[0][:-1] + b',"note":"%s"}' % (b"x" * 5_000_000)
    id_ = events[0].replace(b'"user":', b'"user":"%s","was":' % (b"u" * 5_000_000))
    with closing(
        KafkaProducer(bootstrap_servers=kafka_address, compression_type="gzip", max_request_size=1 << 30)
    ) as producer:
        for value in (*events[:100], b"x" * 5_000_000, note, id_, *events[100:]):
            producer.send(
                topic_prefix, value, b"k", partition=0, headers=[("h", b"y" * 300_000)] if len(value) > 1000 else []
            )
        producer.flush(60)
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name)
    consumer, end = learn_all(plan)
    assert (end.learned, end.rejected) == (300, 3)
    assert checkpoint_of(redis_url, model_name).offsets[topic_prefix, 0] == 303
    _, again = learn_all(plan)
    assert (again.learned, again.rejected) == (0, 0)
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name, rebuild=True))
    found = letters(kafka_address, topic_prefix)
    assert [int(dict(letter.headers)["__connect.errors.offset"]) for letter in found] == [100, 101, 102]
    for letter, value in zip(found, (b"x" * 5_000_000, note, id_), strict=True):
        assert letter.value == value[: 1 << 16]
        assert int(dict(letter.headers)["streamsvd.errors.value.length"]) == len(value)
    assert consumer.progress().dead_letters["too large"] == 3


def test_bad_records_of_the_catalogue_stop_nobody_and_are_kept_once(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable, ml_100k: Path
) -> None:
    log, topics, films = log_client(kafka_address), Topics(topic_prefix), read_catalogue(ml_100k)
    fill(kafka_address, topic_prefix, table[:1000], films)
    assert films is not None
    bad = [(key or b"7", value) for key, value, _ in bad_catalogue_records() if value]
    with closing(log.delivery()) as delivery:
        for key, value in bad:
            delivery.send(topics.catalogue, 0, key, value, None, "a record")
    ready = prepare(log, topics, table.dataset, films)
    (note,) = ready.layout.notes
    assert f"{len(bad)} record(s) of topic {topics.catalogue}" in note
    fill(kafka_address, topic_prefix, table, films)

    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name)
    said: list[str] = []
    for place in (plan, plan_for(kafka_address, redis_url, topic_prefix, f"{model_name}-other")):
        with open_consumer(place, lambda _: None, said.append) as (consumer, source):
            end = consumer.run(until=source.end_offsets())
            assert (end.learned, sum(end.dead_letters.values())) == (GOOD, len(bad))
        assert plain(checkpoint_of(redis_url, place.model).state) == learned_in_process(table, films)["state"]
    assert len(said) == 2
    assert f"They are in topic {topics.dead_letters}." in said[0]
    found = letters(kafka_address, topic_prefix)
    assert [(letter.key, letter.value) for letter in found] == [(key, kept(value)) for key, value in bad]
    assert {dict(letter.headers)["__connect.errors.topic"] for letter in found} == {topics.catalogue.encode()}
