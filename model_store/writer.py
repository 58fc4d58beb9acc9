"""Checkpoints into Redis: one atomic, fenced, versioned step each (see `write.fence`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar, cast

import redis
from redis import exceptions

from model_store.client import translated, without_retries
from model_store.codec.checkpoint import Checkpoint, Head
from model_store.codec.keys import Keys
from model_store.files.replacement import ReplacementStep
from model_store.files.snapshot_file import SnapshotFile
from model_store.read.load import in_memory, load_catalogue, load_checkpoint
from model_store.write.checkpoint_step import ArrayBlobs, CheckpointStep, FeedEntry
from model_store.write.fence import Fence
from model_store.write.shadow_writes import KnownShadow, ShadowStep, ShadowWrites
from streamsvd.errors import SnapshotCorrupt, StaleWriter, StoreError
from streamsvd.ratings import CatalogueItem, Id, ProgressCallback

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did.

    Attributes
    ----------
    version : int
    bytes : int
        Payload sent.
    repeated : bool
        The store already held exactly this version: the reply to an earlier attempt was lost.
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
        Versions that are kept besides the newest. An erasure drops them all, since they hold the user.
    """

    def __init__(self, client: redis.Redis, model: str, *, keep: int = 0) -> None:
        self._client = without_retries(client)
        self._keys = Keys(model)
        self._fence = Fence(self._client, self._keys)
        self._head: Head | None = None
        self._arrays: ArrayBlobs = {}
        self._shadows: dict[str, KnownShadow] = {}
        self._keep = keep

    @property
    def token(self) -> int:
        """Fencing token; 0 before `acquire`."""
        return self._fence.token

    @property
    def version(self) -> int:
        """The version that the store holds, as far as this writer knows; the next checkpoint has one more."""
        return self._fence.version

    def close(self) -> None:
        """Close the connections. The token stays the newest."""
        self._client.close()

    def acquire(self) -> int:
        """Take a new fencing token: from now on every older writer of this model is refused.

        Raises
        ------
        StoreError
            The server may evict keys, and with them parts of the snapshot.
        StoreUnavailable
        """
        with translated(self._client, f"taking over model {self._keys.model}"):
            self._refuse_eviction()
            self._head = self._fence.acquire()
        self._arrays, self._shadows = {}, {}
        return self.token

    def _refuse_eviction(self) -> None:
        try:
            memory = self._client.info("memory")
        except exceptions.NoPermissionError:
            return  # the login may not read it; docs/redis-layout.md says how the server must be set
        policy = str(memory.get("maxmemory_policy", "noeviction"))
        if policy.startswith("allkeys") and memory.get("maxmemory"):
            raise StoreError(
                f"the Redis server evicts keys when its memory is full (maxmemory-policy {policy}), "
                "and with them parts of the snapshot: set maxmemory-policy to noeviction or volatile-lru"
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
        found = self.open()
        return None if found is None else in_memory(found)

    def open(self) -> Checkpoint | None:
        """The stored checkpoint, whose rows stay in the store: a block of them is read when it is asked for.

        Each time it is read anew, so that a large model need not be held twice while a learner is made of it. To be
        used before the next `write`. Raises as `load`, and so does asking for a block.
        """
        self._acquired()
        if self._fence.damage:
            raise self._fence.damage
        return self._guarded(lambda: load_checkpoint(self._client, self._keys, self._guarded))

    def _guarded(self, read: Callable[[], Read]) -> Read:
        with translated(self._client, f"reading model {self._keys.model}"):
            try:
                return read()
            finally:  # what was read counts only if no other writer has taken over
                self._fence.check()

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
            stored = load_checkpoint(self._client, keys)
            found = None if stored is None else in_memory(stored)
            doc = cast("bytes | None", self._client.hget(keys.head, "doc"))
            self._fence.check()
        if found is None or found.version != self.version:
            raise SnapshotCorrupt(f"{keys.head} is not of version {self.version}; rebuild the snapshot from the log")
        self._shadows[name] = KnownShadow(Head.decode(doc or b"", keys.head), {})
        return found

    def catalogue(self) -> dict[Id, CatalogueItem]:
        """The stored catalogue, by item; empty when there is none."""
        with translated(self._client, f"reading the catalogue of model {self._keys.model}"):
            return load_catalogue(self._client, self._keys)

    def write(
        self,
        checkpoint: Checkpoint,
        *,
        removed_users: Iterable[Id] = (),
        removed_items: Iterable[Id] = (),
        catalogue: Iterable[CatalogueItem] | None = None,
        feed: Sequence[FeedEntry] = (),
        now: Mapping[str, bytes] = MappingProxyType({}),
        shadows: ShadowWrites | None = None,
        promoted: bool = False,
        whole: bool = False,
        pause: Callable[[], None] = lambda: None,
    ) -> Written:
        """Write one checkpoint: all of it or nothing. Safe to repeat with the same arguments.

        Parameters
        ----------
        checkpoint : Checkpoint
            Of version `self.version + 1` and token `self.token`; its state holds the rows that
            changed (all of them in a model's first write, and when `whole`).
        removed_users, removed_items : iterable of id
            Rows to delete, before those of the state are written.
        catalogue : iterable of CatalogueItem, optional
            The catalogue, when it is new; replaces the stored one.
        feed : sequence of (id, fields)
            Appended to the model's feed in the same step, which keeps the newest `FEED_LENGTH` or some more.
        now : dict of str to bytes
            The newest figures: fields of `…:now` that replace those stored.
        shadows : ShadowWrites, optional
            The model's shadows, in the same step. By default they stay as stored.
        promoted : bool
            Another model is served from now on: its state is whole and replaces the previous one, while feed
            and figures stay.
        whole : bool
            Everything stored before is removed in the same step: after a rebuild or an import.
        pause : callable
            Called between the batches of many changed rows; it may wait, to leave time for lookups. Not called in a
            whole write.

        Raises
        ------
        StaleWriter
            Another writer has taken over; this one must stop.
        StoreUnavailable
            Whether it was written is not known; call again with the same arguments.
        StoreError
            Refused (for example: out of memory); nothing was written.
        SnapshotCorrupt
            The stored version is damaged, so changed rows alone cannot complete it.
        """
        self._acquired()
        if checkpoint.token != self.token:
            raise StaleWriter(
                f"checkpoint {checkpoint.version} carries token {checkpoint.token}, this writer holds "
                f"{self.token}: a new checkpoint has to be made after acquire()"
            )
        if self._fence.damage and not whole:
            raise self._fence.damage
        gone = list(removed_users)
        keep = 0 if gone else self._keep  # kept versions of the items' rows hold the erased user too
        step = CheckpointStep(
            self._keys,
            checkpoint,
            None if whole or promoted else self._head,
            self._arrays,
            keep=keep,
            kept=self._fence.kept,
            staging=True,
        )
        step.remove("users", gone)
        step.remove("items", list(removed_items))
        step.write_rows()
        step.write_arrays()
        if catalogue is not None:
            step.write_catalogue(catalogue)
        step.write_feed(feed)
        step.write_now(now)
        step.write_head(new_catalogue=catalogue is not None)
        shadow_step = ShadowStep(self._keys, shadows or ShadowWrites(), self._shadows)
        spared = {self._keys.feed.encode(), self._keys.now.encode()} if promoted and not whole else set()
        with translated(self._client, f"writing version {checkpoint.version} of model {self._keys.model}"):
            repeated = self._fence.commit(step, shadow_step, spared, pause=pause)
        self._head, self._arrays, self._fence.kept = step.head, step.arrays, step.kept
        if shadows is not None:
            self._shadows = shadow_step.known
        return Written(checkpoint.version, step.bytes + shadow_step.bytes, repeated)

    def replace(self, file: SnapshotFile, progress: ProgressCallback = lambda _done, _total: None) -> Written:
        """Replace the model with the version in a file. Safe to repeat.

        Its version number is the file's own, or the next one where the store has reached that. Offsets and marks come
        from the file: a consumer continues from there. Kept versions, figures and shadows are removed.

        Parameters
        ----------
        file : SnapshotFile
        progress : callable
            Called with the bytes of the file that are staged, and of how many.

        Raises
        ------
        StaleWriter, StoreUnavailable, StoreError
            As `write`; what was there is intact.
        InputError, SnapshotCorrupt
            The file has changed since it was opened.
        """
        self._acquired()
        step = ReplacementStep(self._keys, file, self.token, self.version)
        with translated(self._client, f"importing {file.path} as version {step.version} of model {self._keys.model}"):
            old = cast("list[bytes]", self._client.hkeys(self._keys.shadows))
            shadow_step = ShadowStep(self._keys, ShadowWrites(dropped=[name.decode() for name in old]), {})
            repeated = self._fence.commit(step, shadow_step, set(), progress)
        self._head, self._arrays, self._shadows, self._fence.kept = step.head, {}, {}, 0
        return Written(step.version, step.bytes, repeated)

    def _acquired(self) -> None:
        if not self.token:
            raise StoreError(f"model {self._keys.model}: call acquire() before reading or writing as its writer")
