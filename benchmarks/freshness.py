"""How fresh answers are in live mode: from the moment a rating is handed to the producer until `recommend` knows it.

Real Kafka, Redis, `streamsvd consume --live` and a producer, each a process of its own. The model has learned the first
part of a history; the rest arrives at a steady rate. This process asks `recommend` a hundred times a second or more;
an answer whose offsets lie beyond a rating is computed with it. So each figure contains the producer's buffer, the
broker, the consumer's poll, learning, the checkpoint, the reader's refresh of its items, and a whole `recommend`.

    python benchmarks/freshness.py [--data ml-100k] [--rate 1000] [--seconds 20] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from measured import add_out, measured, write_json
from numpy.typing import NDArray

from model_store import ModelReader, connect
from producer import Pace, prepare, replay
from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.errors import SnapshotMissing
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import Event, load

RESULTS = Path(__file__).parent / "results"
_LONGEST_SECONDS = 300.0
_PAUSE_SECONDS = 0.003  # between two questions: without it, this process alone would take one of two cores


class StampedSink(RatingSink):
    """A sink that writes down when each rating was handed over, in seconds since 1970."""

    def __init__(self, address: str, topic: str) -> None:
        super().__init__(log_client(address), topic)
        self.times: list[float] = []

    def send(self, event: Event) -> None:
        """Hand over one event."""
        self.times.append(time.time())
        super().send(event)


def send(address: str, topic: str, data: str, first: int, rate: float, times: Path) -> None:
    """Replay the rest of a history at a steady rate, as `streamsvd replay --rate` does."""
    table, _ = load(data, environ=os.environ)
    with StampedSink(address, topic) as sink:
        replay([table[first:]], sink, pace=Pace(rate=rate))
        np.save(times, sink.times)


@contextmanager
def consuming(kafka: str, redis: str, topic: str, model: str) -> Iterator[subprocess.Popen[bytes]]:
    """`streamsvd consume --live` in a process of its own."""
    where = ["--kafka", kafka, "--redis", redis, "--topic", topic, "--model", model]
    process = subprocess.Popen([sys.executable, "-m", "streamsvd", "consume", "--live", "--quiet", *where])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_LONGEST_SECONDS)


def seen_at(reader: ModelReader, users: list[Any], place: str, first: int, end: int) -> NDArray[np.float64]:
    """When an answer first knew each of the records `first` to `end`, in seconds since 1970."""
    visible, reached = np.zeros(end - first), first
    deadline = time.time() + _LONGEST_SECONDS
    while reached < end:
        answer = reader.recommend(users[reached - first])
        now, offset = time.time(), answer.provenance.offsets[place]
        visible[reached - first : max(offset, reached) - first] = now
        reached = max(offset, reached)
        time.sleep(_PAUSE_SECONDS)
        if now > deadline:
            sys.exit(f"of {end} ratings only {reached} were learned in {_LONGEST_SECONDS:g} s")
    return visible


def wait_for(reader: ModelReader, place: str, offset: int, consumer: subprocess.Popen[bytes]) -> None:
    """Wait until everything before an offset is learned and stored."""
    deadline = time.time() + _LONGEST_SECONDS
    while time.time() < deadline and consumer.poll() is None:
        try:
            if reader.recommend(0).provenance.offsets[place] >= offset:
                return
        except SnapshotMissing:
            pass
        time.sleep(0.1)
    sys.exit(f"the first {offset} ratings were not learned in {_LONGEST_SECONDS:g} s")


def quantiles(seconds: NDArray[np.float64]) -> dict[str, float]:
    """How long half of them, most of them and all of them took, in milliseconds."""
    return {
        name: float(np.quantile(seconds, q) * 1000)
        for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    }


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="ml-100k")
    parser.add_argument("--rate", type=float, default=1000.0, help="ratings a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--send", nargs=4, metavar=("KAFKA", "TOPIC", "FIRST", "FILE"), help=argparse.SUPPRESS)
    add_out(parser, RESULTS / "freshness.json")
    options = parser.parse_args()
    count = int(options.rate * options.seconds)
    if options.send:  # the producer's process
        kafka, topic, first, file = options.send
        send(kafka, topic, options.data, int(first), options.rate, Path(file))
        return
    table, catalogue = load(options.data, environ=os.environ)
    first = len(table) - count
    topics = Topics("freshness")
    place = f"{topics.ratings}/0"
    with provide_kafka() as kafka, provide_redis() as redis, tempfile.TemporaryDirectory() as folder:
        prepare(log_client(kafka), topics, table.dataset, catalogue)
        with RatingSink(log_client(kafka), topics.ratings) as sink:
            replay([table[:first]], sink)
        with consuming(kafka, redis, topics.ratings, "films") as consumer, closing(connect(redis)) as client:
            reader = ModelReader(client, "films")
            wait_for(reader, place, first, consumer)
            before = reader.recommend(0).provenance.version
            times = Path(folder) / "sent.npy"
            more = ["--data", options.data, "--rate", f"{options.rate}", "--seconds", f"{options.seconds}"]
            sending = subprocess.Popen(
                [sys.executable, __file__, *more, "--send", kafka, topics.ratings, str(first), times]
            )
            visible = seen_at(reader, table.users[first:].tolist(), place, first, len(table))
            versions = reader.recommend(0).provenance.version - before
            if sending.wait(_LONGEST_SECONDS):
                sys.exit("the producer failed")
        taken = visible - np.load(times)
    found = {
        "ratings": count,
        "rate": options.rate,
        "milliseconds": quantiles(taken),
        "checkpoints_per_second": versions / options.seconds,
    }
    print(f"{count:,} ratings at {options.rate:,.0f}/s, {versions / options.seconds:.0f} checkpoints/s; visible after")
    print("  ".join(f"{name} {value:.1f} ms" for name, value in found["milliseconds"].items()))
    if options.out:
        write_json(options.out, measured(table, catalogue, freshness=found))


if __name__ == "__main__":
    main()
