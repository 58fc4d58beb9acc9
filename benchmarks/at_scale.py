"""25,000,000 synthetic ratings of 162,000 users and 59,000 items, produced and consumed at once, on two cores.

A replay and a consumer run as processes of their own, beside an embedded Kafka and Redis. Every second their memory is
summed up: of all processes, without the pages of files that the system caches.

    python benchmarks/at_scale.py [--ratings 25000000] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
from default_consumer import default_consumer
from measured import add_out, write_json
from rich.console import Console
from timing import Timed

from consumer import Progress
from producer import prepare, replay
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.embedded import embedded_kafka, embedded_redis
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import Synthetic

RESULTS = Path(__file__).parent / "results"
TOPICS = Topics("at-scale")
LARGEST = 25_000_000
USERS, ITEMS = 162_000, 59_000  # at the full size; fewer in proportion


def world(ratings: int) -> Synthetic:
    """The data set."""
    share = ratings / LARGEST
    return Synthetic(ratings, users=round(USERS * share), items=max(2000, round(ITEMS * share)))


def produce(kafka: str, data: Synthetic) -> None:
    """Replay all; prints the time."""
    with RatingSink(log_client(kafka), TOPICS.ratings) as sink, Timed() as timed:
        replay(data.blocks(), sink)
    print(json.dumps({"seconds": timed.seconds, "cpu_seconds": timed.cpu_seconds}))


def consume(kafka: str, redis: str, data: Synthetic) -> None:
    """Learn all; prints the time, and the seconds at which each tenth was learned."""
    tenths: list[float] = []
    with default_consumer(kafka, redis, TOPICS, "at-scale") as consumer, Timed() as timed:
        began = time.process_time()

        def note(progress: Progress) -> None:
            while progress.learned * 10 >= data.ratings * (len(tenths) + 1):
                tenths.append(time.process_time() - began)

        end = consumer.run(until={0: data.ratings}, progress=note)
    found = {
        "seconds": timed.seconds,
        "cpu_seconds": timed.cpu_seconds,
        "cpu_seconds_at_tenths": tenths,
        "learned": end.learned,
        "checkpoints": end.checkpoints.count,
        "checkpoint_seconds": end.checkpoints.total_seconds,
        "last_checkpoint_seconds": end.checkpoints.seconds,
        "rmse_event": end.figures.rmse_event,
    }
    print(json.dumps(found))


def measure(data: Synthetic) -> dict[str, Any]:
    """Run both, and watch their memory."""
    with ExitStack() as stack:
        kafka, redis = stack.enter_context(embedded_kafka()), stack.enter_context(embedded_redis())
        prepare(log_client(kafka.address), TOPICS, data.dataset, data.catalogue())
        began = time.perf_counter()
        command = [sys.executable, __file__, "--ratings", str(data.ratings), "--kafka", kafka.address]
        processes = {
            "producer": subprocess.Popen(command, stdout=subprocess.PIPE, text=True),
            "consumer": subprocess.Popen([*command, "--redis", redis.address], stdout=subprocess.PIPE, text=True),
        }
        pids = {"kafka": kafka.pid, "redis": redis.pid, **{name: one.pid for name, one in processes.items()}}
        most = dict.fromkeys([*pids, "together"], 0)
        while processes["consumer"].poll() is None:
            sizes = {name: _resident(pid) for name, pid in pids.items()}
            for name, size in {**sizes, "together": sum(sizes.values())}.items():
                most[name] = max(most[name], size)
            with suppress(subprocess.TimeoutExpired):
                processes["consumer"].wait(1.0)
        seconds = time.perf_counter() - began
        found = {name: json.loads(one.communicate()[0]) for name, one in processes.items()}
    tenths = found["consumer"]["cpu_seconds_at_tenths"]
    return {
        "ratings": data.ratings,
        "users": data.users,
        "items": data.items,
        "seconds": seconds,
        **found,
        "resident_megabytes": {name: size / 1e6 for name, size in most.items()},
        "last_tenth_of_second": (tenths[1] - tenths[0]) / (tenths[9] - tenths[8]),
    }


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", type=int, default=LARGEST)
    parser.add_argument("--kafka", help=argparse.SUPPRESS)  # of a part that this script has started
    parser.add_argument("--redis", help=argparse.SUPPRESS)
    add_out(parser, RESULTS / "at-scale.json")
    options = parser.parse_args()
    data = world(options.ratings)
    if options.redis:
        consume(options.kafka, options.redis, data)
    elif options.kafka:
        produce(options.kafka, data)
    else:
        warm_up(Console(stderr=True))
        found = measure(data)
        print(json.dumps(found, indent=1))
        write_json(options.out, found)


if __name__ == "__main__":
    main()
