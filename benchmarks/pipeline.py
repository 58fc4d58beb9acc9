"""How fast ratings go into the log, compared with what the bare client sends, on one broker in one run, in turn.

The figures are the ratios of the medians, of ratings a second and of CPU time a rating (of this process alone).

    python benchmarks/pipeline.py [--data synthetic] [--rounds 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from kafka import KafkaProducer
from measured import add_out, write_json

from producer import prepare, replay
from streamsvd.embedded import provide_kafka
from streamsvd.log import RatingSink, Topics, compile_sending_kernels, log_client
from streamsvd.ratings import RatingTable, Synthetic, encode, load

RESULTS = Path(__file__).parent / "results"
SYNTHETIC = Synthetic(400_000, users=4000, items=2000)


class Timed:
    """Seconds and CPU seconds of the body of a `with`."""

    def __enter__(self) -> Timed:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu_seconds = (
            end - began for end, began in zip((time.perf_counter(), time.process_time()), self._began, strict=True)
        )


def bare_producer(address: str, topic: str, table: RatingTable) -> Timed:
    """kafka-python alone sends records that are made beforehand, as safely as a replay: idempotent, to all replicas."""
    records = [(encode(event), str(event.user).encode(), event.timestamp * 1000) for event in table.events()]
    client = KafkaProducer(
        bootstrap_servers=address,
        enable_idempotence=True,
        acks="all",
        max_in_flight_requests_per_connection=1,
        linger_ms=20,
        batch_size=256 << 10,
        max_request_size=4 << 20,
    )
    with closing(client):
        client.partitions_for(topic)
        with Timed() as timed:
            for value, key, timestamp in records:
                client.send(topic, value, key, None, 0, timestamp)
            client.flush()
    return timed


def our_producer(address: str, topic: str, table: RatingTable) -> Timed:
    """A replay, from columns to the last confirmation."""
    with RatingSink(log_client(address), topic) as sink:
        with Timed() as timed:
            replay([table], sink)
        assert sink.offsets == {0: len(table)}
    return timed


def producer_rates(address: str, table: RatingTable, rounds: int) -> dict[str, Any]:
    """Ratings a second and microseconds of CPU a rating of both producers, each on new topics.

    Parameters
    ----------
    address : str
        Of a broker.
    table : RatingTable
    rounds : int
        How often each is measured.
    """
    compile_sending_kernels()
    producers: dict[str, Callable[[str, str, RatingTable], Timed]] = {
        "bare client": bare_producer,
        "replay": our_producer,
    }
    times: dict[str, list[Timed]] = {name: [] for name in producers}
    for number in range(rounds):
        for name, produce in producers.items():
            topics = Topics(f"{name.replace(' ', '-')}-{number}")
            prepare(log_client(address), topics, table.dataset, None)
            times[name].append(produce(address, topics.ratings, table))
    rates = {name: [len(table) / one.seconds for one in found] for name, found in times.items()}
    cpu = {name: [1e6 * one.cpu_seconds / len(table) for one in found] for name, found in times.items()}
    return {
        "rates": rates,
        "cpu_microseconds": cpu,
        "rate_ratio": median(rates["replay"]) / median(rates["bare client"]),
        "cpu_ratio": median(cpu["bare client"]) / median(cpu["replay"]),
    }


def median(values: list[float]) -> float:
    """Of the rounds."""
    return statistics.median(values)


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic", help="a data set; synthetic is one of 400,000 ratings")
    parser.add_argument("--rounds", type=int, default=5)
    add_out(parser, RESULTS / "pipeline.json")
    options = parser.parse_args()
    table = SYNTHETIC.table() if options.data == "synthetic" else load(options.data, environ=os.environ)[0]
    with provide_kafka() as kafka:
        produced = producer_rates(kafka, table, options.rounds)
    for name, rates in produced["rates"].items():
        cpu = median(produced["cpu_microseconds"][name])
        print(
            f"{name:12} {median(rates):>9,.0f} /s  ({min(rates):,.0f} to {max(rates):,.0f})  {cpu:6.2f} µs of CPU each"
        )
    print(f"replay: {produced['rate_ratio']:.1f} times the bare client, {produced['cpu_ratio']:.1f} times by CPU")
    dataset = {"dataset": table.dataset.name, "sha256": table.dataset.sha256, "ratings": len(table)}
    write_json(options.out, {**dataset, "rounds": options.rounds, "producer": produced})


if __name__ == "__main__":
    main()
