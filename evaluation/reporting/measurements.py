"""What a report measures: the study of the whole set and of its core, tuning, and the errors of every rating."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pandas as pd

from evaluation.reporting.tuned_models import Progress, TunedModel, part_of, tune_all
from evaluation.studies import FOLDS, Study, run_study, study_specs
from evaluation.studies.data_profile import rating_frame
from evaluation.studies.error_tables import scored_frame, unknown_shares
from evaluation.studies.filtering import nearest_core
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import Catalogue, RatingTable, k_core

CORE_SHARE = 0.47
"""Share of the ratings in the filtered set, as in earlier work that cut about 100,000 ratings to about 47,000."""
LEAST = 50  # ratings below which nothing is held out or tuned


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """How much a report measures.

    Attributes
    ----------
    folds : int
        Random fifths that are held out in turn, 1 to 5.
    trials : int
        Of each search for settings; 0 leaves tuning out.
    seed : int
    window : int
        Ratings of the rolling error.
    catalogue : bool
        Whether learners get genres and years.
    """

    folds: int = FOLDS
    trials: int = 12
    seed: int = 0
    window: int = 5000
    catalogue: bool = True


@dataclass(frozen=True, slots=True)
class Filtered:
    """The study of the part that a filter leaves."""

    k: int
    ratings: int
    users: int
    items: int
    study: Study


@dataclass(frozen=True, slots=True)
class Measurements:
    """All measurements of a report.

    Attributes
    ----------
    whole : Study or None
        None where there are too few ratings.
    filtered : Filtered or None
        None where the core has too few.
    tuned : list of TunedModel
    scored : DataFrame
        The stream with its predictions, as `scored_frame` makes it.
    unknown : (float, float)
        Shares of the last fifth of the stream by new users and of new items.
    seconds : float
        Of all measurements.
    """

    whole: Study | None
    filtered: Filtered | None
    tuned: list[TunedModel]
    scored: pd.DataFrame
    unknown: tuple[float, float]
    seconds: float


def measure(table: RatingTable, catalogue: Catalogue | None, plan: ReportPlan, progress: Progress) -> Measurements:
    """Measure everything on one data set."""
    began = time.perf_counter()
    content = catalogue if plan.catalogue else None
    progress("the stream", 0.0)
    model = IteratedSVD(scale=table.dataset.scale, content=content, seed=plan.seed)
    predictions = model.learn(table.users, table.items, table.ratings, table.timestamps)
    scored = scored_frame(rating_frame(table), predictions)
    whole = filtered = None
    tuned: list[TunedModel] = []
    if len(table) >= LEAST:
        whole = _study(table, content, plan, part_of(progress, 0.02, 0.5))
        filtered = _filtered(table, content, plan, part_of(progress, 0.5, 0.7, "the core, "))
        if plan.trials:
            tuned = tune_all(table, content, trials=plan.trials, seed=plan.seed, progress=part_of(progress, 0.7, 1.0))
    unknown = unknown_shares(table, len(table) - len(table) // FOLDS)
    return Measurements(whole, filtered, tuned, scored, unknown, time.perf_counter() - began)


def _study(table: RatingTable, content: Catalogue | None, plan: ReportPlan, progress: Progress) -> Study:
    return run_study(
        table,
        study_specs({}, catalogue=content is not None, seed=plan.seed),
        content,
        folds=plan.folds,
        seed=plan.seed,
        window=min(plan.window, max(len(table) // 10, 1)),
        progress=progress,
    )


def _filtered(table: RatingTable, content: Catalogue | None, plan: ReportPlan, progress: Progress) -> Filtered | None:
    k = nearest_core(table, CORE_SHARE)
    core = k_core(table, k)
    if k == 1 or len(core) < LEAST:
        return None
    frame = rating_frame(core)
    found = _study(core, content, plan, progress)
    return Filtered(k, len(core), frame["user"].nunique(), frame["item"].nunique(), found)
