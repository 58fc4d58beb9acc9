"""Snapshots at the size of MovieLens 25M: how long they take, how long the server is held up, what memory they cost.

The rows are those of a learner of ml-100k, over and over under new ids, with its catalogue's width: 162,000 users and
59,000 items. Each job is a process of its own, so its peak memory is its own. Meanwhile another process asks the
server for one field every few milliseconds: its longest wait is what a lookup may have to wait.

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
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from measured import add_out, measured, write_json

from model_store import Checkpoint, ModelWriter, connect, read_snapshot
from model_store.files import SnapshotFile, export_snapshot
from streamsvd.cli.figures import peak_rss_bytes
from streamsvd.embedded import provide_redis
from streamsvd.kernels import Ragged, Rows, State
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import load

RESULTS = Path(__file__).parent / "results"
MODEL, COPY = "large", "copy"


def repeated(rows: Rows, n: int) -> Rows:
    """The same rows over and over, `n` in all."""
    pick = np.arange(n) % len(rows)
    ragged = {}
    for name, block in rows.ragged.items():
        offsets = np.concatenate([[0], np.cumsum(np.diff(block.offsets)[pick])]).astype(np.int64)
        ragged[name] = Ragged(np.resize(block.values, offsets[-1]), offsets)
    return Rows(np.arange(n), list(range(n)), {name: block[pick] for name, block in rows.fixed.items()}, ragged)


def write(url: str, users: int, items: int) -> dict[str, Any]:
    """A whole write, and a checkpoint of 5,000 users and 5,000 items after it."""
    table, catalogue = load("ml-100k", environ=os.environ)
    model = IteratedSVD(scale=table.dataset.scale, content=catalogue)
    model.learn(table.users, table.items, table.ratings, table.timestamps)
    small = model.state()
    state = State(small.settings, small.globals_, repeated(small.users, users), repeated(small.items, items))
    part = State(small.settings, small.globals_, repeated(small.users, 5000), repeated(small.items, 5000))
    before = peak_rss_bytes()
    with connect(url) as client, closing(ModelWriter(client, MODEL)) as writer:
        writer.acquire()
        began = time.perf_counter()
        first = Checkpoint(version=1, token=writer.token, offsets={}, state=state)
        written = writer.write(first, catalogue=catalogue.values())
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        writer.write(Checkpoint(version=2, token=writer.token, offsets={}, state=part))
        changed = time.perf_counter() - began
    more = peak_rss_bytes() - before
    return {"seconds": seconds, "bytes": written.bytes, "more_memory_bytes": more, "changed_rows_seconds": changed}


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
        jobs["import"] = lambda: import_(url, Path(rest[0]))
        print(json.dumps({**jobs[name](), "peak_rss_bytes": peak_rss_bytes()}))
        return
    found: dict[str, Any] = {"users": options.users, "items": options.items}
    with provide_redis() as url, tempfile.TemporaryDirectory() as folder, connect(url) as client:
        first, second = str(Path(folder) / "first"), str(Path(folder) / "second")
        found["write"] = watched(url, ["write", str(options.users), str(options.items)])
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
