"""What a user has rated, and what is known of a user, from rows."""

from __future__ import annotations

import numpy as np

from streamsvd.kernels import Scale
from streamsvd.kernels.memory import TIME
from streamsvd.lookup.answers import KnownUser, Rated
from streamsvd.lookup.item_table import FACTORS, SEEN, WINDOW, ItemTable, UserRow
from streamsvd.ratings import Id

ABOUT_USER = (FACTORS, SEEN)
"""Blocks of a user that `known_user` needs."""

_DIGITS = 6  # of a mean: ratings are kept in single precision


def newest_ratings(items: ItemTable, row: UserRow, n: int) -> tuple[Rated, ...]:
    """A user's newest ratings, newest first, as far as the model remembers them (its window)."""
    scale, window = items.scale, row[WINDOW][items.here(row[WINDOW]["item"])][::-1][:n]
    return tuple(
        Rated(**items.about(int(entry["item"])), above=float(entry["target"]) / scale.slope) for entry in window
    )


def last_time(row: UserRow) -> int | None:
    """When a user gave the newest rating, in seconds, of the block `FACTORS`; None without a rating."""
    factors = row[FACTORS][0]
    return int(factors["stats"][TIME]) if factors["count"] else None


def known_user(scale: Scale, user: Id, row: UserRow) -> KnownUser:
    """What a user's blocks `ABOUT_USER` say of the user's ratings."""
    ratings = row[SEEN]["rating"]
    if not len(ratings):
        return KnownUser(user, 0, None, None)
    mean = float(scale.from_internal(ratings.mean(dtype=np.float64)))
    return KnownUser(user, len(ratings), round(mean, _DIGITS), last_time(row))
