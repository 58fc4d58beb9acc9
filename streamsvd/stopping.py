"""Stopping on request: SIGINT and SIGTERM request it, and a waiting thread wakes."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether a stop was requested, and a wait that ends at once when it is."""

    def __init__(self) -> None:
        self._asked = False
        self._reader, self._writer = os.pipe()

    def __bool__(self) -> bool:
        return self._asked

    def ask(self) -> None:
        """Ask to stop; safe in a signal handler, where taking a lock is not."""
        if not self._asked:
            self._asked = True
            os.write(self._writer, b".")

    def wait(self, seconds: float) -> None:
        """Wait that long, or until a stop is requested."""
        select.select([self._reader], [], [], max(seconds, 0.0))

    def fileno(self) -> int:
        """What becomes readable when a stop is requested, for an event loop."""
        return self._reader

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM inside the block into a request; a second SIGINT interrupts as usual."""
    request = StopRequest()

    def ask(number: int, _frame: FrameType | None) -> None:
        if request and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.ask()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        request.close()
