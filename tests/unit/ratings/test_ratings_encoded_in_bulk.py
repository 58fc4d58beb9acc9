"""Ratings in columns are written as `encode` writes each of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamsvd.errors import EventError
from streamsvd.ratings import MAX_TIMESTAMP, Dataset, RatingTable, encode
from streamsvd.ratings.bulk import EncodedRatings, encode_columns

DATASET = Dataset("toy", "ab" * 32, (1.0, 5.0))
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 9, 10, -1, -(2**63), 2**63 - 1])
TEXTS = st.text(min_size=1, max_size=255).filter(lambda text: text.strip() == text and text.isprintable()) | (
    st.sampled_from(["7", "ann", "\x00 b", "a\x00", 'quo"te', "back\\slash", "é", "日本", "a\nb", "x" * 255])
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 3.5, 1e22, 5e-324])


def slices(rows: EncodedRatings, spans: NDArray[np.int64]) -> list[bytes]:
    return [bytes(rows.data[start : start + size]) for start, size in spans.T]


def ids(kind: Any, size: int) -> st.SearchStrategy[NDArray[Any]]:
    values = st.lists(kind, min_size=size, max_size=size)
    dtype = np.int64 if kind is INTEGERS else object
    return values.map(lambda found: np.array(found, dtype))


@st.composite
def tables(draw: st.DrawFn) -> RatingTable:
    size = draw(st.integers(0, 12))
    kinds = st.sampled_from([INTEGERS, TEXTS])
    users, items = (draw(ids(draw(kinds), size)) for _ in range(2))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    values = FLOATS if dtype is np.float64 else st.floats(allow_nan=False, allow_infinity=False, width=32)
    ratings = np.array(draw(st.lists(values, min_size=size, max_size=size)), dtype)
    stamps = np.sort(np.array(draw(st.lists(st.integers(0, MAX_TIMESTAMP), min_size=size, max_size=size)), np.int64))
    first = draw(st.integers(0, 2**63 - 1 - size) | st.just(0))
    name = draw(st.sampled_from(["toy", 'a "name"', "é"]))
    return RatingTable(users, items, ratings, stamps, replace(DATASET, name=name), first=first)


@given(tables())
def test_values_and_keys_are_those_of_each_rating(table: RatingTable) -> None:
    rows = encode_columns(table)
    assert slices(rows, rows.values) == [encode(event) for event in table.events()]
    assert slices(rows, rows.keys) == [msgspec.json.encode(event.user) for event in table.events()]


@given(tables(), st.integers(0, 12), st.integers(0, 12))
def test_a_slice_keeps_its_numbers(table: RatingTable, start: int, stop: int) -> None:
    part = table[start:stop]
    rows = encode_columns(part)
    assert slices(rows, rows.values) == [encode(event) for event in part.events()]


def made(**columns: Any) -> RatingTable:
    three = np.array([1, 2, 3])
    return RatingTable(
        **{"users": three, "items": three, "ratings": three / 2, "timestamps": three, "dataset": DATASET, **columns}
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"users": np.array(["a", "b", " c"], object)},
        {"items": np.array(["a", "b", ""], object)},
        {"items": np.array(["a", "b", "x" * 256], object)},
        {"users": np.array(["a", "b", "\ud800"], object)},
        {"users": np.array([1, 2, 2**63], object)},
        {"ratings": np.array([1.0, 2.0, math.nan])},
        {"ratings": np.array([1.0, 2.0, math.inf], np.float32)},
        {"timestamps": np.array([1, 2, MAX_TIMESTAMP + 1])},
        {"timestamps": np.array([-1, 2, 3])},
        {"dataset": replace(DATASET, name="\ud800")},
        {"first": -1},
        {"first": 2**63 - 1},
    ],
)
def test_what_encode_refuses_is_refused_with_its_words(columns: dict[str, Any]) -> None:
    table = made(**columns)
    with pytest.raises(EventError) as one_by_one:
        list(map(encode, table.events()))
    with pytest.raises(EventError) as at_once:
        encode_columns(table)
    assert str(at_once.value) == str(one_by_one.value)


@pytest.mark.parametrize(
    "columns",
    [
        {"users": np.array([1, "1", 2], object)},
        {"users": np.array([1, 2, 3], np.uint64)},
        {"users": np.array([1, 2, 3], np.int32)},
        {"users": np.array(["a", "b", "a"])},
        {"users": np.arange(6)[::2]},
        {"ratings": np.arange(6.0)[::2]},
    ],
)
def test_unusual_columns_are_written_too(columns: dict[str, Any]) -> None:
    table = made(**columns)
    rows = encode_columns(table)
    assert slices(rows, rows.values) == [encode(event) for event in table.events()]
