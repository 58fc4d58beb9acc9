"""Pages: all that a user rates at one timestamp, whatever lies between its ratings; for any batch size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import kernels
from streamsvd.errors import InputError
from streamsvd.kernels import as_id, plain_ids
from streamsvd.ratings import CodedIds, Id


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
        ids, stamps = plain_ids(users), np.ascontiguousarray(timestamps, np.int64)
        if len(ids) != len(stamps):
            raise InputError(f"one timestamp is needed for each user, found {len(stamps)} for {len(ids)}")
        if not len(ids):
            return np.zeros(0, np.int64), np.zeros(0, np.bool_)
        firsts, head, newest = kernels.first_of_page(_keys(ids), stamps)
        begins = firsts == np.arange(len(firsts))
        continued = dict[int, int]()  # pages that were open before, by the first rating here
        if stamps[0] == self._timestamp:
            rows = np.flatnonzero(begins[:head]).tolist()
            continued = {k: self._open[name] for k in rows if (name := as_id(ids[k])) in self._open}
            begins[list(continued)] = False
        numbers = self._begun + np.cumsum(begins)
        if newest or stamps[0] != self._timestamp:
            self._timestamp, self._open = int(stamps[-1]), {}
            self.first_open = self._begun + int(begins[:newest].sum()) + 1
        self._begun = int(numbers[-1])
        numbers[list(continued)] = list(continued.values())
        opened = newest + np.flatnonzero(begins[newest:])
        self._open.update(zip((as_id(ids[k]) for k in opened.tolist()), numbers[opened].tolist(), strict=True))
        return numbers[firsts], begins

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


def _keys(ids: NDArray[np.int64] | CodedIds | list[Id]) -> NDArray[np.int64]:
    """A number for each distinct id."""
    if isinstance(ids, np.ndarray):
        return ids
    if isinstance(ids, CodedIds):
        return np.ascontiguousarray(ids.codes)
    numbers: dict[Id, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in ids], np.int64)
