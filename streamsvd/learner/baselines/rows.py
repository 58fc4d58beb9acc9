"""The memory of an online baseline: a row of numbers per user and per item, a global one, and the open pages.

The page protocol predicts from the state in which a page began. Of that state, the user's row and the global numbers
are copied when the page begins; an item's row is kept before it changes (see `kernels.versions`), so that an open page
finds it as it was, however many others have begun since and whoever has rated in between.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.kernels.versions import LINKS, PAGE, ROW, link_version, newest_version, version_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIMESTAMP, N_PAGES, N_KEPT = range(3)
"""Elements of `counters`."""


class BaselineMemory(NamedTuple):
    """Arrays of an online baseline; all but `whole` and `counters` have room for more rows."""

    users: Floats
    items: Floats
    whole: Floats
    counters: Ints
    page_of: Ints  # a user's page, where it is still open
    page_owner: Ints  # of each open page: its user
    page_user: Floats  # and the user's row as it was when the page began
    page_whole: Floats  # and the global numbers
    last_kept: Ints  # an item's newest version, where it is still there
    kept: Floats  # items' rows as they were
    kept_links: Ints  # and which of them is whose


PAGES = ("page_owner", "page_user", "page_whole")
VERSIONS = ("kept", "kept_links")


def empty(user_width: int, item_width: int, whole: Floats) -> BaselineMemory:
    """A memory without rows, and with these global numbers."""
    return BaselineMemory(
        users=np.zeros((0, user_width)),
        items=np.zeros((0, item_width)),
        whole=whole.copy(),
        counters=np.zeros(3, np.int64),
        page_of=np.zeros(0, np.int64),
        page_owner=np.zeros(0, np.int64),
        page_user=np.zeros((0, user_width)),
        page_whole=np.zeros((0, len(whole))),
        last_kept=np.zeros(0, np.int64),
        kept=np.zeros((0, item_width)),
        kept_links=np.zeros((0, LINKS), np.int64),
    )


def with_rows(m: BaselineMemory, users: int, items: int) -> BaselineMemory:
    """The same memory with room for that many rows; new ones are zero."""
    if users > len(m.users):
        m = m._replace(users=grown(m.users, users), page_of=grown(m.page_of, users))
    if items > len(m.items):
        m = m._replace(items=grown(m.items, items), last_kept=grown(m.last_kept, items))
    return m


def with_room(m: BaselineMemory) -> BaselineMemory:
    """The same memory with room for one more page, and to keep all items."""
    pages, versions = m.counters[N_PAGES] + 1, m.counters[N_KEPT] + len(m.items)
    if pages > len(m.page_owner):
        m = m._replace(**{name: grown(getattr(m, name), pages) for name in PAGES})
    if versions > len(m.kept):
        m = m._replace(**{name: grown(getattr(m, name), versions) for name in VERSIONS})
    return m


def grown(array: NDArray[Any], n: int) -> NDArray[Any]:
    """The array with room for at least n rows; new ones are zero."""
    larger = np.zeros((max(n, len(array) + len(array) // 2, 64), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def page_state(m: BaselineMemory) -> dict[str, NDArray[Any]]:
    """The open pages, as arrays of a state."""
    n_pages, n_kept = m.counters[N_PAGES], m.counters[N_KEPT]
    return {
        "counters": m.counters.copy(),
        **{name: getattr(m, name)[:n_pages].copy() for name in PAGES},
        **{name: getattr(m, name)[:n_kept].copy() for name in VERSIONS},
    }


def with_page_state(m: BaselineMemory, state: dict[str, NDArray[Any]]) -> BaselineMemory:
    """The same memory with these open pages, for its rows."""
    m = m._replace(**{name: state[name].copy() for name in ("counters", *PAGES, *VERSIONS)})
    for owners, found in ((m.page_owner, m.page_of), (m.kept_links[:, ROW], m.last_kept)):
        there = np.flatnonzero(owners >= 0)
        found[owners[there]] = there  # of several, the last
    return m


@compiled
def has_room(m, timestamp):  # type: ignore[no-untyped-def]
    """Close the pages of other times; whether a rating of this time finds room, should all items' rows change."""
    if m.counters[TIMESTAMP] != timestamp:
        m.counters[TIMESTAMP] = timestamp
        m.counters[N_PAGES] = m.counters[N_KEPT] = 0
    return m.counters[N_PAGES] < len(m.page_owner) and m.counters[N_KEPT] + len(m.items) <= len(m.kept)


@compiled
def turn_page(m, u):  # type: ignore[no-untyped-def]
    """Number of the user's page, which begins here if there is none."""
    page = m.page_of[u]
    if page < m.counters[N_PAGES] and m.page_owner[page] == u:
        return page
    page = m.counters[N_PAGES]
    m.page_of[u], m.page_owner[page] = page, u
    m.page_user[page] = m.users[u]
    m.page_whole[page] = m.whole
    m.counters[N_PAGES] = page + 1
    return page


@compiled
def keep(m, i):  # type: ignore[no-untyped-def]
    """Before an item's row changes: keep it as it is, if a page has begun since it was kept."""
    version, page = m.counters[N_KEPT], m.counters[N_PAGES] - 1
    before = newest_version(m.kept_links, version, i, m.last_kept[i])
    if before < 0 or m.kept_links[before, PAGE] != page:
        m.kept[version] = m.items[i]
        link_version(m.kept_links, version, i, page, before)
        m.last_kept[i] = version
        m.counters[N_KEPT] = version + 1


@compiled
def keep_all(m, count_at):  # type: ignore[no-untyped-def]
    """Before all items' rows change: those of items without ratings, by the count in the row, are zero and stay so."""
    for i in range(len(m.items)):
        if m.items[i, count_at] > 0.0:
            keep(m, i)


@compiled
def at_page(m, i, page):  # type: ignore[no-untyped-def]
    """An item's row as it was when a page began."""
    newest = newest_version(m.kept_links, m.counters[N_KEPT], i, m.last_kept[i])
    version = version_at(m.kept_links, newest, page)
    return m.items[i] if version < 0 else m.kept[version]
