"""Everything a learner remembers, as arrays that grow: what the kernels read and write.

Rows are numbered in order of first appearance. A user's row is x_u = [b_u, w_u, p_u], seen against
φ = [1, content_i, popularity, bias, q_i]; an item's row is y_i = [b_i, q_i], seen against ψ_u = [1, p_u].
The covariance P of each row is packed (see `algebra`) and in float32: it steers the size of steps only, and a refit
makes it again. Vectors are padded with zeros to a multiple of four.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import lists
from streamsvd.kernels.algebra import pack, packed_size
from streamsvd.kernels.calibration_terms import CalibrationTerm
from streamsvd.kernels.lists import Lists
from streamsvd.kernels.memory_pages import grown
from streamsvd.kernels.settings import Settings
from streamsvd.kernels.vectors import padded
from streamsvd.kernels.versions import LINKS

USER_GAINS = np.array([0.02, 0.1, 0.4])  # of the running means of a user's residual
ITEM_GAIN = 0.05
ALL_GAIN = 0.02
VARIANCE_BINS = 12  # of the user's number of ratings, doubling
MEAN_WEIGHT = 3.0  # ratings that the neutral mean of a row weighs as much as
CALIBRATION_START = 0.1  # variance of each calibration weight before the first rating
AT_ONCE = 1 << 20  # ratings that room is made for
LEAK_EVERY = 16  # ratings: the calibration's leak is applied to all of them at once
PRIOR_MIN_RATINGS = 5  # a user counts towards the learned prior from here on

COUNT, NEXT_REFIT, IN_PRIOR, TOUCHED, CHANGED = range(5)  # integer columns of a row
PAGE = KEPT = 5  # the last one: number of the user's newest page; of the item's newest version
ROW_INTS = 6
USER_STATS, ITEM_STATS = 7, 4
SLOW, FAST, LAST, MEAN, TIME, SURPRISE, SURPRISES = range(USER_STATS)  # columns of `user_stats`
ITEM_SLOW, ITEM_MEAN, ITEM_SURPRISE, ITEM_SURPRISES = range(ITEM_STATS)  # columns of `item_stats`
PAGE_USER, PAGE_COUNT, PAGE_LENGTH = range(3)  # columns of `page_ints`
EVENTS, TIMESTAMP, N_PAGES, N_KEPT, N_TOUCHED = range(5)  # `counters`
MEAN_ALL, PRIOR_USERS, VARIANCE = range(3)  # `scalars`

USER_ENTRY = np.dtype([("item", "<i4"), ("target", "<f4"), ("popularity", "<i2"), ("bias", "<i2")])
ENTRY_UNIT = 1.0 / 4096  # of an entry's popularity and bias
ITEM_ENTRY = np.dtype([("user", "<i4"), ("target", "<f4")])
SEEN_ENTRY = np.dtype([("item", "<i4"), ("rating", "<f4")])  # the rating in internal stars

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Memory(NamedTuple):
    """The arrays of one learner; d = 3 + content + rank and d_item = 1 + rank, both padded.

    Attributes
    ----------
    x, y : float64, shapes (users, d) and (items, d_item)
        Rows.
    user_cov, item_cov : float32, packed
        P of each row, in units of σ².
    user_stats : float64, shape (users, 7)
        Running means of the residual at three gains; mean rating above 3.5; time of the last rating; sum and number of
        the squared standardised errors (see `variance`).
    item_stats : float64, shape (items, 4)
        Running mean of the residual; mean rating above 3.5; sum and number of the squared standardised errors.
    user_ints, item_ints : int64, shape (rows, 6)
        Count, count of the next refit, in the prior's sum, touched since the last renewal, changed since `changes`;
        a user's page, an item's newest version, where these are still there.
    content : float64, shape (items, content)
    user_window, item_window, seen : Lists
        Newest ratings of each row; all ratings that a user has, sorted by the items' row numbers.
    g, g_cov, c, c_cov : float64
        Global weights and calibration with their packed P.
    moments, prior, prior_cov : float64, packed
        Sum over users of x xᵀ + σ²P; the users' prior precision and its inverse, in units of σ².
    touched : int64
        Users whose term of `moments` is out until the next renewal.
    variances : float64, shape (2, bins)
        Running σ² and its weight, by the user's number of ratings (see `variance`).
    page_x, page_stats, page_g, page_c, page_mean_all : float64
        For each open page, the user's row and the rest as they were when it began (see `open_pages`).
    page_ints : int64, shape (pages, 3)
        For each open page, the user, its number of ratings when it began, and ratings on the page.
    kept_y, kept_stats, kept_counts : float64, float64, int64
        Items' rows as they were for open pages.
    kept_links : int64, shape (versions, 5)
        Which of them is whose (see `versions`).
    scalars, counters : float64, int64
    """

    x: Floats
    y: Floats
    user_cov: NDArray[np.float32]
    item_cov: NDArray[np.float32]
    user_stats: Floats
    item_stats: Floats
    user_ints: Ints
    item_ints: Ints
    content: Floats
    user_window: Lists
    item_window: Lists
    seen: Lists
    g: Floats
    g_cov: Floats
    c: Floats
    c_cov: Floats
    moments: Floats
    prior: Floats
    prior_cov: Floats
    touched: Ints
    variances: Floats
    page_x: Floats
    page_stats: Floats
    page_g: Floats
    page_c: Floats
    page_mean_all: Floats
    page_ints: Ints
    kept_y: Floats
    kept_stats: Floats
    kept_counts: Ints
    kept_links: Ints
    scalars: Floats
    counters: Ints


USER_ARRAYS = ("x", "user_cov", "user_stats", "user_ints")
ITEM_ARRAYS = ("y", "item_cov", "item_stats", "item_ints", "content")
PAGE_ARRAYS = ("page_x", "page_stats", "page_g", "page_c", "page_mean_all", "page_ints")
KEPT_ARRAYS = ("kept_y", "kept_stats", "kept_counts", "kept_links")
LISTS = ("user_window", "item_window", "seen")
FIRST_PAGES, FIRST_KEPT = 16, 64


class Parameters(NamedTuple):
    """The settings, as the kernels take them."""

    rank: int
    gamma: float
    window: int
    noise: float
    prior_from: int
    prior_every: int
    leak: float
    calibration_start: Floats  # packed
    ridge_item: Floats  # packed
    first_item_cov: Floats  # its inverse
    low: float
    high: float


def parameters(settings: Settings, low: float, high: float) -> Parameters:
    """Settings with the limits of the scale, in internal stars."""
    ridge = np.full(1 + settings.rank, settings.ridge)
    ridge[0] = settings.ridge_item_bias
    window = np.iinfo(np.int32).max if settings.window is None else settings.window
    return Parameters(
        int(settings.rank),
        float(settings.gamma),
        int(window),
        float(settings.noise),
        int(settings.prior_from if np.isfinite(settings.prior_weight) else np.iinfo(np.int64).max),
        int(settings.prior_every),
        float(settings.calibration_leak),
        packed_diagonal(np.full(len(CalibrationTerm), CALIBRATION_START)),
        packed_diagonal(ridge),
        packed_diagonal(1 / ridge),
        float(low),
        float(high),
    )


def packed_diagonal(values: Floats) -> Floats:
    """A diagonal matrix, packed.

    >>> packed_diagonal(np.array([1.0, 2.0]))[:8].tolist()
    [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]
    """
    return pack(np.diag(values))


def initial(settings: Settings, n_content: int) -> Memory:
    """A memory that has seen nothing."""
    d, d_item, d_global = 3 + n_content + settings.rank, 1 + settings.rank, 3 + n_content
    ridge = np.full(d, settings.ridge)
    ridge[0] = settings.ridge_user_bias
    weight = settings.prior_weight if np.isfinite(settings.prior_weight) else 0.0
    g, c = np.zeros(padded(d_global)), np.zeros(padded(len(CalibrationTerm)))
    g[0], c[CalibrationTerm.USER_SLOW], c[CalibrationTerm.ITEM_SLOW] = 3.5, 0.5, 0.5
    return Memory(
        x=np.zeros((0, padded(d))),
        y=np.zeros((0, padded(d_item))),
        user_cov=np.zeros((0, packed_size(d)), np.float32),
        item_cov=np.zeros((0, packed_size(d_item)), np.float32),
        user_stats=np.zeros((0, USER_STATS)),
        item_stats=np.zeros((0, ITEM_STATS)),
        user_ints=np.zeros((0, ROW_INTS), np.int64),
        item_ints=np.zeros((0, ROW_INTS), np.int64),
        content=np.zeros((0, n_content)),
        user_window=lists.empty(USER_ENTRY, 0),
        item_window=lists.empty(ITEM_ENTRY, 0),
        seen=lists.empty(SEEN_ENTRY, 0),
        g=g,
        g_cov=packed_diagonal(np.ones(d_global)),
        c=c,
        c_cov=packed_diagonal(np.full(len(CalibrationTerm), CALIBRATION_START)),
        moments=packed_diagonal(weight * settings.noise / ridge),
        prior=packed_diagonal(ridge),
        prior_cov=packed_diagonal(1 / ridge),
        touched=np.zeros(1024, np.int64),
        variances=np.stack([np.full(VARIANCE_BINS, settings.noise), np.zeros(VARIANCE_BINS)]),
        page_x=np.zeros((FIRST_PAGES, padded(d))),
        page_stats=np.zeros((FIRST_PAGES, USER_STATS)),
        page_g=np.zeros((FIRST_PAGES, len(g))),
        page_c=np.zeros((FIRST_PAGES, len(c))),
        page_mean_all=np.zeros(FIRST_PAGES),
        page_ints=np.zeros((FIRST_PAGES, 3), np.int64),
        kept_y=np.zeros((FIRST_KEPT, padded(d_item))),
        kept_stats=np.zeros((FIRST_KEPT, ITEM_STATS)),
        kept_counts=np.zeros(FIRST_KEPT, np.int64),
        kept_links=np.zeros((FIRST_KEPT, LINKS), np.int64),
        scalars=np.array([0.0, weight, settings.noise]),
        counters=np.zeros(5, np.int64),
    )


def with_room(memory: Memory, users: int, items: int, ratings: int = 1) -> Memory:
    """The same memory with room for that many rows and for more ratings, most likely for that many."""
    changes: dict[str, Any] = {}
    for names, rows in ((USER_ARRAYS, users), (ITEM_ARRAYS, items)):
        held = len(getattr(memory, names[0]))
        if rows > held:
            capacity = max(rows, 2 * held, 64)  # what is never written takes no memory
            for name in names:
                changes[name] = grown(getattr(memory, name), capacity)
    capacities = {
        "user_window": len(changes.get("x", memory.x)),
        "item_window": len(changes.get("y", memory.y)),
        "seen": len(changes.get("x", memory.x)),
    }
    for name in LISTS:
        changes[name] = lists.reserve(getattr(memory, name), capacities[name], min(ratings, AT_ONCE))
    if 2 * memory.counters[N_TOUCHED] >= len(memory.touched):
        changes["touched"] = np.concatenate([memory.touched, np.zeros_like(memory.touched)])
    for used, arrays in ((memory.counters[N_PAGES], PAGE_ARRAYS), (memory.counters[N_KEPT], KEPT_ARRAYS)):
        if 2 * used >= len(getattr(memory, arrays[0])):
            for name in arrays:
                changes[name] = grown(getattr(memory, name), 2 * len(getattr(memory, name)), used)
    return memory._replace(**changes)
