"""Content from a source of the user's own: what is no finite number, or of another shape, is refused at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from model_states import plain

from streamsvd.errors import InputError
from streamsvd.learner import Id, IteratedSVD


class Given:
    """Two columns; for the item `bad`, what it is told."""

    def __init__(self, bad: Any) -> None:
        self.bad = bad

    def content(self, items: Sequence[Id], /) -> Any:
        if "bad" in items:
            return self.bad
        return np.full((len(items), 2), 0.5)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (np.array([[0.5, np.nan]]), "item 'bad' has nan in column 1"),
        (np.array([[np.inf, 0.5]]), "item 'bad' has inf in column 0"),
        (np.array([[0.5, -1e300]]), "item 'bad' has -1e[+]300"),
        ([0.5, 0.5], r"has shape \(2,\); \(1, 2\) is needed"),
        ([[0.5]], "has shape"),
        ([[0.5, 0.5], [0.5, 0.5]], "has shape"),
        (0.5, "has shape"),
        ([[0.5, 0.5], [0.5]], "no array of numbers"),
        ([["drama", 0.5]], "no array of numbers"),
        (None, "has shape"),
    ],
)
def test_bad_content_is_refused_and_nothing_is_learned(bad: Any, reason: str) -> None:
    model = IteratedSVD(content=Given(bad))
    model.learn([1, 2, 1], ["a", "b", "b"], [1, 5, 3])
    before = plain(model.state())
    for refused in (
        lambda: model.learn([3], ["bad"], [4]),
        lambda: model.learn_one(3, "bad", 4),
        lambda: model.predict([1], ["bad"]),
    ):
        with pytest.raises(InputError, match=reason):
            refused()
    assert plain(model.state()) == before
    model.learn([3], ["c"], [4])
    assert np.isfinite(model.predict([1, 2, 3], ["a", "b", "c"])).all()


def test_lists_of_the_right_shape_are_content() -> None:
    model, same = IteratedSVD(content=Given([[0.5, 0.5]])), IteratedSVD(content=Given(np.full((1, 2), 0.5)))
    for one in (model, same):
        one.learn([1, 1], ["a", "b"], [1, 5])
        one.learn([1], ["bad"], [2])
    assert plain(model.state()) == plain(same.state())


def test_a_source_without_columns_is_refused() -> None:
    class Wrong:
        def content(self, items: Sequence[Id], /) -> Any:
            return [0.5 for _ in items]

    with pytest.raises(InputError, match="the content of no items has shape"):
        IteratedSVD(content=Wrong())
