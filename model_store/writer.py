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

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis import exceptions
from redis.client import Pipeline

from model_store.blocks import pack
from model_store.checkpoint import Checkpoint, Head
from model_store.client import steady, translated
from model_store.keys import SIDES, Keys, Side, field
from model_store.loading import load_checkpoint, load_films
from model_store.rows import Layout, encode_rows
from streamsvd.errors import SnapshotCorrupt, StaleWriter, StoreError, StoreUnavailable
from streamsvd.ratings import Film, Id, encode_film

_CHUNK = 500
"""Fields in one HSET."""
_ATTEMPTS = 3
"""A lost reply costs one look more; who loses three in a row reports it."""

_COUNT = """
for k, side in ipairs({'users', 'items'}) do
  local n = KEYS[k + 1] == KEYS[1] and 0 or redis.call('HLEN', KEYS[k + 1])
  redis.call('HSET', KEYS[1], side, n)
end
"""


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

    Attributes
    ----------
    token : int
        Fencing token; 0 before `acquire`.
    version : int
        The version that the store holds, as far as this writer knows; the next checkpoint has one more.
    """

    def __init__(self, client: redis.Redis, model: str) -> None:
        self._client = steady(client)
        self._keys = Keys(model)
        self.token = 0
        self.version = 0
        self._head: Head | None = None
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
            pipe.hmget(self._keys.head, ["version", "doc"])
            token, (version, doc) = pipe.execute()
        self.token, self.version = int(token), 0
        self._head = self._damage = None
        try:
            self.version = _number(version, self._keys.head)
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
        whole: bool = False,
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
        whole : bool
            Everything stored before is removed in the same step: after a rebuild or an import.

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
        step = _Step(self._keys, checkpoint, None if whole else self._head)
        for side, removed in (("users", removed_users), ("items", removed_items)):
            step.remove(cast("Side", side), list(removed))
        step.write_rows()
        step.write_arrays()
        if films is not None:
            step.write_films(films)
        doc = step.write_head(new_films=films is not None)
        with translated(self._client, f"writing version {checkpoint.version} of model {self._keys.model}"):
            repeated = self._commit(step, doc)
        self.version, self._head, self._damage = checkpoint.version, step.head, None
        return Written(checkpoint.version, step.bytes, repeated)

    def _commit(self, step: _Step, doc: bytes) -> bool:
        """Run the step; True when it turns out to have been run before."""
        for _ in range(_ATTEMPTS):
            with self._client.pipeline(transaction=True) as pipe:
                try:
                    pipe.watch(self._keys.fence, self._keys.head)  # type: ignore[no-untyped-call]
                    stored = cast("list[bytes | None]", pipe.hmget(self._keys.head, ["version", "doc"]))
                    # the fence after the head: a head that another writer moved then never looks like damage
                    self._check_fence(cast("bytes | None", pipe.get(self._keys.fence)))
                    if stored == [b"%d" % step.version, doc]:
                        return True
                    self._check_version(step, stored[0])
                    old = cast("set[bytes]", pipe.smembers(self._keys.all)) if step.whole else set()
                    pipe.multi()
                    if old:
                        pipe.unlink(*old)
                    step.queue(pipe)
                    pipe.execute()
                    return False
                except exceptions.WatchError:
                    continue  # the fence moved, or the reply was lost: look again
        raise StoreUnavailable(
            f"writing version {step.version} of model {self._keys.model}: the connection broke {_ATTEMPTS} "
            "times; write the same checkpoint again"
        )

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

    def _check_version(self, step: _Step, stored: bytes | None) -> None:
        version = self.version if self._damage else _number(stored, self._keys.head)
        if version != self.version:
            raise SnapshotCorrupt(
                f"{self._keys.head} is of version {version}, this writer wrote {self.version} last: the "
                "store was changed by other hands. Start again: the snapshot is rebuilt from the log"
            )
        if step.version != version + 1:
            raise StoreError(
                f"model {self._keys.model}: checkpoint {step.version} does not follow version {version}; "
                "give each checkpoint the writer's version + 1"
            )


class _Step:
    """The commands of one checkpoint, packed before anything is locked or watched."""

    def __init__(self, keys: Keys, checkpoint: Checkpoint, known: Head | None) -> None:
        self._keys = keys
        self._checkpoint = checkpoint
        self._known = known
        self._commands: list[tuple[Any, ...]] = []
        self.version = checkpoint.version
        self.whole = known is None
        self.layout = (Layout(known.dtypes, known.blocks) if known else Layout()).extended(checkpoint.state)
        self.bytes = 0
        self.head: Head

    def _hset(self, key: str, fields: list[bytes], values: list[bytes]) -> None:
        for first in range(0, len(fields), _CHUNK):
            part = values[first : first + _CHUNK]
            flat: list[bytes] = [b""] * (2 * len(part))
            flat[::2], flat[1::2] = fields[first : first + _CHUNK], part
            self._commands.append(("HSET", key, *flat))
            self.bytes += sum(map(len, part))

    def _mark(self, side: Side, fields: list[bytes]) -> None:
        for first in range(0, len(fields), _CHUNK):
            members = [x for name in fields[first : first + _CHUNK] for x in (self.version, name)]
            self._commands.append(("ZADD", self._keys.versions(side), *members))

    def remove(self, side: Side, ids: list[Id]) -> None:
        """Delete rows. An item leaves a mark, so that readers drop it; of a user not even the id stays."""
        if not ids:
            return
        fields = [field(id_) for id_ in ids]
        for name in self.layout.blocks[side]:
            self._commands.append(("HDEL", self._keys.block(side, name), *fields))
        if side == "users":
            self._commands.append(("ZREM", self._keys.versions(side), *fields))
        else:
            self._mark(side, fields)

    def write_rows(self) -> None:
        state = self._checkpoint.state
        for side, rows in zip(SIDES, (state.users, state.items), strict=True):
            fields = [field(id_) for id_ in rows.ids]
            for name, blobs in encode_rows(state, side, self.layout).items():
                self._hset(self._keys.block(side, name), fields, blobs)
            self._mark(side, fields)

    def write_arrays(self) -> None:
        """Globals and metrics: small, always whole."""
        for key, arrays in (
            (self._keys.globals_, self._checkpoint.state.globals_),
            (self._keys.metrics, self._checkpoint.metrics),
        ):
            self._commands.append(("DEL", key))
            self._hset(key, [name.encode() for name in arrays], [pack(array) for array in arrays.values()])

    def write_films(self, films: Iterable[Film]) -> None:
        by_field = {field(film.item): encode_film(film) for film in films}
        self._commands.append(("UNLINK", self._keys.catalogue))
        self._hset(self._keys.catalogue, list(by_field), list(by_field.values()))

    def write_head(self, *, new_films: bool) -> bytes:
        """The head document, the list of keys and the number of rows."""
        new, known, keys = self._checkpoint, self._known, self._keys
        self.head = Head(
            version=new.version,
            token=new.token,
            base=known.base if known else new.version,
            films=new.version if new_films else (known.films if known else 0),
            offsets=new.offsets,
            marks=new.marks,
            genres=new.genres,
            event_time=new.event_time,
            written_at=new.written_at,
            summary=new.summary,
            settings=new.state.settings,
            dtypes=self.layout.dtypes,
            blocks=self.layout.blocks,
            arrays={"globals": list(new.state.globals_), "metrics": list(new.metrics)},
        )
        doc = self.head.encode()
        blocks = {side: [keys.block(side, name) for name in self.layout.blocks[side]] for side in SIDES}
        every = [keys.head, keys.globals_, keys.metrics, keys.catalogue, *map(keys.versions, SIDES)]
        self._commands += [
            ("SADD", keys.all, *every, *blocks["users"], *blocks["items"]),
            ("HSET", keys.head, "version", new.version, "token", new.token, "doc", doc),
            ("EVAL", _COUNT, 3, keys.head, *((blocks[side] or [keys.head])[0] for side in SIDES)),
        ]
        self.bytes += len(doc)
        return doc

    def queue(self, pipe: Pipeline) -> None:
        for command in self._commands:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]


def _number(raw: bytes | None, key: str) -> int:
    try:
        return int(raw or 0)
    except ValueError as error:
        raise SnapshotCorrupt(f"{key} holds {raw!r}, no number; rebuild the snapshot from the log") from error
