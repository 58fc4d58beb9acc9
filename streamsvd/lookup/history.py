"""What a user has rated, and what is known of a user, from rows."""

from __future__ import annotations

from typing import Any

from streamsvd.kernels import Scale
from streamsvd.kernels.memory import MEAN, MEAN_WEIGHT, TIME
from streamsvd.lookup.answers import KnownUser, Rated
from streamsvd.lookup.item_table import WINDOW, ItemTable, UserRow
from streamsvd.ratings import Id


def newest_ratings(items: ItemTable, row: UserRow, n: int) -> tuple[Rated, ...]:
    """A user's newest ratings, newest first, as far as the model remembers them (its window)."""
    scale, window = items.scale, row[WINDOW][items.here(row[WINDOW]["item"])][::-1][:n]
    return tuple(
        Rated(**items.about(int(entry["item"])), above=float(entry["target"]) / scale.slope) for entry in window
    )


def known_user(scale: Scale, user: Id, factors: Any) -> KnownUser:
    """What the element of a user's `factors` says of the user's ratings."""
    count, stats = int(factors["count"]), factors["stats"]
    if not count:
        return KnownUser(user, 0, None, None)
    mean = 3.5 + stats[MEAN] * (count + MEAN_WEIGHT) / count  # undoes the drawing towards the middle
    return KnownUser(user, count, float(scale.from_internal(mean)), int(stats[TIME]))
