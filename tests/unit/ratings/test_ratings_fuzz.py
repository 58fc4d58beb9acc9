"""Small files of all formats, damaged at random: read or refused, never a traceback, a hang or much memory.

`STREAMSVD_FUZZ` is how many files there are: a few thousand by default, 100,000 by `make fuzz`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, read_catalogue, read_ratings, read_users

FILES = int(os.environ.get("STREAMSVD_FUZZ", "4000"))
MORE_MEMORY = 400 << 20
"""Bytes that the process may grow by: blocks, Arrow's pool and what it keeps."""

NAMED = Columns("u", "i", "r", "t")
TABLE = b'u,i,r,t,x\nann,7,3,1400000000,"a\nb"\nbob,007,4.5,1400000001,"c, ""d"""\n,,,,\n eve ,8,-1,1400000002,e\n'
GENRES = b"unknown|0\nAction|1\n"


def zipped(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def parquet() -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table({"u": ["a", "b"] * 50, "i": range(100), "r": [3.5, 4] * 50, "t": range(100)}), made)
    return made.getvalue()


SEEDS: tuple[tuple[str, bytes, Columns | None], ...] = (
    ("a.csv", TABLE, NAMED),
    ("a.csv", TABLE.replace(b",", b";").replace(b"4.5", b"4,5"), NAMED),
    ("a.tsv", TABLE.replace(b",", b"\t"), NAMED),
    ("a.csv", b"1 2 3 4\n5 6  4 7\n", Columns(0, 1, 2, 3)),
    ("a.csv", b"% c\n\n1::2::3\n2::3::4\n", Columns(0, 1, 2)),
    ("u.data", b"196\t242\t3\t881250949\n186\t302\t3\t891717742\n", None),
    ("ratings.dat", b"1::1193::5::978300760\n1::661::3::978302109\n", None),
    ("ratings.csv", b"userId,movieId,rating,timestamp\r\n1,307,3.5,1256677221\r\n1,481,0.5,1256677456\r\n", None),
    ("a.inter", b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n2\t8\t4.5\t900\n1\t7\t3\t800\n", None),
    ("a.json", b'{"u":"a","i":"7","r":4.5,"t":9,"x":{"y":[1]}}\n{"u":"b","i":8,"r":3,"t":10}\n', NAMED),
    ("a.txt", b"1:\n1488,3,2005-09-06\n822,5,2005-05-13\n2:\n1488,4,2005-09-07\n", None),
    ("a.csv", TABLE.decode().encode("utf-16"), NAMED),
    ("a.csv.gz", gzip.compress(TABLE), NAMED),
    ("a.csv.bz2", bz2.compress(TABLE), NAMED),
    ("a.csv.xz", lzma.compress(TABLE), NAMED),
    ("a.csv.zst", bytes(pa.compress(TABLE, "zstd", asbytes=True)), NAMED),
    ("a.zip", zipped("x/a.csv", TABLE), NAMED),
    ("a.parquet", parquet(), NAMED),
)
COMPANIONS = {
    "u.item": b"242|Kolya (1996)|24-Jan-1997||http://x|0|1\n",
    "u.user": b"1|24|M|technician|85711\n",
    "movies.dat": b"661::James (1996)::Animation\n",
    "users.dat": b"1::F::1::10::48067\n",
    "movies.csv": b'movieId,title,genres\r\n307,"City, The (1995)",Adventure|Drama\r\n',
    "a.item": b"item_id:token\tmovie_title:token_seq\n7\tToy Story\n",
    "a.user": b"user_id:token\tage:token\n1\t24\n",
}
PIECES = (
    b'"',
    b"\n",
    b"\r",
    b",",
    b"\t",
    b"\0",
    b"\xff",
    b"::",
    b"1e999",
    b"-",
    b"9" * 30,
    b"\xef\xbb\xbf",
    b"{",
    b"%",
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one to six changes of a few kinds."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(made) + 1)
        to = min(len(made), at + chance.randint(1, 12))
        match chance.randrange(6):
            case 0:
                made[at:at] = chance.choice(PIECES)
            case 1:
                del made[at:to]
            case 2:
                made[at:at] = made[at:to] * chance.choice((1, 2, 50))
            case 3:
                made[at:to] = chance.randbytes(to - at)
            case 4 if at < len(made):
                made[at] ^= 1 << chance.randrange(8)
            case _:
                del made[at + (len(made) - at) // 2 :]
    return bytes(made)


@pytest.fixture(scope="module")
def peak() -> Callable[[], int]:
    """How many bytes the process has grown by at most."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return lambda: (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(len(SEEDS)), ids=[f"{k}-{name}" for k, (name, _, _) in enumerate(SEEDS)])
def test_damaged_ratings_are_read_or_refused(tmp_path: Path, peak: Callable[[], int], seed: int) -> None:
    name, data, columns = SEEDS[seed]
    path, chance = tmp_path / name, random.Random(seed)
    refused = 0
    for _ in range(FILES // len(SEEDS)):
        path.write_bytes(damaged(data, chance))
        try:
            table = read_ratings(path, columns, (-1e9, 1e9) if columns else None)
        except DatasetError:
            refused += 1
        else:
            assert len(table) > 0
    assert refused > 0
    assert peak() < MORE_MEMORY


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", COMPANIONS)
def test_damaged_items_and_users_are_read_or_refused(tmp_path: Path, peak: Callable[[], int], name: str) -> None:
    ratings = {"u": "u.data", "a": "a.inter", "movies.csv": "ratings.csv"}
    beside = ratings.get(name) or ratings.get(name.partition(".")[0]) or "ratings.dat"
    (tmp_path / beside).write_bytes(next(data for file, data, _ in SEEDS if file == beside))
    (tmp_path / "u.genre").write_bytes(GENRES)
    read = read_users if "user" in name else read_catalogue
    chance, refused = random.Random(name), 0
    for _ in range(FILES // 40):
        (tmp_path / name).write_bytes(damaged(COMPANIONS[name], chance))
        try:
            read(tmp_path / beside)
        except DatasetError:
            refused += 1
    assert refused > 0
    assert peak() < MORE_MEMORY
