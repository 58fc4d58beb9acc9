"""A column of text ids as numbers: each distinct text is one Python string, whatever the number of ratings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings.event import Id


class CodedIds(Sequence[Id]):
    """Text ids, one per rating.

    Parameters
    ----------
    codes : int64 array, shape (n,)
        Where each id is in `texts`.
    texts : list of str
        Distinct; may grow, but what it holds stays.

    Examples
    --------
    >>> ids = CodedIds(np.array([1, 0, 1]), ["ann", "bob"])
    >>> list(ids), ids[0], list(ids[1:])
    (['bob', 'ann', 'bob'], 'bob', ['ann', 'bob'])
    """

    __slots__ = ("codes", "texts")

    def __init__(self, codes: NDArray[np.int64], texts: list[str]) -> None:
        self.codes, self.texts = codes, texts

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Id]:
        return map(self.texts.__getitem__, self.codes.tolist())

    @overload
    def __getitem__(self, key: int) -> Id: ...
    @overload
    def __getitem__(self, key: slice) -> CodedIds: ...
    def __getitem__(self, key: int | slice) -> Id | CodedIds:
        if isinstance(key, slice):
            return CodedIds(self.codes[key], self.texts)
        return self.texts[int(self.codes[key])]
