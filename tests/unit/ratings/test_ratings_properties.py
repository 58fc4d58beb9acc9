"""Tables read as Python's csv module and Arrow read them, whatever stands in their fields."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
from hypothesis import given, settings
from hypothesis import strategies as st

from streamsvd.ratings import Columns, RatingTable, parse_id, read_ratings
from streamsvd.ratings.reading import splitting

COLUMNS = Columns("user", "item", "rating", "time")
HEADER = ["user", "review", "item", "rating", "time"]

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(st.sampled_from("ab\",;\t|: \n\r'") | characters, max_size=12)
ids = st.one_of(
    texts.filter(lambda text: text.strip()),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["007", "7", "-0", "+7", "1e5", " 7", "7.0", "True", "nan", "x y"]),
)
rows = st.lists(st.tuples(ids, texts, ids, st.integers(1, 5), st.integers(0, 10**6)), min_size=1, max_size=30)


def read(data: bytes, block: int, ids: str = "auto") -> RatingTable:
    """What is read of these bytes, in blocks of this size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(data)
        kept, splitting.BLOCK_BYTES = splitting.BLOCK_BYTES, block
        try:
            return read_ratings(path, COLUMNS, (1, 5), ids=ids, time_format="s")  # type: ignore[arg-type]
        finally:
            splitting.BLOCK_BYTES = kept


def in_stream_order(times: list[int], users: list[Any], items: list[Any], ratings: list[float]) -> list[Any]:
    """Rows by (timestamp, user, item, place in the file)."""
    return sorted(zip(times, users, items, ratings, strict=True), key=lambda row: row[:3])


def in_rows(table: RatingTable) -> list[Any]:
    """Rows of a table."""
    columns = (table.timestamps, table.users, table.items, table.ratings)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def typed(column: list[str]) -> list[int | str]:
    """Ids of a column by the one rule."""
    found = [parse_id(text.strip()) if not text.strip().startswith("text:") else text.strip() for text in column]
    return found if all(isinstance(each, int) for each in found) else [text.strip() for text in column]


@given(rows, st.sampled_from(",;|"), st.sampled_from(["\n", "\r\n"]), st.sampled_from([1, 17, 300, 1 << 20]))
@settings(deadline=None, max_examples=300)
def test_a_table_is_read_as_csv_reads_it(
    rows: list[tuple[str, str, str, int, int]], delimiter: str, end: str, block: int
) -> None:
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([HEADER, *rows])
    expected = [row for row in csv.reader(io.StringIO(made.getvalue(), newline=""), delimiter=delimiter) if row][1:]
    assert in_rows(read(made.getvalue().encode(), block)) == in_stream_order(
        [int(row[4]) for row in expected],
        typed([row[0] for row in expected]),
        typed([row[2] for row in expected]),
        [float(row[3]) for row in expected],
    )


@given(rows, st.sampled_from([1, 17, 300]))
@settings(deadline=None, max_examples=200)
def test_a_table_is_read_as_arrow_reads_it_at_once(rows: list[tuple[str, str, str, int, int]], block: int) -> None:
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.table(columns, names=HEADER), sink)
    data = bytes(sink.getvalue())
    expected = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(HEADER[:3], pa.string())),
    )
    users, items = ([text.strip() for text in expected[name].to_pylist()] for name in ("user", "item"))
    assert in_rows(read(data, block, "text")) == in_stream_order(
        expected["time"].to_pylist(), users, items, expected["rating"].to_pylist()
    )
