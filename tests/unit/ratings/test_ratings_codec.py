"""The wire format: golden values, values that must be refused, and everything in between."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import EventError
from streamsvd.ratings import Erasure, Event, Rating, Retraction, check_scale, decode, encode
from streamsvd.ratings.codec import MAX_VALUE_BYTES

GOLDEN = Path(__file__).parent / "golden"
KINDS: dict[str, type[Rating] | type[Retraction] | type[Erasure]] = {
    "Rating": Rating,
    "Retraction": Retraction,
    "Erasure": Erasure,
}

# Written by hand: they are the specification, so no script makes them. In bad_events.json one character stands for
# one byte (Latin-1), because some values are not text.
EVENTS: list[dict[str, Any]] = json.loads((GOLDEN / "events_v1.json").read_text("utf-8"))
BAD: list[dict[str, str]] = json.loads((GOLDEN / "bad_events.json").read_text("utf-8"))

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(str.strip).filter(bool)
ids = st.integers(-(2**63), 2**63 - 1) | texts
seconds = st.integers(0, 99_999_999_999)
sources = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
sequences = st.none() | st.integers(0, 2**63 - 1)
events: st.SearchStrategy[Event] = (
    st.builds(Rating, ids, ids, st.floats(allow_nan=False, allow_infinity=False), seconds, sources, sequences)
    | st.builds(Retraction, ids, ids, seconds, sources, sequences)
    | st.builds(Erasure, ids, seconds, sources, sequences)
)


def _event(fields: dict[str, Any]) -> Event:
    return KINDS[fields["type"]](**{name: value for name, value in fields.items() if name != "type"})


@pytest.mark.parametrize("golden", EVENTS, ids=lambda golden: golden["value"])
def test_golden_values_are_read_and_written_to_the_byte(golden: dict[str, Any]) -> None:
    event, value = _event(golden["event"]), golden["value"].encode()
    assert decode(value) == event
    assert type(decode(value)) is type(event)
    assert encode(event) == value


def test_golden_values_show_every_kind() -> None:
    assert {golden["event"]["type"] for golden in EVENTS} == set(KINDS)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad["value"][:80])
def test_bad_values_are_refused_with_their_reason(bad: dict[str, str]) -> None:
    with pytest.raises(EventError) as caught:
        decode(bad["value"].encode("latin-1"))
    assert bad["reason"] in str(caught.value)


@given(events)
def test_what_is_written_is_read_back(event: Event) -> None:
    assert decode(encode(event)) == event


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_event_or_refused(value: bytes) -> None:
    try:
        event = decode(value)
    except EventError:
        return
    assert decode(encode(event)) == event


@given(events, st.data())
def test_a_damaged_event_is_an_event_or_refused(event: Event, data: st.DataObject) -> None:
    value = bytearray(encode(event))
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(EventError):
        decode(bytes(value))


def test_a_tombstone_is_refused() -> None:
    with pytest.raises(EventError, match="empty"):
        decode(None)


@pytest.mark.parametrize("extra", [b'{"v":1,"x":', b"", b'{"v":1,"user":1,"item":1,"rating":1,"ts":1,"x":'])
def test_nesting_without_end_is_refused(extra: bytes) -> None:
    with pytest.raises(EventError):
        decode(extra + b"[" * 100_000)


@pytest.mark.parametrize(
    "more",
    [
        '"note":"later","tags":[1,{"a":1,"a":2}]',
        '"x":{"user":1,"item":{"user":2}}',
        '"x":-1.5e300,"y":null',
        f'"x":{"9" * 5000}',
        '"source":"a:b\\"user\\":1","seq":null',
    ],
)
def test_unknown_fields_and_odd_strings_are_no_reason(more: str) -> None:
    value = f'{{"v":1,"user":1,"item":2,"rating":3,{more},"ts":4}}'.encode()
    event = decode(value)
    assert (event.user, event.timestamp) == (1, 4)


def test_a_whole_number_is_a_rating() -> None:
    event = decode(b' {"ts": 4, "rating": 3, "item": 2, "user": 1, "v": 1}\n')
    assert event == Rating(1, 2, 3.0, 4)
    assert isinstance(event, Rating)
    assert type(event.rating) is float


@pytest.mark.parametrize(
    "event",
    [
        Rating(1, 2, math.nan, 3),
        Rating(1, 2, math.inf, 3),
        Rating(True, 2, 3.0, 4),
        Rating("", 2, 3.0, 4),
        Rating(2**63, 2, 3.0, 4),
        Rating(1, "\ud800", 3.0, 4),
        Rating(1, 2, True, 4),
        Rating(1, 2, 3.0, -1),
        Rating(1, 2, 3.0, 881_250_949_000),
        Rating(1, 2, 3.0, 4, "", 0),
        Rating(1, 2, 3.0, 4, "app", -1),
        Rating(1.5, 2, 3.0, 4),  # type: ignore[arg-type]
        Rating(1, None, 3.0, 4),  # type: ignore[arg-type]
        Rating(1, {2}, 3.0, 4),  # type: ignore[arg-type]
        Retraction(1, 2.0, 3),  # type: ignore[arg-type]
        Erasure(None, 3),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_what_could_not_be_read_is_not_written(event: Event) -> None:
    with pytest.raises(EventError, match="cannot be sent"):
        encode(event)


def test_events_do_not_change() -> None:
    event = Rating(1, 2, 3.0, 4)
    with pytest.raises(AttributeError):
        event.rating = 5.0  # type: ignore[misc]


@pytest.mark.parametrize("rating", [0.5, 3.0, 5.0])
def test_ratings_of_the_scale_pass(rating: float) -> None:
    check_scale(rating, (0.5, 5.0))


@pytest.mark.parametrize("rating", [0.49, 5.01, math.nan, math.inf])
def test_ratings_outside_the_scale_are_refused(rating: float) -> None:
    with pytest.raises(EventError, match=r"outside the declared scale 0\.5 to 5"):
        check_scale(rating, (0.5, 5.0))


def test_a_value_that_is_too_large_is_refused_without_being_parsed() -> None:
    value = encode(Rating(196, 242, 3.0, 881250949))
    assert decode(value.ljust(MAX_VALUE_BYTES)) == decode(value)
    with pytest.raises(EventError, match="1,000,001 bytes; 1,000,000 are the most") as caught:
        decode(value.ljust(MAX_VALUE_BYTES + 1))
    assert caught.value.reason == "too large"
    with pytest.raises(EventError, match="bytes"):  # and no word of the JSON that it is not
        decode(b"x" * (MAX_VALUE_BYTES + 1))


def test_a_source_has_255_characters_at_most() -> None:
    longest = Rating(196, 242, 3.0, 881250949, "é" * 255, 7)
    assert decode(encode(longest)) == longest
    with pytest.raises(EventError, match="1 to 255 characters"):
        encode(Rating(196, 242, 3.0, 881250949, "é" * 256, 7))
