"""Ratings from memory: data frames and rows become the table that their file would."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import streamsvd
from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, Erasure, Rating, RatingTable
from streamsvd.ratings.in_memory import rows as rows_module

NOON = 1398945600  # 2014-05-01 12:00:00 UTC
ROWS = [(7, 1, 4.0, NOON + 5), (7, 2, 3.5, NOON), (9, 1, 1.0, NOON + 9)]
NAMES = ["user", "item", "rating", "timestamp"]


def frame(rows: list[Any] = ROWS, names: list[str] = NAMES) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=names)


def loaded(source: Any, **options: Any) -> RatingTable:
    table, catalogue = streamsvd.load(source, **options)
    assert catalogue is None
    return table


def assert_same(one: RatingTable, other: RatingTable) -> None:
    for column in ("users", "items", "ratings", "timestamps"):
        mine, its = getattr(one, column), getattr(other, column)
        assert mine.tolist() == its.tolist(), column
        assert mine.dtype == its.dtype, column
    assert one.dataset.scale == other.dataset.scale


def refused(source: Any, *texts: str, **options: Any) -> None:
    with pytest.raises(DatasetError) as caught:
        streamsvd.load(source, **options)
    for text in texts:
        assert text in str(caught.value)


IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3),
    st.lists(st.text("abéÅ -;'_", min_size=1).filter(str.strip), min_size=3, max_size=3),
)
TIME = st.integers(31_536_000, 4_000_000_000)
ROW = st.tuples(
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([0.5, 1.0, 2.0, 3.3, 5.0]),
    st.integers(31_536_000, 4_000_000_000),
)


@given(users=IDS, items=IDS, rows=st.lists(ROW, min_size=1))
def test_a_frame_its_csv_and_its_rows_are_one_table(
    tmp_path_factory: pytest.TempPathFactory, users: list[Any], items: list[Any], rows: list[Any]
) -> None:
    ratings = [(users[user], items[item], rating, time) for user, item, rating, time in rows]
    path = tmp_path_factory.mktemp("csv") / "some.csv"
    made = frame(ratings)
    made.to_csv(path, index=False)
    table = loaded(made, scale=(0.5, 5))
    assert_same(table, loaded(path, columns=NAMES, scale=(0.5, 5)))
    assert_same(table, loaded(iter(ratings), scale=(0.5, 5)))
    assert table.dataset == loaded(ratings, scale=(0.5, 5)).dataset == loaded(table.to_pandas(), scale=(0.5, 5)).dataset


def test_what_is_read_is_in_the_order_of_the_stream() -> None:
    table = loaded(ROWS)
    assert table.users.tolist() == [7, 7, 9]
    assert table.items.tolist() == [2, 1, 1]
    assert table.ratings.tolist() == [3.5, 4.0, 1.0]
    assert table.ratings.dtype == np.float32
    assert table.timestamps.tolist() == [NOON, NOON + 5, NOON + 9]
    assert table.dataset.scale == (1.0, 4.0)
    assert loaded(ROWS, scale=(1, 5)).dataset.scale == (1, 5)


def test_the_checksum_is_of_the_ratings() -> None:
    one = loaded(ROWS).dataset
    assert one.name == "in-memory"
    assert re.fullmatch("[0-9a-f]{64}", one.sha256)
    assert loaded(ROWS[::-1]).dataset == one
    others = [
        frame().assign(**{column: value})
        for column, value in {"user": 8, "item": 3, "rating": [4.0, 3.5, 1.5], "timestamp": NOON}.items()
    ]
    others += [frame().assign(user=texts) for texts in (["7", "7", "9"], ["ab", "ab", "c"], ["a", "a", "bc"])]
    assert len({one.sha256, *(loaded(other).dataset.sha256 for other in others)}) == 8


@pytest.mark.parametrize(
    "names",
    [
        ["userId", "movieId", "rating", "timestamp"],
        ["User-ID", "ISBN", "Book-Rating", "Date"],
        ["UID", "iid", "score", "ts"],
        ["user_id", "item_id", "stars", "TIME"],
    ],
)
def test_usual_names_are_recognised(names: list[str]) -> None:
    made = frame(names=names)
    made.insert(2, "title", [object(), 1, "x"])  # other columns are not looked at
    assert_same(loaded(made), loaded(ROWS))


def test_columns_are_named_by_label() -> None:
    made = frame(names=["who", "what", "how", "when"])
    expected = loaded(ROWS)
    assert_same(loaded(made, columns=["who", "what", "how", "when"]), expected)
    assert_same(loaded(made, columns=Columns("who", "what", "how", "when")), expected)
    assert_same(loaded(pd.DataFrame(ROWS), columns=(0, 1, 2, 3)), expected)


def test_names_that_do_not_say_it_are_listed_with_the_call() -> None:
    call = 'load(frame, columns=("user", "item", "rating", "timestamp"))'
    refused(frame(names=["who", "item", "rating", "timestamp"]), "name of the user", "'who', 'item'", call)
    refused(frame(names=["user", "userId", "rating", "item"]), "the user may be 'user' or 'userId'", call)
    refused(frame(names=["user", "item", "rating", "when"]), "name of the timestamp", "'when'", call)
    refused(frame(), "no column is named 'who'", call, columns=("who", "item", "rating"))
    refused(frame(names=["user", "user", "rating", "item"]), "several", columns=("user", "item", "rating"))
    refused(frame(), "not three or four different", columns=("user", "item"))
    refused(frame(), "not three or four different", columns=("user", "user", "rating"))


def test_without_a_time_the_order_of_the_rows_stands_for_it() -> None:
    three = [row[:3] for row in ROWS]
    for source in (three, frame(three, NAMES[:3]), (row for row in three)):
        table = loaded(source)
        assert table.users.tolist() == [7, 7, 9]
        assert table.items.tolist() == [1, 2, 1]
        assert table.timestamps.tolist() == [0, 1, 2]
        assert table.is_file_order
    assert not loaded(ROWS).is_file_order
    assert loaded(frame(), columns=("user", "item", "rating")).timestamps.tolist() == [0, 1, 2]


NAIVE = dt.datetime(2014, 5, 1, 12, 0, 0, 999_999)
BERLIN = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.parametrize(
    "times",
    [
        pd.Series([NAIVE]),
        *(pd.Series([NAIVE]).astype(f"datetime64[{unit}]") for unit in ("s", "ms", "us", "ns")),
        pd.Series([NAIVE]).dt.tz_localize("UTC").dt.tz_convert("Asia/Kolkata"),
        pd.Series([dt.datetime(2014, 5, 1, 14, tzinfo=BERLIN)], dtype=object),
        pd.Series(["2014-05-01T12:00:00"]),
        pd.Series(["2014-05-01 14:00:00+02:00"], dtype="category"),
        pd.Series([NOON]),
        pd.Series([NOON + 0.9]),
        pd.Series([NOON * 1000]),
        pd.Series([str(NOON)]),
        pd.Series([NOON], dtype="Int64"),
        pd.Series([NAIVE], dtype="timestamp[ns][pyarrow]"),
        [NAIVE],
        [pd.Timestamp(NAIVE)],
        [np.datetime64("2014-05-01T12:00:00.5")],
        [np.datetime64("2014-05-01T12", "h")],
    ],
    ids=lambda times: f"{getattr(times, 'dtype', type(times[0]).__name__)}",
)
def test_times_of_all_kinds(times: Any) -> None:
    if isinstance(times, pd.Series):
        assert loaded(pd.DataFrame({"user": 1, "item": 1, "rating": 3, "date": times}), scale=(1, 5)).timestamps == NOON
    assert loaded(((1, 1, 3, time) for time in times), scale=(1, 5)).timestamps == NOON


def test_dates_are_their_midnight_in_utc() -> None:
    day = dt.date(2014, 5, 1)
    assert loaded([(1, 1, 3, day)], scale=(1, 5)).timestamps == NOON - 43_200
    made = pd.DataFrame({"user": [1], "item": 1, "rating": 3, "date": [day]})
    assert loaded(made, scale=(1, 5)).timestamps == NOON - 43_200


@pytest.mark.parametrize("dtype", ["int8", "uint16", "uint64", "Int32", "int64[pyarrow]", "category", object])
def test_integer_ids_of_every_type(dtype: Any) -> None:
    table = loaded(frame().astype({"user": dtype}))
    assert table.users.tolist() == [7, 7, 9]
    assert table.users.dtype == np.int64


@pytest.mark.parametrize("dtype", ["str", "string", "category", object, "string[pyarrow]"])
def test_text_ids_of_every_type(dtype: Any) -> None:
    made = frame([("bob ", 1, 3), ("7", 1, 4), (" bob", 2, 5)], NAMES[:3])
    table = loaded(made.astype({"user": dtype}))
    assert table.users.tolist() == ["bob", "7", "bob"]
    assert table.users.dtype == object


@pytest.mark.parametrize("dtype", ["int8", "float16", "float64", "Float32", "Int64", "float32[pyarrow]", object])
def test_ratings_of_every_type(dtype: Any) -> None:
    table = loaded(frame([(1, 1, 3), (1, 2, 5)], NAMES[:3]).astype({"rating": dtype}))
    assert table.ratings.tolist() == [3.0, 5.0]


class Capsule:
    """A frame of another library."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class Interchange:
    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __dataframe__(self, **options: Any) -> Any:
        return self.table.__dataframe__(**options)


@pytest.mark.parametrize("other", [Capsule, Interchange, lambda table: table])
def test_frames_of_other_libraries(other: Any) -> None:
    table = pa.Table.from_pandas(frame())
    assert_same(loaded(other(table)), loaded(ROWS))
    views = pa.table({"user": pa.array(["a", "b"], pa.string_view()), "item": [1, 2], "rating": [1, 2]})
    if other is not Interchange:
        categories = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.uint32()), views["user"].chunk(0))
        assert loaded(other(views.set_column(0, "user", categories))).users.tolist() == ["b", "a"]
        assert loaded(other(pa.concat_tables([views, views]))).users.tolist() == ["a", "b", "a", "b"]


def test_rows_may_be_ratings_lists_or_records() -> None:
    expected = loaded(ROWS)
    assert_same(loaded(Rating(*row) for row in ROWS), expected)
    assert_same(loaded([list(row) for row in ROWS]), expected)
    assert_same(loaded(frame().itertuples(index=False)), expected)
    assert_same(loaded(expected.events()), expected)


def test_many_rows_come_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BLOCK_ROWS", 2)
    rows = [(1, 1, 3, NOON), (2, 1, 4, NOON), (3, 1, 2.5, NOON), (4, 1, 2.5, NOON + 0.5), (5, 1, 1, NOON)]
    assert loaded(rows).users.tolist() == [1, 2, 3, 4, 5]
    refused([*rows, ("six", 1, 1, NOON)], "row 5", "'user' is 'six' (str), after values of type int")
    refused([*rows[:4], ("six", 1, 1, NOON)], "row 4", "'user' is string", "int64 before")
    refused([*rows, (6, 1, None, NOON)], "row 5", "'rating' is missing")


def changed(column: str, value: Any) -> pd.DataFrame:
    made = frame().astype({column: object})
    made.loc[1, column] = value
    return made


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("column", NAMES)
def test_a_missing_value_is_refused_with_its_row(column: str, missing: Any) -> None:
    refused(changed(column, missing), f"row 1 (counted from 0): {column!r} is missing", "dropna")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("user", " ", "is ' ' (str), after values of type int"),
        ("user", "bob", "is 'bob' (str), after values of type int"),
        ("user", True, "is True (bool), after values of type int"),
        ("user", 2**63, "cannot be read"),
        ("user", b"x", "is b'x' (bytes), after"),
        ("rating", float("inf"), "is inf; a rating is a finite number"),
        ("timestamp", 2**64, "is 18446744073709551616, which cannot be read"),
        ("rating", "4", "is '4' (str), after values of type float"),
        ("rating", {1}, "is {1} (set), after values of type float"),
        ("timestamp", -1, "before 1970"),
        ("timestamp", NAIVE, "is datetime.datetime(2014, 5, 1, 12, 0, 0, 999999) (datetime), after values of type int"),
        ("timestamp", float("inf"), "'timestamp'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_row(column: str, value: Any, said: str) -> None:
    refused(changed(column, value), "row 1 (counted from 0)", repr(column), said)


def test_columns_of_the_wrong_kind_are_refused_with_what_to_do() -> None:
    refused(frame().astype({"user": float}), "'user' holds double", "whole numbers", "astype('int64')")
    refused(frame().astype({"item": bool}), "'item' holds bool", "astype")
    refused(frame().astype({"rating": str}), "'rating' holds", "astype(float)")
    refused(frame().astype({"rating": bool}), "'rating' holds bool")
    refused(frame().assign(timestamp=pd.Timedelta(1)), "'timestamp' holds duration", "to_datetime")
    refused(frame().assign(user=np.uint64(2**63)), "row 0", "9223372036854775808, beyond 64 bits", "astype(str)")
    refused([("a", 1, 3), (" ", 1, 3)], "row 1", "'user' is blank")
    refused([("a\ud800", 1, 3)], "row 0", "'user'")
    refused(frame(), "row 2", "'rating' is 1, outside the scale 2 to 5", scale=(2, 5))
    refused(frame(), "scale", scale=(5, 1))
    refused([(1, 1, 3)], "scale from 3 to 3")
    early = frame().assign(
        timestamp=pd.to_datetime(["2014-01-01", "1969-12-31T23:59:59.5", "2014-01-01"], format="ISO8601")
    )
    refused(early, "row 1", "1969-12-31", "from 1970")
    text = frame().assign(timestamp=["2014-05-01", "2014-05-02", "yesterday"])
    refused(text, "row 2", "'timestamp'", "'yesterday'")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ([], "no rows came"),
        (iter(()), "an iterable is read once"),
        (frame()[:0], "no rows"),
        ({"user": [1]}, "dict: not a source"),
        (b"ml-100k", "bytes: not a source"),
        (7, "int: not a source"),
        (["abc", "def"], "row 0 (counted from 0): this is str 'abc'"),
        ([{"user": 1, "item": 2, "rating": 3}], "this is dict"),
        ([frame()], "this is DataFrame"),
        ([Erasure(1, 5)], "this is Erasure"),
        ([(1, 2)], "2 fields instead of 3 or 4"),
        ([(1, 2, 3), (1, 2, 3, 4)], "row 1 (counted from 0): it has 4 fields instead of 3"),
        (frame()["user"], "not a table"),
    ],
)
def test_what_is_no_source_is_refused(source: Any, said: str) -> None:
    refused(source, said)


def test_columns_belong_to_files_and_frames() -> None:
    refused(ROWS, "columns are those of files and frames", columns=("a", "b", "c"))
    refused("some.csv", "no such path")


def test_ratings_are_left_out_on_request_only() -> None:
    rows = [(1, 1, 3, NOON), (1, 2, -1, NOON), (2, 1, None, NOON), (2, 2, 5, NOON), (3, 3, 0, NOON)]
    for source in (rows, frame(rows)):
        table = loaded(source, drop_ratings=(-1, float("nan")))
        assert (table.ratings.tolist(), table.left_out) == ([3.0, 5.0, 0.0], 2)
        assert table.notes == ["2 ratings of in-memory were left out, as asked for"]
        refused(source, "row 2", "'rating' is missing", drop_ratings=[-1])
        refused(source, "row 4", "'rating' is 0, outside", scale=(1, 5), drop_ratings=(-1, float("nan")))
        refused(source, "all 5 ratings were left out", drop_ratings=(-1, 0, 3, 5, float("nan")))
    assert loaded(ROWS).left_out == 0


def test_ids_as_text_on_request(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    frame().to_csv(path, index=False)
    table = loaded(frame(), ids="text")
    assert table.users.tolist() == ["7", "7", "9"]
    assert_same(table, loaded(path, columns=NAMES, ids="text"))


def test_an_error_of_the_generator_passes() -> None:
    def broken() -> Iterator[tuple[int, int, int]]:
        yield 1, 2, 3
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        streamsvd.load(broken())


def test_a_name_is_looked_up_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text("1::2::3::978300760\n1::3::5::978300761\n")
    monkeypatch.setenv("STREAMSVD_DATA", str(tmp_path))
    assert len(streamsvd.load("ml-1m")[0]) == 2
    assert len(streamsvd.load(tmp_path / "ml-1m", environ={})[0]) == 2


def test_a_table_as_a_frame() -> None:
    table = loaded(ROWS)
    made = table.to_pandas()
    assert made.columns.tolist() == NAMES
    assert made["user"].tolist() == [7, 7, 9]
    assert made["timestamp"].dtype == np.int64
    dates = table.to_pandas(datetimes=True)
    assert str(dates["timestamp"].dt.tz) == "UTC"
    assert dates["timestamp"].iloc[0] == pd.Timestamp(NOON, unit="s", tz="UTC")
    assert_same(loaded(dates), table)


def test_an_id_that_is_too_long_is_refused_with_its_row() -> None:
    refused([("ann", "x", 3), ("b" * 256, "x", 4)], "row 1 (counted from 0)", "255 characters are the most")


def test_dates_in_milliseconds_may_have_a_time_of_day() -> None:
    times = pa.array([1_400_000_000_000, 1_400_000_001_999], pa.int64()).cast(pa.date64())
    table = loaded(pa.table({"user": [1, 2], "item": [1, 2], "rating": [1, 2], "timestamp": times}))
    assert table.timestamps.tolist() == [1_400_000_000, 1_400_000_001]


def test_integers_of_any_size_are_ids_where_ids_are_text() -> None:
    rows = [(2**63, "a", 5), (2**70, "b", 4), (7, "a", 3)]
    assert loaded(rows, ids="text").users.tolist() == [str(2**63), str(2**70), "7"]
    refused(rows, "row 0", "cannot be read")
    refused([(True, "a", 5), (False, "a", 4)], "holds bool", ids="text")
