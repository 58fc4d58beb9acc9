"""One engine, one image and one running system for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from composed import Composed, Shop, composed, shop_of
from container_engine import Engine, container_engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine with our image."""
    with container_engine() as found:
        yield found


@pytest.fixture(scope="session")
def system(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """All services, healthy."""
    with composed(engine, tmp_path_factory.mktemp("compose")) as running:
        yield running


@pytest.fixture(scope="session")
def shop(system: Composed) -> Iterator[Shop]:
    """An application with a key."""
    with shop_of(system) as asking:
        yield asking
