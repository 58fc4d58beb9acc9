"""Threads for calls that wait for Redis, with a bounded queue.

The reader's calls are synchronous; in threads they leave the event loop free. The bound keeps a store that has stopped
answering from filling the memory with requests.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from starlette.exceptions import HTTPException

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A thread pool with a bounded queue.

    Parameters
    ----------
    threads : int
        Calls that run at once.
    waiting : int
        Calls that may wait for a thread.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lookup")
        self._most = threads + waiting
        self._taken = 0
        self._lock = threading.Lock()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it in a thread.

        A cancelled caller no longer waits; a call that has not started by then never starts.

        Raises
        ------
        HTTPException
            503, when the queue is full.
        """
        with self._lock:
            if self._taken >= self._most:
                raise HTTPException(503, "Too many requests wait for the store. Try again later.", {"Retry-After": "1"})
            self._taken += 1
        future = self._pool.submit(call, *args, **kwargs)
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Start no more calls; those that run are bounded by the time-outs of the store's client."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1
