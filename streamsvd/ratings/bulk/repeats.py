"""Repeated deliveries: records whose sequence number is not above the highest one of their source before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.ratings.bulk.decode_columns import RatingColumns


def skip_repeated(
    columns: RatingColumns, marks: Mapping[int, int], kept: NDArray[np.bool_]
) -> tuple[dict[int, int], int]:
    """Take repeated deliveries out of the kept records.

    Parameters
    ----------
    columns : RatingColumns
    marks : mapping of int to int
        Highest sequence number before, -1 for none, by code of the source, for all codes in the columns.
    kept : bool array, shape (n,)
        Records to look at; False where one is repeated, afterwards.

    Returns
    -------
    dict of int to int
        Marks that have risen, in the order in which they first did.
    int
        Number of repeated deliveries.
    """
    highest = np.full(max(marks, default=-1) + 2, -1, np.int64)  # -1, for no source, is the last one
    highest[list(marks)] = list(marks.values())
    risen = np.empty(len(marks), np.int64)
    n, repeated = _skip(columns.sequences, columns.sources, highest, kept, risen)
    return {source: int(highest[source]) for source in risen[:n].tolist()}, repeated


@compiled
def _skip(sequences, sources, marks, kept, risen):  # type: ignore[no-untyped-def]
    n, repeated = 0, 0
    seen = np.zeros(len(marks), np.bool_)
    for k in range(len(sequences)):
        if not kept[k] or sequences[k] < 0:
            continue
        source = sources[k]
        if sequences[k] <= marks[source]:
            kept[k] = False
            repeated += 1
            continue
        marks[source] = sequences[k]
        if not seen[source]:
            seen[source] = True
            risen[n] = source
            n += 1
    return n, repeated
