"""Two consumers of one model: the newer one goes on, the older one stops, and nothing counts twice."""

from __future__ import annotations

import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from model_runs import (
    command,
    consume_command,
    fill,
    final,
    learn_all,
    learned_in_process,
    plan_for,
    run_command,
    token_of,
    version_of,
    wait_until,
)

from consumer import Schedule
from streamsvd.ratings import RatingTable, read_ratings


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:6000]


def assert_it_was_told_to_stop(process: subprocess.Popen[str]) -> None:
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert messages.startswith("StaleWriter: ")
    assert "another writer has taken over" in messages
    assert "Traceback" not in messages


@pytest.mark.parametrize("asleep", [False, True], ids=["awake", "asleep"])
def test_the_second_consumer_takes_over_and_the_first_one_stops(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    asleep: bool,
) -> None:
    fill(kafka_address, topic_prefix, table[:2000])
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--checkpoint-events", "500")
    with ExitStack() as stack:
        first = stack.enter_context(command(*consume))
        wait_until(lambda: version_of(client, model_name) >= 4, "the first one's fourth checkpoint")
        if asleep:
            first.send_signal(signal.SIGSTOP)  # as a machine does that has too much to do
        second = stack.enter_context(command(*consume))
        wait_until(lambda: token_of(client, model_name) == 2, "a second token")
        fill(kafka_address, topic_prefix, table)
        wait_until(lambda: version_of(client, model_name) >= 12, "all checkpoints")
        if asleep:
            first.send_signal(signal.SIGCONT)
        assert_it_was_told_to_stop(first)
        second.send_signal(signal.SIGTERM)
        _, messages = second.communicate(timeout=60)
        assert second.returncode == 0, messages

    undisturbed = f"{model_name}-undisturbed"
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, undisturbed, schedule=Schedule(events=5000)))
    assert final(redis_url, model_name) == final(redis_url, undisturbed)
    assert final(redis_url, model_name)["state"] == learned_in_process(table)["state"]


def test_consumers_that_take_the_model_from_each_other_lose_and_repeat_nothing(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table)
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--checkpoint-events", "100")
    with ExitStack() as stack:
        racing = [stack.enter_context(command(*consume, "--until-end")) for _ in range(3)]
        statuses = [process.wait(60) for process in racing]
    assert statuses.count(0) >= 1  # the newest is never refused; an older one may have been done before
    assert set(statuses) <= {0, 1}
    status, output, _ = run_command(*consume, "--until-end")
    assert status == 0
    assert "6,000" in output
    assert final(redis_url, model_name)["state"] == learned_in_process(table)["state"]
