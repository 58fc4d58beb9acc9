"""Prequential figures against plain formulas, wherever the stream is cut or the metrics are restored."""

from __future__ import annotations

import math
from dataclasses import asdict, astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation import Figures, Prequential
from streamsvd.errors import InputError, SettingsError

Floats = NDArray[np.float64]


def columns(n: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Ratings and two predictions of each."""
    random = np.random.default_rng(seed)
    ratings = random.integers(1, 6, n).astype(float)
    return ratings, ratings + random.normal(size=n), ratings + 1.1 * random.normal(size=n)


def scored(cuts: list[int], n: int, window: int, fading: float, *, restart: bool = False) -> Figures:
    given_, event, page = columns(n)
    metrics = Prequential(window, fading)
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), n], strict=True):
        metrics.update(given_[start:stop], event[start:stop], page[start:stop])
        if restart:
            metrics = Prequential.from_state(metrics.state())
    return metrics.figures()


@pytest.mark.parametrize(("n", "window", "fading"), [(1, 5, 0.5), (500, 100, 0.99), (500, 500, 0.9), (90, 100, 0.999)])
def test_against_plain_formulas(n: int, window: int, fading: float) -> None:
    ratings, event, page = columns(n)
    weights = fading ** np.arange(n - 1, -1, -1)
    expected = {"events": n, "window": min(n, window)}
    for protocol, predicted in (("event", event), ("page", page)):
        errors = predicted - ratings
        expected[f"rmse_{protocol}"] = math.sqrt((errors**2).mean())
        expected[f"mae_{protocol}"] = np.abs(errors).mean()
    last_event, last_page = (event - ratings)[-window:], (page - ratings)[-window:]
    expected["rmse_last_window"] = math.sqrt((last_event**2).mean())
    expected["mae_last_window"] = np.abs(last_event).mean()
    expected["rmse_page_last_window"] = math.sqrt((last_page**2).mean())
    expected["rmse_fading"] = math.sqrt((weights @ (event - ratings) ** 2) / weights.sum())
    expected["rmse_page_fading"] = math.sqrt((weights @ (page - ratings) ** 2) / weights.sum())
    assert asdict(scored([], n, window, fading)) == pytest.approx(expected, rel=1e-12)


@given(st.integers(1, 120), st.integers(1, 150), st.floats(0.01, 0.9999), st.data())
def test_cuts_and_restarts_never_change_a_figure(n: int, window: int, fading: float, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, n), max_size=15))
    whole = astuple(scored([], n, window, fading))
    assert astuple(scored(cuts, n, window, fading)) == whole
    assert astuple(scored(cuts, n, window, fading, restart=True)) == whole
    assert astuple(scored(list(range(1, n)), n, window, fading)) == whole


def test_states_do_not_tell_how_the_stream_was_cut() -> None:
    ratings, event, page = columns(300)
    whole, single = Prequential(50), Prequential(50)
    whole.update(ratings, event, page)
    for k in range(300):
        single.update(ratings[k : k + 1], event[k : k + 1], page[k : k + 1])
    left, right = whole.state(), single.state()
    assert {name: block.tobytes() for name, block in left.items()} == {
        name: block.tobytes() for name, block in right.items()
    }


def test_a_state_shares_nothing_with_its_metrics() -> None:
    metrics = Prequential(10)
    metrics.update(*columns(20))
    state = metrics.state()
    copy = Prequential.from_state(state)
    metrics.update(*columns(20, seed=1))
    assert copy.figures() != metrics.figures()
    assert copy.figures() == Prequential.from_state(state).figures()


def test_nothing_scored_yet() -> None:
    metrics = Prequential()
    metrics.update(*columns(0))
    figures = metrics.figures()
    assert (figures.events, figures.window) == (0, 0)
    assert all(math.isnan(value) for name, value in asdict(figures).items() if name not in {"events", "window"})
    assert str(Prequential.from_state(metrics.state()).figures()) == str(figures)


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_whole(column: int, bad: float) -> None:
    metrics = Prequential(10)
    metrics.update(*columns(20))
    before = metrics.figures()
    found = columns(5)
    found[column][3] = bad
    with pytest.raises(InputError, match="not a finite number; nothing has been scored"):
        metrics.update(*found)
    assert metrics.figures() == before


@pytest.mark.parametrize("lengths", [(1, 5, 5), (5, 1, 5), (5, 5, 1), (5, 0, 0)])
def test_lengths_must_agree(lengths: tuple[int, int, int]) -> None:
    metrics = Prequential()
    with pytest.raises(InputError, match="one of each"):
        metrics.update(*(column[:n] for column, n in zip(columns(5), lengths, strict=True)))
    assert metrics.figures().events == 0


@pytest.mark.parametrize(("window", "fading"), [(0, 0.9), (-1, 0.9), (5, 0.0), (5, 1.0), (5, math.nan)])
def test_settings_out_of_range(window: int, fading: float) -> None:
    with pytest.raises(SettingsError, match=f"window {window}, fading {fading}"):
        Prequential(window, fading)


def test_ratings_may_be_float32() -> None:
    single, double = Prequential(), Prequential()
    ratings, event, page = columns(50)
    single.update(ratings.astype(np.float32), event, page)
    double.update(ratings, event, page)
    assert single.figures() == double.figures()
