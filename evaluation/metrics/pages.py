"""Pages: runs of consecutive ratings with one user and one timestamp, for any batch size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings import Id


class Pages:
    """Finds the ratings that begin a page.

    Examples
    --------
    >>> Pages().begins([196, 196, 186], [10, 10, 10])
    array([ True, False,  True])
    """

    def __init__(self) -> None:
        self._newest: tuple[Id, int] | None = None

    def begins(self, users: Sequence[Id] | NDArray[Any], timestamps: Sequence[int] | NDArray[np.int64]) -> NDArray[Any]:
        """Whether each of these ratings, the next ones of the stream, begins a page.

        Parameters
        ----------
        users : sequence of int or str, length n
        timestamps : sequence of int, length n
            In seconds.

        Returns
        -------
        bool array, shape (n,)
        """
        names: list[Id] = users.tolist() if isinstance(users, np.ndarray) else list(users)
        pairs = list(zip(names, np.asarray(timestamps, np.int64).tolist(), strict=True))
        before = [self._newest, *pairs[:-1]]
        self._newest = pairs[-1] if pairs else self._newest
        return np.array([now != then for now, then in zip(pairs, before, strict=False)], np.bool_)

    def forget(self, user: Id) -> None:
        """Remove a user: its next rating begins a page."""
        if self._newest is not None and self._newest[0] == user:
            self._newest = None

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {"newest": np.frombuffer(json.dumps(self._newest).encode(), np.uint8)}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Pages:
        """The pages that `state` was taken from."""
        pages = cls()
        newest = json.loads(state["newest"].tobytes())
        pages._newest = None if newest is None else (newest[0], newest[1])
        return pages
