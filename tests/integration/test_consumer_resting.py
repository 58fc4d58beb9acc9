"""A consumer that keeps up rests between the pages of a large checkpoint, and what it writes is the same."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from model_runs import LONG_SECONDS, fill, final, learned_in_process, plan_for

from consumer import Schedule, open_consumer
from producer import Pace, prepare, replay
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import Synthetic

_WORLD = Synthetic(ratings=40_000, users=500, items=2_500, seed=3)
_FIRST = 16_000


def test_a_consumer_that_keeps_up_rests_and_learns_the_same(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    table = next(iter(_WORLD.blocks(_WORLD.ratings)))
    fill(kafka_address, topic_prefix, table[:_FIRST])
    plan = plan_for(kafka_address, redis_url, topic_prefix, model_name, schedule=Schedule(seconds=1.0))
    rests: list[float] = []
    until = time.monotonic() + LONG_SECONDS

    def send() -> None:
        ready = prepare(log_client(kafka_address), Topics(topic_prefix), table.dataset, None)
        with RatingSink(log_client(kafka_address), topic_prefix) as sink:
            replay([table], sink, log=ready.log, pace=Pace(rate=6000))

    with ThreadPoolExecutor(1) as pool, open_consumer(plan, rests.append) as (consumer, source):
        consumer.run(until=source.end_offsets())
        written = consumer.progress().version
        sending = pool.submit(send)
        consumer.run(stop=lambda: (bool(rests) and sending.done()) or time.monotonic() > until)
        sending.result()
        assert rests
        checkpoints = consumer.progress().version - written
        most = 2 * plan.schedule.throttle_seconds * checkpoints  # between the pages, and then as long again at most
        assert 0 < sum(rests) <= most + 1e-9
        consumer.run(until=source.end_offsets())
    assert final(redis_url, model_name)["state"] == learned_in_process(table)["state"]
