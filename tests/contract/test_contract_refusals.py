"""What cannot be a rating is refused whole: nothing is learned and no id becomes known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from learner_kinds import Kind
from rating_streams import Genres, digest

from streamsvd import IteratedSVD
from streamsvd.errors import InputError, SettingsError, StreamSVDError

NEW_USERS, NEW_ITEMS, GOOD, TIMES = ["new a", "new b"], ["new x", "new y"], [3.0, 4.0], [5, 6]


@pytest.mark.parametrize(
    "columns",
    [
        (NEW_USERS, NEW_ITEMS, [3.0, 5.5], TIMES),
        (NEW_USERS, NEW_ITEMS, [0.999, 5.0], TIMES),
        (NEW_USERS, NEW_ITEMS, [3.0, math.nan], TIMES),
        (NEW_USERS, NEW_ITEMS, [3.0, math.inf], TIMES),
        (NEW_USERS, NEW_ITEMS, ["3", "4"], TIMES),
        (NEW_USERS, NEW_ITEMS, [None, 3.0], TIMES),
        (NEW_USERS, NEW_ITEMS, [[3.0], [4.0]], TIMES),
        (NEW_USERS[:1], NEW_ITEMS, GOOD, TIMES),
        (NEW_USERS, NEW_ITEMS[:1], GOOD, TIMES),
        (NEW_USERS, NEW_ITEMS, [3.0], TIMES),
        (NEW_USERS, NEW_ITEMS, GOOD, [5]),
        (NEW_USERS, NEW_ITEMS, GOOD, [5.0, math.nan]),
        (NEW_USERS, NEW_ITEMS, GOOD, [5, 2**70]),
        (NEW_USERS, NEW_ITEMS, GOOD, ["yesterday", "today"]),
        (["new a", 1.5], NEW_ITEMS, GOOD, TIMES),
        (["new a", True], NEW_ITEMS, GOOD, TIMES),
        (["new a", None], NEW_ITEMS, GOOD, TIMES),
        (["new a", []], NEW_ITEMS, GOOD, TIMES),
        (NEW_USERS, ["new x", math.nan], GOOD, TIMES),
        (NEW_USERS, ["new x", b"bytes"], GOOD, TIMES),
    ],
)
def test_refused_whole(model: IteratedSVD, columns: Any) -> None:
    before, counts = digest(model.state()), (model.n_users, model.n_items, len(model))
    with pytest.raises(InputError):
        model.learn(*columns)
    assert digest(model.state()) == before
    assert (model.n_users, model.n_items, len(model)) == counts


def test_the_message_says_where(model: IteratedSVD) -> None:
    with pytest.raises(InputError, match=r"rating 7.0 at position 1 is not on the scale 1"):
        model.learn([1, 1], [1, 2], [3.0, 7.0])


def test_a_content_source_that_fails_leaves_no_id_behind() -> None:
    class Failing(Genres):
        def content(self, items: Any, /) -> Any:
            if "bad" in items:
                raise KeyError("bad")
            return super().content(items)

    model = IteratedSVD(content=Failing())
    model.learn_one("ann", "good", 4)
    before = digest(model.state())
    with pytest.raises(KeyError):
        model.learn(["bob", "bob"], ["fine", "bad"], GOOD)
    assert digest(model.state()) == before
    model.learn(["bob", "bob"], ["fine", "other"], GOOD)
    assert (model.n_users, model.n_items) == (2, 3)


def test_numpy_ids_are_plain_ids(kind: Kind) -> None:
    plain, numpy = kind.make(), kind.make()
    plain.learn([1, 2], ["a", "b"], GOOD, TIMES)
    numpy.learn([np.int32(1), np.int64(2)], [np.str_("a"), "b"], GOOD, TIMES)
    assert digest(plain.state()) == digest(numpy.state())
    third = kind.make()
    third.learn(np.array([1, 2]), np.array(["a", "b"]), np.float32(GOOD), np.array(TIMES))
    assert digest(plain.state()) == digest(third.state())


def test_the_int_and_the_text_are_two_users(kind: Kind) -> None:
    model = kind.make()
    model.learn([1, "1"], [1, "1"], GOOD)
    assert (model.n_users, model.n_items) == (2, 2)


def test_nothing_is_a_stream_too(kind: Kind) -> None:
    model = kind.make()
    before = digest(model.state())
    assert {column.shape for column in model.learn([], [], []) if column is not None} == {(0,)}
    assert digest(model.state()) == before


def test_another_catalogue_is_refused() -> None:
    state = IteratedSVD(content=Genres()).state()
    with pytest.raises(SettingsError, match="3 columns of item content, the given catalogue has 0"):
        IteratedSVD.from_state(state)
    assert issubclass(SettingsError, StreamSVDError)
