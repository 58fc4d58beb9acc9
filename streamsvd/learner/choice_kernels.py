"""What a rating says about choosing, and how likely each item is to be chosen next: the kernels of `choices`.

Each item has a table of the items that people rate shortly before or after it, in buckets of eight that one look at
memory fetches. A full bucket lets its least weight go to a newcomer, which takes part of it over: who keeps coming
back stays, and what people did long ago fades.
"""

from __future__ import annotations

import numpy as np

from streamsvd.learner.compiler import compiled

RECENT = 6  # a user's last items: what is met together
FADING = 0.8  # of the weight of a meeting, with each item that lies between
BUCKETS, WAYS = 8, 8
SLOTS = BUCKETS * WAYS  # neighbours of an item
INHERITED = 0.8  # of the weight that a newcomer drives out
HALF_LIFE = 5_000.0  # ratings by anybody in which an item's popularity halves
NEIGHBOURS = 0.8  # share of an item's chance that its neighbours decide; popularity decides the rest
SHRINKING = 20.0  # weight of meetings below which an item's neighbours are hardly believed
GOOD = 3.75  # internal stars between 3.5, which is no recommendation, and 4, which is one
STEEPNESS = 1.7  # of the logistic function that is closest to the normal distribution with a deviation of 1 star

NEIGHBOUR = np.dtype([("item", "<i4"), ("weight", "<f4")])
WEIGHTS = FADING ** np.arange(RECENT)


@compiled
def bucket_of(item):  # type: ignore[no-untyped-def]
    """First slot of the bucket in which an item is kept."""
    return (((item * 2654435761) & 0xFFFFFFFF) >> 29) * WAYS


@compiled
def _meet(table, item, weight):  # type: ignore[no-untyped-def]
    first = bucket_of(item)
    least = first
    for slot in range(first, first + WAYS):
        entry = table[slot]
        if entry.item == item:
            entry.weight += np.float32(weight)
            return
        if entry.item < 0:
            entry.item, entry.weight = item, np.float32(weight)
            return
        if entry.weight < table[least].weight:
            least = slot
    entry = table[least]
    entry.item, entry.weight = item, np.float32(INHERITED * entry.weight + weight)


@compiled
def faded(count, since):  # type: ignore[no-untyped-def]
    """A fading count, `since` ratings later."""
    return count * 2.0 ** (-since / HALF_LIFE)


@compiled
def learn(recent, near, met, counts, counted_at, changed, clock, users, items):  # type: ignore[no-untyped-def]
    """Take up that these users chose these items, in order; an item among the user's last ones is no new choice."""
    for t in range(len(users)):
        last, i = recent[users[t]], items[t]
        clock[0] += 1
        again = False
        for q in range(RECENT):
            again |= last[q] == i
        if again:
            continue
        counts[i] = faded(counts[i], clock[0] - counted_at[i]) + 1.0
        counted_at[i] = clock[0]
        for q in range(RECENT):
            j = last[q]
            if j < 0:
                break
            _meet(near[j], i, WEIGHTS[q])
            _meet(near[i], j, WEIGHTS[q])
            met[j] += WEIGHTS[q]
            met[i] += WEIGHTS[q]
            changed[j] = 1
        changed[i] = 1
        for q in range(RECENT - 1, 0, -1):
            last[q] = last[q - 1]
        last[0] = i


@compiled
def chances(recent, places, near, met, shares, out):  # type: ignore[no-untyped-def]
    """How likely each item is to be the next one that the user chooses.

    Parameters
    ----------
    recent : int32 array
        Numbers of the user's last items, newest first, -1 after the last.
    places : intp array
        By an item's number: where it stands in the arrays below; -1 where it does not.
    near, met, shares : arrays, shapes (n, SLOTS), (n,) and (n,)
        Neighbours, sum of the weights ever met, and popularity as a share of all.
    out : float64 array, shape (n,)
        Filled.
    """
    total = 0.0
    for q in range(len(recent)):
        at = places[recent[q]] if 0 <= recent[q] < len(places) else -1
        if at >= 0 and met[at] > 0.0:
            total += WEIGHTS[q]
    if total == 0.0:
        out[:] = shares
        return
    for k in range(len(out)):
        out[k] = (1.0 - NEIGHBOURS) * shares[k]
    for q in range(len(recent)):
        at = places[recent[q]] if 0 <= recent[q] < len(places) else -1
        if at < 0 or met[at] == 0.0:
            continue
        part = NEIGHBOURS * WEIGHTS[q] / total / (met[at] + SHRINKING)
        for slot in range(near.shape[1]):
            item = near[at, slot].item
            to = places[item] if 0 <= item < len(places) else -1
            if to >= 0:
                out[to] += part * near[at, slot].weight


@compiled
def weigh(chance, stars):  # type: ignore[no-untyped-def]
    """Multiply each chance of being chosen by that of being liked then, from the predicted rating in internal stars."""
    for k in range(len(chance)):
        chance[k] /= 1.0 + np.exp(STEEPNESS * (GOOD - stars[k]))
