"""Real ratings and small streams for the learner's tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from rating_streams import Stream, stream

from streamsvd.ratings import Catalogue, RatingTable, read_catalogue, read_ratings


@pytest.fixture(scope="session")
def events() -> Stream:
    """A small deterministic stream."""
    return stream()


@pytest.fixture(scope="session")
def tables(published: Callable[[str], Path]) -> Callable[[str], tuple[RatingTable, Catalogue]]:
    """Function from the name of a published set to its ratings and its catalogue."""

    @cache
    def read(name: str) -> tuple[RatingTable, Catalogue]:
        catalogue = read_catalogue(published(name))
        assert catalogue is not None
        return read_ratings(published(name)), catalogue

    return read
