"""While one call brings a new version, others are answered from the one before, whole; large changes come in pieces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import redis
from cutting_proxy import CuttingProxy, cutting_proxy
from model_states import ByVersion, NoColumns, checkpoint, state
from numpy.typing import NDArray

from model_store import ModelReader, ModelWriter, connect
from model_store.codec.keys import Keys
from streamsvd.errors import SnapshotCorrupt, StoreUnavailable
from streamsvd.kernels.state import State

_SECONDS = 60.0
_MANY = 2500  # more than one step of the server brings


@dataclass
class Held(ByVersion):
    """Scoring whose views stop, once asked to, in the middle of taking in a new version."""

    wanted: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    meanwhile: Callable[[], object] = lambda: None

    def columns(self) -> _Columns:
        return _Columns(self)

    def hold(self) -> None:
        if self.wanted:
            self.wanted = False
            self.meanwhile()
            self.reached.set()
            assert self.may_go_on.wait(_SECONDS)


class _Columns(NoColumns):
    def __init__(self, held: Held) -> None:
        self._held = held

    def put(self, places: NDArray[np.int64], factors: NDArray[Any], size: int) -> None:  # noqa: ARG002
        self._held.hold()

    def copy(self) -> _Columns:
        return self


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def reader(client: redis.Redis, model_name: str, held: Held) -> ModelReader:
    return ModelReader(client, model_name, scoring=held)


@pytest.fixture
def proxy(redis_url: str) -> Iterator[CuttingProxy]:
    place = urlsplit(redis_url)
    with cutting_proxy(place.hostname or "127.0.0.1", place.port or 6379) as proxy:
        yield proxy


def write(writer: ModelWriter, version: int, changes: State, **more: Any) -> None:
    writer.write(checkpoint(version, writer.token, changes), **more)


def test_others_are_answered_from_the_version_before(writer: ModelWriter, reader: ModelReader, held: Held) -> None:
    write(writer, 1, state(1, range(5), range(30)))
    before = {user: reader.recommend(user, 30).items for user in range(5)}
    write(writer, 2, state(2, [1], range(30)))
    held.wanted = True
    with ThreadPoolExecutor(4) as pool:
        try:
            bringing = pool.submit(reader.recommend, 0, 30)
            assert held.reached.wait(_SECONDS)
            for user in (0, 2, 3, 4):
                answer = reader.recommend(user, 30)
                assert (answer.provenance.version, answer.items) == (1, before[user])
            assert [answer.provenance.version for answer in reader.recommend_many([2, 3])] == [1, 1]
            assert reader.status().version == 1
            waiting = [pool.submit(reader.recommend, 1), pool.submit(reader.recommend_many, [2, 1])]
            unknown = pool.submit(reader.recommend, 99)
        finally:
            held.may_go_on.set()
        assert bringing.result(_SECONDS).provenance.version == 2
        assert waiting[0].result(_SECONDS).provenance.version == 2  # its row is that of the new version
        assert {answer.provenance.version for answer in waiting[1].result(_SECONDS)} == {2}
        assert unknown.result(_SECONDS).provenance.version == 2  # nobody knows since when
    assert reader.recommend(3).provenance.version == 2


def test_a_version_that_cannot_be_read_is_an_error_for_who_brings_it_and_then_for_all(
    writer: ModelWriter, reader: ModelReader, held: Held, client: redis.Redis, model_name: str
) -> None:
    write(writer, 1, state(1, range(5), range(_MANY)))
    before = reader.recommend(3, 30).items
    write(writer, 2, state(2, [1], range(_MANY)))
    write(writer, 3, state(3, [1], range(_MANY)))
    key = Keys(model_name).block("items", "factors")
    sound = client.hget(key, "2000") or b""
    client.hset(key, "2000", sound[:-1] + bytes([sound[-1] ^ 1]))
    held.wanted = True
    with ThreadPoolExecutor(1) as pool:
        try:
            bringing = pool.submit(reader.recommend, 0)
            assert held.reached.wait(_SECONDS)
            answer = reader.recommend(3, 30)
        finally:
            held.may_go_on.set()
        assert (answer.provenance.version, answer.items) == (1, before)
        with pytest.raises(SnapshotCorrupt, match="2000 is damaged"):
            bringing.result(_SECONDS)
    with pytest.raises(SnapshotCorrupt, match="2000 is damaged"):
        reader.recommend(3)
    client.hset(key, "2000", sound)
    assert reader.recommend(3).provenance.version == 3


@pytest.mark.parametrize(("newest", "amid"), [(2, b"block:factors"), (3, b"EXEC")], ids=["delta", "pages"])
def test_a_connection_lost_while_a_version_is_brought_loses_nothing(
    writer: ModelWriter, proxy: CuttingProxy, model_name: str, newest: int, amid: bytes
) -> None:
    write(writer, 1, state(1, range(5), range(_MANY)))
    with connect(f"redis://127.0.0.1:{proxy.port}/0", for_lookups=True) as client:
        reader = ModelReader(client, model_name, scoring=ByVersion())
        reader.recommend(0)
        for version in range(2, newest + 1):
            write(writer, version, state(version, [1], range(_MANY)))
        proxy.cut_once(amid, delivered=False)
        with suppress(StoreUnavailable):  # the client may have tried again by itself
            reader.recommend(0)
        assert proxy.cuts == 1
        with reader.reading(3, ("factors",)) as (view, _):
            assert view.head.version == newest
            assert set(view.factors["version"].tolist()) == {newest}


def test_what_changes_while_pages_are_read_is_not_lost(
    writer: ModelWriter, reader: ModelReader, held: Held, client: redis.Redis, model_name: str
) -> None:
    write(writer, 1, state(1, range(3), range(_MANY)))
    reader.recommend(0)
    write(writer, 2, state(2, [], range(0, _MANY, 2)))

    def two_more() -> None:
        write(writer, 3, state(3, [1], [0, 5, 2400, _MANY]), removed_items=[7, 2498])
        write(writer, 4, state(4, [], range(1, _MANY, 2)), removed_items=[8])

    held.wanted, held.meanwhile = True, two_more
    held.may_go_on.set()
    fresh = ModelReader(client, model_name, scoring=ByVersion())
    with reader.reading(1, ("factors",)) as (view, row), fresh.reading(1, ("factors",)) as (newcomer, same):
        assert view.head == newcomer.head
        assert view.head.version == 4
        assert view.table.numbers == newcomer.table.numbers
        assert view.table.ids == newcomer.table.ids
        assert view.factors.tobytes() == newcomer.factors.tobytes()
        assert row["factors"].tobytes() == same["factors"].tobytes()
