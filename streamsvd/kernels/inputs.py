"""What callers hand over, made plain: ids as ints and strings, columns as contiguous arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.errors import InputError
from streamsvd.kernels.state import Id
from streamsvd.ratings import CodedIds


def as_ids(ids: Sequence[Id] | NDArray[Any]) -> list[Id]:
    """Plain ints and strings: what equals them in Python but is neither (True, 1.0) would be seeded as another id."""
    names: list[Id] = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    if set(map(type, names)) <= {int, str}:
        return names
    return [as_id(name) for name in names]


def plain_ids(ids: Sequence[Id] | NDArray[Any]) -> NDArray[np.int64] | CodedIds | list[Id]:
    """Ids as a column of integers, or of coded texts, where they come as one; else as `as_ids` makes them."""
    if isinstance(ids, CodedIds):
        return ids
    if isinstance(ids, np.ndarray) and ids.ndim == 1 and ids.dtype.kind == "i":
        return np.ascontiguousarray(ids, np.int64)
    return as_ids(ids)


def as_id(name: Any) -> Id:
    """An id as an int or a str, NumPy's too; `InputError` for anything else."""
    if isinstance(name, str):
        return str(name)
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        return int(name)
    raise InputError(f"an id is an int or a str, found {name!r} of type {type(name).__name__}")


def as_column(what: str, values: ArrayLike, dtype: type[np.float64 | np.int64]) -> NDArray[Any]:
    """Numbers as a column of this type; `InputError`, with `what`, where that would change one."""
    try:
        column = np.asarray(values)
        if column.dtype == dtype and column.ndim == 1:
            return np.ascontiguousarray(column)
        if not (column.dtype.kind in "iuf" or column.size == 0) or column.ndim != 1:
            raise ValueError(f"found an array of {column.dtype} with {column.ndim} dimensions")
        if dtype is np.int64 and not ((abs(column) < 2.0**63) & (column == np.floor(column))).all():
            raise ValueError("found a fraction, NaN or more than 64 bits hold")
        return np.ascontiguousarray(column, dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be one number each: {error}") from None
