"""A study: models side by side on one data set.

Online: every rating of the stream is predicted, scored and learned, by event and by page. Offline: learned from a part,
scored on the rest. The random split (folds) is what the literature reports, and lets a model learn from later ratings;
the temporal split trains on the first 80 % of the stream and scores the last 20 %, without learning further and with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Figures, Prequential
from evaluation.models import RATINGS_ONLY, BatchFit, ModelSpec, compile_kernels, taking_part
from streamsvd.errors import InputError
from streamsvd.learner import BatchLearner, ContentSource, OnlineLearner
from streamsvd.learner.baselines import BrandSVD
from streamsvd.ratings import RatingTable

FOLDS = 5
"""Of the cross-validation."""
POINTS = 100  # of a curve

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Progress = Callable[[str, float], None]


class CurvePoint(NamedTuple):
    """A learner's error after some learning.

    Attributes
    ----------
    events : int
        Ratings learned; rounds over all ratings, for a batch learner.
    seconds : float
        Spent learning and predicting.
    rmse : float
        Over all events so far; on the test part, for a batch learner.
    rmse_window : float
        Over the last window of events; NaN for a batch learner.
    """

    events: int
    seconds: float
    rmse: float
    rmse_window: float


@dataclass(frozen=True, slots=True)
class OnlineResult:
    """Results of one model on the stream.

    Attributes
    ----------
    name : str
    figures : Figures
    seconds : float
    events_per_second : float
    curve : list of CurvePoint
    discarded : float or None
        Sum of the discarded singular values where there are such: the bound of the truncation error.
    """

    name: str
    figures: Figures
    seconds: float
    events_per_second: float
    curve: list[CurvePoint]
    discarded: float | None


@dataclass(frozen=True, slots=True)
class OfflineResult:
    """Results of one model on held-out ratings.

    Attributes
    ----------
    name : str
    random_rmse, random_mae : float
        Mean over the folds.
    temporal_rmse, temporal_mae : float
        Without learning further.
    further_rmse, further_mae : float or None
        With learning further, by event; None for a batch learner.
    seconds : float
        To learn the training part of a fold: mean over the folds.
    curve : list of CurvePoint
        Error on the first fold's test part after each round, where learning goes in rounds.
    """

    name: str
    random_rmse: float
    random_mae: float
    temporal_rmse: float
    temporal_mae: float
    further_rmse: float | None
    further_mae: float | None
    seconds: float
    curve: list[CurvePoint]


@dataclass(frozen=True, slots=True)
class Study:
    """A study's results; `folds` of five were held out at random, by `seed`."""

    online: list[OnlineResult]
    offline: list[OfflineResult]
    folds: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        online = []
        for each in self.online:
            rest = asdict(each) | {"curve": [list(point) for point in each.curve]}
            online.append({"name": rest.pop("name"), **rest.pop("figures"), **rest})
        offline = [asdict(held) | {"curve": [list(point[:3]) for point in held.curve]} for held in self.offline]
        return {"seed": self.seed, "folds": self.folds, "online": online, "offline": offline}


@runtime_checkable
class LearnsInRounds(BatchLearner, Protocol):
    """A batch learner that reports after each round, so that its error can be measured then."""

    each_round: Callable[[int], None] | None


def study_specs(changes: Mapping[str, Any], *, catalogue: bool, seed: int = 0) -> list[ModelSpec]:
    """The models of a study: baselines with their defaults, forms of `IteratedSVD` with changed settings.

    Parameters
    ----------
    changes : dict
        Settings of `IteratedSVD` by name.
    catalogue : bool
        Whether there is a catalogue; with it, one more model takes part that goes without.
    seed : int
    """
    return [
        ModelSpec(model.name, model.with_changes(changes if model.iterated else {}), seed)
        for model in taking_part("study")
        if catalogue or model.name != RATINGS_ONLY
    ]


def compile_study(content: ContentSource | None = None) -> None:
    """Run every kernel of a study once, so that no time contains its compilation."""
    compile_kernels((ModelSpec(m.name, m.with_changes(m.small)) for m in taking_part("study")), content)


def run_study(
    table: RatingTable,
    specs: Sequence[ModelSpec],
    content: ContentSource | None = None,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    window: int = 5000,
    progress: Progress | None = None,
) -> Study:
    """Run all models.

    Parameters
    ----------
    table : RatingTable
    specs : sequence of ModelSpec
        Of models with a label for `study`.
    content : ContentSource, optional
        The items' content.
    folds : int
        How many of the five folds are held out in turn; 1 is a random 80/20 split.
    seed : int
        Of the folds.
    window : int
        Events of the rolling error.
    progress : callable, optional
        Called with what is being done and the share done so far, from 0 to 1.

    Raises
    ------
    InputError
        If there are not enough ratings to hold some out, or not 1 to 5 folds.
    """
    if len(table) < 2 * FOLDS or not 1 <= folds <= FOLDS:
        raise InputError(f"a study needs {2 * FOLDS} ratings or more and 1 to {FOLDS} folds, not {len(table)}, {folds}")
    tell = progress or (lambda _what, _share: None)
    online, offline = [], []
    for number, spec in enumerate(specs):

        def part(what: str, share: float, number: int = number, name: str = spec.model.study) -> None:
            tell(f"{name}: {what}", (number + share) / len(specs))

        if spec.model.online:
            online.append(_stream(spec, content, table, window, part))
        offline.append(_hold_out(spec, content, table, folds, seed, part))
    return Study(online, offline, folds, seed)


def _stream(
    spec: ModelSpec, content: ContentSource | None, table: RatingTable, window: int, tell: Progress
) -> OnlineResult:
    model = spec.make(table.dataset.scale, content)
    metrics, curve, seconds = Prequential(window), [], 0.0
    block = -(-len(table) // POINTS)
    for start in range(0, len(table), block):
        tell("the stream", 0.4 * start / len(table))
        rows = table[start : start + block]
        began = time.perf_counter()
        predicted = model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        seconds += time.perf_counter() - began
        metrics.update(rows.ratings, predicted.event, predicted.page)
        figures = metrics.figures()
        curve.append(CurvePoint(figures.events, seconds, figures.rmse_event, figures.rmse_last_window))
    discarded = model.discarded if isinstance(model, BrandSVD) else None
    return OnlineResult(spec.model.study, metrics.figures(), seconds, len(table) / seconds, curve, discarded)


def _hold_out(
    spec: ModelSpec, content: ContentSource | None, table: RatingTable, folds: int, seed: int, tell: Progress
) -> OfflineResult:
    order = np.random.default_rng(seed).permutation(len(table))
    random, seconds = [], 0.0
    for fold in range(folds):
        tell(f"fold {fold + 1} of {folds}", 0.4 + 0.5 * fold / folds)
        test = order[fold::FOLDS]
        train = np.delete(np.arange(len(table)), test)  # in the stream's order
        began = time.perf_counter()
        predict, _ = _learned(spec, content, table, train)
        seconds += time.perf_counter() - began
        random.append(_errors(predict(test), table, test))
    tell("the last 20 %", 0.9)
    at = len(table) - len(table) // FOLDS
    early, late = np.arange(at), np.arange(at, len(table))
    predict, model = _learned(spec, content, table, early)
    temporal = _errors(predict(late), table, late)
    further: tuple[float | None, float | None] = None, None
    if model is not None:
        rows = table[at:]
        learned = model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        further = _errors(learned.event, table, late)
    rmse, mae = np.mean(random, axis=0).tolist()
    return OfflineResult(
        spec.model.study,
        random_rmse=rmse,
        random_mae=mae,
        temporal_rmse=temporal[0],
        temporal_mae=temporal[1],
        further_rmse=further[0],
        further_mae=further[1],
        seconds=seconds / folds,
        curve=_rounds(spec, content, table, order[::FOLDS]),
    )


def _learned(
    spec: ModelSpec, content: ContentSource | None, table: RatingTable, train: Rows
) -> tuple[Callable[[Rows], Floats], OnlineLearner | None]:
    """A prediction of any rows by the model that has learned some; and the learner, where it can learn further."""
    columns = table.users[train], table.items[train], table.ratings[train], table.timestamps[train]
    learner: OnlineLearner | BatchLearner
    online = None
    if spec.model.online:
        learner = online = spec.make(table.dataset.scale, content)
        online.learn(*columns)
    else:
        learner = spec.make_batch(table.dataset.scale, content).fit(*columns)
    return (lambda rows: learner.predict(table.users[rows], table.items[rows], table.timestamps[rows])), online


def _rounds(spec: ModelSpec, content: ContentSource | None, table: RatingTable, test: Rows) -> list[CurvePoint]:
    """The error after each round of a batch learner that has rounds; the time of measuring it is not counted."""
    model = spec.make_batch(table.dataset.scale, content) if spec.model.batch else None
    if isinstance(model, BatchFit):
        return _sweeps(model, table, test)
    if not isinstance(model, LearnsInRounds):
        return []
    train = np.delete(np.arange(len(table)), test)
    curve: list[CurvePoint] = []
    seconds, began = 0.0, time.perf_counter()

    def measure(number: int) -> None:
        nonlocal seconds, began
        seconds += time.perf_counter() - began
        predicted = model.predict(table.users[test], table.items[test], table.timestamps[test])
        curve.append(CurvePoint(number, seconds, _errors(predicted, table, test)[0], float("nan")))
        began = time.perf_counter()

    model.each_round = measure
    model.fit(table.users[train], table.items[train], table.ratings[train], table.timestamps[train])
    return curve


def _sweeps(model: BatchFit, table: RatingTable, test: Rows) -> list[CurvePoint]:
    """The error of fits with more and more sweeps; each is a fit of its own, with its own time."""
    train, curve = np.delete(np.arange(len(table)), test), []
    for sweeps in range(model.sweeps + 1):
        model.sweeps, began = sweeps, time.perf_counter()
        model.fit(table.users[train], table.items[train], table.ratings[train])
        seconds = time.perf_counter() - began
        error = _errors(model.predict(table.users[test], table.items[test]), table, test)[0]
        curve.append(CurvePoint(sweeps, seconds, error, float("nan")))
    return curve


def _errors(predicted: Floats, table: RatingTable, rows: Rows) -> tuple[float, float]:
    """RMSE and MAE of predictions of these rows."""
    error = predicted - table.ratings[rows]
    return float(np.sqrt((error**2).mean())), float(np.abs(error).mean())
