"""The newest view of a model that changes several times a second, double-buffered for many reading threads.

There are two views of the items. Threads read the current one. On a new version, the spare one is updated with what
changed since its own version, and the two are swapped. So a refresh costs only what changed, waits for no reader, and
no reader sees a view that is being changed. In the rare case that a thread still reads the spare view, it is copied.

The first thread that finds a newer version refreshes. Others are answered from the current view meanwhile, if the rows
that they query have not changed since, so that an answer belongs to one version; otherwise they wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from model_store.client import translated
from model_store.codec.checkpoint import Head
from model_store.codec.delta import read_delta
from model_store.codec.rows import RowLayout
from model_store.read.load import load_catalogue
from model_store.read.row_table import RowTable
from model_store.read.store_queries import Blobs, Reply, RowQuery, StoreQueries
from model_store.read.view import View
from streamsvd.errors import SnapshotCorrupt, StoreUnavailable
from streamsvd.lookup import FACTORS, ScreeningColumns

_ATTEMPTS = 20
_WAIT_SECONDS = 5.0


class ViewCache:
    """The newest view of a model's items. Thread-safe.

    Parameters
    ----------
    store : StoreQueries
    new_columns : callable
        Makes the columns of a new view.
    """

    def __init__(self, store: StoreQueries, new_columns: Callable[[], ScreeningColumns]) -> None:
        self._store = store
        self._new_columns = new_columns
        self._blocks: tuple[str, ...] = (FACTORS,)
        self._refreshing = threading.Lock()
        self._pins = threading.Lock()
        self._current: View | None = None
        self._spare: View | None = None
        self._readers: dict[int, int] = {}  # id of a view → how many read it

    @contextmanager
    def reading(
        self, queries: Sequence[RowQuery] = (), blocks: tuple[str, ...] = (FACTORS,), *, newest: bool = False
    ) -> Iterator[tuple[View, list[Blobs]]]:
        """A view and the queried rows, both of one version; the view is valid in the body of the `with` only.

        Parameters
        ----------
        queries : sequence of RowQuery
        blocks : tuple of str
            Blocks of items that the view must hold; once requested, they are kept.
        newest : bool
            Wait for the newest version, even while another thread refreshes and the rows are unchanged.
        """
        with translated(self._store.client, f"reading model {self._store.keys.model}"):
            view, rows = self._pinned(queries, blocks, newest=newest)
        try:
            yield view, rows
        finally:
            self._unpin(view)

    def head(self) -> Head:
        """Head of the current view, or else of the newest version; the blocks change with a whole write only."""
        view = self._current
        if view is not None:
            return view.head
        with translated(self._store.client, f"reading model {self._store.keys.model}"):
            return self._store.head()[0]

    def _pinned(
        self, queries: Sequence[RowQuery], blocks: tuple[str, ...], *, newest: bool
    ) -> tuple[View, list[Blobs]]:
        """A view, pinned, and the rows of its version."""
        for timeout in (0.0, _WAIT_SECONDS):  # while another thread refreshes, the view may do: try it before waiting
            found = self._as_it_is(queries, blocks, older=not newest)
            if found is not None:
                return found
            if self._refreshing.acquire(timeout=timeout):
                try:  # another thread may have refreshed while this one waited
                    return self._as_it_is(queries, blocks, older=False) or self._refreshed(queries, blocks)
                finally:
                    self._refreshing.release()
        raise StoreUnavailable(
            f"model {self._store.keys.model!r} is being read by another thread, which is not done after "
            f"{_WAIT_SECONDS:g} s; try again later"
        )

    def _as_it_is(
        self, queries: Sequence[RowQuery], blocks: tuple[str, ...], *, older: bool
    ) -> tuple[View, list[Blobs]] | None:
        """The view as it is, when it will do: it is of the newest version, or of the one before with `older`.

        An older one does while another thread refreshes, if none of the queried rows has changed since its version.
        """
        with self._pins:
            view = self._current
            if view is None or not view.holds(blocks):
                return None
            self._readers[id(view)] = self._readers.get(id(view), 0) + 1
        try:
            reply = self._store.fetch(queries, known=view.head.version, lineage=view.lineage)
        except BaseException:
            self._unpin(view)
            raise
        newest = reply.version == view.head.version and reply.lineage == view.lineage
        if newest or (older and reply.as_known and self._refreshing.locked()):
            return view, reply.rows
        self._unpin(view)
        return None

    def _refreshed(self, queries: Sequence[RowQuery], blocks: tuple[str, ...]) -> tuple[View, list[Blobs]]:
        self._blocks = tuple(dict.fromkeys([*self._blocks, *blocks]))
        view = self._take_spare()
        fresh = False
        for _ in range(_ATTEMPTS):
            if view is None:
                view, fresh = self._first(), True
            known = view.head.version
            reply = self._store.fetch(queries, [(view.table, known)])
            head = Head.decode(reply.doc, self._store.keys.head)
            current = self._current
            if not _continues(view, head, reply):  # the view cannot be updated to this version
                usable = current is not None and not fresh and _continues(current, head, reply)
                view, fresh = (current.copy(), True) if current is not None and usable else (None, False)
                continue
            if reply.changes[0].in_pages and current is not None and known < current.head.version:
                view = None  # free it before there are three
                view = current.copy()  # its version is newer, and copying is cheaper than reading
                continue
            self._update(view, head, reply)
            if reply.changes[0].in_pages:
                self._update_in_pages(view, known, reply.version)
                continue  # and what has changed since then
            if len(view.table) != reply.changes[0].count:
                if fresh:
                    raise SnapshotCorrupt(
                        f"{self._store.keys.block('items', FACTORS)} holds {reply.changes[0].count} rows, "
                        f"{len(view.table)} can be read: part of the snapshot was lost; rebuild it from the log"
                    )
                view = None
                continue
            if head.catalogue_version == view.catalogue_version:
                return self._serve(view), reply.rows
            view.catalogue = load_catalogue(self._store.client, self._store.keys)
            view.catalogue_version = head.catalogue_version  # the next iteration checks that it still is the newest
        raise StoreUnavailable(
            f"model {self._store.keys.model!r} was rewritten {_ATTEMPTS} times while it was read; try again later"
        )

    def _update_in_pages(self, view: View, known: int, version: int) -> None:
        """Read the rows that have changed since the view's version in pages, when they are many."""
        if version == known + 1:
            for piece in read_delta(self._store.client, self._store.keys, version, view.table.blocks):
                if piece is None:
                    break  # a newer version was written
                view.put_delta(piece)
            else:
                return
        for page in self._store.pages(view.table, known):
            view.put(*page)

    def _update(self, view: View, head: Head, reply: Reply) -> None:
        view.update(head, reply.globals_, reply.changes[0].fields, reply.changes[0].blobs)
        current = self._current
        known = None if current is None else (current.lineage, current.catalogue_version)
        if current is not None and known == (view.lineage, head.catalogue_version):
            view.catalogue, view.catalogue_version = current.catalogue, current.catalogue_version

    def _take_spare(self) -> View | None:
        """A view that no thread reads, to be updated; None when all rows have to be read."""
        with self._pins:
            view, self._spare = self._spare, None
            if view is not None and self._readers.get(id(view)):
                view = None
            current = self._current
        if current is None or current.table.blocks != self._blocks:
            return None
        return view if view is not None and view.table.blocks == self._blocks else current.copy()

    def _serve(self, view: View) -> View:
        """Make this the current view; pinned for the caller."""
        with self._pins:
            self._current, self._spare = view, self._current
            self._readers[id(view)] = self._readers.get(id(view), 0) + 1
        return view

    def _unpin(self, view: View) -> None:
        with self._pins:
            left = self._readers[id(view)] - 1
            if left:
                self._readers[id(view)] = left
            else:
                del self._readers[id(view)]

    def _first(self) -> View:
        """All items, read page by page; still to be updated before it is served."""
        head, lineage = self._store.head()
        keys, about = self._store.keys, head.blocks["items"]
        self._blocks = tuple(name for name in self._blocks if name in about)
        table = RowTable("items", self._blocks)
        dtypes = RowLayout(head.dtypes, head.blocks).numpy_dtypes(keys.head)
        view = View(keys, head, lineage, dtypes, {}, table, {}, 0, self._new_columns())
        view.put(*self._store.load(table))
        return view


def _continues(view: View, head: Head, reply: Reply) -> bool:
    """Whether the view can be updated to this version with what has changed since its own."""
    return view.lineage == reply.lineage and head.continues(view.head.version)
