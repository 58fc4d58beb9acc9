"""Four numbers at a time: the two inner loops of all the learner's algebra, as explicit vector instructions.

The compiler's own vectoriser wants loops of 32 elements and more; rows here have 12 to 40. Both operations run over
whole groups of four, so arrays are padded with zeros to a multiple of four. Any processor can run them, and the order
of every sum is fixed: the same input gives the same bits.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

LANES = 4
intrinsic: Any = extending.intrinsic  # untyped: what it returns is called with one argument less
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)


def padded(n: int) -> int:
    """The next multiple of four.

    >>> padded(9)
    12
    """
    return -(-n // LANES) * LANES


def _element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> tuple[Any, int]:
    """Pointer to an element, and the element's size in bytes."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index]), array_type.dtype.bitwidth // 8


def _load(builder: Any, pointer: Any, size: int, offset: Any) -> Any:
    lane = ir.FloatType() if size == 4 else ir.DoubleType()
    place = builder.bitcast(builder.gep(pointer, [offset]), ir.VectorType(lane, LANES).as_pointer())
    values = builder.load(place, align=size)
    return builder.fpext(values, _DOUBLES) if size == 4 else values


def _store(builder: Any, values: Any, pointer: Any, size: int, offset: Any) -> None:
    lane = ir.FloatType() if size == 4 else ir.DoubleType()
    kind = ir.VectorType(lane, LANES)
    place = builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer())
    builder.store(builder.fptrunc(values, kind) if size == 4 else values, place, align=size)


def _lane(number: int) -> Any:
    return ir.Constant(ir.IntType(32), number)


def _spread(builder: Any, value: Any) -> Any:
    """The same number in all lanes."""
    one = builder.insert_element(ir.Constant(_DOUBLES, ir.Undefined), value, _lane(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, one, mask)


@intrinsic
def add_scaled(typing: Any, target: Any, start: Any, weight: Any, source: Any, n: Any) -> Any:  # noqa: ARG001
    """target[start : start + n] += weight · source[:n], for n a multiple of four; sums are made in float64."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        to, to_size = _element(context, builder, signature.args[0], values[0], values[1])
        zero = ir.Constant(values[1].type, 0)
        of, of_size = _element(context, builder, signature.args[3], values[3], zero)
        weights = _spread(builder, values[2])
        step = ir.Constant(values[4].type, LANES)
        with cgutils.for_range_slice(builder, zero, values[4], step, inc=True) as (k, _):
            product = builder.fmul(weights, _load(builder, of, of_size, k))
            _store(builder, builder.fadd(_load(builder, to, to_size, k), product), to, to_size, k)
        return context.get_dummy_value()

    signature = types.void(target, types.intp, types.float64, source, types.intp)
    return signature, generate


@intrinsic
def inner(typing: Any, left: Any, start: Any, right: Any, n: Any) -> Any:  # noqa: ARG001
    """Σ left[start + k] · right[k] for k < n, n a multiple of four: four partial sums, then these in order."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        of, of_size = _element(context, builder, signature.args[0], values[0], values[1])
        zero = ir.Constant(values[1].type, 0)
        by, by_size = _element(context, builder, signature.args[2], values[2], zero)
        total = cgutils.alloca_once_value(builder, ir.Constant(_DOUBLES, [0.0] * LANES))
        builder.store(ir.Constant(_DOUBLES, [0.0] * LANES), total)
        step = ir.Constant(values[3].type, LANES)
        with cgutils.for_range_slice(builder, zero, values[3], step, inc=True) as (k, _):
            product = builder.fmul(_load(builder, of, of_size, k), _load(builder, by, by_size, k))
            builder.store(builder.fadd(builder.load(total), product), total)
        lanes = builder.load(total)
        parts = [builder.extract_element(lanes, _lane(k)) for k in range(LANES)]
        return builder.fadd(builder.fadd(parts[0], parts[1]), builder.fadd(parts[2], parts[3]))

    return types.float64(left, types.intp, right, types.intp), generate


@intrinsic
def four_rows(typing: Any, packed: Any, start: Any, before: Any, vector: Any, out: Any) -> Any:  # noqa: ARG001
    """Four rows of a packed matrix, which start at `start`, times a vector, both ways.

    With n = `before` + 4 elements each, of which the last four are the diagonal block, and v the last four of
    vector[:n]: out[:before] += Σ v_r row_r[:before], and out[before:n] = row_r · vector[:n].
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[1].type, 0)
        rows, row_size = _element(context, builder, signature.args[0], values[0], values[1])
        by, by_size = _element(context, builder, signature.args[3], values[3], zero)
        to, to_size = _element(context, builder, signature.args[4], values[4], zero)
        step = ir.Constant(values[1].type, LANES)
        before = values[2]
        length = builder.add(before, step)
        starts = [zero, length]
        for _ in range(2):
            starts.append(builder.add(starts[-1], length))
        own = _load(builder, by, by_size, before)
        weights = [_spread(builder, builder.extract_element(own, _lane(k))) for k in range(LANES)]
        sums = [cgutils.alloca_once_value(builder, ir.Constant(_DOUBLES, [0.0] * LANES)) for _ in range(LANES)]
        for total in sums:
            builder.store(ir.Constant(_DOUBLES, [0.0] * LANES), total)
        with cgutils.for_range_slice(builder, zero, before, step, inc=True) as (k, _):
            across, column = _load(builder, by, by_size, k), _load(builder, to, to_size, k)
            for first, weight, total in zip(starts, weights, sums, strict=True):
                row = _load(builder, rows, row_size, builder.add(first, k))
                column = builder.fadd(column, builder.fmul(weight, row))
                builder.store(builder.fadd(builder.load(total), builder.fmul(row, across)), total)
            _store(builder, column, to, to_size, k)
        diagonal = []
        for first, total in zip(starts, sums, strict=True):
            row = _load(builder, rows, row_size, builder.add(first, before))
            diagonal.append(builder.fadd(builder.load(total), builder.fmul(row, own)))
        found = ir.Constant(_DOUBLES, [0.0] * LANES)
        for lane in range(LANES):
            parts = [builder.extract_element(diagonal[lane], _lane(k)) for k in range(LANES)]
            whole = builder.fadd(builder.fadd(parts[0], parts[1]), builder.fadd(parts[2], parts[3]))
            found = builder.insert_element(found, whole, _lane(lane))
        _store(builder, found, to, to_size, before)
        return context.get_dummy_value()

    return types.void(packed, types.intp, types.intp, vector, out), generate


@intrinsic
def add_to_four_rows(typing: Any, packed: Any, start: Any, before: Any, vector: Any, weight: Any) -> Any:  # noqa: ARG001
    """Four rows of a packed matrix, laid out as for `four_rows`: row_r += weight · v_r · vector[:n]."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[1].type, 0)
        rows, row_size = _element(context, builder, signature.args[0], values[0], values[1])
        by, by_size = _element(context, builder, signature.args[3], values[3], zero)
        step = ir.Constant(values[1].type, LANES)
        length = builder.add(values[2], step)
        starts = [zero, length]
        for _ in range(2):
            starts.append(builder.add(starts[-1], length))
        own = builder.fmul(_spread(builder, values[4]), _load(builder, by, by_size, values[2]))
        weights = [_spread(builder, builder.extract_element(own, _lane(k))) for k in range(LANES)]
        with cgutils.for_range_slice(builder, zero, length, step, inc=True) as (k, _):
            across = _load(builder, by, by_size, k)
            for first, by_row in zip(starts, weights, strict=True):
                at = builder.add(first, k)
                row = builder.fadd(_load(builder, rows, row_size, at), builder.fmul(by_row, across))
                _store(builder, row, rows, row_size, at)
        return context.get_dummy_value()

    return types.void(packed, types.intp, types.intp, vector, types.float64), generate


@intrinsic
def add_four_scaled(typing: Any, target: Any, start: Any, vectors: Any, width: Any, column: Any, n: Any) -> Any:  # noqa: ARG001
    """target[start : start + n] += Σ vectors[r, column] · vectors[r, :n] over four vectors laid end to end.

    Each of them has `width` elements; n is a multiple of four.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[1].type, 0)
        to, to_size = _element(context, builder, signature.args[0], values[0], values[1])
        of, of_size = _element(context, builder, signature.args[2], values[2], zero)
        starts = [zero]
        for _ in range(LANES - 1):
            starts.append(builder.add(starts[-1], values[3]))
        weights = [
            _spread(builder, builder.load(builder.gep(of, [builder.add(first, values[4])]), align=of_size))
            for first in starts
        ]
        step = ir.Constant(values[1].type, LANES)
        with cgutils.for_range_slice(builder, zero, values[5], step, inc=True) as (k, _):
            total = _load(builder, to, to_size, k)
            for first, weight in zip(starts, weights, strict=True):
                vector = _load(builder, of, of_size, builder.add(first, k))
                total = builder.fadd(total, builder.fmul(weight, vector))
            _store(builder, total, to, to_size, k)
        return context.get_dummy_value()

    return types.void(target, types.intp, vectors, types.intp, types.intp, types.intp), generate
