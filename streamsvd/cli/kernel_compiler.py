"""A process that compiles a share of the kernels into the cache, a line for each step that is done.

python -m streamsvd.cli.kernel_compiler SHARE

Numba holds the interpreter's lock while it compiles, so what is to go on meanwhile needs a process of its own. This one
ends with its starter, whose end of its standard input then closes.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import numpy as np

from evaluation import Monitor
from evaluation.metrics import Pages
from model_store import compile_row_kernels
from streamsvd.learner import LEARNING_STEPS, LOOKUP_STEPS, Predictions
from streamsvd.log import compile_record_kernels, compile_sending_kernels
from streamsvd.ratings import Catalogue, CatalogueItem, bulk

_NICENESS = 5  # of all but the first share: that gets a whole core


def _score() -> None:
    catalogue = Catalogue([CatalogueItem(item=0, title="", genres=("Drama",))])
    ones, none = np.ones(1), np.zeros(1, np.int64)
    Monitor(catalogue=catalogue).score([0], [3.0], [0], Predictions(ones, ones, ones, none, none))
    Pages().turn([0], [0])


SHARES: dict[str, tuple[Callable[[], object], ...]] = {
    "learning": LEARNING_STEPS,
    "others": (
        *LOOKUP_STEPS,
        _score,
        compile_row_kernels,
        compile_record_kernels,
        compile_sending_kernels,
        bulk.compile_kernels,
    ),
}
"""Steps by share. The first is one long chain, which takes longer than all the rest."""


def main(share: str) -> None:
    """Compile one of `SHARES`."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    if SHARES[share] is not LEARNING_STEPS:
        os.nice(_NICENESS)
    for step in SHARES[share]:
        step()
        print(flush=True)  # noqa: T201  a line is what the starter waits for


def _end_with_starter() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
