"""From predicted ratings to a ranking: by which numbers items are ranked, and the best few of them.

This is the one place where it is decided what `recommend` shows first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model_store.view import View
from streamsvd.errors import SettingsError
from streamsvd.learner.choice_kernels import RECENT
from streamsvd.learner.choices import CHOICE_BLOCK, RECENT_BLOCK, chances, ranking_scores
from streamsvd.learner.compiler import compiled
from streamsvd.learner.scale import Scale
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

    ceiling: Floats | None
    """Numbers that those of no prediction exceed, shape (places,); None when there is no telling."""

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
    ceiling: Floats | None = None

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
        recent = asker.given[::-1][:RECENT].astype(np.int32) if known is None else known[0]["items"]
        chance = chances(recent, view.items.rows(CHOICE_BLOCK), view.popularity)
        return _ChosenAndLiked(chance, Scale(*view.head.settings["scale"]))


class _ChosenAndLiked:
    """The order of `ByChoice`: nothing is liked for more than certain, so no number exceeds the chance."""

    def __init__(self, chance: Floats, scale: Scale) -> None:
        self.ceiling: Floats | None = chance
        self._chance, self._scale = chance, scale

    def __call__(self, predicted: Floats, places: NDArray[np.intp] | slice) -> Floats:
        """The numbers."""
        return ranking_scores(self._chance[places], predicted, self._scale)


RANKINGS: dict[str, Ranking] = {"choice": ByChoice(), "rating": ByRating()}
DEFAULT_RANKING = "choice"


def ranking_called(name: str) -> Ranking:
    """The ranking of a name.

    Raises
    ------
    SettingsError
        There is none.
    """
    if name not in RANKINGS:
        raise SettingsError(f"items cannot be ranked by {name!r}; choose one of: {', '.join(RANKINGS)}")
    return RANKINGS[name]


@compiled
def reaching(numbers, limit, allowed):  # type: ignore[no-untyped-def]
    """Places of all allowed numbers that are `limit` or more."""
    found, count = np.empty(len(numbers), np.int64), 0
    for i in range(len(numbers)):
        if numbers[i] >= limit and allowed[i]:
            found[count] = i
            count += 1
    return found[:count].copy()


@compiled
def candidates(lower, upper, slack, allowed, n):  # type: ignore[no-untyped-def]
    """Places of all that may be among the `n` best, when each number lies between `lower` and `upper`.

    These are the allowed ones whose upper limit, plus `slack`, reaches the n-th highest lower limit.

    Parameters
    ----------
    lower, upper : float arrays, shape (places,)
    slack : float
    allowed : bool array, shape (places,)
    n : int

    Returns
    -------
    int64 array
    """
    highest = np.full(n, -np.inf)  # a heap: each is at most as high as the two below it, at 2k + 1 and 2k + 2
    for i in range(len(lower)):
        if lower[i] > highest[0] and allowed[i]:
            value, at = lower[i], 0
            while 2 * at + 1 < n:
                below = 2 * at + 1
                if below + 1 < n and highest[below + 1] < highest[below]:
                    below += 1
                if highest[below] >= value:
                    break
                highest[at] = highest[below]
                at = below
            highest[at] = value
    return reaching(upper, highest[0] - slack, allowed)


def in_order(scores: Floats, ids: Sequence[Id | None]) -> list[int]:
    """Positions by falling score; ties by id, integers before strings."""
    text = [isinstance(name, str) for name in ids]
    return [k for *_, k in sorted(zip((-scores).tolist(), text, ids, range(len(ids)), strict=True))]


def best(scores: Floats, n: int, allowed: NDArray[np.bool_], ids: Sequence[Id | None]) -> NDArray[np.intp]:
    """Places of the `n` highest scores, best first; ties by id, integers before strings.

    Parameters
    ----------
    scores : float64 array, shape (places,)
    n : int
        At least 1.
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
    places: NDArray[np.intp] = candidates(scores, scores, 0.0, allowed, n)
    return places[in_order(scores[places], [ids[place] for place in places.tolist()])[:n]]
