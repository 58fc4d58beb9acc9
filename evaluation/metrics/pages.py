"""Pages: all that a user rates at one timestamp, whatever lies between its ratings; for any batch size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings import Id


class Pages:
    """Numbers the pages of a stream in the order in which they begin, from 1; another timestamp closes all of them.

    Attributes
    ----------
    first_open : int
        Number of the first page of the present timestamp.

    Examples
    --------
    >>> Pages().turn([196, 186, 196], [10, 10, 10])
    (array([1, 2, 1]), array([ True,  True, False]))
    """

    def __init__(self) -> None:
        self.first_open = 1
        self._begun = 0
        self._timestamp: int | None = None
        self._open: dict[Id, int] = {}  # the page of each user, by number

    def turn(
        self, users: Sequence[Id] | NDArray[Any], timestamps: Sequence[int] | NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The page of each of these ratings, the next ones of the stream, and whether the rating begins it.

        Parameters
        ----------
        users : sequence of int or str, length n
        timestamps : sequence of int, length n
            In seconds.

        Returns
        -------
        int64 array, shape (n,)
            Numbers of pages.
        bool array, shape (n,)
        """
        names: list[Id] = users.tolist() if isinstance(users, np.ndarray) else list(users)
        numbers, begins = np.empty(len(names), np.int64), np.zeros(len(names), np.bool_)
        stamps = np.asarray(timestamps, np.int64).tolist()
        for k, (name, stamp) in enumerate(zip(names, stamps, strict=True)):
            if stamp != self._timestamp:
                self._timestamp, self._open, self.first_open = stamp, {}, self._begun + 1
            if name not in self._open:
                self._begun += 1
                self._open[name] = self._begun
                begins[k] = True
            numbers[k] = self._open[name]
        return numbers, begins

    def forget(self, user: Id) -> int | None:
        """Remove a user: its next rating begins a page. The number of the page that was open, None without one."""
        return self._open.pop(user, None)

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        text = json.dumps([self._begun, self.first_open, self._timestamp, list(self._open.items())])
        return {"open_pages": np.frombuffer(text.encode(), np.uint8)}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Pages:
        """The pages that `state` was taken from."""
        pages = cls()
        text = json.loads(state["open_pages"].tobytes())
        pages._begun, pages.first_open, pages._timestamp, opened = text
        pages._open = dict(opened)
        return pages
