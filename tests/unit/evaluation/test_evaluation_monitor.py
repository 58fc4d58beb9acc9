"""Windows, slices and calibration against plain formulas; cuts and restarts never change a bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation import Monitor, Prequential
from evaluation.metrics import Errors, Window
from evaluation.metrics.interval_coverage import PERCENT
from evaluation.metrics.slices import BUCKETS
from streamsvd.errors import InputError, SettingsError
from streamsvd.learner import Predictions
from streamsvd.ratings import Catalogue, CatalogueItem

CATALOGUE = Catalogue(
    [
        CatalogueItem(1, "A", ("Drama", "War")),
        CatalogueItem(2, "B", ("Comedy",)),
        CatalogueItem("3", "C"),
        CatalogueItem(4, "D", ("War",)),
    ]
)
ITEMS = [1, 2, "3", 4, "unknown"]
WINDOWS = (Window("events", 100), Window("events", 300), Window("seconds", 1000), Window("seconds", 200_000))


class Stream:
    """Made-up ratings with made-up predictions: numbers of a user now and then, times that mostly grow."""

    def __init__(self, n: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.items = [ITEMS[k] for k in random.integers(0, len(ITEMS), n)]
        self.ratings = random.integers(1, 11, n) / 2
        steps = random.choice([0, 1, 30, 5_000, 2_000_000, -40, -300_000], n, p=[0.4, 0.3, 0.2, 0.05, 0.01, 0.03, 0.01])
        self.times = np.maximum(900_000_000 + np.cumsum(steps), 0)
        self.predictions = Predictions(
            event=self.ratings + random.normal(size=n),
            page=self.ratings + 1.1 * random.normal(size=n),
            deviation=0.5 + random.random(n),
            user_counts=random.choice([0, 1, 4, 5, 19, 20, 99, 100, 5000], n),
            item_counts=random.integers(0, 3, n),
        )

    def __len__(self) -> int:
        return len(self.items)

    def cut(self, start: int, stop: int) -> tuple[Any, ...]:
        part = slice(start, stop)
        predictions = Predictions(*(column[part] for column in self.predictions if column is not None))
        return self.items[part], self.ratings[part], self.times[part], predictions

    def errors(self, chosen: Sequence[bool] | NDArray[np.bool_]) -> Errors:
        """By plain formulas."""
        numbers: list[float] = []
        for predicted in (self.predictions.event, self.predictions.page):
            errors = (predicted - self.ratings)[np.asarray(chosen)]
            if not len(errors):
                return Errors(0, *[math.nan] * 6)
            numbers += [math.sqrt((errors**2).mean()), abs(errors).mean(), errors.mean()]
        return Errors(int(np.sum(chosen)), *numbers)


def close(found: Errors, expected: Errors) -> bool:
    numbers = [[getattr(errors, name) for name in Errors.__slots__] for errors in (found, expected)]
    return bool(np.allclose(*numbers, rtol=1e-9, atol=1e-12, equal_nan=True))


def scored(stream: Stream, cuts: Sequence[int] = (), *, restart: bool = False) -> Monitor:
    monitor = Monitor(Prequential(50), CATALOGUE, windows=WINDOWS)
    ends = [*sorted(cuts), len(stream)]
    for start, stop in zip([0, *ends], ends, strict=False):
        monitor.score(*stream.cut(start, stop))
        if restart:
            monitor = Monitor.from_state(monitor.state(), CATALOGUE)
    return monitor


def bits(monitor: Monitor) -> dict[str, tuple[Any, ...]]:
    return {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in monitor.state().items()}


@given(st.integers(0, 400), st.integers(0, 9), st.data())
def test_cuts_and_restarts_never_change_a_bit(n: int, seed: int, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, n), max_size=8))
    stream = Stream(n, seed)
    whole = bits(scored(stream))
    assert bits(scored(stream, cuts)) == whole
    assert bits(scored(stream, cuts, restart=True)) == whole


@pytest.mark.parametrize("n", [1, 99, 100, 101, 1000, 2345])
def test_windows_against_plain_formulas(n: int) -> None:
    stream = Stream(n)
    found = scored(stream).windows.errors()
    assert tuple(found) == WINDOWS
    for window, errors in found.items():
        width = window.size // 100
        places = np.arange(n) if window.unit == "events" else stream.times
        newest = np.maximum.accumulate(places // width)  # a rating counts when it was within the window as it came
        inside = (places // width > newest[-1] - 100) & (places // width > newest - 100)
        assert close(errors, stream.errors(inside)), window


def test_at_round_numbers_a_window_of_ratings_holds_exactly_its_size() -> None:
    found = scored(Stream(900)).windows.errors()
    assert [found[window].events for window in WINDOWS[:2]] == [100, 300]


def test_slices_against_plain_formulas() -> None:
    stream = Stream(3000)
    found = scored(stream).slices.errors()
    users, items = stream.predictions.user_counts, stream.predictions.item_counts
    assert users is not None
    assert items is not None
    months = [datetime.fromtimestamp(time, UTC).strftime("%Y-%m") for time in stream.times.tolist()]
    expected: dict[tuple[str, str], Any] = {
        ("user", "new"): users == 0,
        ("user", "known"): users > 0,
        ("item", "new"): items == 0,
        ("item", "known"): items > 0,
    }
    limits = [(0, 0), (1, 4), (5, 19), (20, 99), (100, 10**9)]
    for bucket, (low, high) in zip(BUCKETS, limits, strict=True):
        expected["ratings of the user", bucket] = (users >= low) & (users <= high)
    for genre in ("Comedy", "Drama", "War"):
        expected["genre", genre] = [item in CATALOGUE and genre in CATALOGUE[item].genres for item in stream.items]
    for month in sorted(set(months)):
        expected["month", month] = [name == month for name in months]
    assert list(found) == list(expected)
    assert len(set(months)) > 3
    for name, chosen in expected.items():
        assert close(found[name], stream.errors(chosen)), name


@pytest.mark.parametrize("time", [-1, -(10**12), 99_999_999_999])
def test_a_time_out_of_this_world_is_in_no_month(time: int) -> None:
    stream = Stream(10)
    stream.times[:] = time
    found = scored(stream).slices.errors()
    assert not [name for by, name in found if by == "month"]
    assert found["user", "known"].events + found["user", "new"].events == 10


def test_calibration_against_plain_formulas() -> None:
    stream = Stream(2000)
    found = scored(stream).coverage.figures()
    users, deviation = stream.predictions.user_counts, stream.predictions.deviation
    assert users is not None
    error = stream.predictions.event - stream.ratings
    constant = np.sqrt((1 + np.cumsum(error**2) - error**2) / (1 + np.arange(len(error))))
    limits = {"all": (0, 10**9), **dict(zip(BUCKETS, [(0, 0), (1, 4), (5, 19), (20, 99), (100, 10**9)], strict=True))}
    assert list(found) == list(limits)
    for name, (low, high) in limits.items():
        chosen = (users >= low) & (users <= high)
        assert found[name].events == chosen.sum()
        for percent in PERCENT:
            half = NormalDist().inv_cdf(0.5 + percent / 200)
            assert getattr(found[name], f"within_{percent}") == pytest.approx(
                (abs(error) <= half * deviation)[chosen].mean()
            )
        densities: list[Callable[[float], float]] = [NormalDist(0, sigma).pdf for sigma in deviation.tolist()]
        likely = [math.log(pdf(x)) for pdf, x in zip(densities, error.tolist(), strict=True)]
        assert found[name].log_likelihood == pytest.approx(np.array(likely)[chosen].mean())
        likely = [math.log(NormalDist(0, sigma).pdf(x)) for sigma, x in zip(constant, error, strict=True)]
        assert found[name].log_likelihood_constant == pytest.approx(np.array(likely)[chosen].mean())


def test_right_deviations_are_found_to_be_calibrated() -> None:
    stream = Stream(50_000)
    random = np.random.default_rng(1)
    deviation = 0.5 + random.random(len(stream))
    stream.predictions = stream.predictions._replace(
        deviation=deviation, event=stream.ratings + deviation * random.normal(size=len(stream))
    )
    found = scored(stream).coverage.figures()["all"]
    within = [getattr(found, f"within_{percent}") for percent in PERCENT]
    assert within == pytest.approx([percent / 100 for percent in PERCENT], abs=0.01)
    assert found.log_likelihood > found.log_likelihood_constant


def test_nothing_scored_yet() -> None:
    monitor = Monitor(windows=WINDOWS)
    assert monitor.events == 0
    assert all(errors.events == 0 and math.isnan(errors.rmse_page) for errors in monitor.windows.errors().values())
    assert all(math.isnan(part.within_90) for part in monitor.coverage.figures().values())
    assert monitor.drift.detections == []


def test_the_state_of_an_older_release_gives_its_figures_and_begins_the_rest() -> None:
    stream = Stream(500)
    older = scored(stream)
    monitor = Monitor.from_state(older.prequential.state(), CATALOGUE)
    assert monitor.figures() == older.figures()
    assert monitor.slices.errors()["user", "new"].events == 0
    monitor.score(*stream.cut(0, 100))
    assert monitor.events == 600
    assert monitor.coverage.figures()["all"].events == 100


@pytest.mark.parametrize("column", ["event", "page", "deviation"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_whole(column: str, bad: float) -> None:
    stream = Stream(100)
    monitor = scored(stream)
    before = bits(monitor)
    getattr(stream.predictions, column)[7] = bad
    with pytest.raises(InputError, match="nothing has been scored"):
        monitor.score(*stream.cut(0, 50))
    assert bits(monitor) == before


def test_one_of_each_is_needed_and_the_learner_must_count() -> None:
    stream, monitor = Stream(10), Monitor()
    items, ratings, times, predictions = stream.cut(0, 10)
    for wrong in ((items[1:], ratings, times), (items, ratings[1:], times), (items, ratings, times[1:])):
        with pytest.raises(InputError, match="one is needed for each rating"):
            monitor.score(*wrong, predictions)
    with pytest.raises(InputError, match="counts"):
        monitor.score(items, ratings, times, predictions._replace(user_counts=None))
    assert monitor.events == 0


@pytest.mark.parametrize("size", [0, 99, 150, -100])
def test_a_window_is_cut_into_hundredths(size: int) -> None:
    with pytest.raises(SettingsError, match="multiple of 100"):
        Window("events", size)
