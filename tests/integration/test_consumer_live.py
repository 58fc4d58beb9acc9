"""Live mode: every rating is in the answers soon after it was produced, and counts once, whoever is killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import redis
from model_runs import (
    command,
    consume_command,
    consuming,
    fill,
    final,
    learned_in_process,
    plan_for,
    token_of,
    version_of,
    wait_until,
)

from consumer import Progress, Schedule
from model_store import ModelReader
from producer import Pace, prepare, replay
from streamsvd.errors import SnapshotMissing
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import RatingTable, read_catalogue, read_ratings

RATINGS = 4_000


def learned_beyond(reader: ModelReader, topic: str, known: int) -> int:
    """How many ratings the answers know, when that is more than before; else 0."""
    try:
        found = reader.recommend(0).provenance.offsets[f"{topic}/0"]
    except SnapshotMissing:
        return 0
    return found if found > known else 0


def check_seen(reader: ModelReader, table: RatingTable, until: int) -> None:
    """The newest rating that the answers must know is among what its user has seen, and is not recommended."""
    user, item = table.users[until - 1].item(), table.items[until - 1].item()
    with reader.reading(user, ("seen",)) as (view, row):
        assert view.place(item) in row["seen"]["item"]
        n_items = len(view.table)
    assert item not in [found.item for found in reader.recommend(user, n_items).items]


def test_ratings_are_in_the_answers_soon_after_they_were_produced_and_count_once(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, ml_100k: Path
) -> None:
    path = ml_100k
    table, catalogue = read_ratings(path)[:RATINGS], read_catalogue(path)
    ready = prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, catalogue)
    reader = ModelReader(client, model_name)

    def replay_steadily(part: RatingTable) -> None:
        with RatingSink(log_client(kafka_address), topic_prefix) as sink:
            replay([part], sink, log=ready.log, pace=Pace(rate=1000))

    def follow(until: int) -> None:
        known = 0
        while known < until:
            known = wait_until(partial(learned_beyond, reader, topic_prefix, known), f"ratings after {known}")
            check_seen(reader, table, known)

    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--live")
    half = RATINGS // 2
    with ThreadPoolExecutor(1) as beside:
        with command(*consume):
            wait_until(lambda: token_of(client, model_name) == 1, "the first consumer")
            first = beside.submit(replay_steadily, table[:half])
            follow(half * 3 // 4)  # then it is killed, while ratings arrive
        with command(*consume):
            wait_until(lambda: token_of(client, model_name) == 2, "the second consumer")
            first.result()
            second = beside.submit(replay_steadily, table[half:])
            follow(RATINGS)
            second.result()

    expected = learned_in_process(table, catalogue)
    found = final(redis_url, model_name)
    assert found["state"] == expected["state"]
    assert found["offsets"][topic_prefix, 0] == RATINGS


def test_every_poll_that_brings_something_ends_in_a_checkpoint(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, ml_100k: Path
) -> None:
    fill(kafka_address, topic_prefix, read_ratings(ml_100k)[:45_000])
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name, schedule=Schedule(seconds=0.0))
    offsets, versions = [0], [0]

    def look(progress: Progress) -> None:
        if progress.positions[0] > offsets[-1]:
            offsets.append(progress.positions[0])
            versions.append(version_of(client, model_name))

    with consuming(plan) as (consumer, source):
        end = consumer.run(until=source.end_offsets(), progress=look)
    assert versions == list(range(len(offsets)))
    assert len(versions) > 2  # a poll brings 20,000 at most
    assert end.version == versions[-1]
