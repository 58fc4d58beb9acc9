"""Keeping up with a model that changes several times a second, while many threads read it.

There are two views of the items, and they take turns. One is read by everybody. When the version has moved, what
changed since the other one's version is read from the store and put into that one, and then they change places. So a
refresh costs what changed, nobody waits for a reader, and no reader ever sees a view that is being changed. In the rare
case that somebody still reads the one that is due, a copy is made.

Whoever finds a newer version first brings it. Others that ask meanwhile are answered from the view as it is, if the
rows that they ask for have not changed since, so that all they get is of that version; if they have, they wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from model_store.client import translated
from model_store.codec.checkpoint import Head
from model_store.codec.rows import RowLayout
from model_store.read.load import load_films
from model_store.read.row_table import RowTable
from model_store.read.store_queries import Blobs, Reply, RowQuery, StoreQueries
from model_store.read.view import View
from streamsvd.errors import SnapshotCorrupt, StoreUnavailable
from streamsvd.lookup.item_table import FACTORS, Columns

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

    def __init__(self, store: StoreQueries, new_columns: Callable[[], Columns]) -> None:
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
        """Lend a view and the rows queries, both of one version; the view is for the body of a `with` only.

        Parameters
        ----------
        queries : sequence of RowQuery
        blocks : tuple of str
            Blocks of items that the view must hold; once asked for, they are kept.
        newest : bool
            Wait for the newest version, even while another thread brings it and the rows are those of the one before.
        """
        with translated(self._store.client, f"reading model {self._store.keys.model}"):
            view, rows = self._found(queries, blocks, newest=newest)
        try:
            yield view, rows
        finally:
            self._unpin(view)

    def head(self) -> Head:
        """Head of the version in use, or else of the newest: what blocks there are changes with a whole write only."""
        view = self._current
        if view is not None:
            return view.head
        with translated(self._store.client, f"reading model {self._store.keys.model}"):
            return self._store.head()[0]

    def _found(self, queries: Sequence[RowQuery], blocks: tuple[str, ...], *, newest: bool) -> tuple[View, list[Blobs]]:
        """A view, pinned, and the rows of its version."""
        for timeout in (0.0, _WAIT_SECONDS):  # who comes too late to refresh looks again before it waits
            found = self._as_it_is(queries, blocks, older=not newest)
            if found is not None:
                return found
            if self._refreshing.acquire(timeout=timeout):
                try:  # whoever waited here may find that another has done the work
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

        An older one does while another thread refreshes, if all rows queried are still those of its version.
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
            if not _continues(view, head, reply):  # what is known counts for nothing
                usable = current is not None and not fresh and _continues(current, head, reply)
                view, fresh = (current.copy(), True) if current is not None and usable else (None, False)
                continue
            if reply.changes[0].in_pages and current is not None and known < current.head.version:
                view = None  # before there are three
                view = current.copy()  # of which less has changed, and copying is cheaper than reading
                continue
            self._update(view, head, reply)
            if reply.changes[0].in_pages:
                self._bring(view, known, reply.version)
                continue  # and what has changed since then
            if len(view.table) != reply.changes[0].count:
                if fresh:
                    raise SnapshotCorrupt(
                        f"{self._store.keys.block('items', FACTORS)} holds {reply.changes[0].count} rows, "
                        f"{len(view.table)} can be read: part of the snapshot was lost; rebuild it from the log"
                    )
                view = None
                continue
            if head.films == view.films_version:
                return self._serve(view), reply.rows
            view.films = load_films(self._store.client, self._store.keys)
            view.films_version = head.films  # the next turn sees whether that still holds
        raise StoreUnavailable(
            f"model {self._store.keys.model!r} was rewritten {_ATTEMPTS} times while it was read; try again later"
        )

    def _bring(self, view: View, known: int, version: int) -> None:
        """Read the many rows that have changed since the version that the view was of, some at a time."""
        if version == known + 1:
            for piece in self._store.delta(view.table, version):
                if piece is None:
                    break  # a newer version has come
                view.put_delta(piece)
            else:
                return
        for page in self._store.pages(view.table, known):
            view.put(*page)

    def _update(self, view: View, head: Head, reply: Reply) -> None:
        view.update(head, reply.globals_, reply.changes[0].fields, reply.changes[0].blobs)
        current = self._current
        if current is not None and (current.lineage, current.films_version) == (view.lineage, head.films):
            view.films, view.films_version = current.films, current.films_version

    def _take_spare(self) -> View | None:
        """A view that nobody reads, to be brought up to date; None when all has to be read."""
        with self._pins:
            view, self._spare = self._spare, None
            if view is not None and self._readers.get(id(view)):
                view = None
            current = self._current
        if current is None or current.table.blocks != self._blocks:
            return None
        return view if view is not None and view.table.blocks == self._blocks else current.copy()

    def _serve(self, view: View) -> View:
        """From now on this one is read by everybody; pinned for the caller."""
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
        """All items, read page by page, as a start: not yet a view to be served."""
        head, lineage = self._store.head()
        keys, about = self._store.keys, head.blocks["items"]
        self._blocks = tuple(name for name in self._blocks if name in about)
        table = RowTable("items", self._blocks)
        view = View(
            keys, head, lineage, RowLayout(head.dtypes).numpy_dtypes(keys.head), {}, table, {}, 0, self._new_columns()
        )
        view.put(*self._store.load(table))
        return view


def _continues(view: View, head: Head, reply: Reply) -> bool:
    """Whether what has changed since the view's version makes it the newest."""
    return view.lineage == reply.lineage and head.continues(view.head.version)
