"""How the report writes numbers and names, and the terms for a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from streamsvd.ratings import Catalogue, Id, RatingTable, utc_day


@dataclass(frozen=True, slots=True)
class Terms:
    """Names of a data set, of its items and of its unit.

    Attributes
    ----------
    name : str
        Of the data set.
    item, items : str
        `film`, where there is a catalogue.
    unit : str
        Of ratings and errors.
    catalogue : Catalogue or None
    dated : bool
        Whether timestamps are dates, and not the numbers of the ratings.
    """

    name: str
    item: str
    items: str
    unit: str
    catalogue: Catalogue | None
    dated: bool = True

    def moment(self, timestamp: int) -> str:
        """Date of an event time, or which rating it is."""
        return utc_day(timestamp) if self.dated else f"rating {timestamp + 1:,}"

    def title(self, item: Id) -> str:
        """Title of an item; its id where there is none."""
        known = self.catalogue.get(item) if self.catalogue is not None else None
        return known.title if known is not None and known.title is not None else f"{self.item} {item}"


def terms_of(table: RatingTable, catalogue: Catalogue | None) -> Terms:
    """The terms for a data set."""
    item = "item" if catalogue is None else "film"
    unit = "stars" if table.dataset.scale[1] == 5 else "points"
    return Terms(table.dataset.name, item, item + "s", unit, catalogue, not table.is_file_order)


def count(n: float) -> str:
    """A number of things.

    >>> count(100004)
    '100,004'
    """
    return f"{n:,.0f}"


def error(value: float | None) -> str:
    """An error, to four digits.

    >>> error(0.90784), error(None)
    ('0.9078', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.4f}"


def mean(value: float) -> str:
    """A mean rating.

    >>> mean(3.5349)
    '3.53'
    """
    return "–" if math.isnan(value) else f"{value:.2f}"


def change(value: float, digits: int = 4) -> str:
    """A difference, with its sign.

    >>> change(-0.00214), change(0.00001), change(0.126, 2)
    ('−0.0021', '0.0000', '+0.13')
    """
    least = 0.5 * 10.0**-digits
    return f"{0.0:.{digits}f}" if abs(value) < least else f"{value:+.{digits}f}".replace("-", "−")


def share(value: float) -> str:
    """A share, in percent.

    >>> [share(value).replace("\u00a0", " ") for value in (0.0163, 0.4732, 0.9997, 1.0, 0.00004, 0.0)]
    ['1.6 %', '47 %', '99.9 %', '100 %', '< 0.1 %', '0 %']
    """
    if math.isnan(value):
        return "–"
    if 0 < value < 0.001:
        return "<\u00a00.1\u00a0%"
    if 0.9905 < value < 1:
        return f"{100 * min(value, 0.999):.1f}\u00a0%"
    return f"{100 * value:.1f}\u00a0%" if 0 < value < 0.0995 else f"{100 * value:.0f}\u00a0%"


def seconds(value: float) -> str:
    """A duration.

    >>> seconds(0.0712).replace("\u00a0", " "), seconds(75).replace("\u00a0", " ")
    ('0.07 s', '75 s')
    """
    return f"{value:.2f}\u00a0s" if value < 10 else f"{value:.0f}\u00a0s"


def joined(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> joined(["Drama"]), joined(["Drama", "War"]), joined(["Drama", "War", "Noir"])
    ('Drama', 'Drama and War', 'Drama, War and Noir')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def many(n: float, thing: str) -> str:
    """A number of things by name.

    >>> many(1, "user"), many(1200, "user")
    ('1 user', '1,200 users')
    """
    return f"{count(n)} {thing}{'' if n == 1 else 's'}"
