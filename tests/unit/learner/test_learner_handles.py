"""A handle: every array's address and shape, in the order in which kernels look for them."""

from __future__ import annotations

import numpy as np
import pytest

from streamsvd.learner import IteratedSVD, Settings
from streamsvd.learner.compiler import compiled
from streamsvd.learner.handles import handle_of, memory_at, numbers_of, parameters_at, workspace_at


@compiled
def whole(handle):  # type: ignore[no-untyped-def]
    """What a kernel finds."""
    return memory_at(handle), parameters_at(handle), workspace_at(handle)


def flat(found: object) -> list[object]:
    return [found] if not isinstance(found, tuple) else [one for part in found for one in flat(part)]


def test_a_kernel_finds_every_array_and_number_where_it_is() -> None:
    model = IteratedSVD(Settings(rank=3, window=7, gamma=0.7))
    rng = np.random.default_rng(0)
    model.learn(rng.integers(0, 9, 200), rng.integers(0, 30, 200), rng.integers(1, 6, 200))
    found = whole(model._handle)
    for got, held in zip(flat(tuple(found)), flat((model._memory, model._parameters, model._space)), strict=True):
        assert type(got) is type(held) or not isinstance(held, np.ndarray)
        if isinstance(held, np.ndarray):
            assert (got.ctypes.data, got.shape, got.dtype) == (held.ctypes.data, held.shape, held.dtype)
        else:
            assert got == held


def test_an_array_with_gaps_is_refused() -> None:
    model = IteratedSVD()
    gaps = model._memory._replace(g=np.zeros(8)[::2])
    with pytest.raises(ValueError, match="contiguous"):
        handle_of(gaps, numbers_of(model._parameters), model._space)
