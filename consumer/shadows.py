"""Shadow models in checkpoints: what is written of them, and how they are restored.

A learner returns its changed rows; the state of a baseline is compared with the one written last. So the size of a
checkpoint depends on what was learned, not on the number of users.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from consumer.baseline_states import changed, from_rows, to_rows
from evaluation import Prequential
from evaluation.metrics import Pages
from evaluation.models import ModelSpec
from evaluation.shadows import FIRST_SERVED, Comparison, Served, Shadow, Shadows, comparison_rows
from model_store import Checkpoint, ShadowPart, ShadowWrites
from streamsvd.errors import SettingsError
from streamsvd.figures import ShadowRow
from streamsvd.learner import ContentSource, IteratedSVD, OnlineLearner, State

_PREFIX = "shadows."  # of arrays among the served model's metrics

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPlan:
    """Shadows that a consumer is to have at its start.

    Attributes
    ----------
    shadows : dict of str to ModelSpec
        Added if they do not exist.
    dropped : collection of str
        Removed.
    """

    shadows: Mapping[str, ModelSpec] = field(default_factory=dict)
    dropped: Collection[str] = ()


class ShadowKeeper:
    """The shadows of a consumer, and what is stored of them.

    Parameters
    ----------
    shadows : Shadows
    stored : dict of str to State or None
        Stored shadows: rows of a baseline, None for a learner.
    """

    def __init__(self, shadows: Shadows, stored: Mapping[str, State | None]) -> None:
        self.shadows = shadows
        self._stored = dict(stored)
        self._rewrite: set[str] = set()

    @property
    def unsaved(self) -> bool:
        """Whether shadows were added or dropped since the last checkpoint."""
        return self._stored.keys() != self.shadows.models.keys()

    def promote(self, name: str, served: IteratedSVD, events: int) -> IteratedSVD:
        """Promote a shadow and return its model; raises as `Shadows.promote`."""
        before = self.shadows.served.name
        model = self.shadows.promote(name, served, events)
        self._rewrite = {before}
        return model

    def metrics(self) -> Arrays:
        """Arrays for the served model's checkpoint."""
        return {_PREFIX + name: array for name, array in self.shadows.state().items()}

    def checkpoint(self, checkpoint: Checkpoint, model: IteratedSVD, answered: str = "") -> ShadowWrites | None:
        """The shadows' part of a checkpoint; None if there is none. Resets the changes.

        Parameters
        ----------
        checkpoint : Checkpoint
            Of the served model.
        model
            The served model.
        answered : str
            The promotion request that this checkpoint carries out or refuses.
        """
        shadows = self.shadows
        if not (shadows or self._stored or answered):
            return None
        parts = {name: self._part(name, shadow, checkpoint) for name, shadow in shadows.models.items()}
        dropped = [name for name in self._stored if name not in shadows.models]
        for name in dropped:
            del self._stored[name]
        self._rewrite = set()
        return ShadowWrites(parts=parts, rows=comparison_rows(shadows, model), dropped=dropped, answered=answered)

    def _part(self, name: str, shadow: Shadow, served: Checkpoint) -> ShadowPart:
        state, whole = self._changes(name, shadow.model)
        checkpoint = Checkpoint(
            version=served.version,
            token=served.token,
            offsets={},
            state=state,
            metrics=_arrays("metrics", shadow.metrics) | _arrays("comparison", shadow.comparison),
            event_time=served.event_time,
            written_at=served.written_at,
        )
        return ShadowPart(checkpoint, state.users.removed, whole)

    def _changes(self, name: str, model: OnlineLearner) -> tuple[State, bool]:
        if isinstance(model, IteratedSVD):
            whole = name in self._rewrite or name not in self._stored
            self._stored[name] = None
            return (whole_state(model), True) if whole else (model.changes(), False)
        now = to_rows(model.state())
        some = changed(self._stored.get(name), now)
        self._stored[name] = now
        return (now, True) if some is None else (some, False)


def whole_state(model: IteratedSVD) -> State:
    """The whole state; resets the changes."""
    model.changes()
    return model.state()


def initial_shadows(
    model: IteratedSVD, rows: Sequence[ShadowRow], plan: ShadowPlan, content: ContentSource | None
) -> tuple[IteratedSVD, ShadowKeeper]:
    """For a model that learns from the log's beginning: every shadow that is stored or planned, empty.

    Returns
    -------
    IteratedSVD
        The model to serve: the given one, or the empty model of a shadow that was promoted.
    ShadowKeeper

    Raises
    ------
    SettingsError
        Invalid name.
    """
    shadows = Shadows((model.scale.low, model.scale.high))
    specs = {row.name: ModelSpec(**row.made_of) for row in rows if row.name != FIRST_SERVED}
    specs = {name: spec for name, spec in specs.items() if name not in plan.dropped} | dict(plan.shadows)
    for name, spec in specs.items():
        shadows.add(name, spec, content, 0)
    keeper = ShadowKeeper(shadows, dict.fromkeys((row.name for row in rows if not row.served), None))
    promoted = [row.name for row in rows if row.served and row.name in shadows.models]
    return (keeper.promote(promoted[0], model, 0) if promoted else model), keeper


def resume_shadows(
    checkpoint: Checkpoint,
    rows: Sequence[ShadowRow],
    load: Callable[[str], Checkpoint],
    plan: ShadowPlan,
    *,
    model: IteratedSVD,
    content: ContentSource | None,
    events: int,
) -> ShadowKeeper:
    """The stored shadows without the dropped ones, and the added ones.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of the served model.
    rows : sequence of ShadowRow
        The stored ones.
    load : callable
        A shadow's checkpoint by its name.
    plan : ShadowPlan
    model : IteratedSVD
        The served one.
    content : ContentSource or None
    events : int
        Ratings of the stream so far.

    Raises
    ------
    SettingsError
        A shadow exists with other settings, or the one to drop is served.
    SnapshotCorrupt
    """
    scale = model.scale.low, model.scale.high
    shadows, stored = Shadows(scale), dict[str, State | None]()
    arrays = {n.removeprefix(_PREFIX): a for n, a in checkpoint.metrics.items() if n.startswith(_PREFIX)}
    served = next((row for row in rows if row.served), None)
    if served is not None:
        metrics = Prequential.from_state(_under("served", arrays))
        shadows = Shadows(scale, Served(served.name, served.since, metrics), Pages.from_state(_under("pages", arrays)))
    if shadows.served.name in plan.dropped:
        raise SettingsError(f"{shadows.served.name} is the served model: promote another one before you drop it")
    for row in rows:
        if row.served:
            continue
        stored[row.name] = None
        if row.name in plan.dropped:
            continue
        found, spec = load(row.name), ModelSpec(**row.made_of)
        state = found.state
        if not spec.servable:
            stored[row.name], state = state, from_rows(state)
        comparison = Comparison.from_state(_under("comparison", found.metrics))
        metrics = Prequential.from_state(_under("metrics", found.metrics))
        shadows.put(row.name, Shadow(spec, spec.restore(state, content), row.since, metrics, comparison))
    for name, spec in plan.shadows.items():
        known = shadows.models[name].spec if name in shadows.models else None
        if name == shadows.served.name:
            known = ModelSpec.of(model)
        if known is None:
            shadows.add(name, spec, content, events)
        elif _effective(known, content) != _effective(spec, content):
            raise SettingsError(
                f"shadow {name} exists with {known.text} (seed {known.seed}), not {spec.text} (seed {spec.seed}): use "
                f"another name, or restart it by adding --drop-shadow {name}"
            )
    return ShadowKeeper(shadows, stored)


def _effective(spec: ModelSpec, content: ContentSource | None) -> ModelSpec:
    """Without a catalogue, no model gets one."""
    return replace(spec, catalogue=spec.catalogue and content is not None)


def _arrays(prefix: str, part: Prequential | Comparison) -> Arrays:
    return {f"{prefix}.{name}": array for name, array in part.state().items()}


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {n.removeprefix(f"{prefix}."): a for n, a in arrays.items() if n.startswith(f"{prefix}.")}
