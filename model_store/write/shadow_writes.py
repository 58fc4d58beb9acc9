"""What a checkpoint writes of a model's shadows, in the same step as the served model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from redis.client import Pipeline

from model_store.codec.checkpoint import Checkpoint, Head
from model_store.codec.keys import Keys
from model_store.shadow_rows import encode_row
from model_store.write.checkpoint_step import ArrayBlobs, CheckpointStep
from streamsvd.figures import ShadowRow
from streamsvd.ratings import Id

_ANSWER = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


@dataclass(frozen=True, slots=True)
class ShadowPart:
    """One shadow's share of a checkpoint.

    Attributes
    ----------
    checkpoint : Checkpoint
        Of the served model's version and token; its state holds the rows that changed, or all when `whole`.
    removed_users : sequence of id
    whole : bool
        What is stored of this shadow is removed in the same step.
    """

    checkpoint: Checkpoint
    removed_users: Sequence[Id] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowWrites:
    """All that a checkpoint writes of the served model's shadows.

    Attributes
    ----------
    parts : dict of str to ShadowPart
        Of every shadow, by name.
    rows : sequence of ShadowRow
        Figures of the served model and of each shadow, in place of those stored.
    dropped : sequence of str
        Shadows that are removed.
    answered : str
        The promotion that this checkpoint carries out, or refuses; its request is removed.
    """

    parts: Mapping[str, ShadowPart] = field(default_factory=dict)
    rows: Sequence[ShadowRow] = ()
    dropped: Sequence[str] = ()
    answered: str = ""


@dataclass(frozen=True, slots=True)
class KnownShadow:
    """What a writer knows to be stored of one shadow."""

    head: Head
    arrays: ArrayBlobs


class ShadowStep:
    """The commands of `ShadowWrites`, packed before anything is locked or watched.

    Parameters
    ----------
    keys : Keys
        The served model's.
    writes : ShadowWrites
    known : dict of str to KnownShadow
        By shadow.
    """

    def __init__(self, keys: Keys, writes: ShadowWrites, known: Mapping[str, KnownShadow]) -> None:
        self._keys, self._writes = keys, writes
        self._steps = {name: _step(keys.of_shadow(name), part, known.get(name)) for name, part in writes.parts.items()}
        self._rows = {row.name: encode_row(row) for row in writes.rows}
        self.bytes = sum(step.bytes for step in self._steps.values()) + sum(map(len, self._rows.values()))

    @property
    def known(self) -> dict[str, KnownShadow]:
        """What is stored of every shadow once this has run."""
        return {name: KnownShadow(step.head, step.arrays) for name, step in self._steps.items()}

    @property
    def replaced(self) -> list[str]:
        """Keys of the sets that name what has to be removed first."""
        names: Iterable[str] = [*self._writes.dropped, *(n for n, step in self._steps.items() if step.whole)]
        return [self._keys.of_shadow(name).all for name in names]

    def queue(self, pipe: Pipeline) -> None:
        """Add the commands to a transaction."""
        for step in self._steps.values():
            step.queue(pipe)
        if self._rows or self._writes.dropped:
            pipe.delete(self._keys.shadows)
        if self._rows:
            pipe.hset(self._keys.shadows, items=[part for row in self._rows.items() for part in row])
            pipe.sadd(self._keys.all, self._keys.shadows)
        if self._writes.answered:
            pipe.eval(_ANSWER, 1, self._keys.promote, self._writes.answered)


def _step(keys: Keys, part: ShadowPart, known: KnownShadow | None) -> CheckpointStep:
    whole = part.whole or known is None
    step = CheckpointStep(
        keys, part.checkpoint, None if whole or known is None else known.head, known.arrays if known else {}
    )
    step.remove("users", list(part.removed_users))
    step.write_rows()
    step.write_arrays()
    step.write_head(new_catalogue=False)
    return step
