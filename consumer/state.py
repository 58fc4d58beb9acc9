"""The whole state of a consumer, and its conversion to a checkpoint and back.

It holds all that a model's future depends on. `restored` is the inverse of `ConsumerState.checkpoint`, so a restarted
consumer continues with the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consumer.last_records import LastRecords
from consumer.shadows import ShadowKeeper
from evaluation import Monitor, Prequential, Ranking, RankingSampler
from evaluation.shadows import Shadows
from model_store import Checkpoint
from streamsvd.errors import EventError
from streamsvd.learner import Choices, IteratedSVD, Settings
from streamsvd.log import LoggedCatalogue
from streamsvd.ratings import Catalogue

DEFAULT_SCALE = (0.5, 5.0)
"""Lowest and highest rating of a model that begins on a log which names no scale."""
SAMPLE_EVERY = 4_000
"""One page in so many is sampled: at most 0.5 µs a rating with 9,000 items."""

_DEAD_LETTERS = "consumer.dead_letters"  # array: number of dead letters for each of `EventError.REASONS`
_LAST_RECORDS = "consumer.last_records"  # array: see `LastRecords`; not in models of earlier releases
_RANKING = "ranking."  # what the names of the sampler's arrays begin with
_ORDER = "choice"  # of the sampled lists: that of `recommend`


@dataclass(slots=True)
class ConsumerState:
    """State of a consumer.

    Attributes
    ----------
    model : IteratedSVD
        The served one.
    choices : Choices
    metrics : Monitor
    sampler : RankingSampler
    shadows : ShadowKeeper
    offsets : dict of int to int
        Next offset of each partition of the ratings topic; empty at a fresh start.
    last_records : LastRecords
        Those before the offsets.
    high_watermarks : dict of str to int
        Highest sequence number learned, by "source/partition".
    dead_letters : dict of str to int
        Records rejected so far, by reason.
    event_time : int or None
        Newest event time learned, in seconds.
    catalogue : Catalogue or None
    catalogue_offsets : dict of (topic, partition) to int
    dataset : str
        Name and checksum of the log's data set; empty if unknown.
    fresh : bool
        Whether nothing of it is in the store yet.
    """

    model: IteratedSVD
    choices: Choices
    metrics: Monitor
    sampler: RankingSampler
    shadows: ShadowKeeper
    offsets: dict[int, int]
    last_records: LastRecords
    high_watermarks: dict[str, int]
    dead_letters: dict[str, int]
    event_time: int | None
    catalogue: Catalogue | None
    catalogue_offsets: dict[tuple[str, int], int]
    dataset: str
    fresh: bool

    def checkpoint(
        self, *, version: int, token: int, topic: str, topic_id: str, written_at: float, whole: bool
    ) -> Checkpoint:
        """The changes since the last checkpoint, with the offsets to resume from; resets the changes.

        Parameters
        ----------
        version, token : int
            Of the checkpoint, and of the writer.
        topic, topic_id : str
            Of the offsets.
        written_at : float
            Wall clock, in seconds.
        whole : bool
            All rows instead of the changed ones.
        """
        state = self.choices.changes(self.model)
        if whole:
            state = self.choices.state(self.model)
        figures = self.metrics.figures()
        ranking = self.sampler.ranking[_ORDER].figures()
        return Checkpoint(
            version=version,
            token=token,
            offsets={**{(topic, n): offset for n, offset in self.offsets.items()}, **self.catalogue_offsets},
            state=state,
            metrics=self._arrays(),
            marks=dict(self.high_watermarks),
            genres=self.catalogue.genres if self.catalogue else (),
            event_time=self.event_time,
            written_at=written_at,
            summary={
                "topic": topic,
                "topic_id": topic_id,
                "dataset": self.dataset,
                "users": self.model.n_users,
                "items": self.model.n_items,
                "rmse": figures.rmse_last_window,
                **asdict(figures),
                **{f"{_RANKING}{name}": value for name, value in asdict(ranking).items()},
            },
        )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **self.metrics.state(),
            **self.shadows.metrics(),
            **{f"{_RANKING}{name}": array for name, array in self.sampler.state().items()},
            _LAST_RECORDS: self.last_records.array(),
            _DEAD_LETTERS: np.array([self.dead_letters[reason] for reason in EventError.REASONS], np.int64),
        }


def restored(checkpoint: Checkpoint, topic: str, catalogue: Catalogue | None) -> ConsumerState:
    """The state that a checkpoint was taken from, without its shadows, which are stored separately.

    Parameters
    ----------
    checkpoint : Checkpoint
    topic : str
        The ratings topic.
    catalogue : Catalogue or None
        The model's.
    """
    model = IteratedSVD.from_state(checkpoint.state, catalogue)
    arrays = checkpoint.metrics
    refused: Sequence[int] = arrays.get(_DEAD_LETTERS, np.zeros(0, np.int64)).tolist()
    return ConsumerState(
        model=model,
        choices=Choices.from_state(checkpoint.state),
        metrics=Monitor.from_state(arrays, catalogue, unit=model.scale.slope),
        sampler=RankingSampler.from_state(
            {n.removeprefix(_RANKING): a for n, a in arrays.items() if n.startswith(_RANKING)}
        ),
        shadows=ShadowKeeper(Shadows((model.scale.low, model.scale.high)), {}),
        offsets={number: offset for (name, number), offset in checkpoint.offsets.items() if name == topic},
        last_records=LastRecords.of(arrays.get(_LAST_RECORDS)),
        high_watermarks=dict(checkpoint.marks),
        dead_letters=dict.fromkeys(EventError.REASONS, 0) | dict(zip(EventError.REASONS, refused, strict=False)),
        event_time=checkpoint.event_time,
        catalogue=catalogue,
        catalogue_offsets={place: n for place, n in checkpoint.offsets.items() if place[0] != topic},
        dataset=str(checkpoint.summary.get("dataset", "")),
        fresh=False,
    )


def initial(
    logged: LoggedCatalogue,
    catalogue_topic: str,
    settings: Settings,
    metrics: Prequential,
    *,
    seed: int,
    sample_every: int = SAMPLE_EVERY,
) -> ConsumerState:
    """The state before the first rating of a log.

    Parameters
    ----------
    logged : LoggedCatalogue
        The catalogue topic's content.
    catalogue_topic : str
    settings, seed
        Of the learner.
    metrics : Prequential
        Sets the window and the fading factor.
    sample_every : int
        Sample one page in so many.
    """
    dataset = logged.dataset
    scale = dataset.scale if dataset else DEFAULT_SCALE
    model = IteratedSVD(settings, scale=scale, content=logged.catalogue, seed=seed)
    return ConsumerState(
        model=model,
        choices=Choices(),
        metrics=Monitor(Prequential(metrics.window, metrics.fading), logged.catalogue, unit=model.scale.slope),
        sampler=RankingSampler({_ORDER: Ranking()}, every=sample_every),
        shadows=ShadowKeeper(Shadows(scale), {}),
        offsets={},
        last_records=LastRecords(),
        high_watermarks={},
        dead_letters=dict.fromkeys(EventError.REASONS, 0),
        event_time=None,
        catalogue=logged.catalogue,
        catalogue_offsets={(catalogue_topic, number): offset for number, offset in logged.offsets.items()},
        dataset=f"{dataset.name} {dataset.sha256}" if dataset else "",
        fresh=True,
    )
