"""A process that compiles a share of the kernels into the cache, and says each: `python -m streamsvd.app.compiling 0`.

Numba holds the interpreter's lock while it compiles, so what is to go on meanwhile needs a process of its own. This one
ends with its starter, whose end of its standard input then closes.
"""

from __future__ import annotations

import os
import sys
import threading

NICENESS = 5  # of all shares but the first, which takes longest: it gets a whole core


def main(share: int) -> None:
    """Compile one share; a line for each step that is done."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    if share > 0:
        os.nice(NICENESS)
    from streamsvd.app.kernels import SHARES

    for step in SHARES[share]:
        step()
        print(flush=True)  # noqa: T201


def _end_with_starter() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
