"""Users who take turns at one timestamp: through Kafka and Redis, killed and resumed, as in process to the last bit."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import redis
from killing import killer_of
from model_runs import (
    checkpoint_of,
    command,
    consume_command,
    final,
    learn_all,
    learned_in_process,
    plan_for,
    write,
)
from model_states import plain
from shadow_runs import final_shadows, in_process, shadow_plan

import consumer.state
from consumer import Schedule
from evaluation import RankingSampler
from evaluation.metrics import Pages, Ranking
from model_store import read_shadows
from producer import prepare
from streamsvd.learner import Choices, IteratedSVD
from streamsvd.log import Topics, log_client
from streamsvd.ratings import RatingTable, encode, read_ratings

RATINGS = 4_000
SPECS = {"means": "damped-means", "folded": "fold-in,rank=3,warm_up=700", "sgd": "biased-sgd,rank=4", "wide": "rank=12"}
EVERY = 3


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    """Ratings whose time is their day, in any order within it."""
    found = read_ratings(ml_100k)[:RATINGS]
    days = found.timestamps // 86_400 * 86_400
    order = np.lexsort((np.random.default_rng(0).random(RATINGS), days))
    columns = {name: getattr(found, name)[order] for name in ("users", "items", "ratings")}
    return replace(found, timestamps=days[order], **columns)


def test_figures_rankings_and_shadows_are_those_in_process(
    kafka_address: str,
    redis_url: str,
    client: redis.Redis,
    topic_prefix: str,
    model_name: str,
    table: RatingTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert int(Pages().turn(table.users, table.timestamps)[1].sum()) < 200 < np.sum(np.diff(table.users) != 0)
    monkeypatch.setitem(consumer.state.initial.__kwdefaults__, "sample_every", EVERY)  # kept in every checkpoint
    prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
    plan = partial(plan_for, kafka_address, redis_url, topic_prefix, shadows=shadow_plan(SPECS))
    write(kafka_address, topic_prefix, map(encode, table[:300].events()))
    learn_all(plan(model_name))
    write(kafka_address, topic_prefix, map(encode, table[300:].events()))
    with killer_of(client, redis_url, model_name, seed=1) as killer:
        consume = consume_command(kafka_address, killer.store, topic_prefix, model_name, "--checkpoint-events", "130")
        for moment in (killer.learning, killer.written):
            with command(*consume) as process:
                moment(process)
                assert process.wait(60) == -9
    assert checkpoint_of(redis_url, model_name).offsets[topic_prefix, 0] < RATINGS
    _, end = learn_all(plan(model_name, schedule=Schedule(events=170)))
    assert 0 < end.learned < RATINGS == end.figures.events

    stored = checkpoint_of(redis_url, model_name)
    assert plain(stored.state) == learned_in_process(table)["state"]
    assert asdict(end.figures) == learned_in_process(table)["figures"]
    shadows, rows = in_process(table, SPECS)
    assert final_shadows(redis_url, model_name) == shadows
    assert read_shadows(client, model_name) == rows
    sampler, model = RankingSampler({"choice": Ranking()}, every=EVERY), IteratedSVD(scale=table.dataset.scale)
    sampler.learn(model, Choices(), table.users, table.items, table.ratings, table.timestamps)
    assert sampler.ranking["choice"].lists > 100
    for name, array in sampler.state().items():
        assert stored.metrics[f"ranking.{name}"].tobytes() == array.tobytes(), name

    learn_all(plan(f"{model_name}-undisturbed"))
    assert final(redis_url, model_name) == final(redis_url, f"{model_name}-undisturbed")
