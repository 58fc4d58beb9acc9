"""A Kafka that goes away, and topics that are not, or are no longer, what a model has learned from."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

import pytest
import redis
from kafka import KafkaProducer
from killing import killer_of
from logs import add_partitions, delete_topic, lose_last_batch
from model_runs import (
    checkpoint_of,
    command,
    consume_command,
    fill,
    final,
    learn_all,
    learned_in_process,
    plan_for,
    run_command,
    version_of,
    wait_until,
    write,
)
from model_states import plain

from streamsvd.embedded import Server
from streamsvd.errors import TopicUnsafe
from streamsvd.log import log_client
from streamsvd.log.kafka_python.clients import new_admin
from streamsvd.ratings import RatingTable, encode, read_ratings


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:3000]


def test_a_kafka_that_stops_for_a_while_is_waited_for(
    start_kafka: Callable[[], AbstractContextManager[Server]],
    redis_url: str,
    client: redis.Redis,
    model_name: str,
    table: RatingTable,
) -> None:
    with ExitStack() as stack:
        with start_kafka() as server:
            address = server.address
            fill(address, "ratings", table[:1000])
            consume = consume_command(address, redis_url, "ratings", model_name, "--checkpoint-events", "500")
            process = stack.enter_context(command(*consume))
            wait_until(lambda: version_of(client, model_name) >= 2, "two checkpoints")
        with start_kafka():
            fill(address, "ratings", table)
            wait_until(lambda: version_of(client, model_name) >= 6, "six checkpoints")  # by time, too, if it is slow
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert run_command(*consume, "--until-end")[0] == 0  # the rest, if there is any
    assert final(redis_url, model_name)["state"] == learned_in_process(table)["state"]


def test_a_topic_that_would_delete_ratings_is_refused(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    with closing(new_admin(kafka_address)) as client:
        client.create_topics({topic_prefix: {"configs": {"retention.ms": "604800000"}}})
        client.wait_for_topics([topic_prefix])
    now = int(time.time() * 1000)
    with closing(log_client(kafka_address).delivery()) as delivery:
        for event in table[:10].events():
            delivery.send(topic_prefix, 0, None, encode(event), now, event)
    status, output, messages = run_command(*consume_command(kafka_address, redis_url, topic_prefix, model_name))
    assert (status, output) == (1, "")
    assert messages.startswith("TopicUnsafe: ")
    assert "retention.ms is 604800000" in messages
    assert "kafka-configs.sh" in messages


def test_a_topic_made_anew_under_the_same_name_is_refused_until_a_rebuild(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name)
    fill(kafka_address, topic_prefix, table[:1000])
    learn_all(plan)
    delete_topic(log_client(kafka_address), topic_prefix)
    fill(kafka_address, topic_prefix, table[500:])
    status, _, messages = run_command(*consume_command(kafka_address, redis_url, topic_prefix, model_name))
    assert status == 1
    assert messages.startswith("TopicUnsafe: topic ")
    assert "was learned from topic" in messages
    assert "--rebuild" in messages
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name, rebuild=True))
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table[500:])["state"]


@pytest.mark.parametrize("asleep", [False, True], ids=["awake", "asleep"])
def test_a_topic_made_anew_while_a_consumer_runs_teaches_it_nothing(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    asleep: bool,
) -> None:
    fill(kafka_address, topic_prefix, table[:1000])
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--checkpoint-events", "500")
    with command(*consume) as process:
        wait_until(lambda: version_of(client, model_name) >= 2, "two checkpoints")
        if asleep:
            process.send_signal(signal.SIGSTOP)  # it finds the new topic in the place of the old one
        delete_topic(log_client(kafka_address), topic_prefix)
        fill(kafka_address, topic_prefix, table[1000:])
        process.send_signal(signal.SIGCONT)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert messages.startswith(("TopicUnsafe: ", "LogError: "))
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table[:1000])["state"]


@pytest.mark.parametrize("idle", [False, True], ids=["learning", "idle"])
def test_partitions_that_are_added_while_a_consumer_runs_stop_it(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    idle: bool,
) -> None:
    """They would not be read; and no replay, restart or rebuild takes the topic for what it was."""
    log = log_client(kafka_address)
    fill(kafka_address, topic_prefix, table[:1000])
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--checkpoint-events", "500")
    with command(*consume) as process:
        wait_until(lambda: version_of(client, model_name) >= 2, "two checkpoints")
        add_partitions(log, topic_prefix, 3)
        if not idle:
            with closing(log.delivery()) as delivery:
                for event in table[1000:1600].events():
                    delivery.send(topic_prefix, 0, None, encode(event), event.timestamp * 1000, event)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert messages.startswith(f"TopicUnsafe: topic {topic_prefix} has 3 partition(s), but the model is learned from 1")
    expected = learned_in_process(table[:1000])["state"]
    assert plain(checkpoint_of(redis_url, model_name).state) == expected
    with closing(log.reader()) as reader:
        before = reader.ranges(topic_prefix)
        with pytest.raises(TopicUnsafe, match="had fewer when ratings were replayed"):
            fill(kafka_address, topic_prefix, table)
        assert reader.ranges(topic_prefix) == before
    for options, message in (((), "learned from 1"), (("--rebuild",), "had fewer when ratings were replayed")):
        status, _, messages = run_command(*consume, *options, "--until-end")
        assert (status, messages.startswith("TopicUnsafe: ")) == (1, True)
        assert message in messages
    assert plain(checkpoint_of(redis_url, model_name).state) == expected
    fill(kafka_address, f"{topic_prefix}-new", table, partitions=3)
    plan = plan_for(kafka_address, redis_url, f"{topic_prefix}-new", model_name, rebuild=True)
    assert learn_all(plan)[1].learned == len(table)


def test_a_log_that_lost_its_tail_and_was_filled_again_is_refused(
    start_kafka: Callable[[], AbstractContextManager[Server]], redis_url: str, model_name: str, table: RatingTable
) -> None:
    values = [encode(event) for event in table.events()]
    with start_kafka() as server:
        fill(server.address, "ratings", table[:1000])
        write(server.address, "ratings", values[1000:1030])
        plan = plan_for(server.address, redis_url, "ratings", model_name)
        assert learn_all(plan)[1].positions == {0: 1030}
        folder = server.folder
    before = final(redis_url, model_name)
    lose_last_batch(folder / "data", "ratings")
    with start_kafka() as server:
        with closing(log_client(server.address).reader()) as reader:
            end = reader.ranges("ratings")[0].end
        assert end < 1030
        write(server.address, "ratings", values[1500:1600])
        with pytest.raises(TopicUnsafe, match="no longer holds the records that the stored model"):
            learn_all(plan)
        assert final(redis_url, model_name) == before
        learn_all(plan_for(server.address, redis_url, "ratings", model_name, rebuild=True))
        assert learn_all(plan)[1].positions == {0: end + 100}


def test_a_log_that_ends_with_a_transaction_has_an_end(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table[:0])
    with closing(KafkaProducer(bootstrap_servers=kafka_address, transactional_id=topic_prefix)) as producer:
        producer.init_transactions()
        for start in (0, 50):
            producer.begin_transaction()
            for event in table[start : start + 50].events():
                producer.send(topic_prefix, encode(event), partition=0)
            producer.commit_transaction()
    _, end = learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name))
    assert (end.learned, end.positions) == (100, {0: 102})  # each transaction's end has an offset too
    _, end = learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name))
    assert (end.learned, end.positions) == (0, {0: 102})


def test_with_two_partitions_everything_is_learned_once_whatever_is_killed(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table, partitions=2)
    with killer_of(client, redis_url, model_name, 3) as killer:
        consume = consume_command(kafka_address, killer.store, topic_prefix, model_name, "--checkpoint-events", "200")
        for moment in (killer.writing, killer.written, killer.learning):
            with command(*consume) as process:
                moment(process)
                assert process.wait(60) == -9
    _, end = learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name))
    with closing(log_client(kafka_address).source(topic_prefix)) as source:
        ends = source.end_offsets()
    stored = checkpoint_of(redis_url, model_name)
    assert min(ends.values()) > 0
    assert {n: stored.offsets[topic_prefix, n] for n in ends} == ends
    assert end.figures.events == len(table) == int(stored.state.users.fixed["factors"]["count"].sum())
    assert len(stored.marks) == 2
    expected = learned_in_process(table)["state"]
    assert sorted(stored.state.users.ids) == sorted(expected["users"]["ids"])
    assert sorted(stored.state.items.ids) == sorted(expected["items"]["ids"])
