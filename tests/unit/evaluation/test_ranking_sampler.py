"""The lists that would have been shown: against brute force, and the same wherever the stream is cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rating_streams import Stream, interleaved, stream

from evaluation.metrics.ranking import Ranking
from evaluation.metrics.ranking_sampler import ORDERS, RankingSampler
from streamsvd.errors import SettingsError
from streamsvd.kernels.scoring import score_items
from streamsvd.learner import Id, IteratedSVD
from streamsvd.learner.choices import Choices
from streamsvd.learner.live_items import LiveItems, ranked_ids
from streamsvd.lookup.choice_scores import ranking_scores
from streamsvd.lookup.item_table import FACTORS

SHORT = interleaved(stream(220, users=12, items=25, seed=5, again=0.1))
FIGURES = {"hit_rate", "ndcg", "mrr"}


def sampler(every: int = 1, n: int = 5) -> RankingSampler:
    return RankingSampler({name: Ranking(n, window=20) for name in ORDERS}, every=every)


def sampled(events: Stream, cuts: list[int], *, every: int = 1, restart: bool = False) -> RankingSampler:
    model, choices, sampling = IteratedSVD(), Choices(), sampler(every)
    edges = sorted({0, *cuts, len(events)})
    for start, stop in pairwise(edges):
        sampling.learn(model, choices, *events.cut(start, stop))
        if restart:
            state = choices.state(model)
            model, choices = IteratedSVD.from_state(state), Choices.from_state(state)
            sampling = RankingSampler.from_state(sampling.state())
    return sampling


@cache
def whole(every: int) -> RankingSampler:
    return sampled(SHORT, [], every=every)


def choice_scores(model: IteratedSVD, choices: Choices, user: Id) -> list[float]:
    table = LiveItems(model, choices)
    factors = table.user_row(user, [FACTORS]).get(FACTORS, [None])[0]
    ratings = score_items(table.settings, table.globals_, factors, table.factors)
    scores: list[float] = ranking_scores(choices.chances(model, user), ratings, model.scale).tolist()
    return scores


def places_by_brute_force(events: Stream, n: int) -> dict[str, list[tuple[int, int, bool]]]:
    """(event, page, unknown) of every question, with a list from scratch each time."""
    model, choices = IteratedSVD(), Choices()
    rated: dict[Id, set[Id]] = {}
    counts: Counter[Id] = Counter()
    found: dict[str, list[tuple[int, int, bool]]] = {"choice": [], "popular": []}
    time, pages = None, dict[Id, dict[str, list[Id]]]()
    for user, item, rating, timestamp in zip(*events, strict=True):
        names = model.state().items.ids
        chosen = choice_scores(model, choices, user) if names else []
        scores = {"choice": dict(zip(names, chosen, strict=True)), "popular": counts}
        free = [name for name in names if name not in rated.get(user, set())]
        now = {
            order: sorted(free, key=lambda x, s=score: (-s[x], isinstance(x, str), x))[:n]
            for order, score in scores.items()
        }
        time, pages = timestamp, pages if timestamp == time else {}
        lists = pages.setdefault(user, now)
        if rating >= 4 and item not in rated.get(user, set()):
            for order, places in found.items():
                event, before = ((x.index(item) + 1 if item in x else 0) for x in (now[order], lists[order]))
                places.append((event, before, item not in names))
        model.learn([user], [item], [rating], [timestamp])
        choices.learn(model, [user], [item])
        counts[item] += item not in rated.get(user, set())
        rated.setdefault(user, set()).add(item)
    return found


def test_against_brute_force() -> None:
    for order, places in places_by_brute_force(SHORT, 5).items():
        expected = Ranking(5, window=20)
        expected.update([e for e, _, _ in places], [p for _, p, _ in places], sum(unknown for *_, unknown in places))
        assert whole(1).ranking[order].figures() == expected.figures()
        assert expected.unknown_items > 0
        assert expected.figures().hit_rate_event > 0


@settings(max_examples=15)
@given(st.lists(st.integers(0, len(SHORT)), max_size=8), st.booleans(), st.sampled_from([1, 3]))
def test_cuts_and_restarts_change_nothing(cuts: list[int], restart: bool, every: int) -> None:
    expected, found = whole(every), sampled(SHORT, cuts, every=every, restart=restart)
    assert found.state().keys() == expected.state().keys()
    assert all(np.array_equal(found.state()[name], array) for name, array in expected.state().items())


def test_every_third_page_is_a_part_of_all() -> None:
    every, third = whole(1).ranking["choice"], whole(3).ranking["choice"]
    assert 0 < third.lists < every.lists
    assert sampled(SHORT, [], every=0).ranking["choice"].lists == 0


def test_learns_what_it_would_without_watching() -> None:
    model, plain = IteratedSVD(), IteratedSVD()
    found, expected = sampler().learn(model, Choices(), *SHORT), plain.learn(*SHORT)
    assert all((a == b).all() for a, b in zip(found, expected, strict=True))


def test_an_item_rated_again_is_no_question() -> None:
    model, choices, sampling = IteratedSVD(), Choices(), sampler()
    sampling.learn(model, choices, ["a", "b", "a"], ["x", "x", "x"], np.array([5.0, 5.0, 5.0]), [1, 2, 3])
    figures = sampling.ranking["choice"].figures()
    assert (figures.lists, figures.unknown_items) == (2, 1)  # the first, of an unknown item, and the known one
    assert figures.hit_rate_event == 0.5


def test_the_page_protocol_takes_the_list_from_before_the_page() -> None:
    model, choices, sampling = IteratedSVD(), Choices(), sampler(n=1)
    before = (["p", "q", "q"], ["x", "x", "y"], np.array([3.0, 3.0, 3.0]), [1, 2, 3])
    sampling.learn(model, choices, *before)
    sampling.learn(model, choices, ["u"], ["x"], np.array([5.0]), [9])
    sampling.learn(model, choices, ["u"], ["y"], np.array([5.0]), [9])  # the same page, though another call
    figures = sampling.ranking["popular"].figures()
    assert (figures.hit_rate_event, figures.hit_rate_page) == (1.0, 0.5)


def test_ties_are_in_the_order_of_ids() -> None:
    for names in (["b", 2, "a", 10, 1], [10, 1, "a", "b", 2]):
        model, choices = IteratedSVD(), Choices()
        users: list[Id] = [f"u{k}" for k in range(len(names))]
        values: NDArray[np.float64] = np.full(len(names), 3.0)
        sampler().learn(model, choices, users, names, values, list(range(len(names))))
        found = ranked_ids(LiveItems(model, choices), "new", 4, "popular", np.zeros(0, np.int32))
        assert found == [1, 2, 10, "a"]


def test_refuses_unknown_orders_and_negative_steps() -> None:
    with pytest.raises(SettingsError, match="alphabet"):
        RankingSampler({"alphabet": Ranking()})
    with pytest.raises(SettingsError, match="-1"):
        RankingSampler({"choice": Ranking()}, every=-1)


def test_figures_have_names_that_say_the_protocol() -> None:
    names = asdict(Ranking().figures())
    assert {f"{figure}_{protocol}" for figure in FIGURES for protocol in ("event", "page")} <= set(names)
