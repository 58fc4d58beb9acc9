"""The scores of a search for settings: the error of a stream, or of held-out folds.

An error on ratings that were searched on is too small. So each task splits the data in two: ratings for the search, and
test ratings, used once afterwards for the settings found and for the defaults.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Prequential
from evaluation.models import BATCH, LEARNER, MODELS, ModelSpec, Range
from evaluation.progressive_validation import evaluate
from streamsvd.errors import InputError
from streamsvd.learner import ContentSource, IteratedSVD, Settings
from streamsvd.learner.batch import BATCH_SETTINGS
from streamsvd.ratings import RatingTable

Stop = Callable[[], bool]
BLOCK = 10_000  # ratings between two checks of whether to stop


class Stopped(Exception):
    """The user asked to stop."""


class Task(Protocol):
    """Scores settings; `defaults` are what the search changes."""

    name: str
    space: tuple[Range, ...]
    defaults: Settings

    def error(self, settings: Settings, stopped: Stop) -> float:
        """RMSE on the ratings that a search may see; raises `Stopped` soon after a stop is requested."""

    def report(self, settings: Settings) -> dict[str, float]:
        """Errors by name, on what a search may see and on the rest."""


class PrequentialTask:
    """Predict, score and learn the first half of the stream; the other half is kept apart.

    Parameters
    ----------
    table : RatingTable
    content : ContentSource, optional
    seed : int
        The learner's.
    """

    name = "prequential"
    space = MODELS[LEARNER].space
    defaults = Settings()

    def __init__(self, table: RatingTable, content: ContentSource | None = None, seed: int = 0) -> None:
        _check_size(table, 2)
        self._table, self._content, self._seed = table, content, seed
        self._seen = len(table) // 2

    def error(self, settings: Settings, stopped: Stop) -> float:
        """RMSE of the event protocol on the first half."""
        metrics = Prequential()
        evaluate(self._model(settings), self._table[: self._seen], metrics, chunk=BLOCK, progress=_stopping(stopped))
        return metrics.figures().rmse_event

    def report(self, settings: Settings) -> dict[str, float]:
        """RMSE of both protocols, on the first half of one run and on the rest of it."""
        model, found = self._model(settings), {}
        for part, rows in (("searched", self._table[: self._seen]), ("rest", self._table[self._seen :])):
            figures = evaluate(model, rows, Prequential()).figures()
            found[f"{part}, event"], found[f"{part}, page"] = figures.rmse_event, figures.rmse_page
        return found

    def _model(self, settings: Settings) -> IteratedSVD:
        return IteratedSVD(settings, scale=self._table.dataset.scale, content=self._content, seed=self._seed)


class CrossValidationTask:
    """Fit in batch and predict held-out folds of four fifths of the ratings; the last fifth is kept apart.

    A random fold knows no time, so the learner is fitted in batch (`streamsvd.learner.batch.fit`): swept towards its
    fixpoint, with every rating in its memory and without the calibration, which tracks the drift of a stream.

    Parameters
    ----------
    table : RatingTable
    content : ContentSource, optional
    seed : int
        Of the learner and of the folds.
    folds : int

    Attributes
    ----------
    seen, rest : int64 arrays
        Rows that the search may see, and those kept apart.
    folds : list of int64 arrays
        What each fold holds out of those seen.
    """

    name = "cv"
    space = MODELS[BATCH].space
    defaults = BATCH_SETTINGS

    def __init__(self, table: RatingTable, content: ContentSource | None = None, seed: int = 0, folds: int = 5) -> None:
        _check_size(table, 2 * folds)
        self._table, self._content, self._seed = table, content, seed
        order = np.random.default_rng(seed).permutation(len(table))
        self.seen, self.rest = np.split(order, [len(table) * 4 // 5])
        self.folds = np.array_split(self.seen, folds)

    def error(self, settings: Settings, stopped: Stop) -> float:
        """RMSE over all folds, each predicted from the others."""
        return self.folds_error(self._spec(settings), stopped)

    def report(self, settings: Settings) -> dict[str, float]:
        """RMSE over the folds, and on the rest when fitted to all folds."""
        errors = self._errors(self._spec(settings), self.seen, self.rest)
        return {
            "searched, folds": self.error(settings, lambda: False),
            "rest, held out": math.sqrt(float(errors @ errors) / len(self.rest)),
        }

    def folds_error(self, spec: ModelSpec, stopped: Stop = lambda: False) -> float:
        """`error` of any batch model."""
        squared = 0.0
        for held_out, fold in enumerate(self.folds):
            others = [rows for number, rows in enumerate(self.folds) if number != held_out]
            _stop_if(stopped)
            errors = self._errors(spec, np.concatenate(others), fold)
            squared += float(errors @ errors)
        return math.sqrt(squared / len(self.seen))

    def _spec(self, settings: Settings) -> ModelSpec:
        return ModelSpec(BATCH, settings.to_dict(), self._seed)

    def _errors(self, spec: ModelSpec, train: NDArray[np.int64], test: NDArray[np.int64]) -> NDArray[np.float64]:
        t = self._table
        model = spec.make_batch(t.dataset.scale, self._content)
        model.fit(t.users[train], t.items[train], t.ratings[train])
        return model.predict(t.users[test], t.items[test]) - t.ratings[test]


TASKS = {"prequential": PrequentialTask, "cv": CrossValidationTask}
"""What a search makes small, by the name of the protocol."""


def _check_size(table: RatingTable, least: int) -> None:
    if len(table) < least:
        raise InputError(f"{table.dataset.name} has {len(table)} ratings; tuning needs {least} at least")


def _stop_if(stopped: Stop) -> None:
    if stopped():
        raise Stopped


def _stopping(stopped: Stop) -> Callable[[int, Any], None]:
    return lambda _done, _metrics: _stop_if(stopped)
