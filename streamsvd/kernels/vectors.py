"""Four numbers at a time: the inner loops over vectors, as explicit vector instructions; those over matrices: `blocks`.

The compiler's own vectoriser wants loops of 32 elements and more; rows here have 12 to 40. All operations run over
whole groups of four, so arrays are padded with zeros to a multiple of four. Any processor can run them, and the order
and rounding of every sum are fixed: the same input gives the same bits.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

LANES = 4
CACHE_LINE = 64  # bytes
intrinsic: Any = extending.intrinsic  # untyped: what it returns is called with one argument less
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)


def padded(n: int) -> int:
    """The next multiple of four.

    >>> padded(9)
    12
    """
    return -(-n // LANES) * LANES


def element(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> tuple[Any, int]:
    """Pointer to an element, and the element's size in bytes."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index]), array_type.dtype.bitwidth // 8


def load(builder: Any, pointer: Any, size: int, offset: Any) -> Any:
    lane = ir.FloatType() if size == 4 else ir.DoubleType()
    place = builder.bitcast(builder.gep(pointer, [offset]), ir.VectorType(lane, LANES).as_pointer())
    values = builder.load(place, align=size)
    return builder.fpext(values, DOUBLES) if size == 4 else values


def store(builder: Any, values: Any, pointer: Any, size: int, offset: Any) -> None:
    lane = ir.FloatType() if size == 4 else ir.DoubleType()
    kind = ir.VectorType(lane, LANES)
    place = builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer())
    builder.store(builder.fptrunc(values, kind) if size == 4 else values, place, align=size)


def multiply_add(builder: Any, left: Any, right: Any, added: Any) -> Any:
    """left · right + added, rounded once: the same bits on every processor."""
    kind = ir.FunctionType(DOUBLES, [DOUBLES] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64")
    return builder.call(function, [left, right, added])


def lane(number: int) -> Any:
    return ir.Constant(ir.IntType(32), number)


def spread(builder: Any, value: Any) -> Any:
    """The same number in all lanes."""
    one = builder.insert_element(ir.Constant(DOUBLES, ir.Undefined), value, lane(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, one, mask)


@intrinsic
def copy_part(typing: Any, source: Any, start: Any, target: Any, to: Any, n: Any) -> Any:
    """target[to : to + n] = source[start : start + n], for any n and parts that do not overlap."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        of, of_size = element(context, builder, signature.args[0], values[0], values[1])
        by, by_size = element(context, builder, signature.args[2], values[2], values[3])
        kind, n = values[4].type, values[4]
        whole = builder.and_(n, ir.Constant(kind, -LANES))
        with cgutils.for_range_slice(builder, ir.Constant(kind, 0), whole, ir.Constant(kind, LANES), inc=True) as (
            k,
            _,
        ):
            store(builder, load(builder, of, of_size, k), by, by_size, k)
        for k in range(LANES - 1):  # a loop here would be made one of vectors, for at most three elements
            at = builder.add(whole, ir.Constant(kind, k))
            with builder.if_then(builder.icmp_signed("<", at, n), likely=False):
                value = context.cast(
                    builder,
                    builder.load(builder.gep(of, [at])),
                    signature.args[0].dtype,
                    signature.args[2].dtype,
                )
                builder.store(value, builder.gep(by, [at]))
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp, types.intp), generate


@intrinsic
def add_scaled(typing: Any, target: Any, start: Any, weight: Any, source: Any, n: Any) -> Any:
    """target[start : start + n] += weight · source[:n], for n a multiple of four; sums are made in float64."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        to, to_size = element(context, builder, signature.args[0], values[0], values[1])
        zero = ir.Constant(values[1].type, 0)
        of, of_size = element(context, builder, signature.args[3], values[3], zero)
        weights = spread(builder, values[2])
        step = ir.Constant(values[4].type, LANES)
        with cgutils.for_range_slice(builder, zero, values[4], step, inc=True) as (k, _):
            total = multiply_add(builder, weights, load(builder, of, of_size, k), load(builder, to, to_size, k))
            store(builder, total, to, to_size, k)
        return context.get_dummy_value()

    signature = types.void(target, types.intp, types.float64, source, types.intp)
    return signature, generate


@intrinsic
def set_scaled(typing: Any, target: Any, weight: Any, source: Any) -> Any:
    """target = weight · source, for padded vectors of one length, which may be the same one."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(ir.IntType(64), 0)
        to, to_size = element(context, builder, signature.args[0], values[0], zero)
        of, of_size = element(context, builder, signature.args[2], values[2], zero)
        length = builder.extract_value(context.make_array(signature.args[0])(context, builder, values[0]).shape, 0)
        weights = spread(builder, values[1])
        with cgutils.for_range_slice(builder, zero, length, ir.Constant(zero.type, LANES), inc=True) as (k, _):
            store(builder, builder.fmul(weights, load(builder, of, of_size, k)), to, to_size, k)
        return context.get_dummy_value()

    return types.void(target, types.float64, source), generate


@intrinsic
def inner(typing: Any, left: Any, start: Any, right: Any, n: Any) -> Any:
    """Σ left[start + k] · right[k] for k < n, n a multiple of four: four partial sums, then these in order."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        of, of_size = element(context, builder, signature.args[0], values[0], values[1])
        zero = ir.Constant(values[1].type, 0)
        by, by_size = element(context, builder, signature.args[2], values[2], zero)
        total = cgutils.alloca_once_value(builder, ir.Constant(DOUBLES, [0.0] * LANES))
        builder.store(ir.Constant(DOUBLES, [0.0] * LANES), total)
        step = ir.Constant(values[3].type, LANES)
        with cgutils.for_range_slice(builder, zero, values[3], step, inc=True) as (k, _):
            left_part, right_part = load(builder, of, of_size, k), load(builder, by, by_size, k)
            builder.store(multiply_add(builder, left_part, right_part, builder.load(total)), total)
        lanes = builder.load(total)
        parts = [builder.extract_element(lanes, lane(k)) for k in range(LANES)]
        return builder.fadd(builder.fadd(parts[0], parts[1]), builder.fadd(parts[2], parts[3]))

    return types.float64(left, types.intp, right, types.intp), generate


@intrinsic
def fetch_row(typing: Any, rows: Any, row: Any) -> Any:
    """Ask for a row of a contiguous array before it is needed, so that it is in cache by then."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        width = builder.extract_value(array.strides, 0)
        byte, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        begin = builder.gep(builder.bitcast(array.data, byte), [builder.mul(values[1], width)])
        kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        how = [ir.Constant(whole, number) for number in (0, 3, 1)]  # to read, to keep, data
        line = ir.Constant(values[1].type, CACHE_LINE)
        with cgutils.for_range_slice(builder, ir.Constant(line.type, 0), width, line, inc=True) as (k, _):
            builder.call(prefetch, [builder.gep(begin, [k]), *how])
        return context.get_dummy_value()

    return types.void(rows, types.intp), generate


@intrinsic
def move(typing: Any, entries: Any, source: Any, target: Any, n: Any) -> Any:
    """entries[target : target + n] = entries[source : source + n], which may overlap."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        size = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        to, of = builder.gep(data, [values[2]]), builder.gep(data, [values[1]])
        cgutils.raw_memmove(builder, to, of, values[3], size)
        return context.get_dummy_value()

    return types.void(entries, types.intp, types.intp, types.intp), generate
