"""The fence of a model: one writer at a time, and each step all or nothing.

A writer takes a fencing token, higher than all before it. A step is one MULTI … EXEC behind a WATCH of the fence and
the head: the server runs all of it or nothing, and nothing when either key was touched since it was read. So

- a writer that was overtaken is refused (`StaleWriter`), even if it was suspended between reading and writing;
- a connection lost before EXEC arrived has written nothing, and one lost after it has written everything: the
  writer reads again, and recognises its own version;
- readers, which read in one step too, see the version before or the version after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import redis
from redis import exceptions
from redis.client import Pipeline

from model_store.codec.checkpoint import Head
from model_store.codec.keys import Keys, Side
from model_store.write.shadow_writes import ShadowStep
from model_store.write.stage import Stage, clear_stages
from streamsvd.errors import SnapshotCorrupt, StaleWriter, StoreError, StoreUnavailable
from streamsvd.ratings import ProgressCallback

_ATTEMPTS = 3
"""A lost reply costs one more read; after three in a row it is reported."""


class FencedStep(Protocol):
    """A version on its way into the store: a `CheckpointStep`, or the `ReplacementStep` of an import."""

    version: int
    whole: bool
    staged: tuple[Side, ...]
    doc: bytes

    def follows(self, version: int) -> bool: ...
    def stage_rows(self, stage: Stage, progress: ProgressCallback) -> None: ...
    def queue(self, pipe: Pipeline) -> None: ...


class Fence:
    """A writer's fencing token, and the version that it knows to be stored.

    Parameters
    ----------
    client : redis.Redis
        Without retries (`client.without_retries`).
    keys : Keys

    Attributes
    ----------
    token : int
        0 before `acquire`.
    version : int
        Version read or written last.
    kept : int
        Earlier versions that the store keeps.
    damage : SnapshotCorrupt or None
        Why the stored head cannot be used.
    """

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self.token = self.version = self.kept = 0
        self.damage: SnapshotCorrupt | None = None
        self._lineage, self._has_written = "", False

    def acquire(self) -> Head | None:
        """Take a new token, and read the stored head; None without a usable one."""
        pipe = self._client.pipeline(transaction=True)
        pipe.incr(self._keys.fence)
        pipe.hmget(self._keys.head, ["version", "doc", "kept"])
        pipe.time()
        token, (version, doc, kept), now = pipe.execute()
        clear_stages(self._client, self._keys)
        self.token, self.version, self.damage = int(token), 0, None
        self._lineage, self._has_written = "{}.{}.{}".format(token, *now), False
        try:
            self.version = _number(version, self._keys.head)
            self.kept = _number(kept, self._keys.head)
            return Head.decode(doc or b"", self._keys.head) if self.version else None
        except SnapshotCorrupt as error:
            self.damage = error
            return None

    def check(self) -> None:
        """Raise `StaleWriter` when another writer has taken over."""
        self._check(cast("bytes | None", self._client.get(self._keys.fence)))

    def commit(
        self,
        step: FencedStep,
        shadows: ShadowStep,
        spared: set[bytes],
        progress: ProgressCallback = lambda _done, _total: None,
        pause: Callable[[], None] = lambda: None,
    ) -> bool:
        """Write a step; True when an earlier attempt has already written it.

        Parameters
        ----------
        step : FencedStep
        shadows : ShadowStep
        spared : set of bytes
            Keys that a whole write does not remove.
        progress, pause : callable
            Called between the pages of staged rows; `pause` not in a whole write.
        """
        stage = Stage(self._client, self._keys, self.token, step.version, (lambda: None) if step.whole else pause)
        try:
            repeated = bool(step.staged) and self._is_stored(step)
            if not repeated:
                step.stage_rows(stage, progress)
                repeated = self._run(step, shadows, spared, stage)
        except BaseException:
            stage.drop()
            raise
        self.version, self.damage, self._has_written = step.version, None, True
        return repeated

    def _run(self, step: FencedStep, shadows: ShadowStep, spared: set[bytes], stage: Stage) -> bool:
        """Run the transaction; True when an earlier attempt has already run it."""
        for _ in range(_ATTEMPTS):
            with self._client.pipeline(transaction=True) as pipe:
                try:
                    pipe.watch(self._keys.fence, self._keys.head)  # type: ignore[no-untyped-call]
                    fields = ["version", "doc", "lineage"]
                    *stored, lineage = cast("list[bytes | None]", pipe.hmget(self._keys.head, fields))
                    # the fence after the head: a head that another writer moved then never looks like damage
                    self._check(cast("bytes | None", pipe.get(self._keys.fence)))
                    if stored == [b"%d" % step.version, step.doc]:
                        return True
                    self._check_version(step, stored[0], lineage)
                    old = cast("set[bytes]", pipe.smembers(self._keys.all)) - spared if step.whole else set()
                    for names in shadows.replaced:
                        old |= {names.encode(), *cast("set[bytes]", pipe.smembers(names))}
                    stage.watch(pipe)
                    old |= stage.places
                    pipe.multi()
                    if old:
                        pipe.unlink(*old)
                    stage.switch(pipe)
                    step.queue(pipe)
                    pipe.hset(self._keys.head, "lineage", self._lineage)
                    shadows.queue(pipe)
                    pipe.execute()
                    return False
                except exceptions.WatchError:
                    continue  # the fence moved, or the reply was lost: read again
        raise StoreUnavailable(
            f"writing version {step.version} of model {self._keys.model}: the connection broke {_ATTEMPTS} "
            "times; write the same checkpoint again"
        )

    def _is_stored(self, step: FencedStep) -> bool:
        """Whether an earlier attempt has written this very version."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.get(self._keys.fence)
            pipe.hmget(self._keys.head, ["version", "doc"])
            fence, stored = pipe.execute()
        self._check(fence)
        return bool(stored == [b"%d" % step.version, step.doc])

    def _check(self, fence: bytes | None) -> None:
        newest = _number(fence, self._keys.fence)
        if newest < self.token:
            raise SnapshotCorrupt(
                f"{self._keys.fence} was lost while this writer ran: the store was emptied or restored. "
                "Start again: the snapshot is rebuilt from the log"
            )
        if newest != self.token:
            raise StaleWriter(
                f"model {self._keys.model}: another writer has taken over (token {newest}, this one is "
                f"{self.token}); stop this one"
            )

    def _check_version(self, step: FencedStep, stored: bytes | None, lineage: bytes | None) -> None:
        version = self.version if self.damage else _number(stored, self._keys.head)
        if version != self.version or (self._has_written and lineage != self._lineage.encode()):
            raise SnapshotCorrupt(
                f"{self._keys.head} is of version {version}, and not what this writer wrote as {self.version}: the "
                "store was changed by another program. Start again: the snapshot is rebuilt from the log"
            )
        if not step.follows(version):
            raise StoreError(
                f"model {self._keys.model}: checkpoint {step.version} does not follow version {version}; "
                "give each checkpoint the writer's version + 1"
            )


def _number(raw: bytes | None, key: str) -> int:
    try:
        return int(raw or 0)
    except ValueError as error:
        raise SnapshotCorrupt(f"{key} holds {raw!r}, no number; rebuild the snapshot from the log") from error
