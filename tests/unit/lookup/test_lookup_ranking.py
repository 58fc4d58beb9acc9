"""The best few, held to a plain sort."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import SettingsError
from streamsvd.lookup.ranking import best, ranking_called


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 1.5, 2.0, 5.0]), st.booleans()), max_size=20),
    st.integers(1, 25),
    st.randoms(use_true_random=False),
)
def test_equals_a_plain_sort(places: list[tuple[float, bool]], n: int, random: Random) -> None:
    ids: list[int | str] = random.sample([*range(20), *map(str, range(20))], len(places))
    scores, allowed = [score for score, _ in places], [may for _, may in places]
    order = sorted(range(len(ids)), key=lambda k: (-scores[k], isinstance(ids[k], str), ids[k]))
    expected = [k for k in order if allowed[k]][:n]
    assert best(np.array(scores, float), n, np.array(allowed, bool), ids).tolist() == expected


def test_an_unknown_ranking_is_refused() -> None:
    with pytest.raises(SettingsError, match="rating"):
        ranking_called("magic")
