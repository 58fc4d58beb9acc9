"""Models before and after tuning: settings are searched on one part of the ratings and tested once on the rest.

Batch learners are tuned on random folds of four fifths of the ratings and tested on the last fifth. The stream is tuned
on its first half and tested on its second half, in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.models import Model, ModelSpec, taking_part
from evaluation.studies import Trial, best_trial, search
from evaluation.studies.tuning_tasks import CrossValidationTask, PrequentialTask, Task
from streamsvd.errors import InputError
from streamsvd.learner import ContentSource
from streamsvd.ratings import RatingTable

FOLDS = 3

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class TuningScore:
    """Errors on the test ratings, and seconds of learning; page protocol online only."""

    rmse: float
    mae: float
    seconds: float
    rmse_page: float | None = None
    mae_page: float | None = None


@dataclass(frozen=True, slots=True)
class TunedModel:
    """One model before and after tuning.

    Attributes
    ----------
    name : str
    online : bool
    setting : str or None
        The one setting of a grid; None for a search over many settings.
    before, after : TuningScore
    defaults, changes : mapping
        Settings before, and those that changed.
    trials : list of Trial
        In order; the first has the defaults, or the grid's first value.
    seconds : float
        Of the search.
    tested_on : int
        Ratings.
    """

    name: str
    online: bool
    setting: str | None
    before: TuningScore
    after: TuningScore
    defaults: Mapping[str, Any]
    changes: Mapping[str, float]
    trials: list[Trial]
    seconds: float
    tested_on: int


def tune_all(
    table: RatingTable,
    content: ContentSource | None,
    *,
    trials: int,
    seed: int,
    progress: Progress = lambda _what, _share: None,
) -> list[TunedModel]:
    """Tune the models that have a grid or a space to search; first those that learn in batch.

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
    tuner = _Tuner(table, content, trials, seed, CrossValidationTask(table, content, seed, FOLDS))
    models = sorted(taking_part("tune"), key=lambda model: model.online)
    found = []
    for number, model in enumerate(models):
        part = part_of(progress, number / len(models), (number + 1) / len(models))
        tune = tuner.grid if model.grid else tuner.stream if model.online else tuner.batch
        found.append(tune(model, part))
    return found


@dataclass(frozen=True, slots=True)
class _Tuner:
    """Tunes one model on a table."""

    table: RatingTable
    content: ContentSource | None
    trials: int
    seed: int
    task: CrossValidationTask

    def grid(self, model: Model, progress: Progress) -> TunedModel:
        """Try every value of one setting on the folds."""
        ((setting, values),) = model.grid.items()
        if setting == "rank":
            values = tuple(value for value in values if value < self._most_rank()) or (1,)
        began, trials = time.perf_counter(), []
        for number, value in enumerate(values):
            progress(f"tuning {model.tune}", number / len(values))
            trials.append(Trial(number, {setting: value}, self.task.folds_error(self._spec(model, {setting: value}))))
        seconds = time.perf_counter() - began
        default, found = min(model.with_changes({})[setting], values[-1]), best_trial(trials).changes[setting]
        before = self._held_out(model, {setting: default})
        changes = {} if found == default else {setting: found}
        after = self._held_out(model, changes) if changes else before
        n, defaults = len(self.task.rest), {setting: default}
        return TunedModel(model.tune, False, setting, before, after, defaults, changes, trials, seconds, n)

    def batch(self, model: Model, progress: Progress) -> TunedModel:
        """Search on the folds, test on the ratings kept apart."""
        score = partial(self._held_out, model)
        return self._searched(model, self.task, score, len(self.task.rest), progress)

    def stream(self, model: Model, progress: Progress) -> TunedModel:
        """Search on the first half of the stream, test on the second."""
        task, t, half = PrequentialTask(self.table, self.content, self.seed), self.table, len(self.table) // 2

        def score(changes: Mapping[str, Any]) -> TuningScore:
            learner = self._spec(model, changes).make(t.dataset.scale, self.content)
            began = time.perf_counter()
            predicted = learner.learn(t.users, t.items, t.ratings, t.timestamps)
            took = time.perf_counter() - began
            event, page = (_errors(values[half:] - t.ratings[half:]) for values in (predicted.event, predicted.page))
            return TuningScore(*event, took, *page)

        return self._searched(model, task, score, len(t) - half, progress)

    def _searched(
        self,
        model: Model,
        task: Task,
        score: Callable[[Mapping[str, Any]], TuningScore],
        tested_on: int,
        progress: Progress,
    ) -> TunedModel:
        done: list[Trial] = []

        def keep(trial: Trial) -> None:
            done.append(trial)
            progress(f"tuning {model.tune}, {len(done)} of {self.trials} trials", len(done) / self.trials)

        began = time.perf_counter()
        progress(f"tuning {model.tune}, {self.trials} trials", 0.0)
        trials = search(task, trials=self.trials, seed=self.seed, jobs=2, keep=keep)
        seconds = time.perf_counter() - began
        changes, before = best_trial(trials).changes, score({})
        after = score(changes) if changes else before
        defaults = model.with_changes({})
        return TunedModel(model.tune, model.online, None, before, after, defaults, changes, trials, seconds, tested_on)

    def _spec(self, model: Model, changes: Mapping[str, Any]) -> ModelSpec:
        return ModelSpec(model.name, model.with_changes(changes), self.seed)

    def _most_rank(self) -> int:
        """No rank reaches this: a fold's number of users or items, whichever is less."""
        seen = self.task.seen
        least = min(len(np.unique(ids[seen])) for ids in (self.table.users, self.table.items))
        return least * (FOLDS - 1) // FOLDS

    def _held_out(self, model: Model, changes: Mapping[str, Any]) -> TuningScore:
        """Errors on the ratings kept apart, and the seconds of fitting to the others."""
        spec, t, train, test = self._spec(model, changes), self.table, self.task.seen, self.task.rest
        learner = spec.make_batch(t.dataset.scale, self.content)
        began = time.perf_counter()
        learner.fit(t.users[train], t.items[train], t.ratings[train])
        took = time.perf_counter() - began
        return TuningScore(*_errors(learner.predict(t.users[test], t.items[test]) - t.ratings[test]), took)


def _errors(away: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.sqrt((away**2).mean())), float(np.abs(away).mean())


def part_of(progress: Progress, start: float, stop: float, before: str = "") -> Progress:
    """Progress of a part of the work, from one share of it to another."""
    return lambda what, share: progress(before + what, start + (stop - start) * share)


def check_tuning(trials: int) -> None:
    """Check that searches are possible, before long work.

    Raises
    ------
    InputError
        The optimiser is not installed.
    """
    if trials == 0:
        return
    from evaluation.studies import optuna_version

    try:
        optuna_version()
    except InputError as error:
        raise InputError(f"{error}, or leave it out: --trials 0") from None
