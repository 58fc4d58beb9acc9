"""What all tests share: real services, one set a worker process, and names that no other test uses."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from streamsvd.embedded import provide_kafka, provide_redis

_ROOT = Path(__file__).resolve().parent.parent
_SETS = ("ml-100k/u.data", "ml-latest-small/ratings.csv")


def pytest_configure() -> None:
    """Settings of the libraries that all tests share."""
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


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder with the published sets ``ml-100k`` and ``ml-latest-small``; STREAMSVD_DATA names another."""
    folder = Path(os.environ.get("STREAMSVD_DATA") or _ROOT.parent / "shared" / "data").resolve()
    missing = [name for name in _SETS if not (folder / name).is_file()]
    if missing:
        reason = f"{folder} lacks {', '.join(missing)}: set STREAMSVD_DATA to the folder of the unzipped sets"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


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
