"""From predicted ratings to a ranking: by which numbers items are ranked, and the best few of them.

This is the one place where it is decided what `recommend` shows first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import SettingsError
from streamsvd.ratings import Id

Floats = NDArray[np.float64]


class Ranking(Protocol):
    """Turns predicted ratings into the numbers by which items are ranked, highest first."""

    def __call__(
        self,
        predicted: Floats,
        items: NDArray[Any],
        globals_: dict[str, NDArray[Any]],
        user: Any | None,
        /,
    ) -> Floats:
        """Numbers to rank by, shape (n,).

        Each depends on its own item (and on user and globals) only, so that it can be worked out for some items alone,
        and grows with its predicted rating.

        Parameters
        ----------
        predicted : float64 array, shape (n,)
            Predicted ratings in the data's own scale, not clipped to it.
        items : structured array, shape (n,)
            The items' `factors`.
        globals_ : dict of array
            Of the snapshot.
        user : element of the user's `factors` block, or None
            None for somebody unknown.
        """


def by_rating(predicted: Floats, items: NDArray[Any], globals_: dict[str, NDArray[Any]], user: Any | None, /) -> Floats:  # noqa: ARG001
    """The predicted rating itself."""
    return predicted


RANKINGS: dict[str, Ranking] = {"rating": by_rating}
DEFAULT_RANKING = "rating"


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


def best(scores: Floats, n: int, allowed: NDArray[np.bool_], ids: Sequence[Id | None]) -> NDArray[np.intp]:
    """Places of the `n` highest scores, best first; ties by id, integers before strings.

    Parameters
    ----------
    scores : float64 array, shape (places,)
        Finite.
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
    candidates = np.flatnonzero(allowed)
    if len(candidates) > n:
        among = scores[candidates]
        limit = np.partition(among, len(among) - n)[len(among) - n]
        candidates = candidates[among >= limit]  # with every tie at the limit, so that their ids decide
    names = [ids[place] for place in candidates.tolist()]
    text = [isinstance(name, str) for name in names]
    ranked = sorted(zip((-scores[candidates]).tolist(), text, names, candidates.tolist(), strict=True))
    return np.array([place for *_, place in ranked[:n]], np.intp)
