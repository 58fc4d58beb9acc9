"""Four rows of four numbers at a time: the inner loops over packed matrices (see `algebra`), as vector instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from streamsvd.kernels.vectors import DOUBLES, LANES, element, intrinsic, lane, load, multiply_add, spread, store


def _sums(builder: Any, vectors: list[Any]) -> Any:
    """The sums of four vectors: each (v₀ + v₁) + (v₂ + v₃)."""

    def pairs(one: Any, other: Any, even: list[int], odd: list[int]) -> Any:
        index = ir.VectorType(ir.IntType(32), LANES)
        halves = [builder.shuffle_vector(one, other, ir.Constant(index, lanes)) for lanes in (even, odd)]
        return builder.fadd(*halves)

    low = pairs(vectors[0], vectors[1], [0, 4, 2, 6], [1, 5, 3, 7])
    high = pairs(vectors[2], vectors[3], [0, 4, 2, 6], [1, 5, 3, 7])
    return pairs(low, high, [0, 1, 4, 5], [2, 3, 6, 7])


@intrinsic
def four_rows(typing: Any, packed: Any, start: Any, before: Any, vector: Any, out: Any) -> Any:
    """Four rows of a packed matrix, which start at `start`, times a vector, both ways.

    With n = `before` + 4 elements each, of which the last four are the diagonal block, and v the last four of
    vector[:n]: out[:before] += Σ v_r row_r[:before], and out[before:n] = row_r · vector[:n].
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[1].type, 0)
        rows, row_size = element(context, builder, signature.args[0], values[0], values[1])
        by, by_size = element(context, builder, signature.args[3], values[3], zero)
        to, to_size = element(context, builder, signature.args[4], values[4], zero)
        step = ir.Constant(values[1].type, LANES)
        before = values[2]
        length = builder.add(before, step)
        starts = [zero, length]
        for _ in range(2):
            starts.append(builder.add(starts[-1], length))
        own = load(builder, by, by_size, before)
        weights = [spread(builder, builder.extract_element(own, lane(k))) for k in range(LANES)]
        sums = [cgutils.alloca_once_value(builder, ir.Constant(DOUBLES, [0.0] * LANES)) for _ in range(LANES)]
        for total in sums:
            builder.store(ir.Constant(DOUBLES, [0.0] * LANES), total)
        with cgutils.for_range_slice(builder, zero, before, step, inc=True) as (k, _):
            across, column = load(builder, by, by_size, k), load(builder, to, to_size, k)
            for first, weight, total in zip(starts, weights, sums, strict=True):
                row = load(builder, rows, row_size, builder.add(first, k))
                column = multiply_add(builder, weight, row, column)
                builder.store(multiply_add(builder, row, across, builder.load(total)), total)
            store(builder, column, to, to_size, k)
        diagonal = []
        for first, total in zip(starts, sums, strict=True):
            row = load(builder, rows, row_size, builder.add(first, before))
            diagonal.append(multiply_add(builder, row, own, builder.load(total)))
        found = _sums(builder, diagonal)
        store(builder, found, to, to_size, before)
        return context.get_dummy_value()

    return types.void(packed, types.intp, types.intp, vector, out), generate


@intrinsic
def add_to_four_rows(typing: Any, packed: Any, start: Any, before: Any, vector: Any, weight: Any) -> Any:
    """Four rows of a packed matrix, laid out as for `four_rows`: row_r += weight · v_r · vector[:n]."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[1].type, 0)
        rows, row_size = element(context, builder, signature.args[0], values[0], values[1])
        by, by_size = element(context, builder, signature.args[3], values[3], zero)
        step = ir.Constant(values[1].type, LANES)
        length = builder.add(values[2], step)
        starts = [zero, length]
        for _ in range(2):
            starts.append(builder.add(starts[-1], length))
        own = builder.fmul(spread(builder, values[4]), load(builder, by, by_size, values[2]))
        weights = [spread(builder, builder.extract_element(own, lane(k))) for k in range(LANES)]
        with cgutils.for_range_slice(builder, zero, length, step, inc=True) as (k, _):
            across = load(builder, by, by_size, k)
            for first, by_row in zip(starts, weights, strict=True):
                at = builder.add(first, k)
                row = multiply_add(builder, by_row, across, load(builder, rows, row_size, at))
                store(builder, row, rows, row_size, at)
        return context.get_dummy_value()

    return types.void(packed, types.intp, types.intp, vector, types.float64), generate


@intrinsic
def add_products(
    typing: Any,
    packed: Any,
    start: Any,
    before: Any,
    left: Any,
    right: Any,
    width: Any,
    weight: Any,
) -> Any:
    """Four rows of a packed matrix, as for `four_rows`: row_r += weight · Σ_k left[k, before + r] · right[k, :n].

    `left` and `right` are four vectors each of `width` elements, laid end to end.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[1].type, 0)
        rows, row_size = element(context, builder, signature.args[0], values[0], values[1])
        of, of_size = element(context, builder, signature.args[3], values[3], zero)
        by, by_size = element(context, builder, signature.args[4], values[4], zero)
        step = ir.Constant(values[1].type, LANES)
        length = builder.add(values[2], step)
        starts, vectors = [zero], [zero]
        for _ in range(LANES - 1):
            starts.append(builder.add(starts[-1], length))
            vectors.append(builder.add(vectors[-1], values[5]))
        weights = []  # of each vector, one for each row
        for vector in vectors:
            own = builder.fmul(spread(builder, values[6]), load(builder, of, of_size, builder.add(vector, values[2])))
            weights.append([spread(builder, builder.extract_element(own, lane(k))) for k in range(LANES)])
        with cgutils.for_range_slice(builder, zero, length, step, inc=True) as (k, _):
            across = [load(builder, by, by_size, builder.add(vector, k)) for vector in vectors]
            for r, first in enumerate(starts):
                at = builder.add(first, k)
                total = load(builder, rows, row_size, at)
                for vector, weight in zip(across, weights, strict=True):
                    total = multiply_add(builder, weight[r], vector, total)
                store(builder, total, rows, row_size, at)
        return context.get_dummy_value()

    return types.void(packed, types.intp, types.intp, left, right, types.intp, types.float64), generate


@intrinsic
def combine(typing: Any, weights: Any, source: Any, target: Any, d: Any) -> Any:
    """target_r = Σ_k weights[r, k] · source_k, for four and four vectors of d elements, each four laid end to end."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        zero = ir.Constant(values[3].type, 0)
        table, size = element(context, builder, signature.args[0], values[0], zero)
        of, of_size = element(context, builder, signature.args[1], values[1], zero)
        to, to_size = element(context, builder, signature.args[2], values[2], zero)
        numbers = [builder.gep(table, [ir.Constant(zero.type, k)]) for k in range(LANES * LANES)]
        factors = [spread(builder, builder.load(number, align=size)) for number in numbers]
        places = [zero]
        for _ in range(LANES - 1):
            places.append(builder.add(places[-1], values[3]))
        with cgutils.for_range_slice(builder, zero, values[3], ir.Constant(zero.type, LANES), inc=True) as (k, _):
            across = [load(builder, of, of_size, builder.add(place, k)) for place in places]
            for r, place in enumerate(places):
                total = builder.fmul(factors[LANES * r], across[0])
                for q in range(1, LANES):
                    total = multiply_add(builder, factors[LANES * r + q], across[q], total)
                store(builder, total, to, to_size, builder.add(place, k))
        return context.get_dummy_value()

    return types.void(weights, source, target, types.intp), generate


@intrinsic
def transpose(
    typing: Any,
    source: Any,
    start: Any,
    width: Any,
    target: Any,
    to: Any,
    to_width: Any,
) -> Any:
    """A 4 × 4 block, whose rows are `width` elements apart, to where its columns are rows `to_width` apart."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        of, of_size = element(context, builder, signature.args[0], values[0], values[1])
        by, by_size = element(context, builder, signature.args[3], values[3], values[4])
        zero = ir.Constant(values[1].type, 0)
        rows, here = [], zero
        for _ in range(LANES):
            rows.append(load(builder, of, of_size, here))
            here = builder.add(here, values[2])
        index = ir.VectorType(ir.IntType(32), LANES)

        def mixed(one: Any, other: Any, lanes: list[int]) -> Any:
            return builder.shuffle_vector(one, other, ir.Constant(index, lanes))

        even, odd = [0, 4, 2, 6], [1, 5, 3, 7]
        pairs = [mixed(rows[r], rows[r + 1], lanes) for lanes in (even, odd) for r in (0, 2)]
        first, second = [0, 1, 4, 5], [2, 3, 6, 7]
        columns = [mixed(pairs[p], pairs[p + 1], lanes) for lanes in (first, second) for p in (0, 2)]
        here = zero
        for column in columns:
            store(builder, column, by, by_size, here)
            here = builder.add(here, values[5])
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), generate
