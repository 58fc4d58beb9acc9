"""What happens on the stream: a rating, a rating taken back, a user erased.

Events are immutable values. They are `msgspec` structs rather than frozen dataclasses because a consumer makes one
for every record it reads, and a struct costs a fraction of one. They hold what they are given; the codec is the
place where values are checked.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from streamsvd.errors import AheadOfClock, EventError

Id = int | str
"""A user or an item: an integer of 64 bits or a string that is not empty."""

MAX_TIMESTAMP = 99_999_999_999
"""Latest event time, in seconds (the year 5138); a larger number is milliseconds, sent by mistake."""

MAX_AHEAD = 86_400
"""How far ahead of the clock a rating's timestamp may be, in seconds, where nothing else is said."""


class Rating(msgspec.Struct, frozen=True, gc=False):
    """One user's rating of one item; it replaces an earlier rating of the same item by the same user.

    Attributes
    ----------
    user, item : int or str
        Who rated what.
    rating : float
        In the units of the data set's own scale (stars for MovieLens).
    timestamp : int
        Event time in whole seconds since 1970 (UTC).
    source : str, optional
        Where the event comes from; with `sequence` it is the event's id, by which a repeated delivery is recognised.
    sequence : int, optional
        Number of the event within its source, growing.

    Examples
    --------
    >>> Rating(196, 242, 3.0, 881250949)
    Rating(user=196, item=242, rating=3.0, timestamp=881250949, source=None, sequence=None)
    """

    user: Id
    item: Id
    rating: float
    timestamp: int
    source: str | None = None
    sequence: int | None = None


class Retraction(msgspec.Struct, frozen=True, gc=False):
    """A user takes back the rating of one item; fields as in `Rating`."""

    user: Id
    item: Id
    timestamp: int
    source: str | None = None
    sequence: int | None = None


class Erasure(msgspec.Struct, frozen=True, gc=False):
    """A user wants to be forgotten: row, history and seen list go; fields as in `Rating`."""

    user: Id
    timestamp: int
    source: str | None = None
    sequence: int | None = None


Event = Rating | Retraction | Erasure
"""What travels on the log."""


def check_scale(rating: float, scale: tuple[float, float]) -> None:
    """Refuse a rating outside the limits that its data set declares.

    Raises
    ------
    EventError
        With the rating and the limits.

    Examples
    --------
    >>> check_scale(3.5, (0.5, 5.0))
    """
    if not scale[0] <= rating <= scale[1]:
        raise EventError(
            f"rating {rating:g} is outside the declared scale {scale[0]:g} to {scale[1]:g}; "
            "send it in the units of the data set, or declare another scale",
            reason="outside the scale",
        )


def utc_day(timestamp: int | None) -> str:
    """Date of an event time, in UTC.

    Parameters
    ----------
    timestamp : int or None
        In seconds since 1970.

    Examples
    --------
    >>> utc_day(881250949), utc_day(None)
    ('1997-12-04', '–')
    """
    return "–" if timestamp is None else f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"


def check_not_ahead(timestamp: int, clock: int, max_ahead: int = MAX_AHEAD) -> None:
    """Refuse a rating whose timestamp is too far ahead of the clock; all in seconds.

    Raises
    ------
    AheadOfClock

    Examples
    --------
    >>> check_not_ahead(881250949, 881250000)
    """
    if timestamp > clock + max_ahead:
        at, now = (f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}" for time in (timestamp, clock))
        raise AheadOfClock(
            f"the timestamp {timestamp} ({at}) is more than {max_ahead} s ahead of the clock ({now}); send the time of "
            "the rating in seconds since 1970, or allow more with --max-ahead",
            clock,
        )
