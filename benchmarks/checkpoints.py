"""Checkpoints at the size of MovieLens 25M: what a consumer and its Redis spend on writing and reading a large model.

The rows are those of `snapshots.py`, with what users choose. They are written whole, then 1,000, 10,000 and 100,000 of
the users again, as checkpoints do, and read back as a consumer does at its start. Seconds are of the processors, which
other programs change little. Each job is a process of its own, so its peak memory is its own.

    python benchmarks/checkpoints.py [--users 162000] [--items 59000] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from measured import add_out, measured, write_json
from redis import Redis
from snapshots import MODEL, repeated

from model_store import Checkpoint, ModelWriter, compile_row_kernels, connect
from streamsvd.cli.figures import peak_rss_bytes
from streamsvd.embedded import provide_redis
from streamsvd.kernels import Ragged, Rows, State
from streamsvd.learner import Choices, IteratedSVD
from streamsvd.ratings import load

RESULTS = Path(__file__).parent / "results"
CHANGED = (1_000, 10_000, 100_000)  # users


def large(users: int, items: int) -> State:
    """The state of a large model."""
    table, catalogue = load("ml-100k", environ=os.environ)
    model, choices = IteratedSVD(scale=table.dataset.scale, content=catalogue), Choices()
    for first in range(0, len(table), 5000):
        part = table[first : first + 5000]
        model.learn(part.users, part.items, part.ratings, part.timestamps)
        choices.learn(model, part.users, part.items)
    small = choices.state(model)
    return State(small.settings, small.globals_, repeated(small.users, users), repeated(small.items, items))


def changed(state: State, count: int) -> State:
    """Some users of a state, no item."""
    rows, users = np.sort(np.random.default_rng(0).permutation(len(state.users))[:count]), state.users
    ragged = {}
    for name, block in users.ragged.items():
        parts = [block.row(row) for row in rows]
        ragged[name] = Ragged(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))
    fixed = {name: block[rows] for name, block in users.fixed.items()}
    nothing = Rows(np.zeros(0, np.int64), [], {}, {})
    return State(state.settings, state.globals_, Rows(rows, [users.ids[row] for row in rows], fixed, ragged), nothing)


@contextmanager
def cost(client: Redis) -> Iterator[dict[str, float]]:
    """Seconds of the clock, of this process' CPU time and of the server's."""

    def now() -> tuple[float, float, float]:
        cpu = client.info("cpu")
        return time.perf_counter(), time.process_time(), cpu["used_cpu_user"] + cpu["used_cpu_sys"]

    found, before = dict[str, float](), now()
    yield found
    names = ("seconds", "cpu_seconds", "redis_cpu_seconds")
    found |= {name: end - begin for name, begin, end in zip(names, before, now(), strict=True)}


def write(url: str, users: int, items: int) -> dict[str, Any]:
    """A whole write, and checkpoints of some users after it."""
    state = large(users, items)
    parts = {"all": state} | {f"{count:,}": changed(state, count) for count in CHANGED if count <= users}
    found: dict[str, Any] = {}
    compile_row_kernels()
    before = peak_rss_bytes()
    with connect(url) as client, closing(ModelWriter(client, MODEL)) as writer:
        writer.acquire()
        for version, (name, part) in enumerate(parts.items(), 1):
            with cost(client) as found[name]:
                written = writer.write(Checkpoint(version=version, token=writer.token, offsets={}, state=part))
            found[name]["bytes"] = written.bytes
    return {"writes": found, "more_memory_bytes": peak_rss_bytes() - before}


def restore(url: str) -> dict[str, Any]:
    """Read the model back as a consumer does at its start."""
    _, catalogue = load("ml-100k", environ=os.environ)
    compile_row_kernels()
    process = psutil.Process()
    before = process.memory_info().rss
    with connect(url) as client, closing(ModelWriter(client, MODEL)) as writer:
        writer.acquire()
        with cost(client) as found:
            checkpoint = writer.open()
            assert checkpoint is not None
            model, choices = IteratedSVD.from_state(checkpoint.state, catalogue), Choices.from_state(checkpoint.state)
    assert model.n_items == len(choices.item_rows(model))
    del checkpoint
    return {**found, "model_bytes": process.memory_info().rss - before, "peak_bytes": peak_rss_bytes() - before}


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=162_000)
    parser.add_argument("--items", type=int, default=59_000)
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    add_out(parser, RESULTS / "checkpoints.json")
    options = parser.parse_args()
    if options.job:  # a process of its own
        url, *sizes = options.job
        print(json.dumps(write(url, *map(int, sizes)) if sizes else restore(url)))
        return
    found: dict[str, Any] = {"users": options.users, "items": options.items}
    with provide_redis() as url:
        for name, sizes in (("write", [str(options.users), str(options.items)]), ("restore", [])):
            job = subprocess.run([sys.executable, __file__, "--job", url, *sizes], capture_output=True, check=True)
            found[name] = json.loads(job.stdout)
            print(f"{name}: {found[name]}", flush=True)
    if options.out:
        table, catalogue = load("ml-100k", environ=os.environ)
        write_json(options.out, measured(table, catalogue, checkpoints=found))


if __name__ == "__main__":
    main()
