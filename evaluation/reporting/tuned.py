"""Before and after tuning: settings chosen on a part of the ratings, and judged once on the others.

Offline, the batch learners see four fifths of the ratings, in random folds; the last fifth judges. Online, the search
sees the first half of the stream; the second half judges, in the same run. Nothing is chosen by what judges.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluation.models.batch import BatchFit
from evaluation.studies.tuning import Trial, best, search
from evaluation.studies.tuning_tasks import CrossValidationTask, PrequentialTask, Task
from streamsvd.errors import InputError
from streamsvd.learner import ContentSource, IteratedSVD, Settings
from streamsvd.learner.baselines import SoftImpute, TruncatedSVD
from streamsvd.learner.protocol import BatchLearner
from streamsvd.ratings import RatingTable

FOLDS = 3
RANKS = (1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50)
SHRINKAGES = (5.0, 8.0, 10.0, 13.0, 16.0, 20.0, 26.0)

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Score:
    """Errors on what judges, and seconds of learning; page protocol online only."""

    rmse: float
    mae: float
    seconds: float
    rmse_page: float | None = None
    mae_page: float | None = None


@dataclass(frozen=True, slots=True)
class Tuned:
    """One learner before and after tuning.

    Attributes
    ----------
    name : str
    online : bool
    setting : str or None
        What was tried in turn; None for a search over many settings at once.
    before, after : Score
    defaults, changes : mapping
        Values before, and of those that changed, after.
    trials : list of Trial
        Errors that the search saw, in order; the first is that of the defaults, or of the grid's first value.
    seconds : float
        Of the search.
    judged_on : int
        Ratings.
    """

    name: str
    online: bool
    setting: str | None
    before: Score
    after: Score
    defaults: Mapping[str, Any]
    changes: Mapping[str, float]
    trials: list[Trial]
    seconds: float
    judged_on: int


def tune_all(
    table: RatingTable,
    content: ContentSource | None,
    *,
    trials: int,
    seed: int,
    progress: Progress = lambda _what, _share: None,
) -> list[Tuned]:
    """Tune the four learners that a report compares: truncated SVD, soft-impute, batch fit and stream.

    Parameters
    ----------
    table : RatingTable
    content : ContentSource, optional
    trials : int
        Settings to try for each of the two searches, the defaults among them.
    seed : int
    progress : callable
        Called with what is being done and the share done so far.

    Raises
    ------
    InputError
        If there are too few ratings, or the optimiser is not installed.
    """
    task = CrossValidationTask(table, content, seed, FOLDS)
    scale = table.dataset.scale
    most = min(len(np.unique(table.users[task.seen])), len(np.unique(table.items[task.seen])))
    ranks = [rank for rank in RANKS if rank < most * (FOLDS - 1) // FOLDS] or [1]

    def truncated(rank: float) -> BatchLearner:
        return TruncatedSVD(int(rank), scale=scale, seed=seed)

    def soft(shrinkage: float) -> BatchLearner:
        return SoftImpute(shrinkage=shrinkage, scale=scale, seed=seed)

    usual = TruncatedSVD().rank
    return [
        _grid("truncated SVD", table, task, "rank", min(usual, ranks[-1]), ranks, truncated, _part(progress, 0.0, 0.1)),
        _grid(
            "soft-impute", table, task, "shrinkage", SoftImpute().shrinkage, SHRINKAGES, soft, _part(progress, 0.1, 0.3)
        ),
        _batch(table, content, task, trials, seed, _part(progress, 0.3, 0.8)),
        _stream(table, content, trials, seed, _part(progress, 0.8, 1.0)),
    ]


def _grid(
    name: str,
    table: RatingTable,
    task: CrossValidationTask,
    setting: str,
    default: float,
    values: Sequence[float],
    make: Callable[[float], BatchLearner],
    progress: Progress,
) -> Tuned:
    """Try every value of one setting on the folds."""
    began, trials = time.perf_counter(), []
    for number, value in enumerate(values):
        progress(f"tuning {name}", number / len(values))
        squared = 0.0
        for held_out, fold in enumerate(task.folds):
            train = np.concatenate([rows for other, rows in enumerate(task.folds) if other != held_out])
            squared += _fitted(make(value), table, train, fold).rmse ** 2 * len(fold)
        trials.append(Trial(number, {setting: value}, float(np.sqrt(squared / len(task.seen)))))
    seconds = time.perf_counter() - began
    found = best(trials).changes[setting]
    before = _fitted(make(default), table, task.seen, task.rest)
    after = before if found == default else _fitted(make(found), table, task.seen, task.rest)
    changes = {} if found == default else {setting: found}
    return Tuned(name, False, setting, before, after, {setting: default}, changes, trials, seconds, len(task.rest))


def _batch(
    table: RatingTable,
    content: ContentSource | None,
    task: CrossValidationTask,
    trials: int,
    seed: int,
    progress: Progress,
) -> Tuned:
    name = "IteratedSVD, batch"
    tried, seconds = _search(name, task, trials, seed, progress)

    def score(settings: Settings) -> Score:
        model = BatchFit(settings, scale=table.dataset.scale, content=content, seed=seed)
        return _fitted(model, table, task.seen, task.rest)

    return _judged(name, task, tried, seconds, score, len(task.rest))


def _stream(table: RatingTable, content: ContentSource | None, trials: int, seed: int, progress: Progress) -> Tuned:
    name = "IteratedSVD, stream"
    task = PrequentialTask(table, content, seed)
    tried, seconds = _search(name, task, trials, seed, progress)
    half = len(table) // 2

    def score(settings: Settings) -> Score:
        model = IteratedSVD(settings, scale=table.dataset.scale, content=content, seed=seed)
        began = time.perf_counter()
        predicted = model.learn(table.users, table.items, table.ratings, table.timestamps)
        took = time.perf_counter() - began
        given = table.ratings[half:]
        event, page = (_errors(values[half:], given) for values in (predicted.event, predicted.page))
        return Score(*event, took, *page)

    return replace(_judged(name, task, tried, seconds, score, len(table) - half), online=True)


def _search(name: str, task: Task, trials: int, seed: int, progress: Progress) -> tuple[list[Trial], float]:
    done: list[Trial] = []

    def keep(trial: Trial) -> None:
        done.append(trial)
        progress(f"tuning {name}, {len(done)} of {trials} trials", len(done) / trials)

    began = time.perf_counter()
    progress(f"tuning {name}, {trials} trials", 0.0)
    found = search(task, trials=trials, seed=seed, jobs=2, keep=keep)
    return found, time.perf_counter() - began


def _judged(
    name: str,
    task: Task,
    trials: list[Trial],
    seconds: float,
    score: Callable[[Settings], Score],
    judged_on: int,
) -> Tuned:
    changes = best(trials).changes
    before = score(task.defaults)
    after = score(task.defaults.replace(**changes)) if changes else before
    defaults = task.defaults.to_dict()
    return Tuned(name, False, None, before, after, defaults, changes, trials, seconds, judged_on)


def _fitted(model: BatchLearner, table: RatingTable, train: Any, test: Any) -> Score:
    began = time.perf_counter()
    model.fit(table.users[train], table.items[train], table.ratings[train])
    took = time.perf_counter() - began
    return Score(*_errors(model.predict(table.users[test], table.items[test]), table.ratings[test]), took)


def _errors(predicted: Any, given: Any) -> tuple[float, float]:
    away = predicted - given
    return float(np.sqrt((away**2).mean())), float(np.abs(away).mean())


def _part(progress: Progress, start: float, stop: float) -> Progress:
    return lambda what, share: progress(what, start + (stop - start) * share)


def check_tuning(trials: int) -> None:
    """Make sure that a search can be made, before the work that comes before it.

    Raises
    ------
    InputError
        The optimiser is not installed.
    """
    if trials == 0:
        return
    from evaluation.studies.tuning import optuna_version

    try:
        optuna_version()
    except InputError as error:
        raise InputError(f"{error}, or leave it out: --trials 0") from None
