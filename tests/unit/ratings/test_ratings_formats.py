"""The registry of formats: each is found by its first line and its file names, and messages list them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, read_ratings
from streamsvd.ratings.formats import FORMATS, recognise
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.sample import Sample

FIRST_LINES = {
    "u.data": b"196\t242\t3\t881250949\n",
    "ratings.dat": b"1::1193::5::978300760\n",
    "ratings.csv": b"userId,movieId,rating,timestamp\r\n",
    "atomic file": b"user_id:token\titem_id:token\trating:float\n",
}


def sample_of(place: Path, name: str, columns: Columns | None = None) -> Sample:
    """The sample of a file with a format's first line."""
    path = place / "a"
    path.write_bytes(FIRST_LINES[name])
    return Sample.of(DataFile(path, None, "a"), columns)


@pytest.mark.parametrize("name", FIRST_LINES)
def test_a_first_line_belongs_to_one_format(tmp_path: Path, name: str) -> None:
    sample = sample_of(tmp_path, name)
    assert [each.name for each in FORMATS if each.recognises(sample)] == [name] == [recognise(sample).name]


def test_columns_that_the_caller_names_make_a_table_of_all_but_atomic_files(tmp_path: Path) -> None:
    columns = Columns(0, 1, 2, 3)
    found = {name: recognise(sample_of(tmp_path, name, columns)).name for name in FIRST_LINES}
    assert found == dict.fromkeys(FIRST_LINES, "table") | {"atomic file": "atomic file"}


def test_messages_list_every_format(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as empty:
        read_ratings(tmp_path)
    (tmp_path / "ratings.csv").write_text("1,2,3,4\n")
    with pytest.raises(DatasetError) as unknown:
        read_ratings(tmp_path)
    for each in FORMATS:
        assert all(name in str(empty.value) for name in each.file_names)
        assert f"{each.name}: {each.first_line}" in str(unknown.value) or not each.first_line
