"""Distinct texts, numbered in order of first appearance, found by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined

MOST_TEXTS, MOST_BYTES = 1 << 18, 1 << 25
"""Texts, and their bytes, that are kept from one block to the next."""
_FIRST_TEXTS, _FIRST_BYTES = 1 << 8, 1 << 12
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a, 64 bits

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class TextTable:
    """Numbers texts, and creates the Python string of each once.

    Parameters
    ----------
    is_valid : callable
        Whether a text is one.

    Attributes
    ----------
    texts : list of str
        By code.

    Examples
    --------
    >>> table = TextTable(str.islower)
    >>> data = np.frombuffer(b"ann bob ANN", np.uint8)
    >>> table.codes(data, np.array([4, 0, 4, 8, 0]), np.array([3, 3, 3, 3, -1])).tolist(), table.texts[:2]
    ([0, 1, 0, -1, -1], ['bob', 'ann'])
    """

    def __init__(self, is_valid: Callable[[str], bool]) -> None:
        self._is_valid = is_valid
        self._clear()

    def _clear(self) -> None:
        self.texts: list[str] = []
        self._refused: list[int] = []
        self._slots = np.full(2 * _FIRST_TEXTS, -1, np.int32)  # codes by hash, open addressing
        self._hashes = np.zeros(_FIRST_TEXTS, np.uint64)  # by code
        self._ends = np.zeros(_FIRST_TEXTS + 1, np.int64)  # of each text in `_bytes`, after a zero
        self._bytes = np.zeros(_FIRST_BYTES, np.uint8)

    def trim(self) -> None:
        """Forget all texts if there are too many: `texts` is another list then."""
        if len(self.texts) > MOST_TEXTS or self._ends[len(self.texts)] > MOST_BYTES:
            self._clear()

    def codes(self, data: Bytes, starts: Ints, sizes: Ints) -> Ints:
        """Code of each text.

        Parameters
        ----------
        data : uint8 array, read-only
        starts, sizes : int64 array, shape (n,)
            Where the texts lie in `data`, which must hold them; a size of -1 is none.

        Returns
        -------
        int64 array, shape (n,)
            -1 for none, and for a text that is not valid.
        """
        codes = np.empty(len(starts), np.int64)
        row, before = 0, len(self.texts)
        n = before
        while True:
            row, n = _number(
                data, starts, sizes, self._slots, self._hashes, self._ends, self._bytes, np.int64(n), row, codes
            )
            if row == len(starts):
                break
            self._grow(n, int(sizes[row]))
        if n > before:
            self._create(before, n)
        if self._refused:
            codes[np.isin(codes, self._refused)] = -1
        return codes

    def codes_of(self, texts: Sequence[str | None]) -> Ints:
        """The same for valid strings."""
        parts = [b"" if text is None else text.encode() for text in texts]
        sizes = np.array([len(part) if part else -1 for part in parts], np.int64)
        ends = np.cumsum(np.maximum(sizes, 0))
        return self.codes(np.frombuffer(b"".join(parts), np.uint8), ends - np.maximum(sizes, 0), sizes)

    def _grow(self, n: int, size: int) -> None:
        """Room for one more text of this size at least."""
        if n == len(self._hashes):
            self._hashes = np.append(self._hashes, np.zeros_like(self._hashes))
            self._ends = np.append(self._ends, np.zeros(n, np.int64))
            self._slots = np.full(2 * len(self._slots), -1, np.int32)
            _fill(self._slots, self._hashes, n)
        if self._ends[n] + size > len(self._bytes):
            self._bytes = np.append(self._bytes, np.zeros(max(len(self._bytes), size), np.uint8))

    def _create(self, first: int, end: int) -> None:
        """The strings of new codes."""
        edges = self._ends[first : end + 1].tolist()
        data = self._bytes[edges[0] : edges[-1]].tobytes()
        for k in range(end - first):
            try:
                text = data[edges[k] - edges[0] : edges[k + 1] - edges[0]].decode()
            except UnicodeDecodeError:
                text = ""
            if not self._is_valid(text):
                self._refused.append(first + k)
            self.texts.append(text)


@inlined
def _hash(data, start, end):  # type: ignore[no-untyped-def]
    found = _OFFSET
    for k in range(start, end):
        found = (found ^ np.uint64(data[k])) * _PRIME
    return found ^ (found >> np.uint64(32))


@compiled
def _number(data, starts, sizes, slots, hashes, ends, texts, n, row, codes):  # type: ignore[no-untyped-def]
    """Number the texts from `row` on; returns the row for which there is no room, if any, and the number of codes."""
    mask = np.uint64(len(slots) - 1)
    for k in range(row, len(starts)):
        start, size = starts[k], sizes[k]
        if size < 0:
            codes[k] = -1
            continue
        value = _hash(data, start, start + size)
        at = value & mask
        while True:
            code = slots[at]
            if code < 0:
                break
            first = ends[code]
            same = hashes[code] == value and ends[code + 1] - first == size
            if same:
                for j in range(size):
                    if texts[first + j] != data[start + j]:
                        same = False
                        break
            if same:
                break
            at = (at + np.uint64(1)) & mask
        if code < 0:
            first = ends[n]
            if n == len(hashes) or first + size > len(texts):
                return k, n
            for j in range(size):
                texts[first + j] = data[start + j]
            ends[n + 1], hashes[n], slots[at] = first + size, value, n
            code = n
            n += 1
        codes[k] = code
    return len(starts), n


@compiled
def _fill(slots, hashes, n):  # type: ignore[no-untyped-def]
    """Put codes into empty slots."""
    mask = np.uint64(len(slots) - 1)
    for code in range(n):
        at = hashes[code] & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = code
