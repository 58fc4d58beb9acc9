"""The catalogue: years, content columns, wire format."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import DatasetError, EventError
from streamsvd.ratings import Catalogue, CatalogueItem, decode_item, encode_item
from streamsvd.ratings.catalogue import item_from_title

ITEMS = [
    CatalogueItem(1, "A (1990)", ("Drama", "Comedy"), 1990),
    CatalogueItem("b", "B", ("War",), None),
    CatalogueItem(3, "C (2020)", (), 2020),
]

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
entries = st.builds(
    CatalogueItem,
    st.integers(-(2**63), 2**63 - 1) | texts.map(str.strip).filter(bool),
    texts | st.just(""),
    st.lists(texts, max_size=4).map(tuple),
    st.none() | st.integers(0, 9999),
)


def test_a_catalogue_is_a_mapping() -> None:
    catalogue = Catalogue(ITEMS)
    assert list(catalogue) == [1, "b", 3]
    assert catalogue["b"].genres == ("War",)
    assert 2 not in catalogue
    assert catalogue.get(2) is None
    assert catalogue.genres == ("Comedy", "Drama", "War")
    assert catalogue == Catalogue(ITEMS)


def test_content() -> None:
    content = Catalogue(ITEMS).content(["b", 1, 99, 3])
    half = 0.5**0.5
    np.testing.assert_array_equal(content, [[0, 0, 1, 0], [half, half, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]])
    assert content.dtype == np.float64


def test_content_takes_the_columns_of_a_table() -> None:
    catalogue = Catalogue(ITEMS)
    np.testing.assert_array_equal(catalogue.content(np.array([3, 1])), catalogue.content([3, 1]))
    np.testing.assert_array_equal(catalogue.content(np.array(["b"], dtype=object)), catalogue.content(["b"]))
    assert catalogue.content([]).shape == (0, 4)
    assert Catalogue([]).content([1]).shape == (1, 1)


def test_an_item_comes_once() -> None:
    with pytest.raises(DatasetError, match="item 1 is in the catalogue twice"):
        Catalogue([ITEMS[0], ITEMS[0]])


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Toy Story (1995)", 1995),
        ("Rocky VI (1986) ", 1986),
        ("Fawlty Towers (1975-1979)", 1975),
        ("Big Bang Theory, The (2007-)", 2007),
        ("Death Note (2006–2007)", 2006),
        ("Doctor Who (2005– )", 2005),
        ("Land Before Time III (1995) (V)", 1995),
        ("Blade Runner (1982) (2049)", 2049),
        ("2001: A Space Odyssey", None),
        ("1984", None),
        ("(500) Days of Summer", None),
        ("Film (1999) and more", None),
        ("Film (19999)", None),
        ("unknown", None),
    ],
)
def test_years(title: str, year: int | None) -> None:
    entry = item_from_title(1, title, [])
    assert entry.year == year
    assert entry.title == title.strip()


def test_no_genre_is_no_genre() -> None:
    assert item_from_title(1, "A", ["(no genres listed)"]).genres == ()
    assert item_from_title(1, "A", ["unknown", "Drama", "", "Drama"]).genres == ("Drama",)


@given(entries)
def test_items_travel(entry: CatalogueItem) -> None:
    assert decode_item(encode_item(entry)) == entry


def test_golden_items() -> None:
    for value, entry in {
        '{"v":1,"item":1,"title":"Léon (1994)","genres":["Crime","Drama"],"year":1994}': CatalogueItem(
            1, "Léon (1994)", ("Crime", "Drama"), 1994
        ),
        '{"v":1,"item":"x","title":"X"}': CatalogueItem("x", "X"),
    }.items():
        assert decode_item(value.encode()) == entry
        assert encode_item(entry) == value.encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{", "not an item"),
        (b'{"v":2,"item":1,"title":"A"}', "unknown version 2"),
        (b'{"v":1,"title":"A"}', "`item`"),
        (b'{"v":1,"item":true,"title":"A"}', r"\$\.item"),
        (b'{"v":1,"item":1}', "`title`"),
        (b'{"v":1,"item":1,"title":7}', r"\$\.title"),
        (b'{"v":1,"item":1,"title":"\xff"}', "not an item"),
        (b'{"v":1,"item":1,"title":"A","genres":"Drama"}', r"\$\.genres"),
        (b'{"v":1,"item":1,"title":"A","year":"1995"}', r"\$\.year"),
        (b"[" * 100_000, "not an item"),
    ],
)
def test_bad_items_are_refused(value: bytes | None, reason: str) -> None:
    with pytest.raises(EventError, match=reason):
        decode_item(value)


@pytest.mark.parametrize(
    "entry",
    [CatalogueItem(True, "A"), CatalogueItem("", "A"), CatalogueItem(1, "A", (), 10_000), CatalogueItem(1, "\ud800")],
)
def test_what_could_not_be_read_is_not_written(entry: CatalogueItem) -> None:
    with pytest.raises(EventError, match="cannot be sent"):
        encode_item(entry)
