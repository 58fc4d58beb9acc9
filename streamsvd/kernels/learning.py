"""The learner's loops: learn a run of ratings, each predicted before it is learned; predict without learning.

One event costs two rank-one updates (the user's row, then the item's) and, when a row has grown by the factor 1 + γ,
its refit. A rating given again replaces the former: rows that remember it change its target and keep their P, others
learn it like a new one; either way their next refit comes nearer by one. (A refit at each would be alternating least
squares without new ratings, under a prior that is learned from its own result: on noise, the rows grow without end.
With γ = ∞ no refit corrects what changed targets leave, so a row moves by what it misses the new one by.) Ratings
come in order; nothing here depends on how a stream is cut into calls.
"""

from __future__ import annotations

import numpy as np

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels import refits
from streamsvd.kernels.algebra import change_one, copy, dot, learn_one, times_vector
from streamsvd.kernels.handles import events_at, memory_at, parameters_at, workspace_at
from streamsvd.kernels.lists import FIRST, LENGTH, START, drop, fits, make_room
from streamsvd.kernels.memory import (
    ALL_GAIN,
    CHANGED,
    COUNT,
    EVENTS,
    ITEM_GAIN,
    ITEM_MEAN,
    ITEM_SLOW,
    LEAK_EVERY,
    MEAN,
    MEAN_ALL,
    MEAN_WEIGHT,
    N_KEPT,
    N_PAGES,
    N_TOUCHED,
    NEXT_REFIT,
    PAGE_LENGTH,
    TIME,
    USER_GAINS,
)
from streamsvd.kernels.open_pages import begin_page, keep, page_of, predict_page, turn_to
from streamsvd.kernels.scoring import (
    fill_features,
    fill_global_features,
    in_units,
    noise_of_item,
    noise_of_user,
    popularity_of,
    score_pair,
)
from streamsvd.kernels.variance import learn_variance, variance_of
from streamsvd.kernels.vectors import add_scaled, copy_part, fetch_row, move, set_scaled


@inlined
def find(lists, row, number):  # type: ignore[no-untyped-def]
    """Position of an item's number in a user's sorted list, or where it belongs: (position, is there)."""
    entries, places, _ = lists
    begin = np.uint64(places[row, START] + places[row, FIRST])  # unsigned: no index counts from the end
    low, left = begin, np.uint64(places[row, LENGTH])
    end, none = begin + left, np.uint64(0)
    while left > none:  # without branches that depend on the numbers: these could not be foreseen
        half = (left + np.uint64(1)) >> np.uint64(1)
        low += half if entries[low + half - np.uint64(1)].item < number else none
        left -= half
    return np.int64(low - begin), low < end and entries[low].item == number


@compiled
def forget(handle, u, i):  # type: ignore[no-untyped-def]
    """Take a rating out of both windows and counts; the seen list and the rows are the caller's.

    Returns its target in the user's and in the item's window, NaN where that holds it no longer.
    """
    m, of_user, of_item = memory_at(handle), np.nan, np.nan
    places = m.user_window.places[u]
    begin = places[START] + places[FIRST]
    for k in range(places[LENGTH] - 1, -1, -1):
        if m.user_window.entries[begin + k].item == i:
            of_user = np.float64(m.user_window.entries[begin + k].target)
            drop(m.user_window, u, k)
            break
    places = m.item_window.places[i]
    begin = places[START] + places[FIRST]
    for k in range(places[LENGTH] - 1, -1, -1):
        if m.item_window.entries[begin + k].user == u:
            of_item = np.float64(m.item_window.entries[begin + k].target)
            drop(m.item_window, i, k)
            break
    m.user_ints[u, COUNT] -= 1
    m.item_ints[i, COUNT] -= 1
    return of_user, of_item


@inlined
def learn_habits(user, item, user_count, item_count, error, rating, timestamp):  # type: ignore[no-untyped-def]
    """Running statistics of a user and an item after one more rating."""
    for a in range(len(USER_GAINS)):
        user[a] += USER_GAINS[a] * (error - user[a])
    user[MEAN] += (rating - 3.5 - user[MEAN]) / (user_count + 1.0 + MEAN_WEIGHT)
    user[TIME] = timestamp
    item[ITEM_SLOW] += ITEM_GAIN * (error - item[ITEM_SLOW])
    item[ITEM_MEAN] += (rating - 3.5 - item[ITEM_MEAN]) / (item_count + 1.0 + MEAN_WEIGHT)


@compiled
def predict(  # type: ignore[no-untyped-def]
    handle, x, users, user_counts, y, items, item_counts, content, stamps, places, user_cov, item_cov, out, variance
):
    """Predictions for pairs of rows that the caller has gathered; of the memory, only the global part is read.

    The variance is computed where `variance` has a place for it.
    """
    m, p = memory_at(handle), parameters_at(handle)
    n_content = content.shape[1]
    first = 3 + n_content
    phi, gain, z, h = np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros(len(m.g)), np.zeros(len(m.c))
    psi, gain_item = np.zeros(y.shape[1]), np.zeros(y.shape[1])  # not the workspace: threads may predict side by side
    psi[0] = 1.0
    for e in range(len(out)):
        fill_features(y[e], p.rank, content[e], popularity_of(item_counts[e]), y[e, 0], phi)
        fill_global_features(content[e], item_counts[e], user_counts[e], z)
        item_noise = noise_of_item(items[e])
        _, score, calibration = score_pair(
            m.g,
            m.c,
            m.scalars[MEAN_ALL],
            x[e],
            users[e],
            user_counts[e],
            n_content,
            p.rank,
            y[e, 0],
            items[e],
            item_counts[e],
            item_noise,
            stamps[e],
            places[e],
            phi,
            z,
            h,
        )
        out[e] = min(max(score + calibration, p.low), p.high)
        if len(variance) > 0:
            times_vector(user_cov[e], phi, gain)
            copy_part(x[e], first, psi, 1, p.rank)
            times_vector(item_cov[e], psi, gain_item)
            uncertainty = 1.0 + dot(gain, phi) + dot(gain_item, psi)
            noise = noise_of_user(users[e]) * item_noise
            variance[e] = variance_of(m.variances, m.scalars, user_counts[e], noise, uncertainty)


@inlined
def remember(handle, u, i, position, repeated, rating, target, popularity, bias):  # type: ignore[no-untyped-def]
    """Put a rating into both windows and the seen list; returns the targets of the one it replaces, as `forget`."""
    m, p = memory_at(handle), parameters_at(handle)
    of_user, of_item = np.nan, np.nan
    if repeated:
        of_user, of_item = forget(handle, u, i)
        m.user_ints[u, NEXT_REFIT] -= 1
        m.item_ints[i, NEXT_REFIT] -= 1
    else:
        slot = make_room(m.seen, u)
        begin = slot - m.seen.places[u, LENGTH]
        move(m.seen.entries, begin + position, begin + position + 1, slot - begin - position)
        m.seen.entries[begin + position].item = i
        m.seen.places[u, LENGTH] += 1
    m.seen.entries[m.seen.places[u, START] + m.seen.places[u, FIRST] + position].rating = rating
    m.user_ints[u, COUNT] += 1
    m.item_ints[i, COUNT] += 1
    m.user_ints[u, CHANGED] = m.item_ints[i, CHANGED] = 1
    if m.user_window.places[u, LENGTH] >= p.window:
        drop(m.user_window, u, 0)
    entry = m.user_window.entries[make_room(m.user_window, u)]
    entry.item, entry.target, entry.popularity, entry.bias = i, target, in_units(popularity), in_units(bias)
    m.user_window.places[u, LENGTH] += 1
    if m.item_window.places[i, LENGTH] >= p.window:
        drop(m.item_window, i, 0)
    entry_of_item = m.item_window.entries[make_room(m.item_window, i)]
    entry_of_item.user, entry_of_item.target = u, target
    m.item_window.places[i, LENGTH] += 1
    return of_user, of_item


@inlined
def fetch_lists(m, u, i):  # type: ignore[no-untyped-def]
    """Ask for where the next rating goes in its lists; their places have been asked for one rating ago."""
    place = m.seen.places[u]
    fetch_row(m.seen.entries, place[START] + place[FIRST] + place[LENGTH] // 2)  # where a search begins
    place = m.user_window.places[u]
    fetch_row(m.user_window.entries, place[START] + place[FIRST] + place[LENGTH])
    place = m.item_window.places[i]
    fetch_row(m.item_window.entries, place[START] + place[FIRST] + place[LENGTH])


@inlined
def fetch_rows(m, u, following_user, following_item):  # type: ignore[no-untyped-def]
    """Ask for the rows of the rating after the next one while this one is learned."""
    fetch_row(m.y, following_item)
    fetch_row(m.item_cov, following_item)
    fetch_row(m.item_stats, following_item)
    fetch_row(m.item_ints, following_item)
    fetch_row(m.content, following_item)
    fetch_row(m.item_window.places, following_item)
    if following_user != u:
        fetch_row(m.x, following_user)
        fetch_row(m.user_cov, following_user)
        fetch_row(m.user_stats, following_user)
        fetch_row(m.user_ints, following_user)
        fetch_row(m.user_window.places, following_user)
        fetch_row(m.seen.places, following_user)


@compiled
def learn(handle, events, start):  # type: ignore[no-untyped-def]
    """Learn events from number `start` on; returns the number of the first one that found no room, or all.

    `predictions` has a row per event: what the event protocol predicts, what the page protocol predicts, the variance
    of the former, and how many ratings of the user and of the item were known.
    """
    m, p, s = memory_at(handle), parameters_at(handle), workspace_at(handle)
    given = events_at(events)
    users, items, ratings, timestamps, predictions = (
        given.users,
        given.items,
        given.ratings,
        given.timestamps,
        given.predictions,
    )
    rank, n_content = p.rank, m.content.shape[1]
    first = 3 + n_content
    phi, z, h, psi = s.phi, s.z, s.h, s.psi

    for e in range(start, len(users)):
        u, i, rating, timestamp = users[e], items[e], ratings[e], float(timestamps[e])
        if u < 0 or i < 0:  # never: said so that the compiler leaves out what Python does with negative indices
            return e
        turn_to(m, timestamps[e])
        room = fits(m.user_window, u) and fits(m.item_window, i) and fits(m.seen, u)
        page_room = m.counters[N_PAGES] < len(m.page_ints) and m.counters[N_KEPT] < len(m.kept_links)
        if not room or not page_room or m.counters[N_TOUCHED] >= len(m.touched):
            return e
        if e + 2 < len(users):
            fetch_rows(m, users[e + 1], users[e + 2], items[e + 2])
            fetch_lists(m, users[e + 1], items[e + 1])
        x, y, user, item, content = m.x[u], m.y[i], m.user_stats[u], m.item_stats[i], m.content[i]
        user_count, item_count = m.user_ints[u, COUNT], m.item_ints[i, COUNT]
        events = m.counters[EVENTS]

        # Predict, as of when the page began and as of now.
        page = page_of(m, u)
        new_page = page < 0
        predicted_page = 0.0
        if new_page:
            page = begin_page(handle, u, user_count)
        else:
            predicted_page = predict_page(handle, page, i, timestamp)
        popularity, bias = popularity_of(item_count), y[0]  # they belong to the rating, now and in every refit
        item_noise = noise_of_item(item)
        position, repeated = find(m.seen, u, i)
        fill_features(y, rank, content, popularity, bias, phi)
        fill_global_features(content, item_count, user_count, z)
        base, score, calibration = score_pair(
            m.g,
            m.c,
            m.scalars[MEAN_ALL],
            x,
            user,
            user_count,
            n_content,
            rank,
            bias,
            item,
            item_count,
            item_noise,
            timestamp,
            m.page_ints[page, PAGE_LENGTH],
            phi,
            z,
            h,
        )
        predicted = min(max(score + calibration, p.low), p.high)
        if new_page:
            predicted_page = predicted
        m.page_ints[page, PAGE_LENGTH] += 1
        keep(m, i)

        if user_count == 0:
            copy(m.prior_cov, m.user_cov[u])
        times_vector(m.user_cov[u], phi, s.gain)
        copy_part(x, first, psi, 1, rank)
        times_vector(m.item_cov[i], psi, s.gain_item)
        spread = 1.0 + dot(s.gain, phi)
        uncertainty = spread + dot(s.gain_item, psi)
        noise = noise_of_user(user) * item_noise
        variance = variance_of(m.variances, m.scalars, user_count, noise, uncertainty)
        predictions[e, 0], predictions[e, 1], predictions[e, 2] = predicted, predicted_page, variance
        predictions[e, 3], predictions[e, 4] = user_count, item_count

        # Learn: calibration, statistics, counts, global weights.
        error, target = rating - score, rating - base
        if events % LEAK_EVERY == 0:
            set_scaled(m.c_cov, 1.0 - LEAK_EVERY * p.leak, m.c_cov)
            add_scaled(m.c_cov, 0, LEAK_EVERY * p.leak, p.calibration_start, len(m.c_cov))
        times_vector(m.c_cov, h, s.gain_calibration)
        learn_one(m.c, m.c_cov, s.gain_calibration, 1.0 + dot(s.gain_calibration, h), error - calibration)
        missed = (rating - predicted) ** 2
        learn_variance(m.variances, m.scalars, user_count, user, item, noise, uncertainty, variance, missed)
        learn_habits(user, item, user_count, item_count, error, rating, timestamp)
        m.scalars[MEAN_ALL] += ALL_GAIN * (error - m.scalars[MEAN_ALL])
        if events >= p.prior_from and events % p.prior_every == 0:
            refits.renew_prior(handle)
        m.counters[EVENTS] = events + 1
        refits.touch(handle, u)
        times_vector(m.g_cov, z, s.gain_global)
        learn_one(m.g, m.g_cov, s.gain_global, 1.0 + dot(s.gain_global, z), target)
        of_user, of_item = remember(handle, u, i, position, repeated, rating, target, popularity, bias)

        # The user's row, then what that leaves of the error to the item's.
        if m.user_ints[u, COUNT] >= m.user_ints[u, NEXT_REFIT]:
            refits.refit_user(handle, u)
            m.user_ints[u, NEXT_REFIT] = refits.next_refit(m.user_ints[u, COUNT], p.gamma)
        elif not np.isnan(of_user):
            change_one(x, s.gain, spread, error if p.gamma == np.inf else target - of_user)
        else:
            learn_one(x, m.user_cov[u], s.gain, spread, error)
        rest = target - bias - dot(x, phi)
        if m.item_ints[i, COUNT] >= m.item_ints[i, NEXT_REFIT]:
            refits.refit_item(handle, i, popularity, bias, not repeated)
            m.item_ints[i, NEXT_REFIT] = refits.next_refit(m.item_ints[i, COUNT], p.gamma)
        elif not np.isnan(of_item):
            change = rest if p.gamma == np.inf else target - of_item
            change_one(y, s.gain_item, 1.0 + dot(s.gain_item, psi), change)
        else:
            learn_one(y, m.item_cov[i], s.gain_item, 1.0 + dot(s.gain_item, psi), rest)
    return len(users)
