"""A process that compiles a share of the kernels into the cache, a line for each step that is done.

python -m streamsvd.cli.kernel_compiler SHARE

Numba holds the interpreter's lock while it compiles, so what is to go on meanwhile needs a process of its own. This one
ends with its starter, whose end of its standard input then closes.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module

SHARES = ("learning_kernels", "other_kernels")
"""Modules with steps. The first is one long chain, which takes longer than all the rest."""
_NICENESS = 5  # of all but the first: that gets a whole core


def main(share: str) -> None:
    """Compile one of `SHARES`."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    if share != SHARES[0]:
        os.nice(_NICENESS)
    for step in import_module(f"streamsvd.cli.{share}").STEPS:
        step()
        print(flush=True)  # noqa: T201  a line is what the starter waits for


def _end_with_starter() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
