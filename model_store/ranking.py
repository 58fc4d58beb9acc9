"""From predicted ratings to a ranking: by which numbers items are ranked, and the best few of them.

This is the one place where it is decided what `recommend` shows first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model_store.read.view import View
from model_store.screen_kernels import candidates
from streamsvd.errors import SettingsError
from streamsvd.kernels.choices import RECENT
from streamsvd.kernels.scale import Scale
from streamsvd.learner.choices import CHOICE_BLOCK, RECENT_BLOCK, chances, ranking_scores
from streamsvd.ratings import Id

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom items are ranked.

    Attributes
    ----------
    factors : element of the user's `factors` block, or None
        None for somebody unknown.
    blocks : dict of array
        The user's blocks that the ranking asked for; empty for somebody unknown or without an account.
    given : intp array
        Places of the items that somebody without an account has rated, in the order given; empty for a user.
    covariance : float64 array, shape (d, d), or None
        P of the row, where exploration needs it.
    """

    factors: Any | None
    blocks: dict[str, NDArray[Any]]
    given: NDArray[np.intp]
    covariance: Floats | None


class Order(Protocol):
    """By which numbers items are ranked for one asker."""

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:
        """Numbers to rank by, highest first, shape (n,).

        Each depends on its own item only and never falls when its predicted rating grows: that is how the best are
        found without working all of them out.

        Parameters
        ----------
        predicted : float64 array, shape (n,)
            Predicted ratings in the data's own scale, not clipped to it.
        places : intp array of n places in the view, or slice(None) for all
        """


class Ranking(Protocol):
    """A way to rank items."""

    item_blocks: tuple[str, ...]
    """Blocks of items that it needs in the view, beside `factors`."""
    user_blocks: tuple[str, ...]
    """Blocks of the user that it needs, beside `factors`."""

    def order(self, view: View, asker: Asker) -> Order:
        """The order of items for one asker."""


class ByRating:
    """The predicted rating itself."""

    item_blocks: tuple[str, ...] = ()
    user_blocks: tuple[str, ...] = ()

    def order(self, view: View, asker: Asker) -> Order:  # noqa: ARG002
        """Itself: it is the same for everybody."""
        return self

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:  # noqa: ARG002
        """The numbers."""
        return predicted


class ByChoice:
    """Probability that the user chooses an item and likes it; see `streamsvd.learner.choices`."""

    item_blocks: tuple[str, ...] = (CHOICE_BLOCK,)
    user_blocks: tuple[str, ...] = (RECENT_BLOCK,)

    def order(self, view: View, asker: Asker) -> Order:
        """By the user's last items, or the last of those that somebody without an account has rated."""
        known = asker.blocks.get(RECENT_BLOCK)
        recent = asker.given[::-1][:RECENT].astype(np.int32) if known is None else known[0]["items"].copy()
        return ChosenAndLiked(
            recent, view.items.rows(CHOICE_BLOCK), view.popularity, Scale(*view.head.settings["scale"])
        )


@dataclass(slots=True)
class ChosenAndLiked:
    """The order of `ByChoice`.

    Attributes
    ----------
    recent, rows, shares
        See `streamsvd.learner.choices.chances`.
    scale : Scale
    chance : float64 array, shape (places,), or None
        No number exceeds it: nothing is liked for more than certain. None before it has been worked out.
    """

    recent: NDArray[np.int32]
    rows: NDArray[Any]
    shares: Floats
    scale: Scale
    chance: Floats | None = None

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:
        """The numbers."""
        if self.chance is None:
            self.chance = chances(self.recent, self.rows, self.shares)
        return ranking_scores(self.chance[places], predicted, self.scale)


RANKINGS: dict[str, Ranking] = {"choice": ByChoice(), "rating": ByRating()}
DEFAULT_RANKING = "choice"


def ranking_called(name: str) -> Ranking:
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
