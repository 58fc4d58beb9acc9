"""Rows laid down beside those in use, page by page, to take their place in one short step.

One transaction of hundreds of megabytes holds the server up for seconds, and the writer and the server hold all of it
twice; one of 30,000 fields holds it up for 30 ms, and every lookup with it. So rows go to keys of their own first,
`…:stage:TOKEN:…`, in pages that take milliseconds each; the step that switches only renames them. Where only some rows
are new, the server first copies what there is. Readers see nothing of it. Every stage key is registered in `…:stages`
in the same step that fills it, so what a writer that died has left behind is removed by the next one that takes over.
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
"""Of one command, about: a few milliseconds of the server."""

_COPY = (Path(__file__).parent / "copy.lua").read_text()
_COPIED_AT_ONCE = 10_000
"""Entries that the server copies in one step, within some milliseconds."""
_COPIED = 500
"""Entries of a page of more."""


class Stage:
    """Hashes and version marks on their way to their places.

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
        """Begin with what these keys hold."""
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
        """Lay down fields of a hash."""
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
        """Give rows the version."""
        if fields:
            members = [part for name in fields for part in (self._version, name)]
            self._send(self._keys.versions(side), "ZADD", members)

    def _send(self, key: str, command: str, arguments: list[Any]) -> None:
        staged = self._keys.stage(self._token, key)
        with self._client.pipeline(transaction=True) as pipe:
            if key not in self._counts:
                pipe.unlink(staged)  # what an attempt before this one could not remove
            pipe.sadd(self._keys.stages, staged)
            pipe.execute_command(command, staged, *arguments)  # type: ignore[no-untyped-call]
            *_, added = pipe.execute()
        self._counts[key] = self._counts.get(key, 0) + int(added)
        self._pause()

    def watch(self, pipe: Pipeline) -> None:
        """From now until EXEC nobody may touch what was laid down; and all of it must be there.

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
        """Queue the commands that put everything in its place."""
        for key in self._counts:
            pipe.rename(self._keys.stage(self._token, key), key)
        if self._counts:
            pipe.srem(self._keys.stages, *self._staged())

    def drop(self) -> None:
        """Remove what was laid down, as far as the server answers."""
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
    """Remove what earlier writers have laid down and left; a stage of one that is still at it fails its switch."""
    left = cast("set[bytes]", client.smembers(keys.stages))
    if left:
        client.unlink(keys.stages, *left)
