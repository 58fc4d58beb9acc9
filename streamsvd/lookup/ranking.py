"""From predicted ratings to a ranking: by which scores items are ranked, and the best few of them.

This is the one place where it is decided what `recommend` shows first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import SettingsError
from streamsvd.kernels import CHOICE_BLOCK, RECENT_BLOCK, Scale
from streamsvd.kernels.choices import RECENT
from streamsvd.lookup.choice_scores import chances, ranking_scores
from streamsvd.lookup.item_table import ItemTable, UserRow
from streamsvd.lookup.screening_kernels import candidates
from streamsvd.ratings import Id

Floats = NDArray[np.float64]
NO_PLACES: NDArray[np.intp] = np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class Profile:
    """The user for whom items are ranked.

    Attributes
    ----------
    factors : element of the user's `factors` block, or None
        None for an unknown user.
    blocks : mapping of str to array
        The user's blocks that the ranking needs; empty for an unknown or anonymous user.
    given : intp array
        Places of the items that an anonymous user has rated, in the order given; empty for a user of the model.
    covariance : float64 array, shape (d, d), or None
        P of the row, where exploration needs it.
    """

    factors: Any | None = None
    blocks: UserRow = field(default_factory=dict)
    given: NDArray[np.intp] = field(default_factory=NO_PLACES.copy)
    covariance: Floats | None = None


class Order(Protocol):
    """By which scores items are ranked for one profile."""

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:
        """Scores to rank by, highest first, shape (n,).

        Each depends on its own item only and never falls when its predicted rating grows: that is how the best are
        found without computing all of them.

        Parameters
        ----------
        predicted : float64 array, shape (n,)
            Predicted ratings in the data's own scale, not clipped to it.
        places : intp array of n places in the table, or slice(None) for all
        """


class Ranker(Protocol):
    """A way to rank items."""

    item_blocks: tuple[str, ...]
    """Blocks of items that it needs, besides `factors`."""
    user_blocks: tuple[str, ...]
    """Blocks of the user that it needs, besides `factors`."""

    def order(self, items: ItemTable, profile: Profile) -> Order:
        """The order of items for one profile."""


class ByRating:
    """By the predicted rating."""

    item_blocks: tuple[str, ...] = ()
    user_blocks: tuple[str, ...] = ()

    def order(self, items: ItemTable, profile: Profile) -> Order:  # noqa: ARG002
        """This object: the order is the same for all profiles."""
        return self

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:  # noqa: ARG002
        """The scores."""
        return predicted


class ByChoice:
    """Probability that the user chooses an item and likes it; see `choice_scores`."""

    item_blocks: tuple[str, ...] = (CHOICE_BLOCK,)
    user_blocks: tuple[str, ...] = (RECENT_BLOCK,)

    def order(self, items: ItemTable, profile: Profile) -> Order:
        """By the user's last items, or the last of those that an anonymous user has rated."""
        known = profile.blocks.get(RECENT_BLOCK)
        recent = profile.given[::-1][:RECENT].astype(np.int32) if known is None else known[0]["items"].copy()
        return ChosenAndLiked(recent, items.choice_rows, items.shares, items.scale)


@dataclass(slots=True)
class ChosenAndLiked:
    """The order of `ByChoice`.

    Attributes
    ----------
    recent, rows, shares
        See `choice_scores.chances`.
    scale : Scale
    chance : float64 array, shape (places,), or None
        No score exceeds it: nothing is liked with more than certainty. None until it is computed.
    """

    recent: NDArray[np.int32]
    rows: NDArray[Any]
    shares: Floats
    scale: Scale
    chance: Floats | None = None

    def chances(self) -> Floats:
        """How likely each item is to be chosen, shape (places,); computed once."""
        if self.chance is None:
            self.chance = chances(self.recent, self.rows, self.shares)
        return self.chance

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:
        """The scores."""
        return ranking_scores(self.chances()[places], predicted, self.scale)


RANKINGS: dict[str, Ranker] = {"choice": ByChoice(), "rating": ByRating()}
"""By name."""
DEFAULT_RANKING = "choice"
"""Name of the ranking where none is asked for."""


def ranking_called(name: str) -> Ranker:
    """The ranking of a name.

    Raises
    ------
    SettingsError
        There is none.
    """
    if not isinstance(name, str) or name not in RANKINGS:
        raise SettingsError(f"items cannot be ranked by {name!r}; choose one of: {', '.join(RANKINGS)}")
    return RANKINGS[name]


def in_order(scores: Floats, ids: Sequence[Id | None]) -> list[int]:
    """Positions by falling score; ties by id, integers before strings."""
    falling = (-scores).tolist()
    if len(set(falling)) == len(falling):  # no ties: nearly always
        return sorted(range(len(falling)), key=falling.__getitem__)
    text = [isinstance(name, str) for name in ids]
    return [k for *_, k in sorted(zip(falling, text, ids, range(len(ids)), strict=True))]


def best(scores: Floats, n: int, allowed: NDArray[np.bool_], ids: Sequence[Id | None]) -> NDArray[np.intp]:
    """Places of the `n` highest scores, best first; ties by id, integers before strings.

    Parameters
    ----------
    scores : float64 array, shape (places,)
    n : int
        At least 1; more than there are gives all.
    allowed : bool array, shape (places,)
        Which places may be taken.
    ids : sequence of id, length places

    Returns
    -------
    intp array, shape (at most n,)

    Examples
    --------
    >>> best(np.array([3.0, 5.0, 4.0, 5.0]), 2, np.ones(4, bool), [7, 3, 9, 1]).tolist()
    [3, 1]
    """
    places: NDArray[np.intp] = candidates(scores, scores, 0.0, allowed, max(1, min(n, len(scores))))
    return places[in_order(scores[places], [ids[place] for place in places.tolist()])[:n]]
