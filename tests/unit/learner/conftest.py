"""Real ratings and small streams for the learner's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from rating_streams import Stream, stream

from streamsvd.ratings import Catalogue, RatingTable, read_catalogue, read_ratings


@pytest.fixture(scope="session")
def events() -> Stream:
    """A small deterministic stream."""
    return stream()


@pytest.fixture(scope="session")
def tables(data_dir: Path) -> dict[str, tuple[RatingTable, Catalogue]]:
    """Both published sets with their catalogues."""
    found = {}
    for name in ("ml-100k", "ml-latest-small"):
        catalogue = read_catalogue(data_dir / name)
        assert catalogue is not None
        found[name] = (read_ratings(data_dir / name), catalogue)
    return found
