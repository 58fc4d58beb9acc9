"""Figures as the evaluation passes them to the store and to the displays.

`evaluation.metrics.figures` declares the names; the store keeps values under any names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Values = dict[str, int | float | None]
"""Figures by name; None for one that is undefined."""


@dataclass(frozen=True, slots=True)
class DriftDetection:
    """A change of the page error, as reported by a drift detector.

    Attributes
    ----------
    detector : str
        `adwin` or `page-hinkley`.
    events : int
        Number of ratings learned when it fired.
    event_time : int
        Event time of that rating, in seconds since 1970.
    rose : bool
        Whether the error went up.
    """

    detector: str
    events: int
    event_time: int
    rose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A shadow less the served model, page protocol, over the ratings of all finished blocks; negative: it is better.

    Attributes
    ----------
    ratings, blocks : int
        What has been compared; a block is a run of ratings up to where a page begins.
    rmse, rmse_served : float or None
        Of both; None before the first block is finished. Means of blocks, as the difference is.
    squared, squared_low, squared_high : float or None
        Difference of the squared errors, in squared units of the scale, and the interval that holds it at all times
        together.
    difference, low, high : float or None
        The same divided by the sum of both RMSEs, which makes it their difference; in units of the scale.
    better : {"shadow", "served"} or None
        Which one has the smaller error; None while the interval holds zero.
    since_event, since_time : int or None
        Number of the rating, and event time in seconds, from which on the interval has never held zero again.
    """

    ratings: int = 0
    blocks: int = 0
    rmse: float | None = None
    rmse_served: float | None = None
    squared: float | None = None
    squared_low: float | None = None
    squared_high: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    better: Literal["shadow", "served"] | None = None
    since_event: int | None = None
    since_time: int | None = None


class ShadowRow(msgspec.Struct, frozen=True, kw_only=True):
    """The served model or one of its shadows.

    Attributes
    ----------
    name : str
    served : bool
        Whether it is the one that lookups see.
    kind : str
        `iterated-svd`, or that of a baseline.
    spec : str
        Its settings, as far as they are not the defaults.
    made_of : dict
        Kind, all settings, seed and whether it is given the catalogue: what makes it again.
    since : int
        Ratings that the stream had before its first one.
    events, users, items : int
    figures : dict of str to number or None
        Over the ratings since then, and over the newest of them; in JSON they stand among the other fields.
    against_served : Verdict or None
        Null for the served model.
    """

    name: str
    served: bool
    kind: str
    spec: str
    made_of: dict[str, Any]
    since: int
    events: int
    users: int
    items: int
    figures: Values
    against_served: Verdict | None = None

    def flat(self) -> dict[str, Any]:
        """As one object, as it is stored."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        figures, against = found.pop("figures"), found.pop("against_served")
        return {**found, **figures, "against_served": against}
