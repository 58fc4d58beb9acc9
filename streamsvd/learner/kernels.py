"""The learner's loops: learn a run of ratings, each predicted before it is learned; predict without learning.

One event costs two rank-one updates (the user's row, then the item's) and, when a row has grown by the factor 1 + γ,
its refit. Ratings come in order; nothing here depends on how a stream is cut into calls.
"""

from __future__ import annotations

import numpy as np

from streamsvd.learner import refits
from streamsvd.learner.algebra import dot, learn_one, times_vector
from streamsvd.learner.compiler import compiled
from streamsvd.learner.lists import FIRST, LENGTH, START, drop, fits, make_room
from streamsvd.learner.memory import (
    ALL_GAIN,
    CHANGED,
    COUNT,
    EVENTS,
    ITEM_GAIN,
    ITEM_MEAN,
    ITEM_SLOW,
    MEAN,
    MEAN_ALL,
    MEAN_WEIGHT,
    N_TOUCHED,
    NEXT_REFIT,
    PAGE_COUNT,
    PAGE_LENGTH,
    PAGE_MEAN_ALL,
    PAGE_TIMESTAMP,
    PAGE_USER,
    TIME,
    USER_GAINS,
)
from streamsvd.learner.scoring import predict_pair
from streamsvd.learner.variance import learn_variance, variance_of


@compiled
def find(lists, row, number):  # type: ignore[no-untyped-def]
    """Position of an item's number in a user's sorted list, or where it belongs: (position, is there)."""
    entries, places, _ = lists
    begin = places[row, START] + places[row, FIRST]
    low, high = 0, places[row, LENGTH]
    while low < high:
        middle = (low + high) // 2
        if entries[begin + middle] < number:
            low = middle + 1
        else:
            high = middle
    return low, low < places[row, LENGTH] and entries[begin + low] == number


@compiled
def forget(m, u, i):  # type: ignore[no-untyped-def]
    """Take a rating out of both windows and counts; the seen list and the rows are the caller's."""
    places = m.user_window.places[u]
    begin = places[START] + places[FIRST]
    for k in range(places[LENGTH] - 1, -1, -1):
        if m.user_window.entries[begin + k].item == i:
            drop(m.user_window, u, k)
            break
    places = m.item_window.places[i]
    begin = places[START] + places[FIRST]
    for k in range(places[LENGTH] - 1, -1, -1):
        if m.item_window.entries[begin + k].user == u:
            drop(m.item_window, i, k)
            break
    m.user_ints[u, COUNT] -= 1
    m.item_ints[i, COUNT] -= 1


@compiled
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
    m, p, x, users, user_counts, y, items, item_counts, content, stamps, places, user_cov, item_cov, out, variance
):
    """Predictions for pairs of rows that the caller has gathered; of the memory, only the global part is read.

    The variance is worked out where `variance` has a place for it.
    """
    first = 3 + content.shape[1]
    phi, gain, z, h = np.zeros(len(m.page_x)), np.zeros(len(m.page_x)), np.zeros(len(m.g)), np.zeros(len(m.c))
    psi, gain_item = np.zeros(m.y.shape[1]), np.zeros(m.y.shape[1])
    psi[0] = 1.0
    for e in range(len(out)):
        _, score, calibration = predict_pair(
            m.g,
            m.c,
            m.scalars[MEAN_ALL],
            x[e],
            users[e],
            user_counts[e],
            y[e],
            p.rank,
            items[e],
            item_counts[e],
            content[e],
            stamps[e],
            places[e],
            phi,
            z,
            h,
        )
        out[e] = min(max(score + calibration, p.low), p.high)
        if len(variance) > 0:
            times_vector(user_cov[e], phi, gain)
            psi[1 : 1 + p.rank] = x[e, first : first + p.rank]
            times_vector(item_cov[e], psi, gain_item)
            uncertainty = 1.0 + dot(gain, phi) + dot(gain_item, psi)
            variance[e] = variance_of(m.variances, m.scalars, user_counts[e], users[e], items[e], uncertainty)


@compiled
def predict_page(m, p, i, item_count, timestamp, phi, z, h):  # type: ignore[no-untyped-def]
    """What the page protocol predicts: with the user and all global weights as they were when the page began."""
    _, score, calibration = predict_pair(
        m.page_g,
        m.page_c,
        m.scalars[PAGE_MEAN_ALL],
        m.page_x,
        m.page_stats,
        m.counters[PAGE_COUNT],
        m.y[i],
        p.rank,
        m.item_stats[i],
        item_count,
        m.content[i],
        timestamp,
        0.0,
        phi,
        z,
        h,
    )
    return min(max(score + calibration, p.low), p.high)


@compiled
def learn(m, p, users, items, ratings, timestamps, predictions, start):  # type: ignore[no-untyped-def]
    """Learn events from number `start` on; returns the number of the first one that found no room, or all.

    `predictions` has a row per event: what the event protocol predicts, what the page protocol predicts, the variance
    of the former, and how many ratings of the user and of the item were known.
    """
    d, d_item, n_content = m.x.shape[1], m.y.shape[1], m.content.shape[1]
    popularity_at, first = 1 + n_content, 3 + n_content
    phi, page_phi, gain = np.zeros(d), np.zeros(d), np.zeros(d)
    psi, gain_item = np.zeros(d_item), np.zeros(d_item)
    psi[0] = 1.0
    z, page_z, gain_global = np.zeros(len(m.g)), np.zeros(len(m.g)), np.zeros(len(m.g))
    h, page_h, gain_cal = np.zeros(len(m.c)), np.zeros(len(m.c)), np.zeros(len(m.c))
    scratch = refits.scratch(d, d_item)

    for e in range(start, len(users)):
        u, i, rating, timestamp = users[e], items[e], ratings[e], float(timestamps[e])
        page_length = m.counters[PAGE_LENGTH]
        room = fits(m.user_window, u) and fits(m.item_window, i) and fits(m.seen, u)
        if not room or page_length + 1 >= len(m.page_items) or m.counters[N_TOUCHED] >= len(m.touched):
            return e
        user_count, item_count = m.user_ints[u, COUNT], m.item_ints[i, COUNT]
        new_page = m.counters[EVENTS] == 0 or m.counters[PAGE_USER] != u or m.counters[PAGE_TIMESTAMP] != timestamps[e]
        if new_page:
            page_length = 0

        # Predict, as of now and as of when the page began.
        base, score, calibration = predict_pair(
            m.g,
            m.c,
            m.scalars[MEAN_ALL],
            m.x[u],
            m.user_stats[u],
            user_count,
            m.y[i],
            p.rank,
            m.item_stats[i],
            item_count,
            m.content[i],
            timestamp,
            float(page_length),
            phi,
            z,
            h,
        )
        popularity, bias = phi[popularity_at], m.y[i, 0]  # they belong to the rating, now and in every refit
        predicted = min(max(score + calibration, p.low), p.high)
        position, repeated = find(m.seen, u, i)
        if new_page:
            m.page_x[:], m.page_stats[:], m.page_g[:], m.page_c[:] = m.x[u], m.user_stats[u], m.g, m.c
            m.scalars[PAGE_MEAN_ALL] = m.scalars[MEAN_ALL]
            m.counters[PAGE_USER], m.counters[PAGE_TIMESTAMP] = u, timestamps[e]
            m.counters[PAGE_COUNT] = user_count
            page = predicted
        else:
            page = predict_page(m, p, i, item_count, timestamp, page_phi, page_z, page_h)
            if repeated:  # rated twice on one page: the item has learned since the page began
                for k in range(page_length):
                    if m.page_items[k] == i:
                        page = m.page_predictions[k]
                        break
        m.page_items[page_length], m.page_predictions[page_length] = i, page
        m.counters[PAGE_LENGTH] = page_length + 1

        if user_count == 0:
            m.user_cov[u] = m.prior_cov
        times_vector(m.user_cov[u], phi, gain)
        psi[1 : 1 + p.rank] = m.x[u, first : first + p.rank]
        times_vector(m.item_cov[i], psi, gain_item)
        spread = 1.0 + dot(gain, phi)
        uncertainty = spread + dot(gain_item, psi)
        variance = variance_of(m.variances, m.scalars, user_count, m.user_stats[u], m.item_stats[i], uncertainty)
        predictions[e, 0], predictions[e, 1], predictions[e, 2] = predicted, page, variance
        predictions[e, 3], predictions[e, 4] = user_count, item_count

        # Learn: calibration, statistics, counts, global weights.
        error = rating - score
        for a in range(len(m.c_cov)):
            m.c_cov[a] += p.leak * (p.calibration_start[a] - m.c_cov[a])
        times_vector(m.c_cov, h, gain_cal)
        learn_one(m.c, m.c_cov, gain_cal, 1.0 + dot(gain_cal, h), error - calibration)
        missed = (rating - predicted) ** 2
        learn_variance(
            m.variances, m.scalars, user_count, m.user_stats[u], m.item_stats[i], uncertainty, variance, missed
        )
        learn_habits(m.user_stats[u], m.item_stats[i], user_count, item_count, error, rating, timestamp)
        m.scalars[MEAN_ALL] += ALL_GAIN * (error - m.scalars[MEAN_ALL])
        events = m.counters[EVENTS]
        if events >= p.prior_from and events % p.prior_every == 0:
            refits.renew_prior(m, p, scratch)
        m.counters[EVENTS] = events + 1
        refits.touch(m, p, u)
        times_vector(m.g_cov, z, gain_global)
        learn_one(m.g, m.g_cov, gain_global, 1.0 + dot(gain_global, z), rating - base)

        # Remember the rating; one given before is replaced.
        if repeated:
            forget(m, u, i)
        else:
            slot = make_room(m.seen, u)
            begin = slot - m.seen.places[u, LENGTH]
            for k in range(slot, begin + position, -1):
                m.seen.entries[k] = m.seen.entries[k - 1]
            m.seen.entries[begin + position] = i
            m.seen.places[u, LENGTH] += 1
        m.user_ints[u, COUNT] += 1
        m.item_ints[i, COUNT] += 1
        m.user_ints[u, CHANGED] = m.item_ints[i, CHANGED] = 1
        target = rating - base
        if m.user_window.places[u, LENGTH] >= p.window:
            drop(m.user_window, u, 0)
        slot = make_room(m.user_window, u)
        entry = m.user_window.entries[slot]
        entry.item, entry.target, entry.popularity, entry.bias = i, target, popularity, bias
        m.user_window.places[u, LENGTH] += 1
        if m.item_window.places[i, LENGTH] >= p.window:
            drop(m.item_window, i, 0)
        slot = make_room(m.item_window, i)
        entry_of_item = m.item_window.entries[slot]
        entry_of_item.user, entry_of_item.target = u, target
        m.item_window.places[i, LENGTH] += 1

        # The user's row, then the item's against it.
        if m.user_ints[u, COUNT] >= m.user_ints[u, NEXT_REFIT] or repeated:
            refits.refit_user(m, p, u, scratch)
            m.user_ints[u, NEXT_REFIT] = refits.next_refit(m.user_ints[u, COUNT], p.gamma)
        else:
            learn_one(m.x[u], m.user_cov[u], gain, spread, error)
        if m.item_ints[i, COUNT] >= m.item_ints[i, NEXT_REFIT] or repeated:
            refits.refit_item(m, p, i, popularity, bias, scratch)
            m.item_ints[i, NEXT_REFIT] = refits.next_refit(m.item_ints[i, COUNT], p.gamma)
        else:
            psi[1 : 1 + p.rank] = m.x[u, first : first + p.rank]
            times_vector(m.item_cov[i], psi, gain_item)
            rest = target - bias - dot(m.x[u], phi)
            learn_one(m.y[i], m.item_cov[i], gain_item, 1.0 + dot(gain_item, psi), rest)
    return len(users)
