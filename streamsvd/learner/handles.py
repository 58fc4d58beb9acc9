"""A learner's arrays as kernels take them: by address, in one small array.

Numba unwraps every array that a call is given, and for the forty arrays of a learner that costs more than learning a
rating. Here their addresses and shapes are written down once, whenever an array is replaced, and a kernel makes its
own views of them; views made so are also free of reference counts. The owner of a handle keeps the arrays alive.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from streamsvd.learner.compiler import inlined
from streamsvd.learner.lists import Lists
from streamsvd.learner.memory import ITEM_ENTRY, SEEN_ENTRY, USER_ENTRY, Memory, Parameters
from streamsvd.learner.vectors import intrinsic
from streamsvd.learner.workspace import Workspace

carray = numba.carray  # type: ignore[attr-defined]

Handle = NDArray[np.int64]


def handle_of(memory: Memory, numbers: Numbers, space: Workspace) -> Handle:
    """Address, rows and columns of every array, in their order.

    Raises
    ------
    ValueError
        If an array is not contiguous.
    """
    entries = []
    for array in _arrays((memory, numbers, space)):
        if not array.flags.c_contiguous:
            raise ValueError("a kernel reads contiguous arrays only")
        rows, columns = (*array.shape, 1)[:2]
        entries.append((array.ctypes.data, rows, columns))
    return np.array(entries, np.int64).reshape(-1)


def _arrays(holder: Any) -> list[NDArray[Any]]:
    return [holder] if isinstance(holder, np.ndarray) else [array for part in holder for array in _arrays(part)]


class Numbers(NamedTuple):
    """`Parameters`, as arrays."""

    whole: NDArray[np.int64]
    fractional: NDArray[np.float64]
    calibration_start: NDArray[np.float64]
    ridge_item: NDArray[np.float64]
    first_item_cov: NDArray[np.float64]


def numbers_of(p: Parameters) -> Numbers:
    """The parameters, as arrays that a handle can hold."""
    return Numbers(
        np.array([p.rank, p.window, p.prior_from, p.prior_every]),
        np.array([p.gamma, p.noise, p.leak, p.low, p.high]),
        p.calibration_start,
        p.ridge_item,
        p.first_item_cov,
    )


@intrinsic
def _pointer(typing: Any, address: Any) -> Any:  # noqa: ARG001  the signature that Numba asks for
    """An address as a pointer."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], ir.IntType(8).as_pointer())

    return types.voidptr(address), generate


@inlined
def _floats(h, k):  # type: ignore[no-untyped-def]
    return carray(_pointer(h[3 * k]), (h[3 * k + 1],), np.float64)


@inlined
def _ints(h, k):  # type: ignore[no-untyped-def]
    return carray(_pointer(h[3 * k]), (h[3 * k + 1],), np.int64)


@inlined
def _float_rows(h, k):  # type: ignore[no-untyped-def]
    return carray(_pointer(h[3 * k]), (h[3 * k + 1], h[3 * k + 2]), np.float64)


@inlined
def _single_rows(h, k):  # type: ignore[no-untyped-def]
    return carray(_pointer(h[3 * k]), (h[3 * k + 1], h[3 * k + 2]), np.float32)


@inlined
def _int_rows(h, k):  # type: ignore[no-untyped-def]
    return carray(_pointer(h[3 * k]), (h[3 * k + 1], h[3 * k + 2]), np.int64)


@inlined
def memory_at(h):  # type: ignore[no-untyped-def]
    """The `Memory` at the start of a handle."""
    return Memory(
        _float_rows(h, 0),
        _float_rows(h, 1),
        _single_rows(h, 2),
        _single_rows(h, 3),
        _float_rows(h, 4),
        _float_rows(h, 5),
        _int_rows(h, 6),
        _int_rows(h, 7),
        _float_rows(h, 8),
        Lists(carray(_pointer(h[27]), (h[28],), USER_ENTRY), _int_rows(h, 10), _int_rows(h, 11)),
        Lists(carray(_pointer(h[36]), (h[37],), ITEM_ENTRY), _int_rows(h, 13), _int_rows(h, 14)),
        Lists(carray(_pointer(h[45]), (h[46],), SEEN_ENTRY), _int_rows(h, 16), _int_rows(h, 17)),
        _floats(h, 18),
        _floats(h, 19),
        _floats(h, 20),
        _floats(h, 21),
        _floats(h, 22),
        _floats(h, 23),
        _floats(h, 24),
        _ints(h, 25),
        _float_rows(h, 26),
        _floats(h, 27),
        _floats(h, 28),
        _floats(h, 29),
        _floats(h, 30),
        _ints(h, 31),
        _floats(h, 32),
        _floats(h, 33),
        _ints(h, 34),
    )


@inlined
def parameters_at(h):  # type: ignore[no-untyped-def]
    """The `Parameters` that follow in a handle."""
    whole, fractional = _ints(h, 35), _floats(h, 36)
    return Parameters(
        whole[0],
        fractional[0],
        whole[1],
        fractional[1],
        whole[2],
        whole[3],
        fractional[2],
        _floats(h, 37),
        _floats(h, 38),
        _floats(h, 39),
        fractional[3],
        fractional[4],
    )


@inlined
def workspace_at(h):  # type: ignore[no-untyped-def]
    """The `Workspace` at the end of a handle."""
    return Workspace(
        _floats(h, 40),
        _floats(h, 41),
        _floats(h, 42),
        _floats(h, 43),
        _floats(h, 44),
        _floats(h, 45),
        _floats(h, 46),
        _floats(h, 47),
        _floats(h, 48),
        _floats(h, 49),
        _floats(h, 50),
        _floats(h, 51),
        _floats(h, 52),
        _floats(h, 53),
        _floats(h, 54),
        _floats(h, 55),
    )


def columns_of(*columns: NDArray[Any]) -> Handle:
    """The columns of some events, as `events_at` finds them."""
    return np.array([(c.ctypes.data, *(*c.shape, 1)[:2]) for c in columns], np.int64).reshape(-1)


@inlined
def events_at(h):  # type: ignore[no-untyped-def]
    """Rows of users and items, ratings, timestamps, and predictions to be filled."""
    return _ints(h, 0), _ints(h, 1), _floats(h, 2), _ints(h, 3), _float_rows(h, 4)
