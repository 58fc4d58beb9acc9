"""How long a run waits for servers that do not answer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Network:
    """The time that one run may spend waiting for first answers, over all sources and sets.

    Parameters
    ----------
    seconds : float
        A transfer that has begun does not count.
    clock : callable
        One that never goes back, in seconds.

    Attributes
    ----------
    left : float
        What remains of it.
    silent : set of str
        Labels of the sources that did not answer; they are not asked again.
    """

    def __init__(self, seconds: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.left = seconds
        self._clock = clock
        self.silent: set[str] = set()

    @contextmanager
    def waiting(self, share: float) -> Iterator[float]:
        """Yield how many seconds may be waited, a share of what is left, and deduct what was used."""
        began = self._clock()
        try:
            yield max(self.left * share, 0.01)
        finally:
            self.left = max(0.0, self.left - (self._clock() - began))


def within(seconds: float, call: Callable[[], T], discard: Callable[[T], object]) -> T:
    """Result of a call that may hang where no time-out reaches, such as in a look-up of a name.

    A result that comes too late is handed to `discard`.

    Raises
    ------
    TimeoutError
    """
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
    lock, abandoned = threading.Lock(), False

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            failure = error
        with lock:
            if not abandoned:
                results.put((result, failure))
            elif result is not None:
                discard(result)

    threading.Thread(target=run, daemon=True).start()
    try:
        result, failure = results.get(timeout=seconds)
    except queue.Empty:
        with lock:
            abandoned = True
        raise TimeoutError(f"no answer within {seconds:.1f} s") from None
    if failure is not None:
        raise failure
    return result  # type: ignore[return-value]  # a call without a failure has a result
