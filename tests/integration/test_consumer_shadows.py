"""Shadow models in the consumer: beside the served one, in the same checkpoint, added, dropped and promoted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import redis
from model_runs import checkpoint_of, consuming, learn_all, learned_in_process, plan_for, with_choices, write
from model_states import plain
from shadow_runs import final_shadows, in_process, shadow_plan

from consumer import Schedule, open_consumer
from model_store import ModelReader, read_shadows, request_promotion, requested_promotion
from model_store.codec.keys import Keys
from producer import prepare
from streamsvd.errors import SettingsError
from streamsvd.learner import IteratedSVD
from streamsvd.log import Topics, log_client
from streamsvd.ratings import Erasure, RatingTable, Retraction, encode, read_ratings

SPECS = {
    "means": "damped-means",
    "folded": "fold-in,rank=3,warm_up=700",
    "sgd": "biased-sgd,rank=4,replay_from=300",
    "wide": "rank=12",
    "one-pass": "gamma=inf",
}


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:3000]


@pytest.fixture
def topic(kafka_address: str, topic_prefix: str, table: RatingTable) -> str:
    """A topic that says which data set it is of, and holds nothing yet."""
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    return topic_prefix


@pytest.fixture
def plan(kafka_address: str, redis_url: str, topic: str, model_name: str) -> Any:
    """Plans for the model of this test."""
    return lambda **changes: plan_for(kafka_address, redis_url, topic, changes.pop("model", model_name), **changes)


def test_shadows_end_with_the_bits_of_a_run_in_process_however_the_run_was_cut(
    kafka_address: str, redis_url: str, client: redis.Redis, topic: str, model_name: str, table: RatingTable, plan: Any
) -> None:
    for start in range(0, 3000, 600):
        write(kafka_address, topic, map(encode, table[start : start + 600].events()))
        consumer, _ = learn_all(plan(shadows=shadow_plan(SPECS if start == 0 else {}), schedule=Schedule(events=250)))
    expected, rows = in_process(table, SPECS)
    assert final_shadows(redis_url, model_name) == expected
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]
    assert read_shadows(client, model_name) == rows == consumer.comparison_rows()
    assert [row.name for row in rows] == ["original", *sorted(SPECS)]


def test_a_shadow_that_comes_later_begins_empty_and_one_that_is_dropped_leaves_nothing(
    kafka_address: str, redis_url: str, client: redis.Redis, topic: str, model_name: str, table: RatingTable, plan: Any
) -> None:
    write(kafka_address, topic, map(encode, table[:1000].events()))
    learn_all(plan(shadows=shadow_plan({"means": "damped-means"})))
    learn_all(plan(shadows=shadow_plan({"wide": "rank=12"})))  # nothing to learn, but a shadow to begin
    write(kafka_address, topic, map(encode, table[1000:].events()))
    learn_all(plan())
    rows = {row.name: row for row in read_shadows(client, model_name)}
    assert {name: (row.since, row.events) for name, row in rows.items()} == {
        "original": (0, 3000),
        "means": (0, 3000),
        "wide": (1000, 2000),
    }
    alone, _ = in_process(table[1000:], {"wide": "rank=12"})
    found = final_shadows(redis_url, model_name)
    assert found["wide"]["state"] == alone["wide"]["state"]
    with pytest.raises(SettingsError, match="--drop-shadow wide"):
        learn_all(plan(shadows=shadow_plan({"wide": "rank=13"})))
    learn_all(plan(shadows=shadow_plan({}, ["wide", "means"])))
    assert read_shadows(client, model_name) == []
    assert not [key for key in client.scan_iter(f"*{{{model_name}}}*") if b"}:shadow" in key]


def test_a_rebuild_gives_later_shadows_the_whole_stream(
    kafka_address: str, redis_url: str, topic: str, model_name: str, table: RatingTable, plan: Any
) -> None:
    write(kafka_address, topic, map(encode, table[:1000].events()))
    learn_all(plan())
    learn_all(plan(shadows=shadow_plan({"wide": "rank=12", "sgd": SPECS["sgd"]})))
    write(kafka_address, topic, map(encode, table[1000:].events()))
    learn_all(plan())
    learn_all(plan(rebuild=True))
    assert final_shadows(redis_url, model_name) == in_process(table, {"wide": "rank=12", "sgd": SPECS["sgd"]})[0]


def test_what_is_taken_back_or_erased_is_so_in_the_shadows_and_leaves_nothing_in_the_store(
    kafka_address: str, redis_url: str, client: redis.Redis, topic: str, model_name: str, table: RatingTable, plan: Any
) -> None:
    ghost, time = "ghost-7f3a", int(table.timestamps[-1])
    events = list(table[:1200].events())
    its_own = [type(events[0])(ghost, event.item, event.rating, time) for event in events[:30]]
    write(kafka_address, topic, map(encode, [*events[:600], *its_own]))
    learn_all(plan(shadows=shadow_plan(SPECS)))
    secret = ghost.encode()
    assert sum(secret in str(dump(client, key)).encode() for key in keys_of(client, model_name)) > len(SPECS)
    retracted = Retraction(events[5].user, events[5].item, time)
    more = [Erasure(ghost, time), Erasure("nobody", time), retracted, *events[600:]]
    write(kafka_address, topic, map(encode, more))
    learn_all(plan(schedule=Schedule(events=100)))
    assert [key for key in keys_of(client, model_name) if secret in str(dump(client, key)).encode()] == []
    for shadow in final_shadows(redis_url, model_name).values():
        assert ghost not in shadow["state"]["users"]["ids"]

    at_once = f"{model_name}-at-once"
    learn_all(plan(model=at_once, shadows=shadow_plan(SPECS)))
    assert final_shadows(redis_url, at_once) == final_shadows(redis_url, model_name)


def keys_of(client: redis.Redis, model: str) -> list[bytes]:
    return list(client.scan_iter(f"*{{{model}}}*", count=1000))


def dump(client: redis.Redis, key: bytes) -> Any:
    kind = client.type(key)
    if kind == b"hash":
        return client.hgetall(key)
    if kind == b"zset":
        return client.zrange(key, 0, -1)
    return client.smembers(key) if kind == b"set" else client.get(key) if kind == b"string" else None


def test_a_promoted_shadow_is_served_and_the_one_before_is_its_shadow_until_promoted_back(
    kafka_address: str, redis_url: str, client: redis.Redis, topic: str, model_name: str, table: RatingTable, plan: Any
) -> None:
    specs = {"wide": "rank=12", "means": "damped-means"}
    write(kafka_address, topic, map(encode, table[:1500].events()))
    learn_all(plan(shadows=shadow_plan(specs)))
    reader = ModelReader(client, model_name)
    reader.recommend(int(table.users[0]), 3)  # has the rows of the former model in its memory
    request_promotion(client, model_name, "wide")
    learn_all(plan())  # carried out at the start, with nothing to learn
    assert requested_promotion(client, model_name) == ""
    found, rows = in_process(table[:1500], specs)
    served = checkpoint_of(redis_url, model_name)
    wide = IteratedSVD.from_state(served.state)
    assert plain(wide.state()) == found["wide"]["state"]
    assert plain(served.state) == plain(with_choices(wide, table.users[:1500], table.items[:1500]))
    fresh = ModelReader(client, model_name).recommend(int(table.users[0]), 5)
    assert [item.score for item in reader.recommend(int(table.users[0]), 5).items] == [i.score for i in fresh.items]
    now = {row.name: row for row in read_shadows(client, model_name)}
    before = {row.name: row for row in rows}
    assert [name for name, row in now.items() if row.served] == ["wide"]
    there, back = before["wide"].against_served, now["original"].against_served
    assert there is not None
    assert back is not None
    assert there.squared is not None
    assert back.squared == -there.squared
    assert [now[name].figures["rmse_page"] for name in specs] == [before[name].figures["rmse_page"] for name in specs]
    assert now["means"].against_served is not None
    assert now["means"].against_served.ratings == 0  # with another model from now on

    write(kafka_address, topic, map(encode, table[1500:].events()))
    with consuming(plan(shadows=shadow_plan(specs))) as (consumer, source):  # named again, though one of them is served
        request_promotion(client, model_name, "original")
        consumer.run(until=source.end_offsets())
    learn_all(plan(shadows=shadow_plan(specs)))
    complete, _ = in_process(table, specs)
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]
    ended = final_shadows(redis_url, model_name)
    assert ended["wide"]["state"] == complete["wide"]["state"]
    assert ended["wide"]["metrics"] == complete["wide"]["metrics"]
    assert set(ended) == {"wide", "means"}
    assert Keys(model_name).of_shadow("original").head.encode() not in keys_of(client, model_name)


@pytest.mark.parametrize(("name", "reason"), [("means", "is a baseline"), ("nobody", "the shadows are: means, wide")])
def test_a_request_that_cannot_be_granted_is_refused_once_and_said(
    kafka_address: str,
    client: redis.Redis,
    topic: str,
    model_name: str,
    table: RatingTable,
    plan: Any,
    name: str,
    reason: str,
) -> None:
    write(kafka_address, topic, map(encode, table[:200].events()))
    learn_all(plan(shadows=shadow_plan({"wide": "rank=12", "means": "damped-means"})))
    request_promotion(client, model_name, name)
    said: list[str] = []
    with open_consumer(plan(), lambda seconds: None, said.append) as (consumer, source):
        consumer.run(until=source.end_offsets())
    assert len(said) == 1
    assert re.search(reason, said[0])
    assert requested_promotion(client, model_name) == ""
    assert read_shadows(client, model_name)[0].name == "original"


def test_a_rebuild_after_a_promotion_keeps_who_is_served(
    kafka_address: str, redis_url: str, client: redis.Redis, topic: str, model_name: str, table: RatingTable, plan: Any
) -> None:
    write(kafka_address, topic, map(encode, table[:800].events()))
    learn_all(plan(shadows=shadow_plan({"wide": "rank=12"})))
    request_promotion(client, model_name, "wide")
    learn_all(plan())
    state = plain(checkpoint_of(redis_url, model_name).state)
    consumer, _ = learn_all(plan(rebuild=True, shadows=shadow_plan({"wide": "rank=12"})))
    assert plain(checkpoint_of(redis_url, model_name).state) == state
    assert [row.name for row in consumer.comparison_rows()] == ["wide", "original"]


def test_no_shadow_takes_the_name_of_the_served_model(
    kafka_address: str, topic: str, table: RatingTable, plan: Any
) -> None:
    write(kafka_address, topic, map(encode, table[:100].events()))
    with pytest.raises(SettingsError, match="is taken"):
        learn_all(plan(shadows=shadow_plan({"original": "rank=3"})))
    learn_all(plan(shadows=shadow_plan({"wide": "rank=3"})))
    with pytest.raises(SettingsError, match="is the served model"):
        learn_all(plan(shadows=shadow_plan({}, ["original"])))
