"""Which ratings an error covers: all, the newest by number or event time, or all with fading weights."""

from __future__ import annotations

from collections.abc import Callable

from model_store.feed import FeedPoint, WindowErrors
from streamsvd.dashboard.formats import count, span
from streamsvd.figures import Values

ALL = "all ratings"
FADING = "fading"


def window_name(window: WindowErrors) -> str:
    """Name of a window.

    >>> window_name(WindowErrors(unit="events", size=5000, errors={}))
    'last 5,000'
    >>> window_name(WindowErrors(unit="seconds", size=604_800, errors={}))
    'last 7 days'
    """
    if window.unit == "events":
        return f"last {count(window.size)}"
    days, rest = divmod(window.size, 86_400)
    return f"last {span(window.size)}" if rest else f"last {count(days)} days"


def window_names(point: FeedPoint) -> list[str]:
    """Names of a point's windows, the broadest first."""
    return [ALL, *(window_name(window) for window in point.windows), FADING]


def errors_over(point: FeedPoint, name: str) -> Values | None:
    """The errors of a point over the named window; None where the point does not have it."""
    if name == ALL:
        return point.total
    if name == FADING:
        return point.fading
    return next((window.errors for window in point.windows if window_name(window) == name), None)


def picking(name: str) -> Callable[[FeedPoint], Values | None]:
    """`errors_over` for the named window, as a function of the point."""
    return lambda point: errors_over(point, name)
