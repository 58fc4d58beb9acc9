"""`kill -9` of the consumer at any moment: the model ends with the same bits as one that was never disturbed."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import redis
from killing import killer_of
from model_runs import command, consume_command, final, learn_all, learned_in_process, plan_for, run_command, token_of

from consumer import Schedule
from model_store.feed import FeedPoint, read_feed
from producer import Pace, prepare, replay
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import read_catalogue, read_ratings

RATINGS = 20_000
SEED = 20261121


def feed_of(client: redis.Redis, model: str) -> list[FeedPoint]:
    """All points of a feed, without what depends on the wall clock."""
    return [msgspec.structs.replace(point, written_at=0.0, lag=None) for point in read_feed(client, model).points]


def test_killed_at_eleven_moments_a_consumer_ends_with_the_bits_of_an_undisturbed_one(
    kafka_address: str, redis_url: str, client: redis.Redis, topic_prefix: str, model_name: str, ml_100k: Path
) -> None:
    path = ml_100k
    table, catalogue = read_ratings(path)[:RATINGS], read_catalogue(path)
    ready = prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, catalogue)

    def replay_slowly() -> None:
        with RatingSink(log_client(kafka_address), topic_prefix) as sink:
            replay([table], sink, log=ready.log, pace=Pace(rate=1500))

    with killer_of(client, redis_url, model_name, SEED) as killer, ThreadPoolExecutor(1) as beside:
        moments = [*[killer.learning] * 4, *[killer.writing] * 2, *[killer.written] * 2, killer.taking_over]
        random.Random(SEED).shuffle(moments)
        moments = [killer.staging, *moments, killer.loading]
        consume = consume_command(kafka_address, killer.store, topic_prefix, model_name, "--checkpoint-events", "500")
        replayed = beside.submit(replay_slowly)
        for moment in moments:
            with command(*consume) as process:
                moment(process)
                assert process.wait(60) == -9
        replayed.result()
        status, _, messages = run_command(*consume, "--until-end")
        assert status == 0, messages

    undisturbed = f"{model_name}-undisturbed"
    learn_all(plan_for(kafka_address, redis_url, topic_prefix, undisturbed, schedule=Schedule(events=7_777)))
    assert token_of(client, model_name) == len(moments) + 1
    assert final(redis_url, model_name) == final(redis_url, undisturbed)
    assert final(redis_url, model_name)["state"] == learned_in_process(table, catalogue)["state"]
    feed = feed_of(client, model_name)
    assert [point.events for point in feed] == [*range(1000, RATINGS + 1, 1000)]
    assert feed == feed_of(client, undisturbed)
