"""Repeated deliveries, changed ratings, retractions and erasures, through the log into the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import redis
from model_runs import checkpoint_of, final, learn_all, learned_in_process, plan_for, with_choices, write
from model_states import plain

from consumer import Schedule
from model_store import ModelReader
from producer import prepare
from streamsvd.learner import IteratedSVD
from streamsvd.log import Topics, log_client
from streamsvd.ratings import Erasure, Rating, RatingTable, Retraction, encode, read_ratings

GHOSTS = {"text": "ghost-7f3a", "number": 88_888_888}


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:1500]


@pytest.fixture
def topic(kafka_address: str, topic_prefix: str, table: RatingTable) -> str:
    """A topic that says which data set it is of, and holds nothing yet."""
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    return topic_prefix


def test_a_repeated_delivery_is_learned_once(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable
) -> None:
    events = list(table.events())
    plan = plan_for(kafka_address, redis_url, topic, model_name)
    write(kafka_address, topic, map(encode, events[:1000] + events[400:1000]))
    _, first = learn_all(plan)
    write(kafka_address, topic, map(encode, events[900:] + events))  # after a restart the marks still hold
    _, second = learn_all(plan)
    assert (first.learned, first.repeated) == (1000, 600)
    assert (second.learned, second.repeated) == (500, 100 + len(events))
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]


def test_without_source_and_sequence_the_second_rating_replaces_the_first(
    kafka_address: str, redis_url: str, topic: str, model_name: str
) -> None:
    ratings = [Rating("ann", "Heat", 2.0, 10), Rating("ann", "Babe", 3.0, 20), Rating("ann", "Heat", 5.0, 30)]
    write(kafka_address, topic, map(encode, ratings))
    _, end = learn_all(plan_for(kafka_address, redis_url, topic, model_name))
    model = IteratedSVD(scale=(1.0, 5.0))
    model.learn(*zip(*[(r.user, r.item, r.rating, r.timestamp) for r in ratings], strict=True))
    stored = checkpoint_of(redis_url, model_name).state
    assert (end.learned, end.repeated) == (3, 0)
    assert plain(stored) == plain(with_choices(model, [r.user for r in ratings], [r.item for r in ratings]))
    assert stored.users.ragged["seen"].values.tolist() == [(0, 5.0), (1, 3.0)]
    assert len(stored.items.ragged["window"].values) == 2


def test_a_rating_taken_back_is_forgotten(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable
) -> None:
    user, item = table.users[7].item(), table.items[7].item()
    time = int(table.timestamps[-1])
    more = [Retraction(user, item, time), Retraction(user, item, time), Retraction("nobody", "nothing", time)]
    write(kafka_address, topic, map(encode, [*table.events(), *more]))
    learn_all(plan_for(kafka_address, redis_url, topic, model_name))
    model = IteratedSVD(scale=table.dataset.scale)
    model.learn(table.users, table.items, table.ratings, table.timestamps)
    assert model.retract(user, item)
    expected = with_choices(model, table.users, table.items)  # what was taken back was chosen all the same
    assert plain(checkpoint_of(redis_url, model_name).state) == plain(expected)


def everything_of(client: redis.Redis, model: str) -> dict[bytes, list[bytes]]:
    """All that Redis holds of a model: key names, fields, members and values."""
    found: dict[bytes, list[bytes]] = {}
    for key in client.scan_iter(f"*{{{model}}}*", count=1000):
        kind = client.type(key)
        if kind == b"hash":
            found[key] = [part for pair in client.hgetall(key).items() for part in pair]
        elif kind == b"zset":
            found[key] = [member for member, _ in client.zrange(key, 0, -1, withscores=True)]
        elif kind == b"set":
            found[key] = list(client.smembers(key))
        elif kind == b"stream":
            found[key] = [part for _, fields in client.xrange(key) for pair in fields.items() for part in pair]
        else:
            assert kind == b"string"
            found[key] = [client.get(key)]
    return found


@pytest.mark.parametrize("last_page", [False, True])
@pytest.mark.parametrize("kind", GHOSTS)
def test_of_an_erased_user_nothing_is_left_in_the_store(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic: str,
    model_name: str,
    table: RatingTable,
    kind: str,
    last_page: bool,
) -> None:
    ghost = GHOSTS[kind]
    events = list(table.events())
    time = int(table.timestamps[-1])
    items = np.unique(table.items)[:40].tolist()
    its_own = [Rating(ghost, item, 1.0 + item % 5, time) for item in items]
    plan = plan_for(kafka_address, redis_url, topic, model_name)
    write(kafka_address, topic, map(encode, events[:800] + its_own + ([] if last_page else events[800:])))
    learn_all(plan)
    before = checkpoint_of(redis_url, model_name).state.users
    row = before.ids.index(ghost)
    number = int(before.numbers[row])
    secrets = [str(ghost).encode(), before.fixed["factors"]["x"][row].tobytes()]
    secrets += [before.fixed["training"]["cov"][row].tobytes(), before.fixed["factors"]["stats"][row].tobytes()]
    secrets.append(before.ragged["window"].row(row).tobytes())
    there = everything_of(client, model_name)
    assert all(any(secret in part for parts in there.values() for part in parts) for secret in secrets)

    write(kafka_address, topic, map(encode, [Erasure(ghost, time), Erasure("nobody", time)]))
    learn_all(plan)
    left = everything_of(client, model_name)
    assert {key: s for key, parts in left.items() for part in parts for s in secrets if s in part} == {}
    state = checkpoint_of(redis_url, model_name).state
    assert ghost not in state.users.ids
    assert number not in state.users.numbers
    assert number not in state.items.ragged["window"].values["user"]
    assert not ModelReader(client, model_name).recommend(ghost, 1).known_user


def test_an_erasure_is_the_same_however_the_run_was_cut(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable
) -> None:
    time = int(table.timestamps[-1])
    user = table.users[0].item()
    there_again = [Erasure(user, time), Rating("new", 1, 4.0, time), Rating(user, 1, 2.0, time)]
    events = [*table[:900].events(), *there_again, *table[900:].events()]
    plan = plan_for(kafka_address, redis_url, topic, model_name)
    for start in range(0, len(events), 300):
        write(kafka_address, topic, map(encode, events[start : start + 300]))
        learn_all(plan)
    for name, schedule in (("often", Schedule(events=100)), ("once", Schedule())):
        another = f"{model_name}-{name}"
        learn_all(plan_for(kafka_address, redis_url, topic, another, schedule=schedule))
        assert final(redis_url, model_name) == final(redis_url, another)
