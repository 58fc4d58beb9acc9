"""Memory that grows, moves or starts large holds the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from rating_streams import Stream, digest, learn, stream

from streamsvd import IteratedSVD, Settings
from streamsvd.kernels import memory


@pytest.fixture(scope="module")
def long() -> Stream:
    """More users, items, pages and ratings than the first arrays hold."""
    return stream(6000, users=300, items=400, seed=2)


@pytest.mark.parametrize("settings", [Settings(), Settings(window=None, rank=2), Settings(window=2, rank=1)])
def test_growth_changes_no_bit(long: Stream, settings: Settings) -> None:
    grown, roomy = IteratedSVD(settings), IteratedSVD(settings)
    roomy._memory = memory.with_room(roomy._memory, 1000, 2000)
    for _ in range(3):
        roomy._memory = memory.with_room(roomy._memory, 10_000, 10_000)
    expected, found = learn(roomy, long), learn(grown, long, range(0, 6000, 7))
    assert all((a == b).all() for a, b in zip(expected, found, strict=True))
    assert digest(grown.state()) == digest(roomy.state())


def test_room_is_made_before_it_is_needed_and_only_then(long: Stream) -> None:
    model = IteratedSVD()
    learn(model, long)
    held = len(model._memory.x)
    assert model.n_users <= held <= 2 * model.n_users
    learn(model, long.cut(0, 100))
    assert len(model._memory.x) == held


def test_a_page_of_thousands() -> None:
    n = 5000
    model = IteratedSVD()
    predicted = model.learn(["me"] * n, list(range(n)), [3.0, 5.0] * (n // 2), [7] * n)
    first = IteratedSVD()
    assert (predicted.page == first.predict(["me"] * n, list(range(n)))).all()


def test_one_pass_never_refits(long: Stream) -> None:
    model = IteratedSVD(Settings(gamma=float("inf")))
    learn(model, long.cut(0, 500))
    for rows in (model.state().users, model.state().items):
        assert (rows.fixed["training"]["next_refit"] > 2**62).all()


def test_thousands_of_open_pages() -> None:
    n = 2000
    users, items, ratings = [*range(n)] * 2, [k % 7 for k in range(n)] + [7 + k % 7 for k in range(n)], [2.0, 5.0] * n
    model, pieces = IteratedSVD(), IteratedSVD()
    expected = model.learn(users, items, ratings, [7] * 2 * n)
    found = learn(pieces, Stream(users, items, np.array(ratings), np.full(2 * n, 7)), range(0, 2 * n, 97))
    assert all((a == b).all() for a, b in zip(expected, found, strict=True))
    for k in (0, 1234, n - 1):
        before = IteratedSVD()
        before.learn(users[:k], items[:k], ratings[:k], [7] * k)
        assert expected.page[n + k] == pytest.approx(before.predict_one(users[n + k], items[n + k], 7), abs=1e-12)
