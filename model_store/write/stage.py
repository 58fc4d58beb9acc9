"""Staged rows: written page by page under other keys, then renamed into place in one short step.

A transaction of hundreds of megabytes blocks the server for seconds, and takes twice its size in the writer and in the
server; one of 30,000 fields blocks it, and every lookup, for 30 ms. So rows go to stage keys first, `…:stage:TOKEN:…`,
in pages of milliseconds; the switch only renames them. Where only some rows changed, the server then copies the others
from what is stored. Readers see nothing of it. Every stage key is registered in `…:stages` in the step that fills it,
and the next writer removes what one that died left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import redis
from redis import exceptions
from redis.client import Pipeline

from model_store.codec.keys import Keys, Side
from model_store.codec.row_frames import FramedPage, RowFrames
from model_store.packed import run_framed
from streamsvd.errors import SnapshotCorrupt, StoreError

_PAGE_BYTES = 2 << 20
"""Of one command, about: a few milliseconds of server time."""

_KEEP = (Path(__file__).parent / "keep.lua").read_text()
_KEPT = 500
"""Rows that the server looks at in one step, about."""


class Stage:
    """Stage keys of one write: hashes and version marks.

    Parameters
    ----------
    client : redis.Redis
    keys : Keys
    token : int
        The writer's.
    version : int
        Given to every row.
    pause : callable
        Called after every page.

    Attributes
    ----------
    bytes : int
        Payload sent.
    """

    def __init__(
        self, client: redis.Redis, keys: Keys, token: int, version: int, pause: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._keys = keys
        self._token = token
        self._version = version
        self._pause = pause
        self._counts: dict[str, int] = {}
        self._keep_page = client.register_script(_KEEP)
        self.bytes = 0

    def put_rows(self, side: Side, frames: RowFrames, blocks: Iterable[str]) -> None:
        """Stage rows of a side: their blocks, and marks with the version."""
        for name in blocks:
            for page in frames.block(name):
                self._run("HSET", self._keys.block(side, name), page)
                self.bytes += page.blob_bytes
        for page in frames.marks(self._version):
            self._run("ZADD", self._keys.versions(side), page)

    def keep_others(self, side: Side, blocks: Iterable[str]) -> None:
        """Stage the stored rows of a side that `put_rows` has not staged, with their marks.

        Raises
        ------
        SnapshotCorrupt
            Stored rows have no marks.
        """
        marks, *rows = places = [self._keys.versions(side), *(self._keys.block(side, name) for name in blocks)]
        if rows and self._client.zcard(marks) < self._client.hlen(rows[0]):
            raise SnapshotCorrupt(f"{marks} has lost rows of {rows[0]}; rebuild the snapshot from the log")
        keys = [self._keys.stages, *(key for place in places for key in (place, self._keys.stage(self._token, place)))]
        cursor = b"0"
        while True:
            cursor, *added = cast("list[Any]", self._keep_page(keys=keys, args=[cursor, _KEPT]))
            for place, n in zip(places, added, strict=True):
                self._counts[place] = self._counts.get(place, 0) + int(n)
            self._pause()
            if cursor == b"0":
                return

    def put(self, key: str, fields: list[bytes], values: list[bytes]) -> None:
        """Stage fields of a hash."""
        first = size = 0
        for k, value in enumerate(values):
            size += len(value)
            if size >= _PAGE_BYTES or k + 1 == len(values):
                flat: list[Any] = [b""] * (2 * (k + 1 - first))
                flat[::2], flat[1::2] = fields[first : k + 1], values[first : k + 1]
                self._send(key, "HSET", flat)
                self.bytes += size
                first, size = k + 1, 0

    def mark(self, side: Side, fields: list[bytes]) -> None:
        """Mark rows with the version."""
        if fields:
            members = [part for name in fields for part in (self._version, name)]
            self._send(self._keys.versions(side), "ZADD", members)

    def _send(self, key: str, command: str, arguments: list[Any]) -> None:
        with self._client.pipeline(transaction=True) as pipe:
            for first in self._begin(key):
                pipe.execute_command(*first)  # type: ignore[no-untyped-call]
            pipe.execute_command(command, self._keys.stage(self._token, key), *arguments)  # type: ignore[no-untyped-call]
            self._count(key, pipe.execute()[-1])

    def _run(self, command: str, key: str, page: FramedPage) -> None:
        staged = self._keys.stage(self._token, key)
        self._count(key, run_framed(self._client, self._begin(key), command, staged, page))

    def _begin(self, key: str) -> list[tuple[Any, ...]]:
        """What precedes a command that fills a stage key, in its step."""
        staged = self._keys.stage(self._token, key)
        left_over = [] if key in self._counts else [("UNLINK", staged)]  # of a failed attempt
        self._counts.setdefault(key, 0)  # from now on it may be there
        return [*left_over, ("SADD", self._keys.stages, staged)]

    def _count(self, key: str, added: int) -> None:
        self._counts[key] += int(added)
        self._pause()

    def watch(self, pipe: Pipeline) -> None:
        """Watch the stage keys until EXEC, and check that they are complete.

        Raises
        ------
        StoreError
            Something is missing: the server was emptied, or evicted keys.
        """
        for key, count in self._counts.items():
            staged = self._keys.stage(self._token, key)
            pipe.watch(staged)  # type: ignore[no-untyped-call]
            if self._length(pipe, key, staged) != count:
                raise StoreError(
                    f"{staged} was lost while the snapshot was written: the server was emptied, or evicts keys. "
                    "Nothing was changed; write it again"
                )

    @staticmethod
    def _length(client: redis.Redis, key: str, stored: str) -> int:
        return client.zcard(stored) if _is_set(key) else client.hlen(stored)

    @property
    def places(self) -> set[bytes]:
        """Keys that are to be replaced."""
        return {key.encode() for key in self._counts}

    def switch(self, pipe: Pipeline) -> None:
        """Queue the commands that rename the stage keys into place."""
        for key in self._counts:
            pipe.rename(self._keys.stage(self._token, key), key)
        if self._counts:
            pipe.srem(self._keys.stages, *self._staged())

    def drop(self) -> None:
        """Remove the stage keys, if the server answers."""
        if self._counts:
            with suppress(exceptions.RedisError):
                self._client.unlink(*self._staged())
                self._client.srem(self._keys.stages, *self._staged())

    def _staged(self) -> list[str]:
        return [self._keys.stage(self._token, key) for key in self._counts]


def _is_set(key: str) -> bool:
    """Whether it is a sorted set; all others here are hashes."""
    return key.endswith(":versions")


def clear_stages(client: redis.Redis, keys: Keys) -> None:
    """Remove stage keys of earlier writers; one that is still writing fails at its switch."""
    left = cast("set[bytes]", client.smembers(keys.stages))
    if left:
        client.unlink(keys.stages, *left)
