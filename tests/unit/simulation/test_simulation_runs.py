"""Simulations in process: which ratings they learn and score, and that the same run has the same figures."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from evaluation import Prequential
from evaluation.models import parse_spec, shadow_names
from evaluation.studies.simulation import Outcome, PredictedPart, Predictor, Run, event_number, event_range, simulate
from evaluation.studies.simulation_grid import grid_specs, parse_grid
from evaluation.studies.simulation_jobs import simulate_all
from evaluation.studies.tuning_tasks import Stopped
from streamsvd.errors import InputError, SettingsError
from streamsvd.learner import Settings
from streamsvd.ratings import Catalogue, RatingTable, Synthetic

WORLD = Synthetic(ratings=4_000, users=200, items=500)
TABLE, CATALOGUE = WORLD.table(), WORLD.catalogue()
LEARNER = parse_spec("rank=2")


def plain(outcome: Outcome) -> tuple[object, ...]:
    """All but the seconds, to compare bit for bit."""
    return outcome.figures, {name: (str(a.dtype), a.tobytes()) for name, a in outcome.curve.items()}


def by_model(found: list[tuple[Run, Outcome]]) -> dict[str, object]:
    """Outcomes by their models, in no order."""
    return {run.spec.text: plain(outcome) for run, outcome in found}


def in_parts_of(n: int) -> Predictor:
    """Predictions that come in other parts."""

    def predict(table: RatingTable, catalogue: Catalogue | None, run: Run, tell: object, stopped: object) -> object:
        found = run.spec.make(table.dataset.scale, catalogue).learn(
            table.users, table.items, table.ratings, table.timestamps
        )
        for start in range(0, len(table), n):
            rows = slice(start, start + n)
            yield PredictedPart(table.ratings[rows].astype(np.float64), found.event[rows], found.page[rows])

    return predict  # type: ignore[return-value]


def test_a_run_is_the_prequential_evaluation_of_its_stretch_without_the_warm_up() -> None:
    part = TABLE[1_000:3_000]
    model = LEARNER.make(TABLE.dataset.scale, CATALOGUE)
    found = model.learn(part.users, part.items, part.ratings, part.timestamps)
    expected = Prequential(window=400)
    expected.update(part.ratings[500:], found.event[500:], found.page[500:])
    run = Run(spec=LEARNER, events=event_range(TABLE, 1_000, 3_000, 1_500), window=400, points=7)
    outcome = simulate(TABLE, CATALOGUE, run)
    assert {**asdict(expected.figures()), "learned": 2_000}.items() <= outcome.figures.items()
    assert outcome.curve["number"].tolist() == [1_500 + -(-1_500 * k // 7) for k in range(1, 8)]
    assert outcome.curve["events"][-1] == 1_500
    assert outcome.curve["event_time"][-1] == part.timestamps[-1]
    assert outcome.curve["rmse_page"][-1] == outcome.figures["rmse_page"]


@pytest.mark.parametrize("n", [1, 333, 4_000])
def test_how_predictions_are_cut_changes_nothing(n: int) -> None:
    run = Run(spec=LEARNER, events=event_range(TABLE, 100, 1_900, 150), window=300)
    assert plain(simulate(TABLE, CATALOGUE, run, predict=in_parts_of(n))) == plain(simulate(TABLE, CATALOGUE, run))


def test_more_points_than_ratings_are_a_point_each() -> None:
    outcome = simulate(TABLE, None, Run(spec=LEARNER, events=event_range(TABLE, 0, 30), points=100))
    assert outcome.curve["events"].tolist() == list(range(1, 31))


def test_in_parallel_is_as_one_by_one() -> None:
    specs = grid_specs(grid={"rank": ["1", "2"]}, baselines=["damped-means"])
    runs = [Run(spec=spec, events=event_range(TABLE, None, 2_000)) for spec in specs]
    seen: list[list[int]] = []
    one_by_one = list(simulate_all(TABLE, CATALOGUE, runs, show=lambda learned: seen.append(list(learned))))
    side_by_side = list(simulate_all(TABLE, CATALOGUE, runs, jobs=2))
    assert by_model(side_by_side) == by_model(one_by_one)
    assert len(one_by_one) == 3
    assert seen[-1] == [2_000] * 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_asked_to_stop_it_stops(jobs: int) -> None:
    runs = [Run(spec=spec, events=event_range(TABLE)) for spec in grid_specs(grid={"rank": ["1", "2"]})]
    with pytest.raises(Stopped):
        list(simulate_all(TABLE, CATALOGUE, runs, jobs=jobs, stopped=lambda: True))


def test_predictions_that_are_missing_are_an_error() -> None:
    run = Run(spec=LEARNER, events=event_range(TABLE, 0, 100))
    with pytest.raises(InputError, match="0 of 100 ratings were predicted"):
        simulate(TABLE, None, run, predict=lambda *_: iter(()))


def test_moments_are_found() -> None:
    noon = int(TABLE.timestamps[2_000])
    number = event_number(TABLE, noon, "time")
    assert TABLE.timestamps[number - 1] < noon <= TABLE.timestamps[number]
    assert (event_number(TABLE, 0, "time"), event_number(TABLE, 2**40, "time")) == (0, len(TABLE))


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((4_000, None, None), "no ratings from event 4,000 until event 4,000; there are 4,000, from "),
        ((None, 4_001, None), "until event 4,001"),
        ((200, 100, None), "no ratings from event 200 until event 100"),
        ((100, 200, 200), "a warm-up until event 200 leaves nothing to score before event 200; shorten it"),
    ],
)
def test_stretches_without_ratings_are_refused(bounds: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        event_range(TABLE, *bounds)


def test_grids_are_products_and_the_same_model_comes_once() -> None:
    grid = parse_grid(["rank=3,5", "ridge=7, 9"])
    texts = [spec.text for spec in grid_specs(grid=grid)]
    assert texts == ["rank=3,ridge=7.0", "rank=3,ridge=9.0", "rank=5,ridge=7.0", "rank=5,ridge=9.0"]
    assert len(grid_specs(files=[{"rank": Settings().rank}, {}])) == 1
    assert [spec.settings["ridge"] for spec in grid_specs(files=[{"rank": 3}], changes={"ridge": "5"})] == [5.0]


@pytest.mark.parametrize("text", ["rank", "rank=", "rank= ,"])
def test_grids_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="one name with its values is needed"):
        parse_grid([text])


def test_baselines_must_be_baselines_and_cannot_be_served() -> None:
    with pytest.raises(SettingsError, match=f"there are: {', '.join(shadow_names(baselines=True))}"):
        grid_specs(baselines=["rank=3"])
    with pytest.raises(SettingsError, match="the consumer serves the learner only"):
        Run(spec=parse_spec("damped-means"), events=event_range(TABLE), through="kafka")
