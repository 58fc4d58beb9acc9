"""Queries to the server: single rows, and what changed in tables that the caller keeps, all of one version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import redis

from model_store.client import check_replies_are_bytes
from model_store.codec.checkpoint import Head
from model_store.codec.keys import Keys, Side, field, parse_field
from model_store.read.load import missing_snapshot, read_hash
from model_store.read.row_table import RowTable
from streamsvd.ratings import Id

_LOOKUP = (Path(__file__).parent / "lookup.lua").read_text()

_PAGE = 1000  # rows

Blobs = list[bytes | None]


@dataclass(frozen=True, slots=True)
class RowQuery:
    """Rows to read: one block of some users or items."""

    side: Side
    block: str
    ids: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in a table since the caller's version: `changed` rows of the `count` that it has now.

    When they are too many for one step, `fields` and `blobs` are empty.
    """

    count: int
    changed: int
    fields: Sequence[bytes]
    blobs: Sequence[Blobs]

    @property
    def in_pages(self) -> bool:
        """Whether they have to be read in pages."""
        return len(self.fields) < self.changed


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's state at one moment; head, globals and changes only when tables were queried.

    `as_known`: there is a newer version than the caller's, but the rows are unchanged since. Versions can be compared
    within one lineage only: every writer begins another, since the store may have been emptied or restored.
    """

    version: int
    lineage: bytes
    as_known: bool
    rows: list[Blobs]
    doc: bytes
    globals_: list[bytes]
    changes: list[Changes]


class StoreQueries:
    """Queries about one model. Thread-safe."""

    def __init__(self, client: redis.Redis, model: str) -> None:
        check_replies_are_bytes(client)
        self.client = client
        self.keys = Keys(model)
        self._lookup = client.register_script(_LOOKUP)

    def fetch(
        self,
        queries: Sequence[RowQuery],
        tables: Sequence[tuple[RowTable, int]] = (),
        *,
        known: int = 0,
        lineage: bytes = b"",
    ) -> Reply:
        """Read rows, and what changed in tables since a version, in one step of the server.

        `known` and `lineage` are the caller's version, for `Reply.as_known`.

        Raises
        ------
        SnapshotMissing
            When the model has no snapshot.
        """
        names, arguments = [self.keys.head, self.keys.globals_], [b"%d" % known, lineage, b"%d" % len(queries)]
        for query in queries:
            names += [self.keys.versions(query.side), self.keys.block(query.side, query.block)]
            arguments += [b"%d" % len(query.ids), *map(field, query.ids)]
        for table, version in tables:
            names += [self.keys.versions(table.side), *(self.keys.block(table.side, name) for name in table.blocks)]
            arguments += [b"%d" % version, b"%d" % len(table.blocks)]
        version, line, as_known, found, *more = cast("list[Any]", self._lookup(keys=names, args=arguments))
        if version is None:
            raise missing_snapshot(self.client, self.keys)
        doc, globals_, changes = more or (b"", [], [])
        found_changes = [Changes(count, n, rows[0] if rows else (), rows[1:]) for count, n, *rows in changes]
        return Reply(int(version), line, bool(as_known), found, doc or b"", globals_, found_changes)

    def pages(self, table: RowTable, version: int) -> Iterator[tuple[list[bytes], list[Blobs]]]:
        """Rows of a table changed since a version, each page of one version; to be brought up to date as in `load`.

        The newest come first: a row that changes while pages are read moves to the front, so that none of the others
        is missed. Only the erasure of a user meanwhile may hide the change of another; the number of rows then differs.
        """
        versions, read = self.keys.versions(table.side), 0
        while True:
            found = self.client.zrevrangebyscore(versions, "+inf", f"({version}", read, _PAGE)
            fields = cast("list[bytes]", found)
            if not fields:
                return
            pipe = self.client.pipeline(transaction=True)
            for name in table.blocks:
                pipe.hmget(self.keys.block(table.side, name), fields)
            yield fields, pipe.execute()
            read += len(fields)

    def head(self) -> tuple[Head, bytes]:
        """The newest head document, and its lineage."""
        doc, lineage = cast("list[bytes | None]", self.client.hmget(self.keys.head, ["doc", "lineage"]))
        if doc is None:
            raise missing_snapshot(self.client, self.keys)
        return Head.decode(doc, self.keys.head), lineage or b""

    def load(self, table: RowTable) -> tuple[list[bytes], list[Sequence[bytes]]]:
        """All rows of a table, read page by page: ids, and for each of its blocks the blobs.

        Newer versions may be written meanwhile: rows that they change have still to be updated, with what `fetch`
        finds changed since the version from before. Rows that are not in all hashes are left to it.
        """
        parts = [read_hash(self.client, self.keys.block(table.side, name)) for name in table.blocks]
        fields = [name for name in parts[0] if all(name in part for part in parts)]
        return fields, [[part[name] for name in fields] for part in parts]

    def users_among(self, users: Sequence[Id]) -> set[Id]:
        """Those of some users that there are."""
        pipe = self.client.pipeline(transaction=False)
        for user in users:
            pipe.zscore(self.keys.versions("users"), field(user))
        return {user for user, version in zip(users, pipe.execute(), strict=True) if version is not None}

    def newest_users(self, n: int) -> tuple[int, list[Id]]:
        """How many users there are, and those whose rows changed last."""
        key = self.keys.versions("users")
        pipe = self.client.pipeline(transaction=False)
        pipe.zcard(key)
        pipe.zrevrange(key, 0, n - 1)
        total, names = pipe.execute()
        return total, [parse_field(name, key) for name in names]
