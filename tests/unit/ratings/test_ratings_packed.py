"""Where ratings files lie: compressed, in a zip, in a folder, on standard input; and files of other kinds."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import pickle
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, load, read_catalogue, read_ratings
from streamsvd.ratings.reading import unpacking

TEXT = b"user,item,rating,time\n" + b"".join(
    b"u%d,i%d,%d,%d\n" % (k % 7, k % 11, k % 5, 1_400_000_000 + k) for k in range(300)
)
MOVIELENS = b"userId,movieId,rating,timestamp\n1,2,3.5,1400000000\n2,2,4,1400000001\n"
NAMED = Columns("user", "item", "rating", "time")


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
    ".zip": lambda data: zipped({"__MACOSX/._a.csv": b"\0\1", ".hidden.csv": b"x", "a.csv": data}),
}


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("case", ["as usual", "capital", "no suffix"])
def test_compressed_files_are_known_by_their_bytes(tmp_path: Path, suffix: str, case: str) -> None:
    path = tmp_path / {"as usual": f"a.csv{suffix}", "capital": f"a.csv{suffix.upper()}", "no suffix": "a.csv"}[case]
    path.write_bytes(PACKERS[suffix](TEXT))
    table = read_ratings(path, NAMED)
    assert (len(table), table.dataset.sha256) == (300, hashlib.sha256(TEXT).hexdigest())
    assert table.dataset.name == "a" or suffix == ".zip"


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_damaged_compressed_file_is_refused(tmp_path: Path, suffix: str) -> None:
    whole = PACKERS[suffix](TEXT)
    path = tmp_path / "a.csv"
    for data in (whole[:-9], whole[:40] + bytes(20) + whole[60:]):
        path.write_bytes(data)
        with pytest.raises(DatasetError, match=r"a\.csv"):
            read_ratings(path, NAMED)


def test_a_zip_of_compressed_members_and_members_by_name(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zipped({"one/a.csv.gz": gzip.compress(TEXT), "b.csv": TEXT[:2000], "ratings.csv": MOVIELENS}))
    assert len(read_ratings(path)) == 2
    one = read_ratings(path / "one/a.csv.gz", NAMED)
    assert (len(one), one.dataset.name) == (300, "a")
    assert len(load(str(path / "b.csv"), NAMED, environ={})[0]) > 100
    assert read_ratings(path / "ratings.csv").dataset.name == "all"
    with pytest.raises(DatasetError, match=r"no file c\.csv in this zip; it holds one/a\.csv\.gz, b\.csv"):
        read_ratings(path / "c.csv", NAMED)


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"x.csv": b"", "a.csv": TEXT}).replace(b"x.csv", b"\0.csv"))
    assert len(read_ratings(path, NAMED)) == 300


def test_the_name_of_a_member_in_messages_can_be_given_back(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zipped({"x/b.csv": TEXT + b"1,2\n"}))
    with pytest.raises(DatasetError) as caught:
        read_ratings(path, NAMED)
    name = str(caught.value).partition(", line")[0]
    with pytest.raises(DatasetError, match="line 302"):
        read_ratings(name, NAMED)


@pytest.mark.parametrize("form", ["plain", ".gz", ".zip"])
def test_standard_input(form: str) -> None:
    script = (
        "from streamsvd.ratings import Columns, load\n"
        "table, films = load('-', Columns.parse('user,item,rating,time'), environ={})\n"
        "print(len(table), films, table.dataset.name, table.dataset.sha256)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=TEXT if form == "plain" else PACKERS[form](TEXT),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.decode().split() == ["300", "None", "stdin", hashlib.sha256(TEXT).hexdigest()]


def test_a_folder_with_hidden_files_and_a_compressed_one(tmp_path: Path) -> None:
    (tmp_path / ".ratings.csv").write_bytes(b"x")
    (tmp_path / "RATINGS").mkdir()
    (tmp_path / "RATINGS" / "ratings.csv.XZ").write_bytes(lzma.compress(MOVIELENS))
    assert len(read_ratings(tmp_path)) == 2


@pytest.mark.parametrize("repeated", [b"1,2,3,4\n", b"1", b"\n", b'"', b",,,\n"])
@pytest.mark.parametrize("suffix", PACKERS)
def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, repeated: bytes
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 16)
    data = b"u,i,r,t\n" + repeated * ((1 << 20) // len(repeated))
    path = tmp_path / "a.csv"
    path.write_bytes(PACKERS[suffix](data))
    with pytest.raises(DatasetError, match="unpacks to more than 100 times its size"):
        read_ratings(path, Columns("u", "i", "r", "t"), (1, 5))


def test_a_bomb_beside_the_ratings_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 20)
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"ratings.csv": MOVIELENS, "movies.csv": b"1" * (4 << 20)}))
    assert len(read_ratings(path)) == 2
    with pytest.raises(DatasetError, match="unpacks to more than 100 times its size"):
        read_catalogue(path)


def test_more_than_the_free_bytes_are_read_where_they_are_believable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 10)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    assert len(read_ratings(path, NAMED)) == 300


def sqlite_file() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE ratings (user, item)")
        data = database.serialize()
    database.close()
    return data


def tar_file() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("ratings.csv")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))
    return made.getvalue()


def array_file() -> bytes:
    made = io.BytesIO()
    np.save(made, np.zeros((3, 4)))
    return made.getvalue()


OTHERS = {
    "an Excel workbook": zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}),
    "an OpenDocument file": zipped({"mimetype": b"", "content.xml": b""}),
    "an SQLite database": sqlite_file(),
    "a PDF document": b"%PDF-1.7\n1 0 obj\n",
    "a web page": b"\n<!DOCTYPE html><html>not found</html>",
    "an XML document": b"<?xml version='1.0'?><a/>",
    "a tar archive": tar_file(),
    "a tar archive, packed": gzip.compress(tar_file()),
    "a Python pickle": pickle.dumps({"ratings": [1, 2, 3]}),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a RAR archive": b"Rar!\x1a\x07\x00",
    "a NumPy array": array_file(),
    "arrays of NumPy": zipped({"a.npy": array_file()}),
    "one JSON array": b'[\n {"user": 1, "item": 2}\n]\n',
    "zero bytes": bytes(range(256)) * 4,
    "gzip within another file": gzip.compress(gzip.compress(TEXT)),
    "the file is empty": b"",
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_file_of_another_kind_is_refused_by_what_it_is(tmp_path: Path, what: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes(OTHERS[what])
    for columns in (None, NAMED):
        with pytest.raises(DatasetError, match=what.partition(",")[0]) as caught:
            read_ratings(path, columns)
        assert str(path) in str(caught.value)
        assert ";" in str(caught.value)  # and what to do
