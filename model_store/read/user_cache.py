"""Users alike: the rows of all users, kept in the process from the first time that somebody asks.

Every user has to be compared, and reading all of them from the store takes seconds with 162,000 of them. So their
factors are kept (about 0.4 kB a user) and brought up to date with what changed whenever somebody asks. Questions take
turns.
"""

from __future__ import annotations

import threading

import numpy as np

from model_store.answers import SimilarUser
from model_store.client import translated
from model_store.codec.checkpoint import Head
from model_store.ranking import best
from model_store.read.row_table import FACTORS, Table
from model_store.read.store_queries import Asking
from model_store.read.view import View
from model_store.read.view_cache import Following
from streamsvd.errors import StoreUnavailable, UnknownId
from streamsvd.learner import from_rows
from streamsvd.ratings import Id

_ATTEMPTS = 20


class People:
    """The factors of all users of a model. Thread-safe.

    Parameters
    ----------
    asking : Asking
    following : Following
        Of the same model: users are compared by what their tastes come to on its items.
    """

    def __init__(self, asking: Asking, following: Following) -> None:
        self._asking = asking
        self._following = following
        self._turn = threading.Lock()
        self._table: Table | None = None
        self._version = 0
        self._lineage = b""

    def like(self, user: Id, n: int) -> tuple[Head, tuple[SimilarUser, ...]]:
        """The `n` users most like this one, and the head of the version that was asked.

        Raises
        ------
        UnknownId
            The model does not know the user.
        """
        with self._turn:
            for _ in range(_ATTEMPTS):
                with self._following.reading(newest=True) as (view, _):
                    table = self._at(view)
                    if table is not None:
                        return view.head, _alike(view, table, user, n)
        raise StoreUnavailable(
            f"model {self._asking.keys.model!r} changed {_ATTEMPTS} times while its users were read; try again later"
        )

    def _at(self, view: View) -> Table | None:
        """The users at the view's version; None when the store has moved on from it."""
        table, version = self._table, self._version
        self._table = None  # until it is whole again
        with translated(self._asking.client, f"reading the users of model {self._asking.keys.model}"):
            if table is None or version < view.head.base or self._lineage != view.lineage:
                self._lineage = view.lineage
                table, version = Table("users", (FACTORS,)), view.head.version
                table.update(*self._asking.load(table), view.dtypes, self._asking.keys)
            reply = self._asking.ask((), [(table, version)])
            head = Head.decode(reply.doc, self._asking.keys.head)
            if reply.lineage != view.lineage or not head.continues(version):
                return None
            changes = reply.changes[0]
            if changes.in_pages:
                for fields, blobs in self._asking.pages(table, version):
                    table.update(fields, blobs, view.dtypes, self._asking.keys)
                self._table, self._version = table, reply.version
                return None  # and what has changed since then
            table.update(changes.fields, changes.blobs, view.dtypes, self._asking.keys)
        if len(table) != changes.count:
            return None  # somebody was erased, which leaves no mark: read all again
        self._table, self._version = table, reply.version
        return table if reply.version == view.head.version else None


def _alike(view: View, table: Table, user: Id, n: int) -> tuple[SimilarUser, ...]:
    if user not in table.numbers:
        raise UnknownId("user", user)
    own = from_rows.taste_columns(view.head.settings)
    place, rows = table.numbers[user], table.rows()
    metric = from_rows.user_metric(from_rows.tastes_of(view.factors[view.items.present]))
    alike = from_rows.correlations(rows["x"][:, own], metric, place)
    may = table.present.copy()
    may[place] = False
    found = best(np.where(may, alike, -1.0), n, may, table.ids)
    return tuple(
        SimilarUser(id_, float(alike[k]), int(rows["count"][k])) for k in found if (id_ := table.ids[k]) is not None
    )
