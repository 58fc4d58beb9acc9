"""Checkpoints into Redis: one atomic, fenced, versioned step each.

A writer takes a fencing token, higher than all before it. A checkpoint is one MULTI … EXEC behind a WATCH of
the fence and the head: the server runs all of it or nothing, and nothing when either key was touched since it
was looked at. So

- a writer that was overtaken is refused (`StaleWriter`), even if it slept between looking and writing;
- a connection lost before EXEC arrived has written nothing, and one lost after it has written everything: the
  writer looks again, and recognises its own version when it is there;
- readers, which read in one step too, see the version before or the version after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import redis
from redis import exceptions

from model_store.client import steady, translated
from model_store.codec.checkpoint import Checkpoint, Head
from model_store.codec.keys import Keys
from model_store.files.replacement import Replacement
from model_store.files.snapshot_file import SnapshotFile
from model_store.read.load import load_checkpoint, load_films
from model_store.read.snapshot import Progress
from model_store.write.checkpoint_step import FeedEntry, Packed, Step
from model_store.write.shadow_writes import Beside, BesideStep, Known
from model_store.write.stage import Stage, clear_stages
from streamsvd.errors import SnapshotCorrupt, StaleWriter, StoreError, StoreUnavailable
from streamsvd.ratings import Film, Id

_ATTEMPTS = 3
"""A lost reply costs one look more; who loses three in a row reports it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did.

    Attributes
    ----------
    version : int
    bytes : int
        Payload sent.
    repeated : bool
        The store already held exactly this version: the reply to an earlier attempt had been lost.
    """

    version: int
    bytes: int
    repeated: bool


class ModelWriter:
    """The one writer of a model.

    Parameters
    ----------
    client : redis.Redis
        From `connect`. The writer uses connections of its own, to the same server.
    model : str
        Name of the model: letters, digits, dot, underscore, hyphen.
    keep : int
        Versions that are kept beside the newest. An erasure drops them all, since they hold the user.

    Attributes
    ----------
    token : int
        Fencing token; 0 before `acquire`.
    version : int
        The version that the store holds, as far as this writer knows; the next checkpoint has one more.
    """

    def __init__(self, client: redis.Redis, model: str, *, keep: int = 0) -> None:
        self._client = steady(client)
        self._keys = Keys(model)
        self.token = 0
        self.version = 0
        self._lineage, self._began = "", False
        self._head: Head | None = None
        self._arrays: Packed = {}
        self._shadows: dict[str, Known] = {}
        self._keep, self._kept = keep, 0
        self._damage: SnapshotCorrupt | None = None

    def close(self) -> None:
        """Close the connections. The token stays the newest."""
        self._client.close()

    def acquire(self) -> int:
        """Take a new fencing token: from now on every older writer of this model is refused.

        Raises
        ------
        StoreError
            When the server may evict keys of its own accord: parts of the snapshot would vanish.
        StoreUnavailable
        """
        with translated(self._client, f"taking over model {self._keys.model}"):
            self._refuse_eviction()
            pipe = self._client.pipeline(transaction=True)
            pipe.incr(self._keys.fence)
            pipe.hmget(self._keys.head, ["version", "doc", "kept"])
            pipe.time()
            token, (version, doc, kept), now = pipe.execute()
            clear_stages(self._client, self._keys)
        self.token, self.version = int(token), 0
        self._lineage, self._began = "{}.{}.{}".format(token, *now), False
        self._head = self._damage = None
        self._arrays, self._shadows = {}, {}
        try:
            self.version = _number(version, self._keys.head)
            self._kept = _number(kept, self._keys.head)
            if self.version:
                self._head = Head.decode(doc or b"", self._keys.head)
        except SnapshotCorrupt as error:
            self._damage = error
        return self.token

    def _refuse_eviction(self) -> None:
        try:
            memory = self._client.info("memory")
        except exceptions.NoPermissionError:
            return  # a login that may not ask; docs/redis-layout.md says how the server must be set
        policy = str(memory.get("maxmemory_policy", "noeviction"))
        if policy.startswith("allkeys") and memory.get("maxmemory"):
            raise StoreError(
                f"the Redis server evicts keys when its memory is full (maxmemory-policy {policy}), "
                "which would tear holes into the snapshot: set maxmemory-policy to noeviction or volatile-lru"
            )

    def load(self) -> Checkpoint | None:
        """The stored checkpoint, whole, or None when there is none yet.

        Rows come in the order of their numbers, in arrays that may be written to.

        Raises
        ------
        SnapshotCorrupt
            Damaged, incomplete, or of another format: rebuild from the log with `write(…, whole=True)`.
        StaleWriter
            Another writer took over meanwhile.
        StoreUnavailable
        """
        self._acquired()
        if self._damage:
            raise self._damage
        with translated(self._client, f"reading model {self._keys.model}"):
            try:
                return load_checkpoint(self._client, self._keys)
            finally:  # whatever was found counts only while no other writer was at it
                self._check_fence(cast("bytes | None", self._client.get(self._keys.fence)))

    def load_shadow(self, name: str) -> Checkpoint:
        """The stored state of a shadow, whole; its next share of a checkpoint needs only what changed.

        Raises
        ------
        SnapshotCorrupt
            Damaged, missing, or not of the served model's version.
        StaleWriter
        StoreUnavailable
        """
        keys = self._keys.of_shadow(name)
        with translated(self._client, f"reading shadow {name} of model {self._keys.model}"):
            found = load_checkpoint(self._client, keys)
            doc = cast("bytes | None", self._client.hget(keys.head, "doc"))
            self._check_fence(cast("bytes | None", self._client.get(self._keys.fence)))
        if found is None or found.version != self.version:
            raise SnapshotCorrupt(f"{keys.head} is not of version {self.version}; rebuild the snapshot from the log")
        self._shadows[name] = Known(Head.decode(doc or b"", keys.head), {})
        return found

    def films(self) -> dict[Id, Film]:
        """The stored catalogue, by item; empty when there is none."""
        with translated(self._client, f"reading the catalogue of model {self._keys.model}"):
            return load_films(self._client, self._keys)

    def write(
        self,
        checkpoint: Checkpoint,
        *,
        removed_users: Iterable[Id] = (),
        removed_items: Iterable[Id] = (),
        films: Iterable[Film] | None = None,
        feed: Sequence[FeedEntry] = (),
        now: Mapping[str, bytes] = MappingProxyType({}),
        beside: Beside | None = None,
        promoted: bool = False,
        whole: bool = False,
        rest: Callable[[], None] = lambda: None,
    ) -> Written:
        """Write one checkpoint: all of it or nothing. Safe to repeat with the same arguments.

        Parameters
        ----------
        checkpoint : Checkpoint
            Of version `self.version + 1` and token `self.token`; its state holds the rows that
            changed (all of them in a model's first write, and when `whole`).
        removed_users, removed_items : iterable of id
            Rows to delete, before those of the state are written.
        films : iterable of Film, optional
            The catalogue, when it is new: takes the place of the one stored.
        feed : sequence of (id, fields)
            Appended to the model's feed in the same step, which keeps the newest `FEED_LENGTH` or some more.
        now : dict of str to bytes
            The newest figures: fields of `…:now` that take the place of those stored.
        beside : Beside, optional
            The model's shadows, in the same step. Without it, theirs stays as it is.
        promoted : bool
            Another model is served from now on: its state is whole and takes the place of the one before, while feed
            and figures go on.
        whole : bool
            Everything stored before is removed in the same step: after a rebuild or an import.
        rest : callable
            Called between the pages of many changed rows: it may wait, so that lookups get their turn. Not called in
            a whole write, for which everybody waits.

        Raises
        ------
        StaleWriter
            Another writer has taken over; this one must stop.
        StoreUnavailable
            Whether it was written is not known; call again with the same arguments.
        StoreError
            Refused (for example: out of memory); nothing was written.
        SnapshotCorrupt
            What is stored is damaged, so changed rows alone cannot complete it.
        """
        self._acquired()
        if checkpoint.token != self.token:
            raise StaleWriter(
                f"checkpoint {checkpoint.version} carries token {checkpoint.token}, this writer holds "
                f"{self.token}: a new checkpoint has to be made after acquire()"
            )
        if self._damage and not whole:
            raise self._damage
        gone = list(removed_users)
        keep = 0 if gone else self._keep  # a user to be forgotten is in earlier versions of the items' rows too
        step = Step(
            self._keys,
            checkpoint,
            None if whole or promoted else self._head,
            self._arrays,
            keep=keep,
            kept=self._kept,
            staging=True,
        )
        step.remove("users", gone)
        step.remove("items", list(removed_items))
        step.write_rows()
        step.write_arrays()
        if films is not None:
            step.write_films(films)
        step.write_feed(feed)
        step.write_now(now)
        doc = step.write_head(new_films=films is not None)
        shadows = BesideStep(self._keys, beside or Beside(), self._shadows)
        spared = {self._keys.feed.encode(), self._keys.now.encode()} if promoted and not whole else set()
        with translated(self._client, f"writing version {checkpoint.version} of model {self._keys.model}"):
            if step.staged:
                repeated = self._commit_staged(step, doc, shadows, spared, rest=rest)
            else:
                repeated = self._commit(step, doc, shadows, spared, None)
        self.version, self._head, self._damage = checkpoint.version, step.head, None
        self._arrays, self._kept, self._began = step.arrays, step.kept, True
        if beside is not None:
            self._shadows = shadows.known
        return Written(checkpoint.version, step.bytes + shadows.bytes, repeated)

    def replace(self, file: SnapshotFile, progress: Progress = lambda _done, _total: None) -> Written:
        """Put the version of a file in the place of all that this model has. Safe to repeat.

        Its version number is the file's own, or the next one where the store is beyond that. Offsets and marks come
        from the file: a consumer goes on from there. Kept versions, figures and shadows go: they belong to what was.

        Parameters
        ----------
        file : SnapshotFile
        progress : callable
            Told how much of the file is laid down: bytes, of how many.

        Raises
        ------
        StaleWriter, StoreUnavailable, StoreError
            As `write`; what was there is intact.
        InputError, SnapshotCorrupt
            The file has changed since it was opened.
        """
        self._acquired()
        step = Replacement(self._keys, file, self.token, self.version)
        with translated(self._client, f"importing {file.path} as version {step.version} of model {self._keys.model}"):
            old = cast("list[bytes]", self._client.hkeys(self._keys.shadows))
            shadows = BesideStep(self._keys, Beside(dropped=[name.decode() for name in old]), {})
            repeated = self._commit_staged(step, step.doc, shadows, set(), progress)
        self.version, self._head, self._damage = step.version, step.head, None
        self._arrays, self._shadows, self._kept, self._began = {}, {}, 0, True
        return Written(step.version, step.bytes, repeated)

    def _commit_staged(
        self,
        step: Step | Replacement,
        doc: bytes,
        shadows: BesideStep,
        spared: set[bytes],
        progress: Progress = lambda _done, _total: None,
        rest: Callable[[], None] = lambda: None,
    ) -> bool:
        """Lay the rows down, then run the step; True when it turns out to have been run before."""
        if self._holds(step.version, doc):
            return True
        stage = Stage(self._client, self._keys, self.token, step.version, (lambda: None) if step.whole else rest)
        try:
            step.stage_rows(stage, progress)
            return self._commit(step, doc, shadows, spared, stage)
        except BaseException:
            stage.drop()
            raise

    def _commit(
        self, step: Step | Replacement, doc: bytes, shadows: BesideStep, spared: set[bytes], stage: Stage | None
    ) -> bool:
        """Run the step; True when it turns out to have been run before."""
        for _ in range(_ATTEMPTS):
            with self._client.pipeline(transaction=True) as pipe:
                try:
                    pipe.watch(self._keys.fence, self._keys.head)  # type: ignore[no-untyped-call]
                    *stored, lineage = cast(
                        "list[bytes | None]", pipe.hmget(self._keys.head, ["version", "doc", "lineage"])
                    )
                    # the fence after the head: a head that another writer moved then never looks like damage
                    self._check_fence(cast("bytes | None", pipe.get(self._keys.fence)))
                    if stored == [b"%d" % step.version, doc]:
                        return True
                    self._check_version(step, stored[0], lineage)
                    old = cast("set[bytes]", pipe.smembers(self._keys.all)) - spared if step.whole else set()
                    for names in shadows.replaced:
                        old |= {names.encode(), *cast("set[bytes]", pipe.smembers(names))}
                    if stage:
                        stage.watch(pipe)
                        old |= stage.places
                    pipe.multi()
                    if old:
                        pipe.unlink(*old)
                    if stage:
                        stage.switch(pipe)
                    step.queue(pipe)
                    pipe.hset(self._keys.head, "lineage", self._lineage)
                    shadows.queue(pipe)
                    pipe.execute()
                    return False
                except exceptions.WatchError:
                    continue  # the fence moved, or the reply was lost: look again
        raise StoreUnavailable(
            f"writing version {step.version} of model {self._keys.model}: the connection broke {_ATTEMPTS} "
            "times; write the same checkpoint again"
        )

    def _holds(self, version: int, doc: bytes) -> bool:
        """Whether an earlier attempt has written this very version."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.get(self._keys.fence)
            pipe.hmget(self._keys.head, ["version", "doc"])
            fence, stored = pipe.execute()
        self._check_fence(fence)
        return cast("list[bytes | None]", stored) == [b"%d" % version, doc]

    def _acquired(self) -> None:
        if not self.token:
            raise StoreError(f"model {self._keys.model}: call acquire() before reading or writing as its writer")

    def _check_fence(self, fence: bytes | None) -> None:
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

    def _check_version(self, step: Step | Replacement, stored: bytes | None, lineage: bytes | None) -> None:
        version = self.version if self._damage else _number(stored, self._keys.head)
        if version != self.version or (self._began and lineage != self._lineage.encode()):
            raise SnapshotCorrupt(
                f"{self._keys.head} is of version {version}, and not what this writer wrote as {self.version}: the "
                "store was changed by other hands. Start again: the snapshot is rebuilt from the log"
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
