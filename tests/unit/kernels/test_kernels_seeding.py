"""Factors before the first rating depend on seed and id, and on nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.kernels.seeding import normals

IDS = st.lists(st.one_of(st.integers(), st.text()), min_size=1, max_size=20)


@given(IDS, st.integers(), st.randoms(use_true_random=False))
def test_order_does_not_matter(ids: list[int | str], seed: int, random: np.random.Generator) -> None:
    order = list(range(len(ids)))
    random.shuffle(order)
    assert (normals(seed, ids, 5)[order] == normals(seed, [ids[k] for k in order], 5)).all()


def test_standard_normal_and_uncorrelated() -> None:
    drawn = normals(3, list(range(20_000)), 8)
    assert np.isfinite(drawn).all()
    assert np.abs(drawn.mean(axis=0)).max() < 0.03
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(8), atol=0.04)
    assert abs((drawn**4).mean() - 3) < 0.1
    assert abs(np.mean(drawn[1:] * drawn[:-1])) < 0.01  # neighbouring ids


def test_seed_id_and_type_of_id_each_matter() -> None:
    rows = [normals(seed, [name], 8)[0] for seed in (0, 1, -1) for name in (1, "1", 11, "a", "")]
    assert len({row.tobytes() for row in rows}) == len(rows)


def test_any_text_is_an_id() -> None:
    assert np.isfinite(normals(0, ["\ud800", "\x00", "ß" * 10_000, 10**400], 3)).all()
    assert normals(0, [], 3).shape == (0, 3)
