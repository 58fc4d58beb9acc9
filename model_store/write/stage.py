"""Staged rows: written page by page under other keys, then renamed into place in one short step.

A transaction of hundreds of megabytes blocks the server for seconds, and takes twice its size in the writer and in the
server; one of 30,000 fields blocks it, and every lookup, for 30 ms. So rows go to stage keys first, `…:stage:TOKEN:…`,
in pages of milliseconds; the switch only renames them. Where only some rows changed, the server first copies the stored
ones. Readers see nothing of it. Every stage key is registered in `…:stages` in the step that fills it, so the next
writer removes what one that died left behind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import redis
from redis import exceptions
from redis.client import Pipeline

from model_store.codec.keys import Keys, Side
from streamsvd.errors import StoreError

PAGE_BYTES = 2 << 20
"""Of one command, about: a few milliseconds of server time."""

_COPY = (Path(__file__).parent / "copy.lua").read_text()
_COPIED_AT_ONCE = 10_000
"""Entries that the server copies in one step, within some milliseconds."""
_COPIED = 500
"""Entries of a page of more."""


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
        self._copy_page = client.register_script(_COPY)
        self.bytes = 0

    def copy(self, *keys: str) -> None:
        """Start from copies of these keys."""
        for key in keys:
            self._counts[key], staged = 0, self._keys.stage(self._token, key)
            if self._length(self._client, key, key) <= _COPIED_AT_ONCE:
                self._copy_at_once(key, staged)
            else:
                self._copy_in_pages(key, staged)
            self._counts[key] = self._length(self._client, key, staged)

    def _copy_at_once(self, key: str, staged: str) -> None:
        with self._client.pipeline(transaction=True) as pipe:
            pipe.sadd(self._keys.stages, staged)
            pipe.copy(key, staged, replace=True)
            pipe.execute()
        self._pause()

    def _copy_in_pages(self, key: str, staged: str) -> None:
        scan, cursor = "ZSCAN" if _is_set(key) else "HSCAN", b"0"
        while True:
            cursor = self._copy_page(keys=[key, staged, self._keys.stages], args=[cursor, scan, _COPIED])
            self._pause()
            if cursor == b"0":
                return

    def put(self, key: str, fields: list[bytes], values: list[bytes]) -> None:
        """Stage fields of a hash."""
        first = size = 0
        for k, value in enumerate(values):
            size += len(value)
            if size >= PAGE_BYTES or k + 1 == len(values):
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
        staged = self._keys.stage(self._token, key)
        with self._client.pipeline(transaction=True) as pipe:
            if key not in self._counts:
                pipe.unlink(staged)  # left over from a failed attempt
            pipe.sadd(self._keys.stages, staged)
            pipe.execute_command(command, staged, *arguments)  # type: ignore[no-untyped-call]
            *_, added = pipe.execute()
        self._counts[key] = self._counts.get(key, 0) + int(added)
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
