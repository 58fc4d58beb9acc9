"""Several things done at once, in threads; all of them end when one fails or a stop is requested."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

_LOOK_SECONDS = 0.1

Check = Callable[[], None]
"""To be called now and then; it raises when the others have no use for this one any more."""


class _Cancelled(Exception):
    """Ends a part that is to end early; this is not an error."""


def run_parallel(parts: Sequence[Callable[[Check], None]], stop: Callable[[], bool]) -> bool:
    """Run all parts, each in a thread, and wait until every one has ended.

    Parameters
    ----------
    parts : sequence of callable
        Each is given a `Check` to call.
    stop : callable
        Whether a stop was requested.

    Returns
    -------
    bool
        Whether all have done what they had to do; False when asked to stop.

    Raises
    ------
    BaseException
        What a part has raised first, after the others have ended.

    Examples
    --------
    >>> done = []
    >>> run_parallel([lambda check: done.append("one"), lambda check: done.append("other")], lambda: False)
    True
    >>> sorted(done)
    ['one', 'other']
    """
    errors: list[BaseException] = []
    ending = threading.Event()

    def check() -> None:
        if ending.is_set():
            raise _Cancelled

    def run(part: Callable[[Check], None]) -> None:
        try:
            check()
            part(check)
        except _Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again by who waits
            errors.append(error)
            ending.set()

    threads = [threading.Thread(target=run, args=(part,)) for part in parts]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK_SECONDS)  # signals are handled in between
                if stop():
                    ending.set()
    finally:
        ending.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
    if errors:
        raise errors[0]
    return not stop()
