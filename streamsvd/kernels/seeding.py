"""Factors before the first rating: normal deviates from a hash of seed and id, not from arrival order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.settings import Settings
from streamsvd.kernels.state import Id

_STEP = np.uint64(0x9E3779B97F4A7C15)  # of SplitMix64 (Steele, Lea & Flood 2014)


def first_factors(settings: Settings, seed: int, items: Sequence[Id], width: int) -> NDArray[np.float64]:
    """Rows of items without ratings, shape (n, width): no bias, and factors that seed and id decide."""
    y = np.zeros((len(items), width))
    y[:, 1 : 1 + settings.rank] = settings.factor_scale * normals(seed, items, settings.rank)
    return y


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
        By the transform of Box & Muller (1958).

    Examples
    --------
    >>> bool((normals(0, [1, 2], 3)[1] == normals(0, [2], 3)[0]).all())
    True
    """
    rows = np.empty((len(ids), width))
    _draw(_keys(seed, ids), rows)
    return rows


def _keys(seed: int, ids: Sequence[Id]) -> NDArray[np.uint64]:
    """64 bits for each id: an integer's own where it has no more, mixed with the seed's; else a digest."""
    try:
        if set(map(type, ids)) == {int}:
            return np.array(ids, np.int64).view(np.uint64) ^ _seed_key(seed)
    except OverflowError:
        pass
    return np.array([_key(seed, name) for name in ids], np.uint64)


def _key(seed: int, name: Id) -> np.uint64:
    if isinstance(name, int) and -(2**63) <= name < 2**63:
        return np.uint64(name % 2**64) ^ _seed_key(seed)
    return _digest(seed, f"{'i' if isinstance(name, int) else 's'}{name}")


@lru_cache(maxsize=64)
def _seed_key(seed: int) -> np.uint64:
    return _digest(seed, "")


def _digest(seed: int, text: str) -> np.uint64:
    data = f"{seed}:{text}".encode("utf-8", "surrogatepass")  # any str is an id, even one that is no Unicode text
    return np.uint64(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"))


@inlined
def _mixed(value):  # type: ignore[no-untyped-def]
    """The finaliser of SplitMix64."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def _draw(keys, rows):  # type: ignore[no-untyped-def]
    for k in range(len(keys)):
        state = _mixed(keys[k])
        for a in range(rows.shape[1]):
            first, second = state + _STEP, state + _STEP + _STEP
            state = second
            radius = np.sqrt(-2.0 * np.log1p(-np.float64(_mixed(first) >> np.uint64(11)) * 2.0**-53))
            rows[k, a] = radius * np.cos(2.0 * np.pi * np.float64(_mixed(second) >> np.uint64(11)) * 2.0**-53)
