"""Every contract test runs over every kind of learner."""

from __future__ import annotations

import pytest
from learner_kinds import KINDS, Kind
from rating_streams import Stream, learn, stream

from streamsvd.learner import IteratedSVD


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """One kind of learner."""
    found: Kind = request.param
    return found


@pytest.fixture(scope="session")
def events() -> Stream:
    """A stream long enough for windows to slide and the prior to be learned."""
    return stream()


@pytest.fixture
def model(kind: Kind, events: Stream) -> IteratedSVD:
    """A learner that has learned the stream."""
    learned = kind.make()
    learn(learned, events)
    return learned
