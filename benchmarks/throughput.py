"""How fast the whole consumer is: learned through Kafka, learner and Redis, compared with what the bare client reads.

Both read the same topic of the same broker in the same run, in turn; the figure is the ratio of the medians.

    python benchmarks/throughput.py [--data ml-latest-small] [--rounds 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from contextlib import closing
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition
from measured import add_out, write_json

from consumer import ConsumerPlan, Progress, Schedule, open_consumer
from evaluation import Prequential
from producer import prepare, replay
from streamsvd.cli.figures import figures_object
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.learner import IteratedSVD, Settings
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import load

RESULTS = Path(__file__).parent / "results"


def bare(address: str, topic: str, count: int) -> float:
    """Records a second that kafka-python alone hands out, with fetches of 16 MB and nothing done with them."""
    client = KafkaConsumer(
        bootstrap_servers=address,
        enable_auto_commit=False,
        fetch_max_bytes=1 << 24,
        max_partition_fetch_bytes=1 << 24,
        max_poll_records=5000,
    )
    with closing(client):
        partition = TopicPartition(topic, 0)
        client.assign([partition])
        client.seek_to_beginning(partition)
        began, read = time.perf_counter(), 0
        while read < count:
            for records in client.poll(200).values():
                read += len(records)
        return count / (time.perf_counter() - began)


def ours(plan: ConsumerPlan, count: int) -> tuple[float, Progress, IteratedSVD]:
    """Ratings a second from Kafka through the learner to Redis, checkpoints included."""
    with open_consumer(plan, time.sleep) as (consumer, _):
        began = time.perf_counter()
        end = consumer.run(until={0: count})
        return count / (time.perf_counter() - began), end, consumer.model


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="ml-latest-small")
    parser.add_argument("--rounds", type=int, default=5)
    add_out(parser, RESULTS / "throughput.json")
    options = parser.parse_args()
    table, catalogue = load(options.data, environ=os.environ)
    with provide_kafka() as kafka, provide_redis() as redis:
        topics = Topics("throughput")
        log = log_client(kafka)
        prepare(log, topics, table.dataset, catalogue)
        with RatingSink(log, topics.ratings) as sink:
            produced = replay([table], sink).events_per_second
        from rich.console import Console

        warm_up(Console(stderr=True))
        rates: dict[str, list[float]] = {"bare client": [], "with catalogue": [], "ratings only": []}
        for number in range(options.rounds):
            rates["bare client"].append(bare(kafka, topics.ratings, len(table)))
            for name in ("ratings only", "with catalogue"):
                plan = ConsumerPlan(
                    log=log,
                    redis=redis,
                    topics=topics,
                    model=f"{name.replace(' ', '-')}-{number}",
                    settings=Settings(),
                    metrics=Prequential(),
                    catalogue=name == "with catalogue",
                    schedule=Schedule(),
                )
                rate, end, model = ours(plan, len(table))
                rates[name].append(rate)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"producer (kafka-python, acks=all, every send accounted for): {produced:>9,.0f} ratings/s")
    for name, values in rates.items():
        ratio = medians[name] / medians["bare client"]
        print(f"{name:20} {medians[name]:>9,.0f} /s  ({min(values):,.0f} to {max(values):,.0f})  {ratio:5.2f} of bare")
    found = figures_object(
        dataset=table.dataset.name,
        sha256=table.dataset.sha256,
        model=model,
        figures=end.figures,
        events_per_second=medians["with catalogue"],
        produced_per_second=produced,
        rounds=options.rounds,
        rates=rates,
        ratios={name: medians[name] / medians["bare client"] for name in medians},
    )
    write_json(options.out, found)


if __name__ == "__main__":
    main()
