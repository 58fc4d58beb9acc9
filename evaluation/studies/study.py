"""A study: all contenders on one data set, side by side.

Online: every rating of the stream is predicted, scored and learned, by event and by page. Offline: learned from a part,
scored on the rest. The random split (folds) is what the literature shows and gives the future away; the temporal one
trains on the first 80 % of the stream, and scores the last 20 % without learning further, and with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.prequential import Figures, Prequential
from evaluation.models.batch_fit import BatchFit
from evaluation.studies.contenders import Contender, Fixpoint
from streamsvd.errors import InputError
from streamsvd.learner.baselines import BrandSVD, SoftImpute
from streamsvd.learner.protocol import BatchLearner, OnlineLearner
from streamsvd.ratings import RatingTable

FOLDS = 5
POINTS = 100  # of a curve

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Progress = Callable[[str, float], None]


class Point(NamedTuple):
    """A learner's error on its way.

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
class Online:
    """What one contender reached on the stream.

    Attributes
    ----------
    name : str
    figures : Figures
    seconds : float
    events_per_second : float
    curve : list of Point
    discarded : float or None
        Sum of the discarded singular values where there are such: the bound of the truncation error.
    """

    name: str
    figures: Figures
    seconds: float
    events_per_second: float
    curve: list[Point]
    discarded: float | None


@dataclass(frozen=True, slots=True)
class Offline:
    """What one contender reached on held-out ratings.

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
    curve : list of Point
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
    curve: list[Point]


@dataclass(frozen=True, slots=True)
class Study:
    """A study's results; `folds` of five were held out at random, by `seed`."""

    online: list[Online]
    offline: list[Offline]
    folds: int
    seed: int


def study(
    table: RatingTable,
    contenders: Sequence[Contender],
    *,
    folds: int = FOLDS,
    seed: int = 0,
    window: int = 5000,
    progress: Progress | None = None,
) -> Study:
    """Run all contenders.

    Parameters
    ----------
    table : RatingTable
    contenders : sequence of Contender
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
    for number, contender in enumerate(contenders):

        def part(what: str, share: float, number: int = number, name: str = contender.name) -> None:
            tell(f"{name}: {what}", (number + share) / len(contenders))

        if contender.online is not None:
            online.append(_stream(contender.name, contender.online(), table, window, part))
        offline.append(_hold_out(contender, table, folds, seed, part))
    return Study(online, offline, folds, seed)


def _stream(name: str, model: OnlineLearner, table: RatingTable, window: int, tell: Progress) -> Online:
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
        curve.append(Point(figures.events, seconds, figures.rmse_event, figures.rmse_last_window))
    discarded = model.discarded if isinstance(model, BrandSVD) else None
    return Online(name, metrics.figures(), seconds, len(table) / seconds, curve, discarded)


def _hold_out(contender: Contender, table: RatingTable, folds: int, seed: int, tell: Progress) -> Offline:
    order = np.random.default_rng(seed).permutation(len(table))
    random, seconds = [], 0.0
    for fold in range(folds):
        tell(f"fold {fold + 1} of {folds}", 0.4 + 0.5 * fold / folds)
        test = order[fold::FOLDS]
        train = np.delete(np.arange(len(table)), test)  # in the stream's order
        began = time.perf_counter()
        predict, _ = _learned(contender, table, train)
        seconds += time.perf_counter() - began
        random.append(_errors(predict(test), table, test))
    tell("the last 20 %", 0.9)
    at = len(table) - len(table) // FOLDS
    early, late = np.arange(at), np.arange(at, len(table))
    predict, model = _learned(contender, table, early)
    temporal = _errors(predict(late), table, late)
    further: tuple[float | None, float | None] = None, None
    if model is not None:
        rows = table[at:]
        learned = model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        further = _errors(learned.event, table, late)
    rmse, mae = np.mean(random, axis=0).tolist()
    return Offline(
        contender.name,
        random_rmse=rmse,
        random_mae=mae,
        temporal_rmse=temporal[0],
        temporal_mae=temporal[1],
        further_rmse=further[0],
        further_mae=further[1],
        seconds=seconds / folds,
        curve=_rounds(contender, table, order[::FOLDS]),
    )


def _learned(
    contender: Contender, table: RatingTable, train: Rows
) -> tuple[Callable[[Rows], Floats], OnlineLearner | None]:
    """A prediction of any rows by the contender that has learned some; and the learner, where it can learn further."""
    users, items, ratings = table.users[train], table.items[train], table.ratings[train]
    learner: OnlineLearner | BatchLearner
    if contender.online is not None:
        learner = online = contender.online()
        online.learn(users, items, ratings, table.timestamps[train])
        return (lambda rows: online.predict(table.users[rows], table.items[rows], table.timestamps[rows])), online
    assert contender.batch is not None
    learner = contender.batch().fit(users, items, ratings, table.timestamps[train])
    return (lambda rows: learner.predict(table.users[rows], table.items[rows], table.timestamps[rows])), None


def _rounds(contender: Contender, table: RatingTable, test: Rows) -> list[Point]:
    """The error after each round of a batch learner that has rounds; the clock stands still while it is measured."""
    model = contender.batch() if contender.batch is not None else None
    if isinstance(model, BatchFit):
        return _sweeps(model, table, test)
    if not isinstance(model, SoftImpute | Fixpoint):
        return []
    train = np.delete(np.arange(len(table)), test)
    curve: list[Point] = []
    seconds, began = 0.0, time.perf_counter()

    def measure(number: int) -> None:
        nonlocal seconds, began
        seconds += time.perf_counter() - began
        predicted = model.predict(table.users[test], table.items[test], table.timestamps[test])
        curve.append(Point(number, seconds, _errors(predicted, table, test)[0], float("nan")))
        began = time.perf_counter()

    model.each_round = measure
    model.fit(table.users[train], table.items[train], table.ratings[train], table.timestamps[train])
    return curve


def _sweeps(model: BatchFit, table: RatingTable, test: Rows) -> list[Point]:
    """The error of fits with more and more sweeps; each is a fit of its own, with its own time."""
    train, curve = np.delete(np.arange(len(table)), test), []
    for sweeps in range(model.sweeps + 1):
        model.sweeps, began = sweeps, time.perf_counter()
        model.fit(table.users[train], table.items[train], table.ratings[train])
        seconds = time.perf_counter() - began
        error = _errors(model.predict(table.users[test], table.items[test]), table, test)[0]
        curve.append(Point(sweeps, seconds, error, float("nan")))
    return curve


def _errors(predicted: Floats, table: RatingTable, rows: Rows) -> tuple[float, float]:
    """RMSE and MAE of predictions of these rows."""
    error = predicted - table.ratings[rows]
    return float(np.sqrt((error**2).mean())), float(np.abs(error).mean())
