"""`kill -9` at any moment, promotions among them: shadows end with the bits of models that were never disturbed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from killing import killer_of
from model_runs import checkpoint_of, command, consume_command, learn_all, learned_in_process, plan_for, wait_until
from model_states import plain
from shadow_runs import final_shadows, in_process, shadow_plan

from model_store import ModelReader, read_shadows, request_promotion, requested_promotion
from model_store.codec.checkpoint import Head
from model_store.codec.keys import Keys
from model_store.shadow_rows import decode_row
from producer import Pace, prepare, replay
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import RatingTable, read_ratings

RATINGS = 6_000
SEED = 20261122
SPECS = {"wide": "rank=12", "means": "damped-means", "sgd": "biased-sgd,rank=4"}


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:RATINGS]


def options() -> list[str]:
    return [text for name, spec in SPECS.items() for text in ("--shadow", f"{name}={spec}")]


def test_killed_at_many_moments_shadows_end_with_the_bits_of_undisturbed_ones(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    ready = prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)

    def replay_slowly() -> None:
        with RatingSink(log_client(kafka_address), topic_prefix) as sink:
            replay([table], sink, log=ready.log, pace=Pace(rate=1500))

    with killer_of(client, redis_url, model_name, SEED) as killer, ThreadPoolExecutor(1) as beside:
        moments = [killer.learning, killer.writing, killer.written]
        random.Random(SEED).shuffle(moments)
        moments.append(killer.loading)
        consume = consume_command(kafka_address, killer.store, topic_prefix, model_name, "--checkpoint-events", "300")
        replayed = beside.submit(replay_slowly)
        for moment in moments:
            with command(*consume, *options()) as process:
                moment(process)
                assert process.wait(60) == -9
        replayed.result()
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, model_name, shadows=shadow_plan(SPECS)))
    expected, rows = in_process(table, SPECS)
    assert final_shadows(redis_url, model_name) == expected
    assert read_shadows(client, model_name) == rows
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]


class Onlooker:
    """Reads a model again and again, in one step each, and notes what does not fit together."""

    def __init__(self, client: redis.Redis, model: str, user: int) -> None:
        self._client, self._model, self._user = client, model, user
        self._over = threading.Event()
        self.mixed: list[str] = []
        self.served: set[str] = set()

    def look(self) -> None:
        keys, reader = Keys(self._model), ModelReader(self._client, self._model)
        while not self._over.is_set():
            pipe = self._client.pipeline(transaction=True)
            pipe.hget(keys.head, "doc")
            pipe.hgetall(keys.shadows)
            doc, raw = pipe.execute()
            head = Head.decode(doc, keys.head)
            rows = [row for row in map(decode_row, raw.values()) if row.served]
            if [row.made_of["settings"] for row in rows] != [head.settings["settings"]]:
                self.mixed.append(f"version {head.version}: {rows} beside {head.settings}")
            self.served.update(row.name for row in rows)
            if len(reader.recommend(self._user, 3).items) != 3:
                self.mixed.append(f"version {head.version}: too few catalogue items")

    @contextmanager
    def looking(self) -> Iterator[None]:
        """In a thread, for as long as the block lasts."""
        with ThreadPoolExecutor(1) as beside:
            looked = beside.submit(self.look)
            try:
                yield
            finally:
                self._over.set()
            looked.result()


def test_killed_around_promotions_readers_see_one_model_or_the_other_and_none_is_lost(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, table: RatingTable
) -> None:
    ready = prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    with RatingSink(log_client(kafka_address), topic_prefix) as sink:
        replay([table[:2000]], sink, log=ready.log)
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name, shadows=shadow_plan(SPECS))
    learn_all(plan)
    with RatingSink(log_client(kafka_address), topic_prefix) as sink:
        replay([table[2000:]], sink, log=ready.log)

    onlooker = Onlooker(client, model_name, int(table.users[0]))
    with killer_of(client, redis_url, model_name, SEED) as killer, onlooker.looking():
        consume = consume_command(kafka_address, killer.store, topic_prefix, model_name, "--checkpoint-events", "200")
        for name, written in (("wide", False), ("wide", True), ("original", False)):
            before = read_shadows(client, model_name)[0].name
            request_promotion(client, model_name, name)
            with command(*consume) as process:
                killer.promoting(process, name, written=written)
                assert process.wait(60) == -9
            done = requested_promotion(client, model_name), read_shadows(client, model_name)[0].name
            assert done == (("", name) if written else (name, before))
            if written:
                wait_until(lambda: "wide" in onlooker.served, "a look at the promoted model")
        learn_all(plan)
    assert onlooker.mixed == []
    assert onlooker.served == {"original", "wide"}
    assert requested_promotion(client, model_name) == ""
    expected, rows = in_process(table, SPECS)
    found = final_shadows(redis_url, model_name)
    assert {n: shadow["state"] for n, shadow in found.items()} == {n: s["state"] for n, s in expected.items()}
    assert plain(checkpoint_of(redis_url, model_name).state) == learned_in_process(table)["state"]
    now = {row.name: row for row in read_shadows(client, model_name)}
    assert {row.name: row.figures["rmse_page"] for row in rows} == {
        name: row.figures["rmse_page"] for name, row in now.items()
    }
    assert now["wide"].against_served == next(row for row in rows if row.name == "wide").against_served
