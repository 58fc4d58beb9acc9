"""How fast ratings go into the log and are learned from it, compared with what the clients alone reach.

All use one broker in one run, in turn; the figures are medians and their ratios. The consumer learns, scores and writes
its checkpoints to Redis; the clients alone do nothing with what they read.

    pip install 'streamsvd[bench]'
    python benchmarks/pipeline.py [--data synthetic ml-latest-small] [--rounds 5] [--flame FILE.svg] [--out FILE]
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from default_consumer import default_consumer
from measured import add_out, write_json
from other_clients import confluent_consumer, kafka_python_consumer, kafka_python_producer, quix_streams
from rich.console import Console
from timing import Timed, summary

from producer import prepare, replay
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.learner import IteratedSVD
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import Catalogue, RatingTable, Synthetic, load
from streamsvd.versions import package_versions

RESULTS = Path(__file__).parent / "results"
SYNTHETIC = Synthetic(400_000, users=4000, items=2000)
BARE = "kafka-python alone"
PACKAGES = ("streamsvd", "kafka-python", "numba", "redis", "confluent-kafka", "quixstreams")

PARTS = {
    "fetch: poll of record blocks": ("source.py", "poll"),
    "decode to columns": ("decoding.py", "decode"),
    "learner": ("iterated_svd.py", "learn"),
    "choices, for ranking": ("choices.py", "learn"),
    "metrics": ("monitor.py", "score"),
    "checkpoints": ("checkpointer.py", "checkpoint"),
}
"""Parts of the consumer's time, by file and function."""


def data_set(name: str) -> tuple[RatingTable, Catalogue | None]:
    """A data set by name or path; "synthetic" is the one of 400,000 ratings."""
    if name == "synthetic":
        return SYNTHETIC.table(), SYNTHETIC.catalogue()
    return load(name, environ=os.environ)


def our_producer(address: str, topic: str, table: RatingTable) -> Timed:
    """A replay, from columns to the last confirmation."""
    with RatingSink(log_client(address), topic) as sink:
        with Timed() as timed:
            replay([table], sink)
        assert sink.offsets == {0: len(table)}
    return timed


def our_consumer(kafka: str, redis: str, topics: Topics, model: str, count: int, *, catalogue: bool) -> Timed:
    """From Kafka through the learner to Redis, checkpoints included."""
    with default_consumer(kafka, redis, topics, model, catalogue=catalogue) as consumer:
        with Timed() as timed:
            end = consumer.run(until={0: count})
        assert end.learned == count
    return timed


def producers(address: str, table: RatingTable, rounds: int) -> dict[str, Any]:
    """Of both producers, each on new topics."""
    measure: dict[str, Callable[[str, str, RatingTable], Timed]] = {BARE: kafka_python_producer, "replay": our_producer}
    times: dict[str, list[Timed]] = {name: [] for name in measure}
    for number in range(rounds):
        for name, produce in measure.items():
            topics = Topics(f"{table.dataset.name}-{name.replace(' ', '-')}-{number}")
            prepare(log_client(address), topics, table.dataset, None)
            times[name].append(produce(address, topics.ratings, table))
    return _compared(times, len(table))


def consumers(
    kafka: str, redis: str, topics: Topics, table: RatingTable, content: Catalogue | None, rounds: int
) -> dict[str, Any]:
    """Of the consumer, of the clients alone, and of quix-streams with the learner, on one topic."""
    count, topic = len(table), topics.ratings

    def ours(number: int, *, catalogue: bool) -> Timed:
        model = f"{topic}-{catalogue}-{number}".lower()
        return our_consumer(kafka, redis, topics, model, count, catalogue=catalogue)

    def quix(_: int) -> Timed:
        return quix_streams(kafka, topic, count, IteratedSVD(scale=table.dataset.scale, content=content))

    measure: dict[str, Callable[[int], Timed]] = {
        BARE: lambda _: kafka_python_consumer(kafka, topic, count),
        "consumer, genres and year": partial(ours, catalogue=True),
        "consumer, ratings only": partial(ours, catalogue=False),
        "confluent-kafka alone": lambda _: confluent_consumer(kafka, topic, count),
        "quix-streams, genres and year": quix,
    }
    times: dict[str, list[Timed]] = {name: [] for name in measure}
    for number in range(rounds):
        for name, consume in measure.items():
            times[name].append(consume(number))
    return _compared(times, count)


def shares(kafka: str, redis: str, topics: Topics, count: int) -> dict[str, float]:
    """Microseconds of CPU a rating in each part of the consumer; the I/O thread of the client is a part of its own."""
    profile = cProfile.Profile(time.thread_time)
    with (
        default_consumer(kafka, redis, topics, f"{topics.ratings}-profiled", catalogue=True) as consumer,
        Timed() as timed,
        profile,
    ):
        consumer.run(until={0: count})
    stats: Any = pstats.Stats(profile)
    found = dict.fromkeys(PARTS, 0.0)
    for (path, _, function), (_, _, _, cumulative, _) in stats.stats.items():
        for name, place in PARTS.items():
            if (Path(path).name, function) == place:
                found[name] += 1e6 * cumulative / count
    main_thread = 1e6 * stats.total_tt / count
    found["rest"] = main_thread - sum(found.values())
    found["fetch: the client's I/O thread"] = 1e6 * timed.cpu_seconds / count - main_thread
    return found


def flame_graph(path: Path, run: Callable[[], object]) -> None:
    """Draw where the time of a run goes; py-spy samples this process."""
    command = ["py-spy", "record", "--rate", "200", "--output", str(path), "--pid", str(os.getpid())]
    with subprocess.Popen([str(Path(sys.executable).with_name(command[0])), *command[1:]]) as sampling:
        run()
        sampling.send_signal(signal.SIGINT)  # it draws what it has seen


def _compared(times: dict[str, list[Timed]], count: int) -> dict[str, Any]:
    found = {name: summary(rounds, count) for name, rounds in times.items()}
    bare = found[BARE]["ratings_per_second"]
    return {name: {**one, "of_bare": one["ratings_per_second"] / bare} for name, one in found.items()}


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["synthetic", "ml-latest-small"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flame", type=Path, metavar="FILE.svg", help="draw a flame graph of the consumer")
    add_out(parser, RESULTS / "pipeline.json")
    options = parser.parse_args()
    warm_up(Console(stderr=True))
    found: dict[str, Any] = {"rounds": options.rounds, "versions": package_versions(*PACKAGES), "sets": {}}
    with provide_kafka() as kafka, provide_redis() as redis:
        for name in options.data:
            table, catalogue = data_set(name)
            topics = Topics(f"pipeline-{name}")
            prepare(log_client(kafka), topics, table.dataset, catalogue)
            our_producer(kafka, topics.ratings, table)
            one = {
                "ratings": len(table),
                "sha256": table.dataset.sha256,
                "producers": producers(kafka, table, options.rounds),
                "consumers": consumers(kafka, redis, topics, table, catalogue, options.rounds),
                "microseconds": shares(kafka, redis, topics, len(table)),
            }
            found["sets"][name] = one
            _print(name, one)
            if options.flame and name == options.data[0]:
                run = partial(our_consumer, kafka, redis, topics, "flame", len(table), catalogue=True)
                flame_graph(options.flame, run)
    write_json(options.out, found)


def _print(name: str, found: dict[str, Any]) -> None:
    print(f"{name}, {found['ratings']:,} ratings")
    for part in ("producers", "consumers"):
        for what, one in found[part].items():
            print(
                f"  {what:32} {one['ratings_per_second']:>9,.0f} /s  ({one['slowest']:,.0f} to {one['fastest']:,.0f})"
                f"  {one['cpu_microseconds']:6.2f} µs of CPU  {one['of_bare']:6.2f} of {BARE}"
            )
    for what, microseconds in found["microseconds"].items():
        print(f"    {what:32} {microseconds:6.2f} µs")


if __name__ == "__main__":
    main()
