"""Rows as they were: earlier versions of changing rows, each found by the page that needs it.

All pages that are open at one timestamp predict from the model as it was when they began. Before a row changes, it is
kept once for all pages that have begun since it was kept last; the version that a page needs is the earliest one kept
since the page began, or the row itself. The versions of a row are chained from the newest to the oldest, with links
that skip ahead (Myers 1983, "An applicative random-access stack"), so that the search takes logarithmic time.
"""

from __future__ import annotations

from streamsvd.compiler import inlined

ROW, PAGE, BEFORE, SKIP, DEPTH = range(5)  # columns of `links`: whose version, and the newest page when it was kept
LINKS = 5


@inlined
def newest_version(links, n, row, last):  # type: ignore[no-untyped-def]
    """Number of a row's newest version, -1 without one; `last` is what the row remembers of it, perhaps long ago."""
    return last if last < n and links[last, ROW] == row else -1


@inlined
def link_version(links, n, row, page, before):  # type: ignore[no-untyped-def]
    """Version number n is of this row, kept while this page was the newest; `before` is the one before it, or -1."""
    links[n, ROW], links[n, PAGE], links[n, BEFORE] = row, page, before
    if before < 0:
        links[n, SKIP], links[n, DEPTH] = n, 0
        return
    skip = links[before, SKIP]
    far = links[skip, SKIP]
    equal = links[before, DEPTH] - links[skip, DEPTH] == links[skip, DEPTH] - links[far, DEPTH]
    links[n, SKIP] = far if equal else before
    links[n, DEPTH] = links[before, DEPTH] + 1


@inlined
def version_at(links, newest, page):  # type: ignore[no-untyped-def]
    """The version that a page needs, -1 for the row as it is; `newest` is the row's newest version, or -1."""
    if newest < 0 or links[newest, PAGE] < page:
        return -1
    found = newest
    while True:
        skip, before = links[found, SKIP], links[found, BEFORE]
        if skip != found and links[skip, PAGE] >= page:
            found = skip
        elif before >= 0 and links[before, PAGE] >= page:
            found = before
        else:
            return found
