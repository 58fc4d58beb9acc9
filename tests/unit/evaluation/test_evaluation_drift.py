"""The drift detectors: the same detections as River's; a known change is found, and where there is none, silence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from river.drift import ADWIN, PageHinkley

from evaluation import Monitor, evaluate
from evaluation.metrics import kernels
from evaluation.metrics.drift import DELTA, GROUP, KEPT, MEMORY, THRESHOLD, TOLERANCE, DriftDetectors
from streamsvd import IteratedSVD
from streamsvd.ratings import Synthetic

Floats = NDArray[np.float64]


def adwin_of(values: list[float], delta: float) -> list[int]:
    """Where ours fires."""
    scalars, totals, counts = np.zeros(3), np.zeros((40, kernels.PER_SIZE)), np.zeros(40, np.int64)
    return [k for k, value in enumerate(values) if kernels.adwin_step(scalars, totals, counts, value, delta)]


def hinkley_of(values: list[float], tolerance: float, threshold: float) -> list[int]:
    scalars = np.zeros(6)
    return [k for k, value in enumerate(values) if kernels.hinkley_step(scalars, value, tolerance, threshold, MEMORY)]


def rivers(detector: Any, values: list[float]) -> list[int]:
    """Where River's fires."""
    found = []
    for k, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            found.append(k)
    return found


def pieces(seed: int) -> list[float]:
    """Noise around levels that change now and then."""
    random = np.random.default_rng(seed)
    levels = [random.normal(size=random.integers(20, 900)) * random.random() + random.normal() for _ in range(6)]
    return [float(value) for value in np.concatenate(levels)]


@pytest.mark.parametrize("seed", range(20))
def test_the_same_detections_as_rivers_on_random_streams(seed: int) -> None:
    values = pieces(seed)
    for delta in (0.002, 0.05):
        assert adwin_of(values, delta) == rivers(ADWIN(delta, clock=1), values)
    for tolerance, threshold in ((TOLERANCE, THRESHOLD), (0.005, 20.0)):
        detector = PageHinkley(delta=tolerance, threshold=threshold, alpha=MEMORY)
        assert hinkley_of(values, tolerance, threshold) == rivers(detector, values)


def test_random_streams_do_hold_changes() -> None:
    found = [(adwin_of(values, 0.002), hinkley_of(values, TOLERANCE, THRESHOLD)) for values in map(pieces, range(20))]
    assert sum(len(adwin) for adwin, _ in found) > 20
    assert sum(len(hinkley) for _, hinkley in found) > 20


LEVELS = st.lists(st.tuples(st.integers(1, 80), st.integers(-8, 8)), min_size=1, max_size=12)


@given(LEVELS, st.lists(st.integers(0, 4), min_size=1, max_size=7), st.sampled_from([0.002, 0.1, 0.5]))
@settings(max_examples=200)
def test_the_same_detections_as_rivers_on_any_stream(
    levels: list[tuple[int, int]], ripple: list[int], delta: float
) -> None:
    # quarters are summed without rounding: a tie is a tie in both
    values = [level + ripple[k % len(ripple)] / 4 for n, level in levels for k in range(n)]
    assert adwin_of(values, delta) == rivers(ADWIN(delta, clock=1), values)
    assert hinkley_of(values, 0.25, 3.0) == rivers(PageHinkley(delta=0.25, threshold=3.0, alpha=MEMORY), values)


def errors(n: int, change: int, after: float, seed: int = 0) -> Floats:
    """Normal errors whose deviation changes from 0.8 at one place."""
    random = np.random.default_rng(seed)
    noise: Floats = random.normal(size=n) * np.where(np.arange(n) < change, 0.8, after)
    return noise


@pytest.mark.parametrize(("after", "rose"), [(1.1, True), (0.55, False)])
@pytest.mark.parametrize("unit", [1.0, 0.5])
def test_a_change_is_found_soon_after_it_by_both(after: float, rose: bool, unit: float) -> None:
    drift = DriftDetectors(unit)
    drift.update(np.arange(40_000) + 7, errors(40_000, 20_000, after) / unit)
    marks = drift.detections
    assert {mark.detector for mark in marks} == {"adwin", "page-hinkley"}
    assert drift.counts == {"adwin": 1, "page-hinkley": 1}
    for mark in marks:
        assert 20_000 < mark.events < 27_000
        assert mark.events % GROUP == 0
        assert mark.event_time == mark.events + 6
        assert mark.rose == rose


@pytest.mark.parametrize("seed", range(5))
def test_a_stationary_stream_is_quiet(seed: int) -> None:
    drift = DriftDetectors()
    drift.update(np.arange(200_000), errors(200_000, 200_000, 1.0, seed))
    assert drift.detections == []
    assert drift.counts == {"adwin": 0, "page-hinkley": 0}


@given(st.lists(st.integers(0, 30_000), max_size=12))
@settings(max_examples=20)
def test_cuts_and_restarts_never_change_a_bit(cuts: list[int]) -> None:
    values, times = errors(30_000, 10_000, 1.5), np.arange(30_000)
    whole, pieces_, again = DriftDetectors(), DriftDetectors(), DriftDetectors()
    whole.update(times, values)
    ends = [*sorted(cuts), 30_000]
    for start, stop in zip([0, *ends], ends, strict=False):
        pieces_.update(times[start:stop], values[start:stop])
        again.update(times[start:stop], values[start:stop])
        again = DriftDetectors.from_state(again.state())
    expected = {name: array.tobytes() for name, array in whole.state().items()}
    assert expected == {name: array.tobytes() for name, array in pieces_.state().items()}
    assert expected == {name: array.tobytes() for name, array in again.state().items()}
    assert whole.detections == again.detections != []


def test_only_the_newest_marks_are_kept_and_all_are_counted() -> None:
    drift = DriftDetectors()
    n = 300
    levels = np.where(np.arange(n) % 2, 3.0, 0.2).repeat(40 * GROUP)
    drift.update(np.arange(len(levels)), levels)
    assert len(drift.detections) == KEPT < sum(drift.counts.values())
    assert drift.detections[-1].events > drift.detections[0].events
    assert math.isclose(DELTA, 0.002)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_sudden_change_of_tastes_is_found_while_a_model_learns_and_a_calm_stream_is_quiet(seed: int) -> None:
    for change in (None, 30_000):
        world = Synthetic(ratings=60_000, users=1200, items=2000, seed=seed, change=change)
        table = world.table()
        marks = evaluate(IteratedSVD(scale=world.dataset.scale), table, Monitor()).drift.detections
        if change is None:
            assert marks == []
        else:
            first = marks[0]
            assert change < first.events < change + 5_000
            assert first.rose
            assert first.event_time == table.timestamps[first.events - 1]
