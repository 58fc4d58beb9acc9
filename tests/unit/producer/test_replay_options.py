"""Ranges and paces, as a user writes them."""

from __future__ import annotations

import pytest

from producer import Bound, Pace
from streamsvd.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Bound(0, "count")),
        ("100_000", Bound(100_000, "count")),
        ("@0", Bound(0, "time")),
        ("1970-01-02", Bound(86_400, "time")),
        ("1970-01-01T01:00:00+01:00", Bound(0, "time")),
        (" 1970-01-01 00:00:07 ", Bound(7, "time")),
    ],
)
def test_a_bound_is_a_count_or_a_time(text: str, expected: Bound) -> None:
    assert expected == Bound.parse(text)


@pytest.mark.parametrize("text", ["", "-5", "yesterday", "@", "@-3", "1997-13-01", "5.5"])
def test_any_other_bound_is_refused_with_examples(text: str) -> None:
    with pytest.raises(SettingsError, match="1997-12-05"):
        Bound.parse(text)


@pytest.mark.parametrize(
    ("rate", "speed"), [(0.0, None), (-1.0, None), (float("nan"), None), (None, "fast"), (None, "0x"), (1.0, "2x")]
)
def test_a_pace_that_is_none_is_refused(rate: float | None, speed: str | None) -> None:
    with pytest.raises(SettingsError):
        Pace.parse(rate, speed)
