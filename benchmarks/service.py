"""How fast the service answers while the model learns: `streamsvd serve` under load from another process.

Real Kafka, Redis, `streamsvd serve`, `streamsvd consume` and a producer, each a process of its own; this one asks. A
synthetic history that knows 9,000 items is learned first. Then 200 times a second /recommend is asked for a user drawn
by chance: with the consumer idle, and while it learns 5,000 ratings a second. Latencies count from when a request was
due. The most requests a second is measured by wrk where there is one, with the consumer idle.

    python benchmarks/service.py [--rate 200] [--learning 5000] [--seconds 30] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from measured import add_out, measured, write_json
from paced_client import ask

from model_store import ModelReader, connect
from producer import Pace, prepare, replay
from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.log import RatingSink, Topics, log_client
from streamsvd.ratings import RatingTable, Synthetic

RESULTS = Path(__file__).parent / "results"
WORLD = Synthetic(ratings=800_000, users=8_000, items=12_500, seed=5)
FIRST = 500_000  # of them, which name 9,000 items
MODEL = TOPIC = "service"
_WARM_SECONDS = 3.0
_LONGEST_SECONDS = 300.0


def history() -> RatingTable:
    """All ratings of the world."""
    return next(iter(WORLD.blocks(WORLD.ratings)))


def send(kafka: str, rate: float) -> None:
    """The producer's process: the rest of the history at a steady rate, until it is stopped."""
    with RatingSink(log_client(kafka), TOPIC) as sink:
        replay([history()[FIRST:]], sink, pace=Pace(rate=rate))


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, stopped at the end of the block."""
    found = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.PIPE)
    try:
        yield found
    finally:
        found.terminate()
        found.communicate(timeout=_LONGEST_SECONDS)


@contextmanager
def serving(redis: str) -> Iterator[int]:
    """The service; lends its port. Its journal goes through a pipe, as to a collector."""
    where = ["--redis", redis, "--model", MODEL, "--lookups-only", "--port", "0"]
    with process("-m", "streamsvd", "serve", *where) as found:
        assert found.stderr is not None
        for line in found.stderr:
            said = json.loads(line)
            if said["event"] == "listening":
                break
        drain = subprocess.Popen(["cat"], stdin=found.stderr, stdout=subprocess.DEVNULL)
        try:
            yield int(said["port"])
        finally:
            found.terminate()
            found.wait(_LONGEST_SECONDS)
            drain.wait(_LONGEST_SECONDS)


def asked(port: int, users: list[Any], rate: float, seconds: float, chance: random.Random) -> dict[str, float]:
    """Figures of /recommend at a steady rate, the first seconds left out."""

    def paths(seconds: float) -> list[str]:
        return [f"/recommend?user={chance.choice(users)}&n=10" for _ in range(round(rate * seconds))]

    ask("127.0.0.1", port, paths(_WARM_SECONDS), rate)
    return ask("127.0.0.1", port, paths(seconds), rate).figures()


def most(port: int, user: Any, seconds: float) -> float | None:
    """Requests a second that wrk gets answered over 8 connections; None without wrk."""
    if shutil.which("wrk") is None:
        return None
    url = f"http://127.0.0.1:{port}/recommend?user={user}&n=10"
    said = subprocess.run(
        ["wrk", "-t1", "-c8", f"-d{round(seconds)}s", url], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said:
        sys.exit(f"wrk: {said}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--learning", type=float, default=5000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--send", metavar="KAFKA", help=argparse.SUPPRESS)  # the producer's process
    add_out(parser, RESULTS / "service.json")
    options = parser.parse_args()
    if options.send:
        send(options.send, options.learning)
        return
    table, chance = history(), random.Random(1)  # noqa: S311
    users = sorted(set(table[:FIRST].users))
    with provide_kafka(environ=os.environ) as kafka, provide_redis(environ=os.environ) as redis:
        prepare(log_client(kafka), Topics(TOPIC), table.dataset, WORLD.catalogue())
        with RatingSink(log_client(kafka), TOPIC) as sink:
            replay([table[:FIRST]], sink)
        consume = ["-m", "streamsvd", "consume", "--kafka", kafka, "--redis", redis, "--topic", TOPIC, "--model", MODEL]
        subprocess.run([sys.executable, *consume, "--until-end", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        with serving(redis) as port, closing(connect(redis)) as client:
            reader = ModelReader(client, MODEL)
            idle = asked(port, users, options.rate, options.seconds, chance)
            fastest = most(port, users[0], 5)
            me = str(Path(__file__).resolve())
            with (
                process(*consume, "--quiet"),
                process(me, "--send", kafka, "--learning", str(options.learning)),
            ):
                before = reader.status().version
                while reader.status().version < before + 2:
                    time.sleep(0.05)
                start, began = reader.status(), time.time()
                learning = asked(port, users, options.rate, options.seconds, chance)
                end = reader.status()
                seconds = end.written_at - start.written_at
                learned = (end.offsets[f"{TOPIC}/0"] - start.offsets[f"{TOPIC}/0"]) / seconds
                checkpoints = (end.version - start.version) / (time.time() - began)
    found = measured(
        table[:50_000],
        None,
        rate=options.rate,
        idle=idle,
        learning=learning,
        most_requests_per_second=fastest,
        p99_of_idle=learning["p99_milliseconds"] / idle["p99_milliseconds"],
        learned_per_second=learned,
        checkpoints_per_second=checkpoints,
        served_items=len(set(table[:FIRST].items)),
    )
    for name, figures in (("consumer idle", idle), (f"learning {learned:,.0f} ratings/s", learning)):
        print(
            f"{name:26} {figures['requests_per_second']:7.1f} requests/s  p50 {figures['p50_milliseconds']:6.2f} ms  "
            f"p99 {figures['p99_milliseconds']:7.2f} ms  longest {figures['longest_milliseconds']:7.1f} ms  "
            f"errors {figures['errors']:.0f}"
        )
    print(f"p99 while learning is {found['p99_of_idle']:.2f} of that idle; {found['served_items']:,} items")
    print("most requests a second, idle:", "wrk is not installed" if fastest is None else f"{fastest:,.0f}")
    write_json(options.out, found)


if __name__ == "__main__":
    main()
