"""The factors of all users, kept in the process from the first lookup of similar users on.

All users have to be compared, and reading all of them from the store takes seconds with 162,000 of them. So their
factors are kept (about 0.4 kB a user) and updated with what changed at every such lookup. One lookup runs at a
time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from model_store.client import translated
from model_store.codec.checkpoint import Head
from model_store.read.row_table import RowTable
from model_store.read.store_queries import StoreQueries
from model_store.read.view import View
from model_store.read.view_cache import ViewCache
from streamsvd.errors import StoreUnavailable
from streamsvd.lookup import FACTORS

_ATTEMPTS = 20


class UserCache:
    """The factors of all users of a model. Thread-safe.

    Parameters
    ----------
    store : StoreQueries
    view_cache : ViewCache
        Of the same model.
    """

    def __init__(self, store: StoreQueries, view_cache: ViewCache) -> None:
        self._store = store
        self._view_cache = view_cache
        self._turn = threading.Lock()
        self._table: RowTable | None = None
        self._version = 0
        self._lineage = b""

    @contextmanager
    def reading(self) -> Iterator[tuple[View, RowTable]]:
        """The items and all users, both of the newest version; valid in the body of the `with`."""
        with self._turn:
            for _ in range(_ATTEMPTS):
                with self._view_cache.reading(newest=True) as (view, _):
                    table = self._at(view)
                    if table is not None:
                        yield view, table
                        return
        raise StoreUnavailable(
            f"model {self._store.keys.model!r} changed {_ATTEMPTS} times while its users were read; try again later"
        )

    def _at(self, view: View) -> RowTable | None:
        """The users at the view's version; None when the store has a newer version."""
        table, version = self._table, self._version
        self._table = None  # until it is complete again
        with translated(self._store.client, f"reading the users of model {self._store.keys.model}"):
            if table is None or version < view.head.base or self._lineage != view.lineage:
                self._lineage = view.lineage
                table, version = RowTable("users", (FACTORS,)), view.head.version
                table.update(*self._store.load(table), view.dtypes, self._store.keys)
            reply = self._store.fetch((), [(table, version)])
            head = Head.decode(reply.doc, self._store.keys.head)
            if reply.lineage != view.lineage or not head.continues(version):
                return None
            changes = reply.changes[0]
            if changes.in_pages:
                for fields, blobs in self._store.pages(table, version):
                    table.update(fields, blobs, view.dtypes, self._store.keys)
                self._table, self._version = table, reply.version
                return None  # and what has changed since then
            table.update(changes.fields, changes.blobs, view.dtypes, self._store.keys)
        if len(table) != changes.count:
            return None  # a user was erased, which leaves no mark: read all again
        self._table, self._version = table, reply.version
        return table if reply.version == view.head.version else None
