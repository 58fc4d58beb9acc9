"""Stopping a consumer on purpose, and consumers that find nothing to learn."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from pathlib import Path

import pytest
import redis
from model_runs import (
    command,
    consume_command,
    fill,
    final,
    heard,
    learned_in_process,
    run_command,
    version_of,
    wait_until,
)

from streamsvd.errors import LogError
from streamsvd.log import LogClient, RatingSink, Topics, create_topics, log_client, require_topic
from streamsvd.log.topics import RATINGS_SETTINGS
from streamsvd.ratings import Rating, RatingTable, read_ratings


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_consumer_that_is_asked_to_stop_finishes_its_batch_and_writes_it_down(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    number: signal.Signals,
) -> None:
    fill(kafka_address, topic_prefix, table[:30_000])
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--json")
    with command(*consume, "--checkpoint-events", "300") as process:
        wait_until(lambda: version_of(client, model_name) >= 2, "a second checkpoint")
        process.send_signal(number)
        output, messages = process.communicate(timeout=60)
    assert process.returncode == 0
    assert messages.startswith("Stopped on request: ")
    left = final(redis_url, model_name)
    done = left["offsets"][topic_prefix, 0]
    assert 600 <= done < 30_000
    assert left["state"] == learned_in_process(table[:done])["state"]
    assert json.loads(output)["events"] == done


@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_a_topic_that_holds_nothing_is_waited_for(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    empty: bool,
) -> None:
    if empty:
        create_topics(log_client(kafka_address), Topics(topic_prefix))
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name)
    with command(*consume) as process:
        heard(process, f"Topic {topic_prefix} holds nothing yet; waiting.")
        process.send_signal(signal.SIGTERM)
        output, messages = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "")
    assert messages == "Stopped on request: nothing was learned.\n"

    with command(*consume) as process:
        heard(process, "waiting")
        fill(kafka_address, topic_prefix, table[:100])
        wait_until(lambda: version_of(client, model_name) > 0, "a checkpoint")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert final(redis_url, model_name)["summary"]["dataset"].startswith("ml-100k ")


def test_until_the_end_of_a_topic_that_does_not_exist(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    there = Topics(f"{topic_prefix}-there")
    create_topics(log_client(kafka_address), there)
    with pytest.raises(LogError, match="no such topic") as missing:
        require_topic(log_client(kafka_address), topic_prefix)
    assert f"--topic {topic_prefix}" in str(missing.value)
    require_topic(log_client(kafka_address), there.ratings)
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--until-end")
    status, output, messages = run_command(*consume)
    assert (status, output) == (1, "")
    assert messages.startswith(
        f"LogError: topic {topic_prefix}: Kafka at {kafka_address} has no such topic; its topics are "
    )
    assert there.catalogue not in messages


def test_until_the_end_of_an_empty_topic(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    create_topics(log_client(kafka_address), Topics(topic_prefix))
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--until-end")
    said = f"Topic {topic_prefix} holds nothing, so its end is reached: nothing was learned.\n"
    assert run_command(*consume) == (0, "", said)


def test_until_the_end_of_a_log_that_does_not_answer(redis_url: str, topic_prefix: str, model_name: str) -> None:
    consume = consume_command("127.0.0.1:1", redis_url, topic_prefix, model_name, "--until-end")
    status, output, messages = run_command(*consume)
    assert (status, output) == (1, "")
    assert messages.startswith("LogUnavailable: connecting: Kafka at 127.0.0.1:1 does not answer")


def test_a_topic_without_a_catalogue_says_which_scale_is_taken(
    log: LogClient, kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    with log.admin("the test") as admin:
        admin.create(topic_prefix, 1, RATINGS_SETTINGS)
    with closing(RatingSink(log, topic_prefix)) as sink:
        sink.send(Rating("bob", "tent", 4.0, 881_250_949))
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--until-end")
    status, _, messages = run_command(*consume)
    assert status == 0
    assert (
        f"Topic {topic_prefix}.catalogue names no data set: ratings are taken to be on the scale 0.5 to 5." in messages
    )


def test_a_topic_without_ratings_is_no_error(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table[:0])
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--until-end")
    assert run_command(*consume) == (0, "", "No ratings yet: nothing was learned.\n")
    fill(kafka_address, topic_prefix, table[:100])
    assert run_command(*consume)[0] == 0
    assert final(redis_url, model_name)["state"] == learned_in_process(table[:100])["state"]
