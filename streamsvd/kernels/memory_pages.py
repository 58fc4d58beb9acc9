"""Large arrays in pages that come straight from the system: unwritten ones take no memory, freed ones go back.

The C library keeps what it is given back for later, and fills with zeros what it hands out again: for arrays that grow
by moving, that is as much memory again as they hold.
"""

from __future__ import annotations

import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGE = 1 << 20  # bytes


def zeros(shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An array of zeros.

    >>> zeros((2, 3), np.float32).sum()
    np.float32(0.0)
    """
    kind, n = np.dtype(dtype), math.prod(shape) if isinstance(shape, tuple) else shape
    if n * kind.itemsize < _LARGE or not hasattr(mmap, "MAP_PRIVATE"):
        return np.zeros(shape, kind)
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # a forked process gets its own
    return np.frombuffer(mmap.mmap(-1, n * kind.itemsize, flags=private), kind).reshape(shape)


def grown(array: NDArray[Any], rows: int, used: int | None = None) -> NDArray[Any]:
    """The same array with that many rows; those beyond the first `used` are zero, by default those that are new.

    >>> grown(np.ones((2, 1)), 3).tolist()
    [[1.0], [1.0], [0.0]]
    """
    kept = len(array) if used is None else used
    larger = zeros((rows, *array.shape[1:]), array.dtype)
    larger[:kept] = array[:kept]
    return larger


def widened(array: NDArray[Any], size: int) -> NDArray[Any]:
    """An array with room for `size` elements on its last axis; growing by half makes it cheap in the long run."""
    held = array.shape[-1]
    if held >= size:
        return array
    more = np.zeros((*array.shape[:-1], max(size, held * 3 // 2)), array.dtype)
    more[..., :held] = array
    return more
