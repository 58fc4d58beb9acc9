"""The rule of ids: what is an integer, what is text, and what is refused; in text, on the log and in a catalogue."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import EventError, InputError
from streamsvd.ratings import (
    MAX_ID_LENGTH,
    CatalogueItem,
    Erasure,
    Rating,
    decode,
    decode_item,
    encode,
    other_kind,
    parse_id,
    typed_id,
)
from streamsvd.ratings.id_text import INTEGER_TEXT

LONGEST = "é" * MAX_ID_LENGTH
digits = st.text("+-0123456789.e _", min_size=1, max_size=21)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | digits
visible = texts.filter(str.strip)


@given(visible)
def test_an_id_prints_its_text(text: str) -> None:
    assert str(parse_id(text)) == text.strip()


@given(visible, visible)
def test_ids_are_the_same_where_their_texts_are(one: str, other: str) -> None:
    assert (parse_id(one) == parse_id(other)) == (one.strip() == other.strip())


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_integer_is_read_back(number: int) -> None:
    assert parse_id(str(number)) == number
    assert re.fullmatch(INTEGER_TEXT, str(number))
    assert typed_id(f"text:{number}") == other_kind(number) == str(number)
    assert other_kind(str(number)) == number


@pytest.mark.parametrize(
    "text",
    ["007", "+7", "-0", "00", "7.0", "1e5", "12e3", "1_000", "True", "٧", "0x10", str(2**63), str(-(2**63) - 1), "é"],
)
def test_other_texts_are_text(text: str) -> None:
    assert parse_id(text) == text
    assert other_kind(text) is None


def test_nothing_is_normalised() -> None:
    assert parse_id("e\N{COMBINING ACUTE ACCENT}") != parse_id("é")
    assert parse_id("Ann") != parse_id("ann")


@pytest.mark.parametrize("text", ["", "  ", "\t\N{NO-BREAK SPACE}", LONGEST + "e", "\udcff", "9" * 256])
def test_blank_long_and_broken_texts_are_refused(text: str) -> None:
    for parse in (parse_id, typed_id):
        with pytest.raises(InputError, match="an id "):
            parse(text)


def test_a_mark_with_nothing_behind_it_is_text() -> None:
    assert [typed_id(text) for text in (" text: 7 ", "text: ", "text:text:7")] == ["7", "text:", "text:7"]


def test_on_the_log_the_json_type_decides() -> None:
    users = [decode(b'{"v":1,"kind":"erase","user":%s,"ts":1}' % user).user for user in (b"7", b'"7"', b'" 7 "')]
    assert users == [7, "7", "7"]
    rating = decode(b'{"v":1,"user":" bob ","item":"\\theat","rating":1,"ts":1}')
    assert rating == Rating("bob", "heat", 1.0, 1)
    assert decode_item(b'{"v":1,"item":" heat ","title":"Heat"}') == CatalogueItem("heat", "Heat")


@pytest.mark.parametrize("user", [b'""', b'"   "', b'"%s"' % (LONGEST + "e").encode(), b"9223372036854775808"])
def test_an_id_that_is_none_is_refused_on_the_log(user: bytes) -> None:
    with pytest.raises(EventError, match="user"):
        decode(b'{"v":1,"kind":"erase","user":%s,"ts":1}' % user)
    with pytest.raises(EventError, match="item"):
        decode_item(b'{"v":1,"item":%s,"title":"Heat"}' % user)


def test_the_longest_id_travels() -> None:
    assert decode(encode(Erasure(LONGEST, 1))) == Erasure(LONGEST, 1)


@pytest.mark.parametrize("user", [" bob", "bob\n", "   ", "", LONGEST + "e"])
def test_an_id_that_would_be_read_as_another_is_not_sent(user: str) -> None:
    with pytest.raises(EventError, match="cannot be sent"):
        encode(Erasure(user, 1))
