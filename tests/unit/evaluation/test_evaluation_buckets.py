"""The numbers of ratings of a user, by which slices and interval coverage are counted."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.metrics.interval_coverage import IntervalCoverage
from evaluation.metrics.slices import BUCKETS, Slices


@pytest.mark.parametrize(
    ("count", "bucket"), [(0, "0"), (1, "1-4"), (4, "1-4"), (5, "5-19"), (99, "20-99"), (100, "100+")]
)
def test_a_rating_counts_in_the_bucket_of_its_user(count: int, bucket: str) -> None:
    counts, one = np.array([count]), np.ones(1)
    slices, coverage = Slices(), IntervalCoverage()
    slices.update(np.array([7]), np.array([0]), counts, counts, one, one)
    coverage.update(counts, one, one)
    expected = {name: float(name == bucket) for name in BUCKETS}
    found = {name: errors.events for (by, name), errors in slices.errors().items() if by == "ratings of the user"}
    assert {name: float(found.get(name, 0)) for name in BUCKETS} == expected
    assert {name: float(coverage.figures()[name].events) for name in BUCKETS} == expected
