"""The loops over scored ratings: sums by window and by slice, intervals, drift detectors.

Each loop takes the ratings in stream order and has its state in the arrays that it is given, so no figure depends on
how a stream is cut into calls. A *cell* is a row of seven sums over some ratings; see `sums`.
"""

from __future__ import annotations

import math

import numpy as np

from streamsvd.compiler import compiled, inlined

CELL = 7  # number; squared, absolute and signed error by the event protocol, then by the page protocol
INTERVALS = 4
HITS, LOG_LIKELIHOOD, LOG_CONSTANT = 1, 1 + INTERVALS, 2 + INTERVALS  # columns of a coverage cell; 0 is the number
COVERAGE_CELL = 3 + INTERVALS

TOTAL, SPREAD, WIDTH = range(3)  # ADWIN's scalars: sum, sum of squared deviations and number of the values
MOST_OF_A_SIZE = 5  # buckets of one size, beyond which the two oldest are joined
PER_SIZE = MOST_OF_A_SIZE + 1
SHORTEST, GRACE = 5, 10  # values on either side of a cut, and in all before the first test
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio: Knuth 1998, section 6.4
MEAN, NUMBER, RISE, LOWEST, FALL, HIGHEST = range(6)  # Page–Hinkley's scalars


@compiled
def add(cells, k, event, page):  # type: ignore[no-untyped-def]
    """One more rating with these two errors, into cell `k`."""
    cells[k, 0] += 1.0
    cells[k, 1] += event * event
    cells[k, 2] += abs(event)
    cells[k, 3] += event
    cells[k, 4] += page * page
    cells[k, 5] += abs(page)
    cells[k, 6] += page


@compiled
def tally_windows(cells, newest, widths, by_time, first, timestamps, event, page):  # type: ignore[no-untyped-def]
    """Windows as rings of cells: a cell covers `widths[w]` ratings, or seconds; the oldest makes room for a new one.

    `newest` is the number of the newest cell of each window; `first` the number of the first rating here.
    """
    ring = cells.shape[1]
    for w in range(len(widths)):
        window = cells[w]
        for e in range(len(event)):
            place = timestamps[e] if by_time[w] else first + e
            number = place // widths[w]
            ahead = number - newest[w]
            if ahead > 0:
                for k in range(max(number - ring + 1, newest[w] + 1), number + 1):
                    window[k % ring] = 0.0
                newest[w] = number
            if ahead > -ring:
                add(window, number % ring, event[e], page[e])


@inlined
def _bucket(edges, count):  # type: ignore[no-untyped-def]
    """How many of the ascending edges the count has reached."""
    bucket = 0
    while bucket < len(edges) and count >= edges[bucket]:
        bucket += 1
    return bucket


@compiled
def tally_counts(cells, edges, user_counts, item_counts, event, page):  # type: ignore[no-untyped-def]
    """Each rating into the cells of a new or known user (0, 1) and item (2, 3), and of the user's count (4 on)."""
    for e in range(len(event)):
        add(cells, min(user_counts[e], 1), event[e], page[e])
        add(cells, min(item_counts[e], 1) + 2, event[e], page[e])
        add(cells, 4 + _bucket(edges, user_counts[e]), event[e], page[e])


@compiled
def tally_months(cells, starts, timestamps, event, page):  # type: ignore[no-untyped-def]
    """Each rating into the cell of its month, `starts[m] <= timestamp < starts[m + 1]`; others into none."""
    month = 0
    for e in range(len(event)):
        timestamp = timestamps[e]
        if not starts[0] <= timestamp < starts[-1]:
            continue
        if not starts[month] <= timestamp < starts[month + 1]:
            month = np.searchsorted(starts, timestamp, "right") - 1
        add(cells, month, event[e], page[e])


@compiled
def tally_groups(cells, rows, starts, members, event, page):  # type: ignore[no-untyped-def]
    """Each rating into the cells `members[starts[row]:starts[row + 1]]` of its row; row −1 has none."""
    for e in range(len(event)):
        if rows[e] >= 0:
            for k in range(starts[rows[e]], starts[rows[e] + 1]):
                add(cells, members[k], event[e], page[e])


@compiled
def tally_headline(errors, sums, faded, fading):  # type: ignore[no-untyped-def]
    """Sums of squared and absolute errors, strictly in order, and fading ones; see `Prequential`."""
    for e in range(len(errors)):
        for protocol in range(2):
            error = errors[e, protocol]
            sums[0, protocol] += error * error
            sums[1, protocol] += abs(error)
            faded[protocol] = faded[protocol] * fading + error * error
        faded[2] = faded[2] * fading + 1.0


@compiled
def first_of_page(users, timestamps):  # type: ignore[no-untyped-def]
    """First rating of each one's page; also where the first timestamp's ratings end, and where the last one's begin."""
    n, size = len(users), 2
    while size < 2 * n:
        size *= 2
    firsts, mask = np.empty(n, np.int64), np.uint64(size - 1)
    newest = np.full(size, -1, np.int32)  # by user, open addressing: the first rating of its newest page
    head, start = n, 0
    for k in range(n):
        if k > 0 and timestamps[k] != timestamps[k - 1]:
            start = k
            head = min(head, k)
        elif k > 0 and users[k] == users[k - 1]:
            firsts[k] = firsts[k - 1]
            continue
        at = ((np.uint64(users[k]) * _MIXER) >> np.uint64(32)) & mask
        while newest[at] >= 0 and users[newest[at]] != users[k]:
            at = (at + np.uint64(1)) & mask
        if newest[at] < start:
            newest[at] = k
        firsts[k] = newest[at]
    return firsts, head, start


@compiled
def tally_coverage(cells, constant, halves, edges, user_counts, error, deviation):  # type: ignore[no-untyped-def]
    """Hits of the intervals ± `halves` deviations, and the log densities of a normal distribution, by the user's count.

    `constant` holds the sum and the number of squared errors so far: the running constant variance.
    """
    for e in range(len(error)):
        b, squared = _bucket(edges, user_counts[e]), error[e] * error[e]
        cells[b, 0] += 1.0
        for k in range(len(halves)):
            if abs(error[e]) <= halves[k] * deviation[e]:
                cells[b, HITS + k] += 1.0
        variance, fixed = deviation[e] * deviation[e], constant[0] / constant[1]
        cells[b, LOG_LIKELIHOOD] -= 0.5 * (math.log(2.0 * math.pi * variance) + squared / variance)
        cells[b, LOG_CONSTANT] -= 0.5 * (math.log(2.0 * math.pi * fixed) + squared / fixed)
        constant[0] += squared
        constant[1] += 1.0


@compiled
def detect(group, adwin, totals, counts, hinkley, settings, first, unit, timestamps, page, detections):  # type: ignore[no-untyped-def]
    """Feed both detectors with the mean absolute error of each full group; returns the number of detections.

    `group` holds the sum and the number of the open one; a detection is (detector, ratings learned, event time, rose).
    """
    size, delta, tolerance, threshold, memory = settings
    found = 0
    for e in range(len(page)):
        group[0] += abs(page[e]) * unit
        group[1] += 1.0
        if group[1] < size:
            continue
        value = group[0] / group[1]
        group[:] = 0.0
        changes = (
            adwin_step(adwin, totals, counts, value, delta),
            hinkley_step(hinkley, value, tolerance, threshold, memory),
        )
        for detector in range(2):
            if changes[detector] != 0:
                detections[found, 0], detections[found, 1] = detector, first + e + 1
                detections[found, 2], detections[found, 3] = timestamps[e], changes[detector] > 0
                found += 1
    return found


@compiled
def adwin_step(scalars, totals, counts, value, delta):  # type: ignore[no-untyped-def]
    """One value into an adaptive window: 0, or 1 or −1 when its mean rose or fell; the window is then emptied.

    Bifet & Gavaldà (2007), "Learning from time-changing data with adaptive windowing", section 4: the window is kept
    as sums over buckets of 1, 2, 4, … values, `counts[s]` of size 2ˢ in `totals[s]`, oldest first, and is cut between
    any two of them; it has changed when the means on both sides differ by more than ε, the normal form of their bound.
    """
    width = scalars[WIDTH] + 1.0
    if width > 1.0:
        away = value - scalars[TOTAL] / (width - 1.0)
        scalars[SPREAD] += (width - 1.0) * away * away / width
    scalars[TOTAL] += value
    scalars[WIDTH] = width
    carried, size = value, 0
    while True:
        totals[size, counts[size]] = carried
        counts[size] += 1
        if counts[size] <= MOST_OF_A_SIZE:
            break
        carried = totals[size, 0] + totals[size, 1]
        for k in range(2, counts[size]):
            totals[size, k - 2] = totals[size, k]
        counts[size] -= 2
        totals[size, counts[size] :] = 0.0
        size += 1
    change = _cut(scalars, totals, counts, delta) if width > GRACE else 0
    if change != 0:
        scalars[:], totals[:], counts[:] = 0.0, 0.0, 0
    return change


@compiled
def _cut(scalars, totals, counts, delta):  # type: ignore[no-untyped-def]
    width = scalars[WIDTH]
    variance, log = scalars[SPREAD] / width, math.log(2.0 * math.log(width) / delta)
    older, newer, n_older = 0.0, scalars[TOTAL], 0.0
    for size in range(len(counts) - 1, -1, -1):
        for k in range(counts[size]):
            older += totals[size, k]
            newer -= totals[size, k]
            n_older += 2.0**size
            n_newer = width - n_older
            if n_older < SHORTEST or n_newer < SHORTEST:
                continue
            rise = newer / n_newer - older / n_older
            share = 1.0 / (n_older - SHORTEST + 1.0) + 1.0 / (n_newer - SHORTEST + 1.0)
            if abs(rise) > math.sqrt(2.0 * share * variance * log) + 2.0 / 3.0 * log * share:
                return 1 if rise > 0.0 else -1
    return 0


@compiled
def hinkley_step(scalars, value, tolerance, threshold, memory):  # type: ignore[no-untyped-def]
    """One value into the Page–Hinkley test: 0, or 1 or −1 when the mean rose or fell; the test is then reset.

    Page (1954), "Continuous inspection schemes", in both directions: the fading sum of what the values exceed their
    mean by, less a tolerance, is further above its lowest point than the threshold; or the same for the mean less the
    values.
    """
    if scalars[NUMBER] == 0.0:
        scalars[LOWEST], scalars[HIGHEST] = np.inf, -1.0
    scalars[NUMBER] += 1.0
    scalars[MEAN] += (value - scalars[MEAN]) / scalars[NUMBER]
    away = value - scalars[MEAN]
    scalars[RISE] = memory * scalars[RISE] + away - tolerance
    scalars[FALL] = memory * scalars[FALL] + away + tolerance
    scalars[LOWEST] = min(scalars[LOWEST], scalars[RISE])
    scalars[HIGHEST] = max(scalars[HIGHEST], scalars[FALL])
    if scalars[NUMBER] < 30.0:
        return 0
    rose = scalars[RISE] - scalars[LOWEST] > threshold
    fell = scalars[HIGHEST] - scalars[FALL] > threshold
    if rose or fell:
        scalars[:] = 0.0
        return 1 if rose else -1
    return 0
