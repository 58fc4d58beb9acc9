"""Readers: every published layout, in a folder, a zip, and as the file itself."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streamsvd.ratings import Columns, read_catalogue, read_ratings
from streamsvd.ratings.reading import splitting

U_DATA = "196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t377\t1\t878887116\n"
U_GENRE = "unknown|0\nAction|1\nComedy|2\n\n"
U_ITEM = (
    "242|Kolya (1996)|24-Jan-1997||http://us.imdb.com/M/title-exact?Kolya%20(1996)|0|0|1\n"
    "302|Misérables, Les (1995)|01-Jan-1995||http://x|0|1|1\n"
    "377|Land Before Time III, The (1995) (V)|01-Jan-1995||http://x|0|0|0\n"
    "267|unknown||||1|0|0\n"
)
ML_1M = "1::1193::5::978300760\n1::661::3::978302109\n2::1357::5::978298709\n"
ML_1M_MOVIES = (
    "661::James and the Giant Peach (1996)::Animation|Children's\n1193::Café: A Tale :: Part 2 (1975)::Drama\n"
)
ML_10M = "1::122::5::838985046\n1::185::4.5::838983525\n2::110::0.5::868245777\n"
ML_10M_MOVIES = "122::Boomerang (1992)::Comedy|Romance\n185::Crónica (2003)::(no genres listed)\n"
CSV = "userId,movieId,rating,timestamp\r\n1,307,3.5,1256677221\r\n1,481,0.5,1256677456\r\n2,307,5.0,1192913551\r\n"
CSV_MOVIES = (
    "movieId,title,genres\r\n"
    '307,"City of Lost Children, The (Cité des enfants perdus, La) (1995)",Adventure|Drama\r\n'
    '481,"11\'09""01 - September 11 (2002) ",Drama\r\n'
    "1,Fawlty Towers (1975-1979),Comedy\r\n"
    '2,"Big Bang Theory, The (2007– )",Comedy\r\n'
    "3,2001 Yonggary (Yongary) (Reptilian) (1999),(no genres listed)\r\n"
    "4,Stranger Things,Drama\r\n"
    '5,"The Big ""Q"" (1936-)",IMAX|Sci-Fi\r\n'
)

Files = dict[str, bytes]

PUBLISHED: dict[str, tuple[str, Files, tuple[float, float]]] = {
    "ml-100k": (
        "u.data",
        {
            "u.data": U_DATA.encode(),
            "u.item": U_ITEM.encode("latin-1"),
            "u.genre": U_GENRE.encode(),
            "u1.base": b"1\t1\t5\t1\n",
        },
        (1.0, 5.0),
    ),
    "ml-1m": ("ratings.dat", {"ratings.dat": ML_1M.encode(), "movies.dat": ML_1M_MOVIES.encode("latin-1")}, (1.0, 5.0)),
    "ml-10m": ("ratings.dat", {"ratings.dat": ML_10M.encode(), "movies.dat": ML_10M_MOVIES.encode()}, (0.5, 5.0)),
    "ml-latest": ("ratings.csv", {"ratings.csv": CSV.encode(), "movies.csv": CSV_MOVIES.encode()}, (0.5, 5.0)),
    "ml-32m": (
        "ratings.csv",
        {"ratings.csv": CSV.replace("\r", "").encode(), "movies.csv": CSV_MOVIES.replace("\r", "").encode()},
        (0.5, 5.0),
    ),
}


def _folder(place: Path, name: str, inner: str | None = None) -> Path:
    folder = place / name / inner if inner else place / name
    folder.mkdir(parents=True)
    for file, data in PUBLISHED[name][1].items():
        (folder / file).write_bytes(data)
    return place / name


def _zip(place: Path, name: str, inner: str) -> Path:
    path = place / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{inner}/", "")
        for file, data in PUBLISHED[name][1].items():
            archive.writestr(f"{inner}/{file}", data)
    return path


@pytest.mark.parametrize("form", ["folder", "nested", "zip", "file"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_set_reads_alike_in_every_form(tmp_path: Path, name: str, form: str) -> None:
    file, files, scale = PUBLISHED[name]
    path = {
        "folder": lambda: _folder(tmp_path, name),
        "nested": lambda: _folder(tmp_path, name, "ml-10M100K"),
        "zip": lambda: _zip(tmp_path, name, "ml-10M100K"),
        "file": lambda: _folder(tmp_path, name) / file,
    }[form]()
    table, catalogue = read_ratings(path), read_catalogue(path)
    assert table.dataset.name == name
    assert table.dataset.sha256 == hashlib.sha256(files[file]).hexdigest()
    assert table.dataset.scale == scale
    assert [table.users.dtype, table.items.dtype, table.timestamps.dtype] == [np.int64] * 3
    assert table.ratings.dtype == np.float32
    assert table.timestamps.tolist() == sorted(table.timestamps.tolist())
    assert catalogue is not None
    assert set(table.items.tolist()) - set(catalogue) <= {110, 1357}


def test_100k(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "ml-100k")
    table, catalogue = read_ratings(folder), read_catalogue(folder)
    assert table.users.tolist() == [22, 196, 186]
    assert table.items.tolist() == [377, 242, 302]
    assert table.ratings.tolist() == [1.0, 3.0, 3.0]
    assert table.timestamps.tolist() == [878887116, 881250949, 891717742]
    assert catalogue is not None
    assert catalogue.genres == ("Action", "Comedy")
    assert [(entry.title, entry.genres, entry.year) for entry in catalogue.values()] == [
        ("Kolya (1996)", ("Comedy",), 1996),
        ("Misérables, Les (1995)", ("Action", "Comedy"), 1995),
        ("Land Before Time III, The (1995) (V)", (), 1995),
        ("unknown", (), None),
    ]


def test_1m_and_10m(tmp_path: Path) -> None:
    million, ten = _folder(tmp_path, "ml-1m"), _folder(tmp_path, "ml-10m")
    assert read_ratings(million).users.tolist() == [2, 1, 1]
    assert read_ratings(ten).ratings.tolist() == [4.5, 5.0, 0.5]
    catalogue, more = read_catalogue(million), read_catalogue(ten)
    assert catalogue is not None
    assert more is not None
    assert catalogue[1193].title == "Café: A Tale :: Part 2 (1975)"
    assert catalogue[661].genres == ("Animation", "Children's")
    assert (more[185].title, more[185].genres, more[185].year) == ("Crónica (2003)", (), 2003)


def test_titles_of_the_csv_sets(tmp_path: Path) -> None:
    catalogue = read_catalogue(_folder(tmp_path, "ml-latest"))
    assert catalogue is not None
    assert {entry.item: (entry.title, entry.year, entry.genres) for entry in catalogue.values()} == {
        307: (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            1995,
            ("Adventure", "Drama"),
        ),
        481: ("11'09\"01 - September 11 (2002)", 2002, ("Drama",)),
        1: ("Fawlty Towers (1975-1979)", 1975, ("Comedy",)),
        2: ("Big Bang Theory, The (2007– )", 2007, ("Comedy",)),
        3: ("2001 Yonggary (Yongary) (Reptilian) (1999)", 1999, ()),
        4: ("Stranger Things", None, ("Drama",)),
        5: ('The Big "Q" (1936-)', 1936, ("IMAX", "Sci-Fi")),
    }


@pytest.mark.parametrize(
    ("name", "counts", "checksum"),
    [
        ("ml-100k", (100_000, 943, 1682), "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"),
        pytest.param(
            "ml-latest-small",
            (100_004, 671, 9066),
            "821795331fd974bbe7a8416f2a7eec2b548a485dedb47a073580b0a9a8a0a8d2",
            marks=pytest.mark.grouplens,
        ),
    ],
)
def test_the_real_sets(
    published: Callable[[str], Path], name: str, counts: tuple[int, int, int], checksum: str
) -> None:
    table, catalogue = read_ratings(published(name)), read_catalogue(published(name))
    assert (len(table), len(np.unique(table.users)), len(np.unique(table.items))) == counts
    assert table.dataset.sha256 == checksum
    assert catalogue is not None
    assert set(table.items.tolist()) <= set(catalogue)
    assert sum(entry.year is None for entry in catalogue.values()) <= 4


def test_blocks_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("u,i,r,t\n" + "".join(f"u{k % 7},i{k % 11},{k % 5},{881250949 + k % 13}\n" for k in range(200)))
    columns = Columns("u", "i", "r", "t")
    expected = read_ratings(path, columns)
    for size in (1, 7, 64, 1000):
        monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
        table = read_ratings(path, columns)
        assert table.users.tolist() == expected.users.tolist()
        assert table.items.tolist() == expected.items.tolist()
        assert table.ratings.tolist() == expected.ratings.tolist()
        assert table.timestamps.tolist() == expected.timestamps.tolist()
        assert table.dataset == expected.dataset


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "::"])
def test_any_table_with_its_columns_named(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "books.csv"
    lines = ["stars,day,who,note,isbn", "7,2014-05-01,ann,x,034545104X", "10,2013-01-02,bo,,0002005018"]
    path.write_text("\ufeff" + "\n".join(lines).replace(",", delimiter), encoding="utf-8")
    table = read_ratings(path, Columns(user="who", item="isbn", rating="stars", timestamp="day"))
    assert table.users.tolist() == ["bo", "ann"]
    assert table.items.tolist() == ["0002005018", "034545104X"]
    assert table.ratings.tolist() == [10.0, 7.0]
    assert table.timestamps.tolist() == [1357084800, 1398902400]
    assert (table.dataset.name, table.dataset.scale) == ("books", (7.0, 10.0))
    assert read_catalogue(path) is None


def test_a_declared_scale_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("u,i,r,t\n1,2,3,881250949\n")
    assert read_ratings(path, Columns("u", "i", "r", "t"), (0, 10)).dataset.scale == (0, 10)


def test_a_file_without_header_by_positions(tmp_path: Path) -> None:
    path = tmp_path / "plain.tsv"
    path.write_text('"7"\t881250949\t1.25\t"a b"\n8\t881250949\t1.1\tc\n')
    table = read_ratings(path, Columns.parse("3,0,2,1"))
    assert table.users.tolist() == ["a b", "c"]
    assert table.items.tolist() == [7, 8]
    assert table.ratings.tolist() == [1.25, 1.1]  # 1.1 is no float32, so the column stays float64


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("881250949", 881250949),
        ("881250949.75", 881250949),
        ("8.81250949e8", 881250949),
        ("881250949123", 881250949),
        ("1997-12-04", 881193600),
        ("1997-12-04T15:55:49Z", 881250949),
        ("1997-12-04 15:55:49", 881250949),
        ("1997-12-04T16:55:49+01:00", 881250949),
        ("1997-12-04 17:55:49+02", 881250949),
        ("881250949123456", 881250949),
        ("881250949999999999", 881250949),
        ("19971204", 881193600),
        ("199712041555", 881250900),
        ("19971204155549", 881250949),
    ],
)
def test_timestamps(tmp_path: Path, text: str, seconds: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"u,i,r,t\n1,2,3,{text}\n1,3,4,{text}\n")
    assert read_ratings(path, Columns("u", "i", "r", "t")).timestamps.tolist() == [seconds, seconds]


def test_ids_that_turn_into_text_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", 64)
    path = tmp_path / "a.csv"
    path.write_text(
        "u,i,r,t\n" + "".join(f"{k},{k},{k % 5},{881250949 + k}\n" for k in range(100)) + "1,x9,1,881260000\n"
    )
    table = read_ratings(path, Columns("u", "i", "r", "t"))
    assert table.users.dtype == np.int64
    assert table.items.tolist() == [str(k) for k in range(100)] + ["x9"]


def test_gzip(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "ml-latest")
    (folder / "ratings.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    (folder / "ratings.csv").unlink()
    for path in (folder, folder / "ratings.csv.gz"):
        assert read_ratings(path).dataset.sha256 == hashlib.sha256(CSV.encode()).hexdigest()
        assert read_catalogue(path) is not None


@pytest.mark.parametrize("form", ["file", "zip", "gz"])
def test_progress_reaches_the_end(tmp_path: Path, form: str) -> None:
    text = "userId,movieId,rating,timestamp\n" + "1,2,3,881250949\n" * 2_000_000
    path = tmp_path / {"file": "ratings.csv", "zip": "a.zip", "gz": "ratings.csv.gz"}[form]
    if form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("ratings.csv", text)
    else:
        path.write_bytes(gzip.compress(text.encode(), 1) if form == "gz" else text.encode())
    seen: list[tuple[int, int]] = []
    read_ratings(path, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) >= 2
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] == (len(text) if form != "gz" else path.stat().st_size)


def test_a_catalogue_is_no_must(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "ml-1m")
    (folder / "movies.dat").unlink()
    assert read_catalogue(folder) is None


MEASURE = """
import resource, sys
from streamsvd.ratings import read_ratings
import pandas
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = read_ratings(sys.argv[1])
print(len(table), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_32_million_ratings_would_take_less_than_2_gb(tmp_path: Path) -> None:
    n, part = 3_000_000, 100_000
    rng = np.random.default_rng(0)
    path = tmp_path / "ratings.csv"
    with path.open("w") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for _ in range(n // part):
            rows = zip(
                rng.integers(1, 200_000, part).tolist(),
                rng.integers(1, 290_000, part).tolist(),
                (rng.integers(1, 11, part) / 2).tolist(),
                rng.integers(789_652_004, 1_700_000_000, part).tolist(),
                strict=True,
            )
            file.write("".join(f"{u},{i},{r},{t}\n" for u, i, r, t in rows))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    rows_read, extra = map(int, done.stdout.split())
    assert rows_read == n
    assert 200e6 + extra * 32e6 / n < 2e9  # 200 MB: the interpreter with its libraries
