"""Ratings ahead of the clock: dead letters, decided once, that leave event time alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_runs import checkpoint_of, final, learned_in_process, letters, plan_for, write
from model_states import plain

from consumer import ConsumerPlan, Progress, Schedule, open_consumer
from model_store import ModelWriter
from producer import prepare
from streamsvd.log import Topics, log_client
from streamsvd.ratings import Erasure, Rating, RatingTable, Retraction, encode, read_ratings

DAY = 86_400
FAR = 99_999_999_999


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:1200]


@pytest.fixture
def now(table: RatingTable) -> int:
    """The clock of the first consumer: the time of the newest rating."""
    return int(table.timestamps[-1])


@pytest.fixture
def topic(kafka_address: str, topic_prefix: str, table: RatingTable, now: int) -> str:
    """A topic in which two ratings are ahead of that clock, far and a little; rubbish stands between and after them."""
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    good = list(map(encode, table.events()))
    far, soon = encode(Rating("ann", "heat", 5.0, FAR)), encode(Rating("bob", "heat", 5.0, now + DAY + 60))
    write(kafka_address, topic_prefix, [*good[:400], far, b"rubbish", *good[400:800], soon, b"more", *good[800:]])
    return topic_prefix


def learn(plan: ConsumerPlan, clock: float) -> Progress:
    """Consume to the end, by a clock that stands still."""
    with open_consumer(plan, lambda _: None, clock=lambda: clock) as (consumer, source):
        return consumer.run(until=source.end_offsets())


def buried(kafka: str, topic: str) -> list[tuple[int, str]]:
    """Offset and class of each dead letter, in their order."""
    names = ("__connect.errors.offset", "__connect.errors.exception.class.name")
    headers = [dict(letter.headers) for letter in letters(kafka, topic)]
    return [(int(found[names[0]]), found[names[1]].decode().rpartition(".")[2]) for found in headers]


BURIED = [(400, "AheadOfClock"), (401, "EventError"), (802, "AheadOfClock"), (803, "EventError")]


def test_they_are_buried_and_event_time_is_that_of_the_others(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable, now: int
) -> None:
    end = learn(plan_for(kafka_address, redis_url, topic, model_name), now)
    assert (end.learned, end.rejected, end.event_time) == (len(table), 4, now)
    assert end.dead_letters["ahead of the clock"] == 2
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]
    assert buried(kafka_address, topic) == BURIED
    far = dict(letters(kafka_address, topic)[0].headers)
    assert far["streamsvd.errors.clock"] == str(now).encode()
    assert b"(5138-11-16 09:46:39) is more than 86400 s ahead of the clock" in far["__connect.errors.exception.message"]


def test_a_consumer_that_dies_before_its_checkpoint_decides_alike_by_a_later_clock(
    kafka_address: str,
    redis_url: str,
    topic: str,
    model_name: str,
    table: RatingTable,
    now: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_for(kafka_address, redis_url, topic, model_name, schedule=Schedule(events=1000))

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt  # the letters are confirmed, the checkpoint is not written

    with monkeypatch.context() as patched:
        patched.setattr(ModelWriter, "write", die)
        with pytest.raises(KeyboardInterrupt):
            learn(plan, now)
    assert buried(kafka_address, topic) == BURIED
    learn(plan, now + 30 * DAY)
    undisturbed = plan_for(kafka_address, redis_url, topic, f"{model_name}-undisturbed")
    learn(undisturbed, now + 60 * DAY)  # of another model, which meets the letters of the first
    assert final(redis_url, model_name) == final(redis_url, undisturbed.model)
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]
    learn(plan_for(kafka_address, redis_url, topic, model_name, rebuild=True), now + 90 * DAY)
    assert final(redis_url, model_name) == final(redis_url, undisturbed.model)
    assert buried(kafka_address, topic) == BURIED


def test_a_larger_bound_lets_them_in_when_the_model_is_rebuilt(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable, now: int
) -> None:
    learn(plan_for(kafka_address, redis_url, topic, model_name), now)
    wider = plan_for(kafka_address, redis_url, topic, model_name, rebuild=True, max_ahead=2 * DAY)
    end = learn(wider, now)
    assert (end.learned, end.event_time) == (len(table) + 1, now + DAY + 60)
    assert buried(kafka_address, topic) == BURIED


def test_one_that_was_learned_before_there_was_a_bound_is_buried_when_the_model_is_rebuilt(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable, now: int
) -> None:
    end = learn(plan_for(kafka_address, redis_url, topic, model_name, max_ahead=FAR), now)
    assert end.event_time == FAR
    end = learn(plan_for(kafka_address, redis_url, topic, model_name, rebuild=True), now)
    assert (end.learned, end.event_time) == (len(table), now)
    assert sorted(buried(kafka_address, topic)) == BURIED  # the rubbish was there first
    learn(plan_for(kafka_address, redis_url, topic, model_name, rebuild=True), now)
    assert len(buried(kafka_address, topic)) == 4


def test_what_does_not_move_event_time_is_not_held_up(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, table: RatingTable, now: int
) -> None:
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    user, item = table.users[-1].item(), table.items[-1].item()
    more = [Retraction(user, item, FAR), Erasure(user, FAR)]
    write(kafka_address, topic_prefix, map(encode, [*table.events(), *more]))
    end = learn(plan_for(kafka_address, redis_url, topic_prefix, model_name), now)
    assert (end.rejected, end.event_time) == (0, now)
    assert user not in checkpoint_of(redis_url, model_name).state.users.ids
