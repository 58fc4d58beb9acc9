"""Formats that are no tables of text: JSON lines, Parquet, ratings grouped by item."""

from __future__ import annotations

import datetime
import gzip
import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, RatingTable, read_ratings
from streamsvd.ratings.formats import parquet
from streamsvd.ratings.reading import splitting

YELP = Columns("user_id", "business_id", "stars", "date")
LINES = (
    '{"user_id":"ann","business_id":"7","stars":4.5,"date":"2014-05-01","text":"a\\n\\"b\\"","votes":{"x":[1]}}\n'
    "\n"
    '{"stars":3,"user_id":"bob","date":"2014-05-02","business_id":8}\n'
)
NETFLIX = "1:\n1488,3,2005-09-06\n822,5,2005-05-13\n\n20:\n1488,4,2005-09-07\n"


def read(place: Path, text: str, columns: Columns | None, **options: Any) -> RatingTable:
    path = place / "a.json"
    path.write_text(text)
    return read_ratings(path, columns, **options)


def refusal(place: Path, text: str, columns: Columns | None) -> str:
    with pytest.raises(DatasetError) as caught:
        read(place, text, columns)
    return str(caught.value)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    table = read(tmp_path, LINES, YELP)
    assert (table.users.tolist(), table.items.tolist()) == (["ann", "bob"], [7, 8])
    assert (table.ratings.tolist(), table.timestamps.tolist()) == ([4.5, 3.0], [1398902400, 1398988800])
    assert read(tmp_path, LINES.replace('"7"', '"007"'), YELP).items.tolist() == ["007", "8"]
    assert read(tmp_path, LINES, Columns.parse("user_id,business_id,stars")).is_file_order


@pytest.mark.parametrize(
    ("value", "text"), [('"true"', "true"), ('"1.5"', "1.5"), (str(2**70), str(2**70)), ('"\\u00eb"', "ë")]
)
def test_ids_in_json_are_what_they_print(tmp_path: Path, value: str, text: str) -> None:
    assert read(tmp_path, LINES.replace('"7"', value), YELP).items.tolist() == [text, "8"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"bob"', "null", "line 3: the user is empty"),
        (
            '"business_id":8',
            '"business_id":1e3',
            r"line 3: Expected .* got `float`.*business_id.* ids as integers or text",
        ),
        ('"bob"', "true", r"line 3: Expected .* got `bool`.*user_id"),
        ('"stars":3,', "", "line 3: the rating is ''"),
        ('"stars":3', '"stars":{"of":3}', r"line 3: Expected .* got `object`"),
        ("}\n\n", "\n\n", "line 1: "),
        ('"bob"', '"bob', "line 3: "),
    ],
)
def test_lines_of_json_that_are_wrong(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        read(tmp_path, LINES.replace(old, new), YELP)


def test_fields_of_json_that_are_not_named(tmp_path: Path) -> None:
    assert "this is JSON lines, with the fields 'user_id, business_id, stars" in refusal(tmp_path, LINES, None)
    assert "this is JSON lines" in refusal(tmp_path, LINES, Columns(0, 1, 2))
    assert "no field 'day' in the first lines" in refusal(
        tmp_path, LINES, Columns("user_id", "business_id", "stars", "day")
    )


def table_file(place: Path, **columns: Any) -> Path:
    path = place / "a.parquet"
    pq.write_table(pa.table(columns), path)
    return path


TIMES = [datetime.datetime(2014, 5, 1, 12, tzinfo=datetime.UTC), datetime.datetime(2014, 5, 2, tzinfo=datetime.UTC)]


@pytest.mark.parametrize("rows", [1, 1 << 16])
def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", rows)
    path = table_file(
        tmp_path, i=pa.array(["x", "y"]).dictionary_encode(), more=[[1], [2]], u=[7, 8], r=[3.5, 4], t=TIMES
    )
    seen: list[tuple[int, int]] = []
    table = read_ratings(path, Columns("u", "i", "r", "t"), progress=lambda done, total: seen.append((done, total)))
    assert (table.users.tolist(), table.items.tolist()) == ([7, 8], ["x", "y"])
    assert (table.ratings.tolist(), table.timestamps.tolist()) == ([3.5, 4.0], [1398945600, 1398988800])
    assert table.dataset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert seen[-1] == (2, 2)
    packed = tmp_path / "b.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_ratings(packed, Columns("u", "i", "r")).dataset.sha256 == table.dataset.sha256


def test_ids_of_parquet_follow_the_one_rule(tmp_path: Path) -> None:
    columns = Columns("u", "i", "r", "t")
    table = read_ratings(
        table_file(tmp_path, u=["7", "8"], i=["007", "7"], r=[3, 4], t=[5, 6]), columns, time_format="s"
    )
    assert (table.users.tolist(), table.items.tolist()) == ([7, 8], ["007", "7"])
    for wrong, reason in (
        ({"u": [1, None]}, "row 2: the user is empty"),
        ({"u": [[1], [2]]}, "the column u holds list"),
        ({"r": [1, None]}, "row 2: the rating is ''"),
    ):
        path = table_file(tmp_path, **{"u": [1, 2], "i": [1, 2], "r": [3, 4], "t": TIMES, **wrong})
        with pytest.raises(DatasetError, match=reason):
            read_ratings(path, columns)
    with pytest.raises(DatasetError, match="a Parquet file with the columns u, i, r, t; name those"):
        read_ratings(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DatasetError, match="Parquet file that cannot be read"):
        read_ratings(path, columns)


def test_a_bomb_of_parquet_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table_file(tmp_path, u=[1] * 1_000_000, i=[1] * 1_000_000, r=[1] * 1_000_000)
    columns = Columns("u", "i", "r")
    assert len(read_ratings(path, columns, (1, 5))) == 1_000_000
    monkeypatch.setattr(parquet, "FREE_BYTES", 1000)
    monkeypatch.setattr(parquet, "MAX_RATIO", 10)
    with pytest.raises(DatasetError, match=r"1,000,000 rows in .* bytes"):
        read_ratings(path, columns, (1, 5))


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("columns", [None, Columns(0, 1, 2, 3)])
def test_ratings_grouped_by_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: Columns | None, size: int
) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    table = read(tmp_path, NETFLIX.replace("\n", "\r\n"), columns)
    assert (table.users.tolist(), table.items.tolist()) == ([822, 1488, 1488], [1, 1, 20])
    assert (table.ratings.tolist(), table.dataset.scale) == ([5, 3, 4], (1, 5))
    assert "line 6: the rating 9 is outside the scale" in refusal(
        tmp_path, NETFLIX.replace("4,2005", "9,2005"), columns
    )
    assert "line 6: found 4 fields instead of 3" in refusal(tmp_path, NETFLIX.replace("4,2005", "4,4,2005"), columns)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_user_that_ends_with_a_colon_is_no_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    path = tmp_path / "a.txt"
    path.write_text("1:\nx:,3,2005-09-06\n822,5,2005-09-07\n2:\nx:,4,2005-09-08\n")
    table = read_ratings(path)
    assert (table.users.tolist(), table.items.tolist()) == (["x:", "822", "x:"], [1, 1, 2])
    path.write_text(path.read_text() + "y:,no,2005-09-09\n")
    with pytest.raises(DatasetError, match="line 6: the rating is 'no'"):
        read_ratings(path)


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (pa.array([1e10, 2.0]), "the column u holds double, and ids are integers or text: turn whole numbers into"),
        (pa.array([True, False]), "the column u holds bool, and ids are integers or text: name another column"),
        (pa.array([1, 2], pa.timestamp("s")), "the column u holds timestamp"),
    ],
)
def test_ids_of_parquet_are_integers_or_text(tmp_path: Path, ids: Any, reason: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"u": ids, "i": ["a", "b"], "r": [1, 2], "t": [1_400_000_000, 1_400_000_001]}), path)
    with pytest.raises(DatasetError, match=f"a.parquet: {reason}"):
        read_ratings(path, Columns("u", "i", "r", "t"))


def test_columns_of_parquet_with_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = [pa.array(each) for each in (["a", "b"], ["c", "d"], ["e", "f"], [1, 2], [1_400_000_000, 1_400_000_001])]
    pq.write_table(pa.table(columns, names=["u", "u", "i", "r", "t"]), path)
    for columns_named in (Columns("u", "i", "r", "t"), Columns(1, 2, 3, 4)):
        with pytest.raises(DatasetError, match=r"a.parquet: .* columns are called 'u'; rename all but"):
            read_ratings(path, columns_named)
