"""A handle: every array's address and shape, in the order in which kernels look for them."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from streamsvd.kernels.handles import Handle, memory_at, parameters_at, workspace_at
from streamsvd.learner import IteratedSVD, Settings

PLACES = {"memory_at": memory_at, "parameters_at": parameters_at, "workspace_at": workspace_at}


def whole(place: str, fields: tuple[str, ...]) -> Any:
    """A kernel that returns all fields of what is at a place."""
    found: dict[str, Any] = dict(PLACES)
    values = ", ".join(f"h.{field}" for field in fields)
    exec(f"def kernel(handle):\n    h = {place}(handle)\n    return ({values},)", found)  # noqa: S102  names of this project
    found["kernel"].__module__ = __name__
    return found["kernel"]


def flat(found: Any) -> list[Any]:
    return [found] if not isinstance(found, tuple) else [one for part in found for one in flat(part)]


@pytest.mark.parametrize("place", PLACES)
def test_a_kernel_finds_every_array_and_number_where_it_is(place: str) -> None:
    model = IteratedSVD(Settings(rank=3, window=7, gamma=0.7))
    rng = np.random.default_rng(0)
    model.learn(rng.integers(0, 9, 200), rng.integers(0, 30, 200), rng.integers(1, 6, 200))
    held = dict(zip(PLACES, (model._memory, model._parameters, model._space), strict=True))[place]

    kernel = numba.njit(whole(place, held._fields))
    for got, expected in zip(flat(kernel(model._handle.address)), flat(tuple(held)), strict=True):
        if isinstance(expected, np.ndarray):
            assert (got.ctypes.data, got.shape, got.dtype) == (expected.ctypes.data, expected.shape, expected.dtype)
        else:
            assert got == expected


def test_an_array_with_gaps_is_refused() -> None:
    model = IteratedSVD()
    gaps = model._memory._replace(g=np.zeros(8)[::2])
    with pytest.raises(ValueError, match="contiguous"):
        Handle(gaps)
