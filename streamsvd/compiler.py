"""`compiled`: how kernels are compiled and where the result is kept.

Numba's own cache looks at the file of the function only and would keep a kernel whose helper in another file has
changed. Here the cache folder's name is a digest of the rooms that share kernels, so it can't be stale; where no folder
can be written, kernels are compiled in every process. No `fastmath`: same input, same bits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numba
import platformdirs

_ROOMS = ("kernels", "lookup", "learner")  # a kernel of any other room uses only helpers of its own file


def _sources_digest() -> str:
    digest = hashlib.sha256()
    here = Path(__file__)
    for path in (here, *(path for room in _ROOMS for path in sorted((here.parent / room).rglob("*.py")))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


_FOLDER = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("streamsvd")
CACHE = Path(_FOLDER) / "kernels" / _sources_digest()
"""The folder of compiled kernels."""


_njit: Any = partial(numba.njit, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function with Numba at its first call, or load it from the cache."""
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined]
    try:
        return _quickly(_njit(cache=True)(function))
    except RuntimeError:  # Numba found no folder that it may write
        return _quickly(_njit()(function))
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


def inlined(function: Callable[..., Any]) -> Any:
    """The same for a function that becomes a part of each of its callers: a call would copy its arrays' shapes.

    Only kernels can call it. A way in for Python, and a place in the cache, took an eighth of the time to compile all.
    """
    dispatcher = _njit(forceinline=True, no_cpython_wrapper=True)(function)

    def refuse(*_: object, **__: object) -> NoReturn:
        raise TypeError(f"{function.__name__} is a part of kernels: only what is `compiled` can call it")

    dispatcher._insert = lambda *_: None  # what Python's call looks for there would be an address of nothing
    dispatcher._compile_for_args = refuse
    return _quickly(dispatcher)


def _quickly(dispatcher: Any) -> Any:
    """Let LLVM optimise less: the loops that matter are vector instructions already, and it takes a sixth less time."""
    compile_ = dispatcher.compile

    def compile_quickly(signature: Any) -> Any:
        before = numba.config.OPT  # type: ignore[attr-defined]
        numba.config.OPT = 1  # type: ignore[attr-defined]
        try:
            return compile_(signature)
        finally:
            numba.config.OPT = before  # type: ignore[attr-defined]

    dispatcher.compile = compile_quickly
    return dispatcher
