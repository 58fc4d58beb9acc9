"""Snapshots at the size of MovieLens 25M: how long they take, what they cost, how long the server is held up.

The rows are those of a learner of ml-100k, over and over under new ids, with its catalogue's width: 162,000 users and
59,000 items. They are written whole, then 1,000, 10,000 and 100,000 of the users again, as a consumer's checkpoints do,
read back as it does at its start, exported and imported. Each job is a process of its own, so its peak memory is its
own. Meanwhile the starter asks the server for one field every few milliseconds: its longest wait is what a lookup may
have to wait.

    python benchmarks/snapshots.py [--users 162000] [--items 59000] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from measured import add_out, measured, write_json
from redis import Redis

from model_store import Checkpoint, ModelWriter, compile_row_kernels, connect, read_snapshot
from model_store.files import SnapshotFile, export_snapshot
from streamsvd.cli.figures import peak_rss_bytes
from streamsvd.embedded import provide_redis
from streamsvd.kernels import Ragged, Rows, State
from streamsvd.learner import Choices, IteratedSVD
from streamsvd.ratings import Catalogue, load

RESULTS = Path(__file__).parent / "results"
MODEL, COPY = "large", "copy"
CHANGED = (1_000, 10_000, 100_000)  # users


def repeated(rows: Rows, n: int) -> Rows:
    """The same rows over and over, `n` in all."""
    pick = np.arange(n) % len(rows)
    ragged = {}
    for name, block in rows.ragged.items():
        offsets = np.concatenate([[0], np.cumsum(np.diff(block.offsets)[pick])]).astype(np.int64)
        ragged[name] = Ragged(np.resize(block.values, offsets[-1]), offsets)
    return Rows(np.arange(n), list(range(n)), {name: block[pick] for name, block in rows.fixed.items()}, ragged)


def large(users: int, items: int) -> tuple[State, Catalogue]:
    """The state of a large model, and its catalogue."""
    table, catalogue = load("ml-100k", environ=os.environ)
    model, choices = IteratedSVD(scale=table.dataset.scale, content=catalogue), Choices()
    for first in range(0, len(table), 5000):
        part = table[first : first + 5000]
        model.learn(part.users, part.items, part.ratings, part.timestamps)
        choices.learn(model, part.users, part.items)
    small = choices.state(model)
    state = State(small.settings, small.globals_, repeated(small.users, users), repeated(small.items, items))
    return state, catalogue


@contextmanager
def cost(client: Redis) -> Iterator[dict[str, float]]:
    """Seconds of the clock, of this process' CPU and of the server's."""

    def now() -> tuple[float, float, float]:
        cpu = client.info("cpu")
        return time.perf_counter(), time.process_time(), cpu["used_cpu_user"] + cpu["used_cpu_sys"]

    found, before = {}, now()
    yield found
    names = ("seconds", "cpu_seconds", "redis_cpu_seconds")
    found |= {name: end - begin for name, begin, end in zip(names, before, now(), strict=True)}


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


def write(url: str, users: int, items: int) -> dict[str, Any]:
    """A whole write, and checkpoints of some users after it."""
    state, catalogue = large(users, items)
    parts = {count: changed(state, count) for count in CHANGED if count <= users}
    compile_row_kernels()
    before = peak_rss_bytes()
    with connect(url) as client, closing(ModelWriter(client, MODEL)) as writer:
        writer.acquire()
        with cost(client) as whole:
            first = Checkpoint(version=1, token=writer.token, offsets={}, state=state)
            written = writer.write(first, catalogue=catalogue.values())
        more = peak_rss_bytes() - before
        changes = {}
        for version, (count, part) in enumerate(parts.items(), 2):
            with cost(client) as changes[str(count)]:
                writer.write(Checkpoint(version=version, token=writer.token, offsets={}, state=part))
    return {**whole, "bytes": written.bytes, "more_memory_bytes": more, "changed_users": changes}


def restore(url: str) -> dict[str, Any]:
    """Read the model back as a consumer does at its start."""
    _, catalogue = load("ml-100k", environ=os.environ)
    compile_row_kernels()
    before = rss_bytes()
    with connect(url) as client, closing(ModelWriter(client, MODEL)) as writer:
        writer.acquire()
        with cost(client) as found:
            checkpoint = writer.open()
            assert checkpoint is not None
            read = time.perf_counter()
            model, choices = IteratedSVD.from_state(checkpoint.state, catalogue), Choices.from_state(checkpoint.state)
            restored = time.perf_counter() - read
    del checkpoint
    size, peak = rss_bytes() - before, peak_rss_bytes() - before
    assert model.n_items == len(choices.item_rows(model))
    return {**found, "restore_seconds": restored, "model_bytes": size, "more_memory_bytes": peak}


def rss_bytes() -> int:
    """Memory that this process holds now, in bytes; on Linux."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def export(url: str, model: str, file: Path) -> dict[str, Any]:
    """Read the newest version, and write it to a file."""
    with connect(url) as client:
        began = time.perf_counter()
        found = read_snapshot(client, model)
        read = time.perf_counter() - began
    size = export_snapshot(found, file)
    return {"seconds": time.perf_counter() - began, "read_seconds": read, "file_bytes": size}


def import_(url: str, file: Path) -> dict[str, Any]:
    """Check the file, and make it another model."""
    with connect(url) as client, closing(ModelWriter(client, COPY)) as writer:
        began = time.perf_counter()
        found = SnapshotFile(file)
        checked = time.perf_counter() - began
        writer.acquire()
        writer.replace(found)
    return {"seconds": time.perf_counter() - began, "check_seconds": checked}


def watched(url: str, job: list[str]) -> dict[str, Any]:
    """Run a job in a process of its own, and ask the server for one field all the while."""
    waits, stop = [0.0], threading.Event()

    def ask() -> None:
        with connect(url) as client:
            while not stop.wait(0.002):
                began = time.perf_counter()
                client.hget(f"streamsvd:{{{MODEL}}}:users:block:factors", "7")
                waits.append(time.perf_counter() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        found = subprocess.run([sys.executable, __file__, "--job", url, *job], capture_output=True, check=True)
    finally:
        stop.set()
        asking.join()
    return {**json.loads(found.stdout), "longest_wait_seconds": max(waits)}


def main() -> None:
    """Measure and print; write the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=162_000)
    parser.add_argument("--items", type=int, default=59_000)
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    add_out(parser, RESULTS / "snapshots.json")
    options = parser.parse_args()
    if options.job:  # a process of its own
        url, name, *rest = options.job
        jobs = {"write": lambda: write(url, *map(int, rest)), "export": lambda: export(url, rest[0], Path(rest[1]))}
        jobs |= {"import": lambda: import_(url, Path(rest[0])), "restore": lambda: restore(url)}
        print(json.dumps({**jobs[name](), "peak_rss_bytes": peak_rss_bytes()}))
        return
    found: dict[str, Any] = {"users": options.users, "items": options.items}
    with provide_redis() as url, tempfile.TemporaryDirectory() as folder, connect(url) as client:
        first, second = str(Path(folder) / "first"), str(Path(folder) / "second")
        found["write"] = watched(url, ["write", str(options.users), str(options.items)])
        found["restore"] = watched(url, ["restore"])
        found["redis_bytes"] = client.info("memory")["used_memory"]
        found["export"] = watched(url, ["export", MODEL, first])
        found["import"] = watched(url, ["import", first])
        watched(url, ["export", COPY, second])
        found["same_bytes"] = subprocess.run(["cmp", "--silent", first, second], check=False).returncode == 0
    for name, part in found.items():
        print(f"{name}: {part}")
    if options.out:
        table, catalogue = load("ml-100k", environ=os.environ)
        write_json(options.out, measured(table, catalogue, snapshots=found))


if __name__ == "__main__":
    main()
