"""A learner's arrays as kernels take them: by address.

Numba unwraps every array that a call is given, and for the forty arrays of a learner that costs more than learning a
rating. A `Handle` writes their addresses and shapes down once, whenever an array is replaced; in a kernel,
`memory_at(address).x` reads them where they are used, which is also several times quicker to compile than a tuple of
forty arrays. The code that takes a handle's address must keep the handle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

from streamsvd.kernels import memory
from streamsvd.kernels.settings import Settings
from streamsvd.kernels.vectors import intrinsic
from streamsvd.kernels.workspace import workspace

_WORD = ir.IntType(64)


class Events(NamedTuple):
    """Some ratings, and room for what is predicted of them: see `kernels.learn`."""

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    ratings: NDArray[np.float64]
    timestamps: NDArray[np.int64]
    predictions: NDArray[np.float64]


class Handle:
    """The fields of some named tuples, written down as words: an array's address and shape, or a number.

    Parameters
    ----------
    *held : named tuples
        Kept as long as the handle lives.

    Attributes
    ----------
    address : int

    Raises
    ------
    ValueError
        If an array is not contiguous.
    """

    def __init__(self, *held: Any) -> None:
        self._held = held
        self._words = np.array([word for one in held for value in one for word in _words(value)], np.int64)
        self.address = _address(self._words)


def _address(array: NDArray[Any]) -> int:
    return array.ctypes.data


def _words(value: Any) -> Iterator[int]:
    if isinstance(value, tuple):
        for part in value:
            yield from _words(part)
    elif isinstance(value, np.ndarray):
        if not value.flags.c_contiguous:
            raise ValueError("a kernel reads contiguous arrays only")
        yield from (_address(value), *value.shape)
    else:
        yield value if isinstance(value, int) else int(np.float64(value).view(np.int64))


def _size(kind: Any) -> int:
    """Words that a value of this type takes."""
    if isinstance(kind, types.NamedTuple):
        return sum(_size(part) for part in kind.types)
    return 1 + kind.ndim if isinstance(kind, types.Array) else 1


class Held(types.Type):
    """A named tuple at an address: the type and the first word of each of its fields."""

    def __init__(self, example: Any, first: int) -> None:
        super().__init__(name=f"Held({type(example).__name__}, {first})")
        self.fields: dict[str, tuple[Any, int]] = {}
        for name, value in zip(example._fields, example, strict=True):
            kind = numba.typeof(value)
            self.fields[name] = kind, first
            first += _size(kind)
        self.end = first


@register_model(Held)
class _HeldModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Held) -> None:
        super().__init__(manager, kind, _WORD.as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = Held

    def generic_resolve(self, held: Any, name: str) -> Any:  # type: ignore[override]  # its own never returns
        return held.fields[name][0] if name in held.fields else None


@lower_getattr_generic(Held)
def _field(context: Any, builder: Any, held: Held, pointer: Any, name: str) -> Any:
    kind, first = held.fields[name]
    return _read(context, builder, kind, pointer, first)


def _read(context: Any, builder: Any, kind: Any, pointer: Any, first: int) -> Any:
    """A field's value; no kernel writes to a handle, so a word is read once however often it is asked for."""

    def word(k: int) -> Any:
        loaded = builder.load(builder.gep(pointer, [ir.Constant(_WORD, first + k)]))
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    if isinstance(kind, types.NamedTuple):
        parts = []
        for part in kind.types:
            parts.append(_read(context, builder, part, pointer, first))
            first += _size(part)
        return context.make_tuple(builder, kind, parts)
    if isinstance(kind, types.Array):
        return _view(context, builder, kind, word(0), [word(1 + k) for k in range(kind.ndim)])
    return word(0) if isinstance(kind, types.Integer) else builder.bitcast(word(0), context.get_value_type(kind))


def _view(context: Any, builder: Any, kind: Any, address: Any, shape: list[Any]) -> Any:
    """A C-contiguous array that owns nothing."""
    array = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(
        array,
        data=builder.inttoptr(address, context.get_data_type(kind.dtype).as_pointer()),
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


def _at(held: Held) -> Any:
    """A function that turns an address into this."""

    @intrinsic
    def at(_typing: Any, address: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], _WORD.as_pointer())

        return held(address), generate

    return at


_ARRAYS = memory.initial(Settings(), 0)
_MEMORY = Held(_ARRAYS, 0)
_PARAMETERS = Held(memory.parameters(Settings(), 1.0, 5.0), _MEMORY.end)

# In a kernel: what a handle of (memory, parameters, workspace) leads to, and one of events.
memory_at = _at(_MEMORY)
parameters_at = _at(_PARAMETERS)
workspace_at = _at(Held(workspace(_ARRAYS), _PARAMETERS.end))
events_at = _at(Held(Events(*(np.zeros(0, np.int64),) * 2, np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 5))), 0))
