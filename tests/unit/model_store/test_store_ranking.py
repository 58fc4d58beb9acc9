"""The best few, held to a plain sort."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_store.ranking import best


@given(st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 5.0]), max_size=20), st.integers(1, 25), st.data())
def test_equals_a_plain_sort(scores: list[float], n: int, data: st.DataObject) -> None:
    excluded = data.draw(st.lists(st.sampled_from(range(len(scores))))) if scores else []
    allowed = [k for k in range(len(scores)) if k not in excluded]
    expected = sorted(allowed, key=lambda k: (-scores[k], k))[:n]
    assert best(np.array(scores, float), n, np.array(excluded, int)).tolist() == expected
