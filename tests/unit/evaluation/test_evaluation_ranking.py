"""Hit rate, NDCG and MRR: one case after another, and the same figures however the questions come."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import RankingFigures
from evaluation.metrics.ranking import Ranking, is_liked
from streamsvd.errors import InputError, SettingsError
from streamsvd.kernels.scale import Scale

QUESTIONS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


def asked(questions: list[tuple[int, int]], window: int = 4) -> RankingFigures:
    ranking = Ranking(3, window)
    ranking.update([event for event, _ in questions], [page for _, page in questions])
    return ranking.figures()


@pytest.mark.parametrize(
    ("place", "hit", "ndcg", "mrr"),
    [(1, 1.0, 1.0, 1.0), (2, 1.0, 1 / math.log2(3), 0.5), (3, 1.0, 0.5, 1 / 3), (0, 0.0, 0.0, 0.0)],
)
def test_one_question(place: int, hit: float, ndcg: float, mrr: float) -> None:
    figures = asked([(place, 0)])
    assert (figures.hit_rate_event, figures.ndcg_event, figures.mrr_event) == pytest.approx((hit, ndcg, mrr))
    assert (figures.hit_rate_page, figures.ndcg_page, figures.mrr_page) == (0, 0, 0)
    assert (figures.lists, figures.n, figures.window) == (1, 3, 1)


def test_without_questions_there_are_no_figures() -> None:
    figures = Ranking().figures()
    assert (figures.lists, figures.unknown_items, figures.window) == (0, 0, 0)
    assert math.isnan(figures.hit_rate_event)
    assert math.isnan(figures.ndcg_last_window)


def test_the_window_forgets() -> None:
    figures = asked([(1, 1), (0, 0), (0, 0), (0, 0), (2, 0)])
    assert figures.window == 4
    assert figures.hit_rate_last_window == 0.25
    assert figures.mrr_last_window == 0.125
    assert figures.ndcg_page_last_window == 0.0
    assert figures.hit_rate_event == 0.4


@given(QUESTIONS, st.integers(0, 30))
def test_against_plain_means_wherever_it_is_cut_and_restored(questions: list[tuple[int, int]], cut: int) -> None:
    ranking = Ranking(3, 4)
    ranking.update([e for e, _ in questions[:cut]], [p for _, p in questions[:cut]], unknown_items=1)
    ranking = Ranking.from_state(ranking.state())
    for event, page in questions[cut:]:
        ranking.update([event], [page])
    figures = ranking.figures()
    expected = asked(questions)
    assert {**asdict(figures), "unknown_items": 0} == asdict(expected)
    assert figures.unknown_items == 1
    events = [event for event, _ in questions]
    assert figures.mrr_event == pytest.approx(np.mean([1 / p if p else 0 for p in events]))
    assert figures.ndcg_last_window == pytest.approx(np.mean([1 / math.log2(1 + p) if p else 0 for p in events[-4:]]))


@given(QUESTIONS.flatmap(lambda asked: st.tuples(st.just(asked), st.permutations(asked))))
def test_the_order_of_questions_changes_no_cumulative_figure(
    both: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    left, right = (asdict(asked(questions)) for questions in both)
    assert {k: v for k, v in left.items() if "window" not in k} == {k: v for k, v in right.items() if "window" not in k}


@pytest.mark.parametrize(("event", "page"), [([4], [0]), ([-1], [0]), ([1, 2], [1])])
def test_refuses_places_that_are_on_no_list(event: list[int], page: list[int]) -> None:
    ranking = Ranking(3)
    with pytest.raises(InputError, match="0 to 3"):
        ranking.update(event, page)
    assert ranking.lists == 0


@pytest.mark.parametrize(("n", "window"), [(0, 5), (5, 0)])
def test_refuses_empty_lists_and_windows(n: int, window: int) -> None:
    with pytest.raises(SettingsError):
        Ranking(n, window)


@pytest.mark.parametrize(
    ("scale", "least"), [((1, 5), 4.0), ((0.5, 5), 4.0), ((0, 100), 75.0), ((1, 10), 7.75), ((-10, 10), 5.0)]
)
def test_what_counts_as_liked(scale: tuple[float, float], least: float) -> None:
    assert is_liked(np.array([least, least - 0.01]), Scale(*scale)).tolist() == [True, False]
