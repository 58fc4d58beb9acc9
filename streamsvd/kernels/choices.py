"""What a rating says about choosing, and how likely each item is to be chosen next: the kernels of `choices`.

Each item has a table of the items that users rate shortly before or after it, in buckets of eight: one memory access
each. In a full bucket, a new item replaces the one of least weight and inherits part of the weight: items that recur
stay, and old ratings fade.
"""

from __future__ import annotations

import numpy as np

from streamsvd.compiler import compiled
from streamsvd.kernels.algebra import copy
from streamsvd.kernels.vectors import fetch_row

RECENT_BLOCK = "recent"
"""Fixed block of users: `items`, row numbers of the last items, newest first, -1 after the last."""
CHOICE_BLOCK = "choice"
"""Fixed block of items: `count`, the fading number of ratings, and `at`, the clock then; `met`, the weight of all
meetings; `near`, row numbers of neighbours, -1 where there is none, and the `weight` of each."""
CLOCK = "choice_clock"
"""Global array: ratings taken up."""

RECENT = 6  # a user's last items: what is met together
FADING = 0.8  # of the weight of a meeting, with each item that lies between
BUCKETS, WAYS = 8, 8
SLOTS = BUCKETS * WAYS  # neighbours of an item
INHERITED = 0.8  # of the weight that a new neighbour replaces
HALF_LIFE = 5_000.0  # ratings, of all users, in which an item's popularity halves
NEIGHBOURS = 0.8  # share of an item's chance that its neighbours decide; popularity decides the rest
SHRINKING = 20.0  # weight of meetings below which an item's neighbours count little
GOOD = 3.75  # internal stars between 3.5, which is no recommendation, and 4, which is one
STEEPNESS = 1.7  # of the logistic function that is closest to the normal distribution with a deviation of 1 star

ITEM_ROW = np.dtype(
    [("count", "<f8"), ("at", "<i8"), ("met", "<f8"), ("near", "<i4", (SLOTS,)), ("weight", "<f4", (SLOTS,))]
)
COUNT_ROW = np.dtype([("count", "<f8"), ("at", "<i8")])
RECENT_ROW = np.dtype([("items", "<i4", (RECENT,))])
WEIGHTS = FADING ** np.arange(RECENT)


@compiled
def bucket_of(item):  # type: ignore[no-untyped-def]
    """First slot of the bucket in which an item is kept."""
    return (((item * 2654435761) & 0xFFFFFFFF) >> 29) * WAYS


@compiled
def _meet(row, item, weight):  # type: ignore[no-untyped-def]
    near, weights = row.near, row.weight
    first = bucket_of(item)
    least = first
    for slot in range(first, first + WAYS):
        if near[slot] == item:
            weights[slot] += np.float32(weight)
            return
        if near[slot] < 0:
            near[slot], weights[slot] = item, np.float32(weight)
            return
        if weights[slot] < weights[least]:
            least = slot
    near[least], weights[least] = item, np.float32(INHERITED * weights[least] + weight)


@compiled
def learn(recent, rows, counts, changed, clock, users, items):  # type: ignore[no-untyped-def]
    """Take up that these users chose these items, in order; an item among the user's last ones is no new choice.

    Parameters
    ----------
    recent : int32 array, shape (users, RECENT)
        Numbers of each user's last items, newest first, -1 after the last.
    rows : ITEM_ROW array, shape (items,)
        Fading count and the clock then, sum of the weights ever met, neighbours (-1 where there is none).
    counts : COUNT_ROW array, shape (items,)
        A copy of the first two, side by side for all items.
    changed : uint8 array, shape (items,)
        Set to 1 where a row changes.
    clock : int64 array, shape (1,)
        Ratings taken up.
    users, items : int64 arrays, shape (n,)
    """
    for t in range(len(users)):
        if t + 2 < len(users):
            fetch_row(recent, users[t + 2])
            fetch_row(rows, items[t + 2])
            if users[t + 1] != users[t]:
                for q in range(RECENT):
                    if recent[users[t + 1], q] >= 0:
                        fetch_row(rows, recent[users[t + 1], q])
        last, i = recent[users[t]], items[t]
        clock[0] += 1
        again = False
        for q in range(RECENT):
            again |= last[q] == i
        if again:
            continue
        row = rows[i]
        row.count = row.count * 2.0 ** ((row.at - clock[0]) / HALF_LIFE) + 1.0
        row.at = clock[0]
        counts[i].count, counts[i].at = row.count, row.at
        for q in range(RECENT):
            j = last[q]
            if j < 0:
                break
            other = rows[j]
            _meet(other, i, WEIGHTS[q])
            _meet(row, j, WEIGHTS[q])
            other.met += WEIGHTS[q]
            row.met += WEIGHTS[q]
            changed[j] = 1
        changed[i] = 1
        for q in range(RECENT - 1, 0, -1):
            last[q] = last[q - 1]
        last[0] = i


@compiled
def renumber(old, i, new, to, numbers):  # type: ignore[no-untyped-def]
    """Copy row `i` of `old` to row `to` of `new`; neighbours get their new numbers, and those without one go."""
    new[to].count, new[to].at, new[to].met = old[i].count, old[i].at, old[i].met
    near, weights = old[i].near, old[i].weight
    for slot in range(SLOTS):
        if near[slot] >= 0 and numbers[near[slot]] >= 0:
            _meet(new[to], numbers[near[slot]], weights[slot])


@compiled
def chances(recent, rows, shares, out):  # type: ignore[no-untyped-def]
    """Fill `out` with how likely each item is to be the next one chosen; see `choices.chances`."""
    total = 0.0
    for q in range(len(recent)):
        if 0 <= recent[q] < len(rows) and rows[recent[q]].met > 0.0:
            total += WEIGHTS[q]
    if total == 0.0:
        copy(shares, out)
        return
    for k in range(len(out)):
        out[k] = (1.0 - NEIGHBOURS) * shares[k]
    for q in range(len(recent)):
        if 0 <= recent[q] < len(rows) and rows[recent[q]].met > 0.0:
            row = rows[recent[q]]
            near, weights = row.near, row.weight
            part = NEIGHBOURS * WEIGHTS[q] / total / (row.met + SHRINKING)
            for slot in range(SLOTS):
                if 0 <= near[slot] < len(out):
                    out[near[slot]] += part * weights[slot]


@compiled
def weigh(chance, stars):  # type: ignore[no-untyped-def]
    """Multiply each chance of being chosen by that of being liked then, from the predicted rating in internal stars."""
    for k in range(len(chance)):
        chance[k] /= 1.0 + np.exp(STEEPNESS * (GOOD - stars[k]))
