"""Files that cannot be read: each error names file, line, what was found, and what to do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from streamsvd.errors import DatasetError
from streamsvd.ratings import Columns, read_catalogue, read_ratings
from streamsvd.ratings.reading import splitting

HEADER = "userId,movieId,rating,timestamp\n"
GOOD = "1,2,3.5,4\n" * 30
NAMED = Columns("u", "i", "r", "t")

BAD_LINES = {
    "text": ("1,2,good,4", "the rating is 'good', not a finite number"),
    "NaN": ("1,2,nan,4", "the rating is 'nan', not a finite number"),
    "infinite": ("1,2,inf,4", "the rating is 'inf', not a finite number"),
    "no rating": ("1,2,,4", "the rating is '', not a finite number"),
    "python number": ("1,2,1_0,4", "the rating is '1_0', not a finite number"),
    "too high": ("1,2,5.5,4", "the rating 5.5 is outside the scale 0.5 to 5"),
    "too low": ("1,2,0,4", "the rating 0 is outside the scale 0.5 to 5"),
    "text id": ("ann,2,3,4", "the user is 'ann', not an integer"),
    "fraction id": ("1,2.5,3,4", "the item is '2.5', not an integer"),
    "no id": ("1,,3,4", "the item is empty"),
    "huge id": ("99999999999999999999,2,3,4", "the user is '99999999999999999999', not an integer of 64 bits"),
    "date": ("1,2,3,2014-05-01", "the timestamp '2014-05-01' is not one of seconds since 1970, as the lines before"),
    "no time": ("1,2,3,", "the timestamp is empty"),
    "before 1970": ("1,2,3,-1", "the timestamp '-1' is before 1970"),
    "milliseconds among seconds": (
        "1,2,3,881250949000",
        "the timestamp '881250949000' would be milliseconds since 1970, and the lines before it are seconds",
    ),
    "too few fields": ("1,2,3", "found 3 fields instead of 4 in '1,2,3'"),
    "too many fields": ("1,2,3,4,5", "found 5 fields instead of 4"),
    "other delimiter": ("1;2;3;4", "found 1 fields instead of 4"),
    "no text": ("\udcff,2,3,4", "not text in UTF-8"),
    "header again": (HEADER.strip(), "the rating is 'rating', not a finite number"),
}


@pytest.mark.parametrize("size", [40, 1 << 20])
@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, size: int) -> None:
    monkeypatch.setattr(splitting, "BLOCK_BYTES", size)
    line, reason = BAD_LINES[case]
    path = tmp_path / "ratings.csv"
    path.write_text(HEADER + GOOD + "\n" + line + "\n" + GOOD, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DatasetError) as caught:
        read_ratings(path)
    assert f"{path}, line 33: " in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["1,2,3,2014-05-01", "1,3,3,yesterday"], "line 3: the timestamp 'yesterday' is not an ISO date"),
        (["1,2,3,2014-05-01", "1,3,3,"], "line 3: the timestamp is empty"),
        (["1,2,3,2014-05-01", "1,3,3,1969-12-31"], "line 3: the timestamp '1969-12-31' is before 1970"),
        (["1,2,3,01.05.2014"], "line 2: the timestamp '01.05.2014' is not an ISO date"),
        (["1,2,3,"], "line 2: the timestamp is empty"),
        (["1,2,3,881250949000", "1,2,3,inf"], "line 3: the timestamp 'inf'"),
        (["1,2,3,4", "ann,2,3,4", ",2,3,4"], "line 4: the user is empty"),
        (["1,2,3,4", '"1,2,3,4'], "line 3: a quoted field is not closed"),
        (["1,2,3,881250949", "1,2,3,881250949"], "a scale from 3 to 3 is not one"),
        (['"ann",1,3,4', '"bob",3,4,5,6'], "line 3: found 5 fields instead of 4"),
        (['"ann",1,3,4', '"bob",3,4'], "line 3: found 3 fields instead of 4"),
        (['"ann, b",1,3,4', "bob,3,4,5,6"], "line 3: found 5 fields instead of 4"),
        (["1,2,3,4", "x" * 200_000 + ",2,3,4,5"], "line 3: found 5 fields instead of 4"),
    ],
)
def test_bad_lines_of_other_tables(tmp_path: Path, lines: list[str], reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("u,i,r,t\n" + "\n".join(lines) + "\n")
    with pytest.raises(DatasetError) as caught:
        read_ratings(path, NAMED)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("u.data", "1\t2\t6\t4\n", "line 1: the rating 6 is outside the scale 1 to 5"),
        ("u.data", "1\t2\t3\t4\n1 2 3 4\n", "line 2: found 1 fields instead of 4"),
        ("ratings.dat", "1::2::3::4\n1::2:3::4\n", "line 2: found 3 fields instead of 4"),
        ("ratings.dat", "1::2::3::4\n1::2::x::4\n", "line 2: the rating is 'x'"),
        ("ratings.dat", "1::2::3::4\n1\t2\t3\t4\n", "line 2: found 1 fields instead of 4"),
        ("ratings.csv", "", "the file is empty"),
        ("ratings.csv", HEADER, "no ratings in this file"),
        ("ratings.csv", HEADER + "\n\n", "no ratings in this file"),
        ("ratings.csv", "\n" + HEADER, "no ratings in this file"),
        ("ratings.csv", "user,item,rating,timestamp\n1,2,3,4\n", "line 1: found 'user,item,rating,timestamp', which"),
        ("ratings.csv", "1,2,3,4\n", "line 1: found '1,2,3,4', which starts none of the known formats"),
        ("ratings.csv", "movieId,title,genres\n", "line 1: found 'movieId,title,genres'"),
        ("ratings.csv", "\udcffu\n", "line 1: not text in UTF-8"),
    ],
)
def test_files_that_are_not_what_they_are_called(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    for place in (path, tmp_path):
        with pytest.raises(DatasetError) as caught:
            read_ratings(place)
        assert str(path) in str(caught.value)
        assert reason in str(caught.value)


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("u,i,r,t\n1,2,3,4\n")
    for columns, reason in (
        (Columns("user", "i", "r", "t"), r"line 1: no column 'user'; the columns found are 'u, i, r, t'"),
        (Columns(0, 1, 2, 9), "line 1: no column 9"),
        (Columns("u", "u", "r", "t"), "one column is named for two things"),
    ):
        with pytest.raises(DatasetError, match=reason):
            read_ratings(path, columns)


@pytest.mark.parametrize("text", ["", "a,b", "a,b,c,d,e", "a,b,c,c", "a,,b,c"])
def test_columns_that_are_not_three_or_four(text: str) -> None:
    with pytest.raises(DatasetError, match="three or four different names"):
        Columns.parse(text)


@pytest.mark.parametrize("scale", [(5, 1), (3, 3), (0, float("inf")), (float("nan"), 5)])
def test_a_scale_that_is_none(tmp_path: Path, scale: tuple[float, float]) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(HEADER + GOOD)
    with pytest.raises(DatasetError, match="is not one"):
        read_ratings(path, scale=scale)


def test_missing_paths(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file or folder"):
        read_ratings(tmp_path / "nothing.csv")
    with pytest.raises(DatasetError, match="no ratings in this folder"):
        read_ratings(tmp_path)


def test_ratings_in_several_files_are_refused_by_name_and_read_as_one(tmp_path: Path) -> None:
    parts = {"combined_data_1.txt": "1:\n14,3,2005-09-06\n", "combined_data_2.txt": "2:\n14,4,2005-09-07\n"}
    for name, text in {**parts, "movie_titles.csv": "1,2003,Dinosaur Planet\n"}.items():
        (tmp_path / name).write_text(text)
    for path in (tmp_path, _zip(tmp_path / "netflix.zip", {**parts, "movie_titles.csv": "1,2003,Dinosaur Planet\n"})):
        with pytest.raises(DatasetError, match=r"it holds combined_data_1.txt, combined_data_2.txt, movie_titles.csv"):
            read_ratings(path)
    (tmp_path / "all.txt").write_text("".join(parts.values()))
    assert read_ratings(tmp_path / "all.txt").items.tolist() == [1, 2]
    (tmp_path / "combined_data_2.txt").unlink()
    assert read_ratings(tmp_path).items.tolist() == [1]


def _zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_zips_without_ratings(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"readme.txt": "hello", "a.csv": "x", "b.csv": "y"})
    with pytest.raises(DatasetError, match="no ratings in this zip"):
        read_ratings(path)


def test_damaged_zips(tmp_path: Path) -> None:
    text = HEADER + "".join(f"{k},{k * 7919 % 1009},{k % 5 + 1},{k * 7919}\n" for k in range(5_000))
    path = _zip(tmp_path / "ml.zip", {"ml/ratings.csv": text})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match="cannot be read"):
        read_ratings(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(20) + whole[middle + 20 :])
    with pytest.raises(DatasetError) as caught:
        read_ratings(path)
    assert "ml/ratings.csv" in str(caught.value)


def test_a_truncated_gzip(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "ratings.csv.gz"
    path.write_bytes(gzip.compress((HEADER + GOOD * 100).encode())[:-10])
    with pytest.raises(DatasetError, match="cannot be read"):
        read_ratings(path)


@pytest.mark.parametrize(
    ("ratings", "catalogue", "text", "reason"),
    [
        (
            "ratings.csv",
            "movies.csv",
            "id,title\n",
            "line 1: found 'id,title' without the columns movieId, title, genres",
        ),
        ("ratings.csv", "movies.csv", "movieId,title,genres\n1,A\n", "line 2: found '1,A' instead of"),
        ("ratings.csv", "movies.csv", "movieId,title,genres\nx,A,B\n", "line 2: the item is 'x', not an integer"),
        ("ratings.csv", "movies.csv", "movieId,title,genres\n1,A,B\n1,A,B\n", "item 1 is in the catalogue twice"),
        ("ratings.csv", "movies.csv", "movieId,title,genres\n1_0,A,B\n", "line 2: the item is '1_0', not an integer"),
        ("ratings.csv", "movies.csv", f"movieId,title,genres\n{10**20},A,B\n", "not an integer of 64 bits"),
        ("ratings.dat", "movies.dat", "1::A\n", "line 1: found '1::A' instead of item::title::genres"),
        ("u.data", "u.item", "1|A|0\n", "u.genre, which names its columns, is not in its folder"),
    ],
)
def test_bad_catalogues(tmp_path: Path, ratings: str, catalogue: str, text: str, reason: str) -> None:
    lines = {"ratings.csv": HEADER + GOOD, "ratings.dat": "1::2::3::4\n", "u.data": "1\t2\t3\t4\n"}
    (tmp_path / ratings).write_text(lines[ratings])
    (tmp_path / catalogue).write_text(text)
    with pytest.raises(DatasetError) as caught:
        read_catalogue(tmp_path)
    assert reason in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_a_catalogue_with_blank_lines_and_other_separators(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "ratings.csv").write_text(HEADER + GOOD)
    text = "\n,,\nmovieId,title,genres\n1,A (1990),War\n,,,\n\n2,B,Drama\n"
    (tmp_path / "movies.csv").write_text(text.replace(",", delimiter))
    catalogue = read_catalogue(tmp_path)
    assert catalogue is not None
    assert [(item, catalogue[item].title) for item in catalogue] == [(1, "A (1990)"), (2, "B")]
    (tmp_path / "movies.csv").write_text((text + "x,C,War\n").replace(",", delimiter))
    with pytest.raises(DatasetError, match=r"movies.csv, line 8: the item is 'x'"):
        read_catalogue(tmp_path)


def test_quotes_are_no_part_of_a_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('u,i,r,t\n"ann, of a","1",3,881250949\nbob,2,4.5,881250950\n')
    table = read_ratings(path, NAMED)
    assert list(table.users) == ["ann, of a", "bob"]
    assert table.ratings.tolist() == [3.0, 4.5]
