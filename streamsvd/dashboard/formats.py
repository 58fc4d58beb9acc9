"""Numbers, times and ages as texts."""

from __future__ import annotations

import math
from datetime import UTC, datetime

NOTHING = "–"
"""In place of a missing figure."""

_UNITS = ((86400 * 365.25, "years"), (86400.0, "days"), (3600.0, "h"), (60.0, "min"))


def count(number: float | None) -> str:
    """A whole number with separated thousands.

    >>> count(100004), count(None)
    ('100,004', '–')
    """
    return NOTHING if number is None or not math.isfinite(number) else f"{number:,.0f}"


def difference(value: float | None, places: int = 4) -> str:
    """A difference in stars with its sign; the minus is the mathematical one.

    >>> difference(-0.0123), difference(0.5, 2)
    ('−0.0123', '+0.50')
    """
    return NOTHING if value is None or not math.isfinite(value) else f"{value:+.{places}f}".replace("-", "−")


def span(seconds: float | None) -> str:
    """A length of time in its natural unit.

    >>> span(0.034), span(4.25), span(90), span(86400 * 3), span(86400 * 800)
    ('34 ms', '4.2 s', '1.5 min', '3.0 days', '2.2 years')
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    for length, name in _UNITS:
        if abs(seconds) >= length:
            return f"{seconds / length:,.1f} {name}"
    return f"{seconds:.1f} s" if abs(seconds) >= 1 or seconds == 0 else f"{seconds * 1000:.0f} ms"


def age(seconds: float | None) -> str:
    """How long ago, in whole units, as it is updated every second.

    >>> age(0.4), age(12.7), age(200)
    ('just now', '12 s ago', '3 min ago')
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 1.5:
        return "just now"
    for length, name in _UNITS:
        if seconds >= length:
            return f"{seconds // length:,.0f} {name} ago"
    return f"{seconds // 1:.0f} s ago"


def size(n: float | None) -> str:
    """Bytes in decimal units.

    >>> size(512), size(1_530_000)
    ('512 B', '1.5 MB')
    """
    if n is None or not math.isfinite(n):
        return NOTHING
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n >= unit:
            return f"{n / unit:.1f} {name}"
    return f"{n:.0f} B"


def moment(timestamp: float | None) -> str:
    """Date and time in UTC.

    >>> moment(881250949)
    '1997-12-04 15:55:49'
    """
    return NOTHING if timestamp is None else datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S")


def shortened(text: str, most: int) -> str:
    """The text, or its beginning.

    >>> shortened("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"
