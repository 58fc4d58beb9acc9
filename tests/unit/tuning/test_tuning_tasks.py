"""What settings are judged by: the errors are those of an evaluation, and the rest is not looked at."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evaluation import Prequential, evaluate
from evaluation.studies.tuning_tasks import CrossValidationTask, PrequentialTask, Stopped
from streamsvd.errors import InputError
from streamsvd.learner import IteratedSVD, Settings
from streamsvd.ratings import RatingTable, Synthetic

NARROW = Settings(rank=2)


@pytest.fixture(scope="module")
def table() -> RatingTable:
    return Synthetic(ratings=3_000, users=60, items=1_000, seed=5).table()


def never() -> bool:
    return False


def test_prequential_error_is_that_of_the_first_half(table: RatingTable) -> None:
    model = IteratedSVD(NARROW, scale=table.dataset.scale)
    expected = evaluate(model, table[:1_500], Prequential()).figures()
    task = PrequentialTask(table)
    assert task.error(NARROW, never) == expected.rmse_event
    assert task.report(NARROW)["searched, page"] == expected.rmse_page


def test_the_halves_make_up_the_whole(table: RatingTable) -> None:
    whole = evaluate(IteratedSVD(NARROW, scale=table.dataset.scale), table, Prequential()).figures()
    report = PrequentialTask(table).report(NARROW)
    mean = (report["searched, event"] ** 2 + report["rest, event"] ** 2) / 2
    assert np.sqrt(mean) == pytest.approx(whole.rmse_event, rel=1e-12)


def test_ratings_kept_apart_do_not_change_what_the_search_sees(table: RatingTable) -> None:
    for task, apart in (
        (PrequentialTask, np.arange(1_500, 3_000)),
        (CrossValidationTask, np.random.default_rng(0).permutation(3_000)[2_400:]),
    ):
        changed = table.ratings.copy()
        changed[apart] = table.dataset.scale[0]
        other = dataclasses.replace(table, ratings=changed)
        assert task(other).error(NARROW, never) == task(table).error(NARROW, never)
        rest = [name for name in task(table).report(NARROW) if name.startswith("rest")]
        assert all(task(other).report(NARROW)[name] != task(table).report(NARROW)[name] for name in rest)


def test_folds_depend_on_the_seed_only(table: RatingTable) -> None:
    first, again, other = (CrossValidationTask(table, seed=seed).error(NARROW, never) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_held_out_error_is_below_that_of_the_mean(table: RatingTable) -> None:
    report = CrossValidationTask(table).report(NARROW)
    spread = table.ratings.std()
    assert all(error < 0.95 * spread for error in report.values())


@pytest.mark.parametrize("kind", [PrequentialTask, CrossValidationTask])
def test_a_task_stops_when_asked_to(table: RatingTable, kind: type[PrequentialTask | CrossValidationTask]) -> None:
    with pytest.raises(Stopped):
        kind(table).error(NARROW, lambda: True)


@pytest.mark.parametrize(("kind", "size"), [(PrequentialTask, 1), (CrossValidationTask, 9)])
def test_too_few_ratings_are_refused(
    table: RatingTable, kind: type[PrequentialTask | CrossValidationTask], size: int
) -> None:
    with pytest.raises(InputError, match="at least"):
        kind(table[:size])
