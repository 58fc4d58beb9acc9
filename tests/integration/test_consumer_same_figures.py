"""Through Kafka and Redis a model ends with the same bits as in process, and is as good as it must be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from model_runs import checkpoint_of, fill, learn_all, learned_in_process, plan_for
from model_states import plain

from consumer import Schedule
from evaluation import Prequential
from model_store import ModelReader, connect
from streamsvd.ratings import read_catalogue, read_ratings


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("ml-100k", {True: 0.917, False: 0.926}),
        pytest.param("ml-latest-small", {True: 0.857, False: 0.872}, marks=pytest.mark.grouplens),
    ],
)
def test_the_figures_through_kafka_are_those_in_process_to_the_last_digit(
    kafka_address: str,
    redis_url: str,
    topic_prefix: str,
    model_name: str,
    published: Callable[[str], Path],
    name: str,
    limits: dict[bool, float],
) -> None:
    table, items = read_ratings(published(name)), read_catalogue(published(name))
    assert items is not None
    fill(kafka_address, topic_prefix, table, items)
    for catalogue, limit in limits.items():
        model = f"{model_name}-{catalogue}"
        schedule = Schedule(events=30_000, seconds=60.0)
        plan = plan_for(kafka_address, redis_url, topic_prefix, model, catalogue=catalogue, schedule=schedule)
        consumer, end = learn_all(plan)

        expected = learned_in_process(table, items if catalogue else None)
        stored = checkpoint_of(redis_url, model)
        assert asdict(end.figures) == expected["figures"]
        assert asdict(Prequential.from_state(stored.metrics).figures()) == expected["figures"]
        assert plain(stored.state) == expected["state"]
        assert end.figures.rmse_event <= limit
        assert (end.learned, end.rejected, end.repeated) == (len(table), 0, 0)
        assert stored.offsets[topic_prefix, 0] == len(table)
        assert stored.marks == {f"{table.dataset.source}/0": len(table) - 1}
        assert stored.event_time == table.timestamps[-1]
        assert consumer.dataset == f"{table.dataset.name} {table.dataset.sha256}"
        with closing(connect(redis_url)) as client:
            answer = ModelReader(client, model).recommend(table.users[-1].item(), 3)
        assert [found.title is not None for found in answer.items] == [catalogue] * 3
        assert answer.provenance.rmse == end.figures.rmse_last_window
