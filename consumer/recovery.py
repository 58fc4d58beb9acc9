"""Where a consumer starts: from the model's checkpoint, or anew from the beginning of the log.

The checkpoint holds the learner, the metrics and the offsets of one moment, so a consumer that was killed goes on as if
it never had been. The group's committed offset is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from consumer.shadows import ShadowKeeper, Wanted, begin, resume_shadows
from evaluation import Monitor, Prequential, Ranking, Watch
from evaluation.shadows import Shadows
from model_store import Checkpoint, ShadowRow
from streamsvd.errors import EventError, TopicUnsafe
from streamsvd.learner import IteratedSVD, Settings
from streamsvd.learner.choices import Choices
from streamsvd.log import LoggedCatalogue
from streamsvd.ratings import Catalogue, Dataset

DEFAULT_SCALE = (0.5, 5.0)
DEAD_LETTERS = "consumer.dead_letters"
"""Array of a checkpoint: number of dead letters for each of `EventError.REASONS`."""
WATCH_EVERY = 4_000
"""Every how many pages one is watched: at most 0.5 µs a rating with 9,000 items."""
SHOWN = "choice"
"""The order of the list that is watched: that of `recommend`."""
RANKING = "ranking."
"""What the names of the watch's arrays begin with."""


@dataclass(slots=True)
class Resumed:
    """A model with all that belongs to it, as of its checkpoint.

    Attributes
    ----------
    model : IteratedSVD
    choices : Choices
    metrics : Monitor
    watch : Watch
    shadows : ShadowKeeper
    offsets : dict of int to int
        Next offset of each partition of the ratings topic; empty for a fresh start.
    marks : dict of str to int
        Highest sequence number learned, by "source/partition".
    dead_letters : dict of str to int
        Records refused so far, by reason.
    event_time : int or None
    catalogue : Catalogue or None
    catalogue_offsets : dict of (topic, partition) to int
    dataset : str
        Name and checksum of the data set that the log holds, as far as it says so.
    fresh : bool
        Nothing was learned before.
    """

    model: IteratedSVD
    choices: Choices
    metrics: Monitor
    watch: Watch
    shadows: ShadowKeeper
    offsets: dict[int, int]
    marks: dict[str, int]
    dead_letters: dict[str, int]
    event_time: int | None
    catalogue: Catalogue | None
    catalogue_offsets: dict[tuple[str, int], int]
    dataset: str
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredShadows:
    """What the store has of a model's shadows.

    Attributes
    ----------
    rows : sequence of ShadowRow
    load : callable
        A shadow's checkpoint by its name.
    """

    rows: Sequence[ShadowRow]
    load: Callable[[str], Checkpoint]


def resume(
    checkpoint: Checkpoint | None,
    *,
    topic: str,
    topic_id: str,
    catalogue_topic: str,
    logged: LoggedCatalogue,
    stored_catalogue: Catalogue | None,
    settings: Settings,
    metrics: Prequential,
    stored_shadows: StoredShadows,
    wanted: Wanted,
    watch_every: int = WATCH_EVERY,
    seed: int = 0,
) -> Resumed:
    """The starting point for one model and one topic.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        What the store holds.
    topic, topic_id, catalogue_topic : str
        The ratings topic with Kafka's id of it, and the topic of its catalogue.
    logged : LoggedCatalogue
        The catalogue topic's content, used for a fresh start only.
    stored_catalogue : Catalogue or None
        The catalogue that the checkpoint's model was made with.
    settings, metrics, watch_every, seed
        For a fresh start.
    stored_shadows : StoredShadows
    wanted : Wanted
        Shadows that are to be there, or not.

    Raises
    ------
    SettingsError
        A shadow that is wanted is there, of other settings.
    TopicUnsafe
        The checkpoint belongs to another topic, or to one of that name that has been deleted since.
    """
    if checkpoint is None:
        start = _start(catalogue_topic, logged, settings, metrics, watch_every, seed)
        start.model, start.shadows = begin(start.model, stored_shadows.rows, wanted, logged.catalogue)
        return start
    learned_from = str(checkpoint.summary.get("topic", topic)), str(checkpoint.summary.get("topic_id", topic_id))
    if learned_from != (topic, topic_id):
        raise TopicUnsafe(
            f"the stored model has learned from topic {learned_from[0]} (id {learned_from[1]}), not from this {topic} "
            f"(id {topic_id}): its offsets mean nothing here. Give the model another name with --model, "
            "or learn it anew from this topic with --rebuild"
        )
    model = IteratedSVD.from_state(checkpoint.state, stored_catalogue)
    monitor = Monitor.from_state(checkpoint.metrics, stored_catalogue, unit=model.scale.slope)
    refused = checkpoint.metrics.get(DEAD_LETTERS, np.zeros(0, np.int64)).tolist()
    return Resumed(
        model=model,
        choices=Choices.from_state(checkpoint.state),
        metrics=monitor,
        watch=Watch.from_state(
            {name.removeprefix(RANKING): a for name, a in checkpoint.metrics.items() if name.startswith(RANKING)}
        ),
        shadows=resume_shadows(
            checkpoint,
            stored_shadows.rows,
            stored_shadows.load,
            wanted,
            model=model,
            content=stored_catalogue,
            events=monitor.events,
        ),
        offsets={number: offset for (name, number), offset in checkpoint.offsets.items() if name == topic},
        marks=dict(checkpoint.marks),
        dead_letters=dict.fromkeys(EventError.REASONS, 0) | dict(zip(EventError.REASONS, refused, strict=False)),
        event_time=checkpoint.event_time,
        catalogue=stored_catalogue,
        catalogue_offsets={place: n for place, n in checkpoint.offsets.items() if place[0] != topic},
        dataset=str(checkpoint.summary.get("dataset", "")),
        fresh=False,
    )


def _start(
    catalogue_topic: str, logged: LoggedCatalogue, settings: Settings, metrics: Prequential, watch_every: int, seed: int
) -> Resumed:
    dataset: Dataset | None = logged.dataset
    scale = dataset.scale if dataset else DEFAULT_SCALE
    model = IteratedSVD(settings, scale=scale, content=logged.catalogue, seed=seed)
    return Resumed(
        model=model,
        choices=Choices(),
        watch=Watch({SHOWN: Ranking()}, every=watch_every),
        metrics=Monitor(Prequential(metrics.window, metrics.fading), logged.catalogue, unit=model.scale.slope),
        shadows=ShadowKeeper(Shadows(scale), {}),
        offsets={},
        marks={},
        dead_letters=dict.fromkeys(EventError.REASONS, 0),
        event_time=None,
        catalogue=logged.catalogue,
        catalogue_offsets={(catalogue_topic, number): offset for number, offset in logged.offsets.items()},
        dataset=f"{dataset.name} {dataset.sha256}" if dataset else "",
        fresh=True,
    )
