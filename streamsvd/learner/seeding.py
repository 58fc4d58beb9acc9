"""Factors before the first rating: normal deviates from a hash of seed and id, not from arrival order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.state import Id


def normals(seed: int, ids: Sequence[Id], width: int) -> NDArray[np.float64]:
    """Standard normal deviates, a row per id that depends on `seed` and that id only.

    Parameters
    ----------
    seed : int
    ids : sequence of int or str, length n
    width : int

    Returns
    -------
    float64 array, shape (n, width)

    Examples
    --------
    >>> bool((normals(0, [1, 2], 3)[1] == normals(0, [2], 3)[0]).all())
    True
    """
    keys = np.array([_hash(seed, name) for name in ids], np.uint64)
    streams = keys[:, None] + np.arange(1, 2 * width + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    uniform = (_mix(streams) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    radius = np.sqrt(-2.0 * np.log1p(-uniform[:, :width]))  # Box & Muller 1958
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform[:, width:]))


def _hash(seed: int, name: Id) -> int:
    kind = b"i" if isinstance(name, int) else b"s"
    text = str(name).encode("utf-8", "surrogatepass")  # any str is an id, even one that is no Unicode text
    digest = hashlib.blake2b(b"%d:%c:%s" % (seed, kind, text), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
