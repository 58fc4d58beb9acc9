"""An HTTP client with a steady rate and an open loop: a request goes out when it is due, whether or not the one before
is answered, and its latency counts from when it was due. A client that waits for answers would ask less often exactly
when the service is slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import uvloop
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Measured:
    """Latencies in seconds, by request, and how many were not answered with 200."""

    latencies: NDArray[np.float64]
    errors: int
    seconds: float

    def figures(self) -> dict[str, float]:
        """What the tables show."""
        p50, p99 = (float(1000 * np.quantile(self.latencies, q)) for q in (0.5, 0.99))
        return {
            "p50_milliseconds": p50,
            "p99_milliseconds": p99,
            "longest_milliseconds": float(1000 * self.latencies.max()),
            "requests": len(self.latencies),
            "requests_per_second": len(self.latencies) / self.seconds,
            "errors": self.errors,
        }


def ask(host: str, port: int, paths: Sequence[str], rate: float, connections: int = 64) -> Measured:
    """GET each of the paths, `rate` a second."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the client should not be what takes the time
        return runner.run(_ask(host, port, paths, rate, connections))


async def _ask(host: str, port: int, paths: Sequence[str], rate: float, connections: int) -> Measured:
    idle: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()
    for _ in range(connections):
        idle.put_nowait(await asyncio.open_connection(host, port))
    latencies, errors = np.zeros(len(paths)), 0

    async def one(number: int, path: str, due: float) -> None:
        nonlocal errors
        reader, writer = await idle.get()
        if reader.at_eof():  # the service closes connections that have been idle for long
            writer.close()
            reader, writer = await asyncio.open_connection(host, port)
        sent = time.perf_counter()  # a timer of this loop may ring a little early
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        latencies[number] = time.perf_counter() - min(due, sent)
        errors += not head.startswith(b"HTTP/1.1 200")
        idle.put_nowait((reader, writer))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, path in enumerate(paths):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(number, path, due))
    seconds = time.perf_counter() - began
    while not idle.empty():
        idle.get_nowait()[1].close()
    return Measured(latencies, errors, seconds)
