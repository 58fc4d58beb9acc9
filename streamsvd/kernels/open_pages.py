"""The open pages: what each predicts from, which is the model as it was when the page began.

A page is all that a user rates at one timestamp, whatever lies between its ratings. When one begins, its user and the
global weights are copied; an item is kept before its row changes (see `versions`). All pages are closed by the first
rating of another timestamp.
"""

from __future__ import annotations

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.algebra import copy
from streamsvd.kernels.handles import memory_at, parameters_at, workspace_at
from streamsvd.kernels.memory import (
    COUNT,
    KEPT,
    MEAN_ALL,
    N_KEPT,
    N_PAGES,
    PAGE,
    PAGE_COUNT,
    PAGE_LENGTH,
    PAGE_USER,
    TIMESTAMP,
)
from streamsvd.kernels.scoring import fill_features, fill_global_features, noise_of_item, popularity_of, score_pair
from streamsvd.kernels.versions import BEFORE, ROW, link_version, newest_version, version_at
from streamsvd.kernels.versions import PAGE as KEPT_ON


@inlined
def turn_to(m, timestamp):  # type: ignore[no-untyped-def]
    """Close all pages if this is another timestamp than theirs."""
    if m.counters[TIMESTAMP] != timestamp:
        m.counters[TIMESTAMP] = timestamp
        m.counters[N_PAGES] = m.counters[N_KEPT] = 0


@inlined
def page_of(m, u):  # type: ignore[no-untyped-def]
    """Number of a user's open page, -1 without one."""
    page = m.user_ints[u, PAGE]
    return page if page < m.counters[N_PAGES] and m.page_ints[page, PAGE_USER] == u else -1


@compiled
def begin_page(handle, u, user_count):  # type: ignore[no-untyped-def]
    """Open a page with the user and all global weights as they are now; returns its number."""
    m = memory_at(handle)
    page = m.counters[N_PAGES]
    copy(m.x[u], m.page_x[page])
    copy(m.user_stats[u], m.page_stats[page])
    copy(m.g, m.page_g[page])
    copy(m.c, m.page_c[page])
    m.page_mean_all[page] = m.scalars[MEAN_ALL]
    m.page_ints[page, PAGE_USER], m.page_ints[page, PAGE_COUNT], m.page_ints[page, PAGE_LENGTH] = u, user_count, 0
    m.user_ints[u, PAGE] = page
    m.counters[N_PAGES] = page + 1
    return page


@compiled
def predict_page(handle, page, i, timestamp):  # type: ignore[no-untyped-def]
    """What the page protocol predicts: with user, item and all global weights as they were when the page began."""
    m, p, s = memory_at(handle), parameters_at(handle), workspace_at(handle)
    version = version_at(m.kept_links, _newest_kept(m, i), page)
    y, item = (m.y[i], m.item_stats[i]) if version < 0 else (m.kept_y[version], m.kept_stats[version])
    item_count = m.item_ints[i, COUNT] if version < 0 else m.kept_counts[version]
    content, user_count = m.content[i], m.page_ints[page, PAGE_COUNT]
    fill_features(y, p.rank, content, popularity_of(item_count), y[0], s.phi)
    fill_global_features(content, item_count, user_count, s.z)
    _, score, calibration = score_pair(
        m.page_g[page],
        m.page_c[page],
        m.page_mean_all[page],
        m.page_x[page],
        m.page_stats[page],
        user_count,
        len(content),
        p.rank,
        y[0],
        item,
        item_count,
        noise_of_item(item),
        timestamp,
        0,
        s.phi,
        s.z,
        s.h,
    )
    return min(max(score + calibration, p.low), p.high)


@inlined
def keep(m, i):  # type: ignore[no-untyped-def]
    """Before an item's row changes: keep it as it is, if a page has begun since it was kept."""
    n_pages, version, before = m.counters[N_PAGES], m.counters[N_KEPT], _newest_kept(m, i)
    if n_pages == 0 or (before >= 0 and m.kept_links[before, KEPT_ON] == n_pages - 1):
        return
    copy(m.y[i], m.kept_y[version])
    copy(m.item_stats[i], m.kept_stats[version])
    m.kept_counts[version] = m.item_ints[i, COUNT]
    link_version(m.kept_links, version, i, n_pages - 1, before)
    m.item_ints[i, KEPT] = version
    m.counters[N_KEPT] = version + 1


@compiled
def forget_page(handle, u):  # type: ignore[no-untyped-def]
    """Remove what an erased user's page holds; its number stays taken."""
    m = memory_at(handle)
    page = page_of(m, u)
    if page < 0:
        return
    m.page_x[page], m.page_stats[page] = 0.0, 0.0
    m.page_ints[page, PAGE_USER], m.page_ints[page, PAGE_COUNT], m.page_ints[page, PAGE_LENGTH] = -1, 0, 0


@compiled
def forget_kept(handle, i):  # type: ignore[no-untyped-def]
    """Remove what is kept of an item that an erased user had rated: all pages predict from its row as it is now."""
    m = memory_at(handle)
    version = _newest_kept(m, i)
    while version >= 0:
        m.kept_y[version], m.kept_stats[version], m.kept_counts[version] = 0.0, 0.0, 0
        m.kept_links[version, ROW] = -1
        version = m.kept_links[version, BEFORE]


@inlined
def _newest_kept(m, i):  # type: ignore[no-untyped-def]
    return newest_version(m.kept_links, m.counters[N_KEPT], i, m.item_ints[i, KEPT])
