"""The anytime-valid comparison: it holds under any number of looks, finds what there is, and knows no cuts."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad

from evaluation.shadows.sequential_test import Comparison, Verdict, log_mixture
from streamsvd.errors import InputError, SettingsError

SCALE = (1.0, 5.0)
ALPHA, STREAMS, LOOKS = 0.05, 800, 2000
SLACK = 3 * math.sqrt(ALPHA * (1 - ALPHA) / STREAMS)


def constant(chance: np.random.Generator, spread: float) -> NDArray[np.float64]:
    """Independent differences of either sign, always as large."""
    return spread * chance.choice([-1.0, 1.0], (STREAMS, LOOKS))


def skewed(chance: np.random.Generator, _: float) -> NDArray[np.float64]:
    """Small losses, and seldom a large gain."""
    return np.where(chance.random((STREAMS, LOOKS)) < 0.02, 0.98, -0.02)


def dependent(chance: np.random.Generator, spread: float) -> NDArray[np.float64]:
    """Martingale differences whose size follows what came before."""
    signs = chance.choice([-1.0, 1.0], (STREAMS, LOOKS))
    size = spread * (1.0 + 3.0 * (np.cumsum(signs, axis=1) > 0))
    return signs * np.concatenate([np.full((STREAMS, 1), spread), size[:, :-1]], axis=1)


def missed(observed: NDArray[np.float64], means: NDArray[np.float64]) -> float:
    """Share of streams whose interval ever missed the mean of the expectations so far."""
    distance = np.abs(np.cumsum(observed - means, axis=1))
    beyond = log_mixture(distance, np.cumsum(observed**2, axis=1)) >= math.log(2 / ALPHA)
    return float(beyond.any(axis=1).mean())


@pytest.mark.parametrize(
    ("draw", "spread"), [(constant, 1.0), (constant, 0.05), (skewed, 0.0), (dependent, 0.02), (dependent, 0.2)]
)
def test_looking_2000_times_at_equal_models_alarms_no_more_often_than_it_says(draw: Any, spread: float) -> None:
    observed = draw(np.random.default_rng(5), spread)
    assert missed(observed, np.zeros_like(observed)) <= ALPHA + SLACK


def test_an_expected_difference_that_changes_is_covered_too() -> None:
    chance = np.random.default_rng(6)
    means = np.broadcast_to(0.1 * np.sin(np.arange(LOOKS) / 40), (STREAMS, LOOKS))
    observed = np.where(chance.random(means.shape) < (1 + means / 0.3) / 2, 0.3, -0.3)
    assert missed(observed, means) <= ALPHA + SLACK


@pytest.mark.parametrize(("s", "v"), [(0.0, 0.0), (0.5, 0.1), (3.0, 2.0), (40.0, 90.0)])
def test_the_mixture_is_the_integral_that_it_stands_for(s: float, v: float) -> None:
    rho = 0.25
    mass = quad(lambda u: u ** (rho - 1) * math.exp(-rho * u), 0, 1)[0]
    found = quad(lambda u: u ** (rho - 1 + v) * math.exp(-rho * u + (1 - u) * (s + v)), 0, 1)[0] / mass
    assert log_mixture(np.array([s]), np.array([v]))[0] == pytest.approx(math.log(found), rel=1e-6, abs=1e-6)


# A stream of ratings with two models

Columns = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def stream(seed: int, n: int, worse: float = 0.0, page: int = 3) -> Columns:
    """Squared errors of two models that predict much the same; the first is worse by so many stars."""
    chance = np.random.default_rng(seed)
    errors, noise = chance.normal(0, 0.9, n), chance.normal(0, 0.3, (2, n))
    first, second = (np.clip(errors + worse + noise[0], -4, 4) ** 2, np.clip(errors + noise[1], -4, 4) ** 2)
    begins = np.arange(n) == 0
    begins |= chance.random(n) < 1 / page
    return begins, first, second, np.cumsum(begins).astype(np.int64)


def compared(columns: Columns, cuts: tuple[int, ...] = (), restart: bool = False) -> Comparison:
    comparison = Comparison(SCALE)
    bounds = [0, *sorted(cuts), len(columns[0])]
    for a, b in itertools.pairwise(bounds):
        comparison.update(*(column[a:b] for column in columns))
        if restart:
            comparison = Comparison.from_state(comparison.state())
    return comparison


def bits(comparison: Comparison) -> dict[str, Any]:
    return {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in comparison.state().items()}


def test_it_finds_the_better_model_and_says_by_how_much_and_since_when() -> None:
    columns = stream(1, 20_000, worse=0.5)
    verdict = compared(columns).verdict()
    rmse = np.sqrt(columns[1].mean()), np.sqrt(columns[2].mean())
    assert verdict.better == "served"
    assert verdict.squared_low < 0.25 < verdict.squared_high
    assert verdict.low > 0
    assert verdict.difference == pytest.approx(rmse[0] - rmse[1], rel=0.05)
    assert (verdict.rmse, verdict.rmse_served) == pytest.approx(rmse, rel=0.01)
    at = verdict.since_event
    assert at is not None
    assert verdict.since_time == columns[3][at - 1]
    assert compared(tuple(column[:at] for column in columns)).verdict().better is None  # type: ignore[arg-type]
    assert compared(tuple(column[: at + 1] for column in columns)).verdict().better == "served"  # type: ignore[arg-type]


def test_since_when_begins_anew_after_a_time_in_doubt() -> None:
    worse, better = stream(1, 6000, worse=0.6), stream(2, 60_000, worse=0.0)
    turned = better[0], better[1], np.minimum(better[2] + 0.2, 16), better[3] + int(worse[3][-1])
    columns: Columns = tuple(np.concatenate(pair) for pair in zip(worse, turned, strict=True))  # type: ignore[assignment]
    early = compared(worse).verdict()
    late = compared(columns).verdict()
    assert early.better == "served"
    assert late.better == "shadow"
    assert late.since_event is not None
    assert late.since_event > 6000


def test_equal_models_stay_undecided() -> None:
    verdict = compared(stream(3, 20_000)).verdict()
    assert (verdict.better, verdict.since_event, verdict.since_time) == (None, None, None)
    assert verdict.low < 0 < verdict.high


@given(
    st.integers(0, 5), st.lists(st.integers(0, 300), max_size=8).map(tuple), st.booleans(), st.sampled_from([1, 3, 40])
)
def test_neither_cuts_nor_restarts_change_a_bit(seed: int, cuts: tuple[int, ...], restart: bool, page: int) -> None:
    columns = stream(seed, 300, worse=1.0, page=page)
    assert bits(compared(columns, cuts, restart)) == bits(compared(columns))


@settings(max_examples=30)
@given(st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_within_a_block_changes_no_bit(seed: int, chance: Any) -> None:
    """Pages of a block change places, but for the one that ends it, and so do the ratings within each page."""
    begins, first, second, times = stream(seed, 400, worse=0.7)
    pages = np.split(np.arange(400), np.flatnonzero(begins)[1:])
    order: list[int] = []
    block: list[list[int]] = []
    for page in pages:
        shuffled = page.tolist()
        chance.shuffle(shuffled)
        block.append(shuffled)
        if sum(map(len, block)) >= 5:
            rest = block[:-1]
            chance.shuffle(rest)
            order += [k for page in [*rest, block[-1]] for k in page]
            block = []
    finished = len(order)
    page_of = np.cumsum(begins) - 1
    begins_again = np.diff(page_of[order], prepend=-1) != 0
    shuffled_columns = begins_again, first[order], second[order], times[order]
    straight = begins[:finished], first[:finished], second[:finished], times[:finished]
    a, b = compared(shuffled_columns), compared(straight)
    for name in ("counts", "sums", "since"):
        assert a.state()[name].tobytes() == b.state()[name].tobytes()


def test_seen_from_the_other_side_everything_changes_sign() -> None:
    begins, first, second, times = stream(4, 5000, worse=0.7)
    there, back = compared((begins, first, second, times)), compared((begins, second, first, times))
    assert bits(there.swapped()) == bits(back)
    assert bits(there.swapped().swapped()) == bits(there)
    assert there.swapped().verdict().better == "shadow"


def test_before_the_first_block_nothing_is_known() -> None:
    verdict: Verdict = Comparison(SCALE).verdict()
    assert (verdict.blocks, verdict.better, verdict.squared_low, verdict.squared_high) == (0, None, -16.0, 16.0)
    assert verdict.squared is None


def test_numbers_count_from_where_the_comparison_began() -> None:
    later = Comparison(SCALE, start=1000)
    columns = stream(1, 20_000, worse=0.5)
    later.update(*columns)
    at = compared(columns).verdict().since_event
    assert at is not None
    assert later.verdict().since_event == at + 1000


def test_what_cannot_be_compared_is_refused_and_changes_nothing() -> None:
    comparison = compared(stream(1, 50))
    before = bits(comparison)
    one, page, time = np.ones(1), np.ones(1, bool), np.zeros(1, np.int64)
    with pytest.raises(InputError, match="one page mark"):
        comparison.update(page, one, np.ones(2), time)
    for wrong in (np.array([17.0]), np.array([math.nan]), np.array([-1.0])):
        with pytest.raises(InputError, match="within the scale"):
            comparison.update(page, one, wrong, time)
    assert bits(comparison) == before
    with pytest.raises(SettingsError, match="low < high"):
        Comparison((5, 1))
