"""Parts of kernels, which only kernels can call, for tests of one part."""

from __future__ import annotations

from typing import Any

import numba


def from_python(part: Any) -> Any:
    """A function that Python can call and that does nothing but call `part`."""

    @numba.njit(error_model="numpy")
    def call(*arguments):  # type: ignore[no-untyped-def]
        return part(*arguments)

    return call
