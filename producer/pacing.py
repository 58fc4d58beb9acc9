"""Pace of a replay: as fast as possible, at a fixed rate, or at a multiple of event time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from streamsvd.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Pace:
    """When each rating is due; without a rate or a speed, at once.

    Attributes
    ----------
    rate : float, optional
        Ratings per second.
    speed : float, optional
        Seconds of event time per second.

    Examples
    --------
    >>> Pace(rate=50).due(100, 0), Pace(speed=3600).due(0, 7200), Pace().due(10, 10)
    (2.0, 2.0, 0.0)
    """

    rate: float | None = None
    speed: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and self.speed is not None:
            raise SettingsError("rate and speed: a replay has one of both; leave out --rate or --speed.")
        for name, value in (("rate", self.rate), ("speed", self.speed)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise SettingsError(f"{name}: a number above 0 is needed, found {value:g}.")

    @classmethod
    def parse(cls, rate: float | None, speed: str | None) -> Pace:
        """A pace from the options of a command; speed as in `3600x` or `3600`.

        Raises
        ------
        SettingsError

        Examples
        --------
        >>> Pace.parse(None, "3600x")
        Pace(rate=None, speed=3600.0)
        """
        try:
            return cls(rate, None if speed is None else float(speed.strip().removesuffix("x")))
        except ValueError:
            raise SettingsError(f"speed {speed!r}: write it as in 3600x, an hour of events a second.") from None

    def due(self, sent: int, elapsed: int) -> float:
        """When a rating is due.

        Parameters
        ----------
        sent : int
            Ratings sent before it.
        elapsed : int
            Event time since the first of them, in seconds.

        Returns
        -------
        float
            Seconds after the replay began.
        """
        if self.rate is not None:
            return sent / self.rate
        return elapsed / self.speed if self.speed is not None else 0.0
