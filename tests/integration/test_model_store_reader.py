"""Lookups from a real Redis: the right items, of one version, by many threads, while a writer writes."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import redis
from model_states import ByVersion, checkpoint, rows, seen_entries, state
from numpy.typing import NDArray

from model_store import ModelReader, ModelWriter, connect
from model_store.codec.keys import Keys
from model_store.read.view import View
from streamsvd.errors import SettingsError, SnapshotCorrupt, SnapshotMissing, StoreError
from streamsvd.kernels.state import Ragged, State
from streamsvd.ratings import CatalogueItem


@pytest.fixture
def reader(client: redis.Redis, model_name: str) -> ModelReader:
    return ModelReader(client, model_name, scoring=ByVersion(), clock=lambda: 1_700_000_100.0)


def with_seen(whole: State, seen: dict[int, list[int]]) -> State:
    """The state with other lists of what was rated."""
    lists = [seen.get(int(number), []) for number in whole.users.numbers]
    values = seen_entries([item for part in lists for item in part])
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in lists])]).astype(np.int64)
    ragged = {**whole.users.ragged, "seen": Ragged(values, offsets)}
    return replace(whole, users=replace(whole.users, ragged=ragged))


def test_the_best_that_the_user_has_not_rated(writer: ModelWriter, reader: ModelReader) -> None:
    whole = with_seen(state(1, range(4), range(30)), {2: [4, 7]})
    writer.write(checkpoint(1, writer.token, whole), catalogue=[CatalogueItem(5, "Amélie (2001)", ("Comedy",), 2001)])
    items = whole.items.fixed["factors"]
    scores = items["x"] @ whole.users.fixed["factors"]["x"][2]
    expected = [k for k in np.argsort(-scores, kind="stable").tolist() if k not in (4, 7)]
    answer = reader.recommend(2, n=28)
    assert [item.item for item in answer.items] == expected
    assert [item.score for item in answer.items] == scores[expected].tolist()
    five = next(item for item in answer.items if item.item == 5)
    assert (five.title, five.genres, five.year) == ("Amélie (2001)", ("Comedy",), 2001)
    assert reader.recommend(2, n=3).items == answer.items[:3]
    assert len(reader.recommend(2, n=100).items) == 28


def test_provenance(writer: ModelWriter, reader: ModelReader) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [0], [0])))
    found = reader.recommend(0).provenance
    assert (found.version, found.offsets) == (1, {"ratings/0": 100, "films/0": 7})
    assert (found.event_time, found.written_at) == (880_000_001, 1_700_000_001.25)
    assert (found.age_seconds, found.rmse) == (98.75, 0.901)
    assert reader.status() == found


def test_an_unknown_user_gets_the_best_for_all_users_marked_as_such(writer: ModelWriter, reader: ModelReader) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [0], range(5))))
    for user in (99, "nobody"):
        answer = reader.recommend(user, n=2)
        assert [item.item for item in answer.items] == [4, 3]
        assert not answer.known_user
    assert reader.user_blocks(99) == {}


def test_ties_come_by_id_numbers_before_text(writer: ModelWriter, client: redis.Redis, model_name: str) -> None:
    ids: list[int | str] = ["b", 10, "a", 9, 100, "10"]
    whole = replace(state(1, [0], []), items=rows(1, ids, range(6), seen=False))
    writer.write(checkpoint(1, writer.token, whole))

    class AllAlike(ByVersion):
        def exact(self, *_: Any) -> NDArray[np.float64]:
            return np.zeros(len(_[-1]))

    flat = ModelReader(client, model_name, scoring=AllAlike())
    assert [item.item for item in flat.recommend(0).items] == [9, 10, 100, "10", "a", "b"]
    assert [item.item for item in flat.recommend(0, n=2).items] == [9, 10]


def test_all_blocks_of_a_user(writer: ModelWriter, reader: ModelReader) -> None:
    whole = state(1, range(4), [0])
    writer.write(checkpoint(1, writer.token, whole))
    found = reader.user_blocks(3)
    assert set(found) == {"factors", "training", "window", "seen"}
    assert found["training"].tobytes() == whole.users.fixed["training"][3:4].tobytes()
    assert found["window"].tobytes() == whole.users.ragged["window"].row(3).tobytes()


def test_no_snapshot_is_said(reader: ModelReader) -> None:
    with pytest.raises(SnapshotMissing, match="no snapshot of model"):
        reader.recommend(1)


def test_before_the_first_item_the_answer_is_empty(writer: ModelWriter, client: redis.Redis, model_name: str) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [], [])))
    assert ModelReader(client, model_name).recommend(1).items == ()


def test_n_is_at_least_one(reader: ModelReader) -> None:
    with pytest.raises(SettingsError, match="n is 0"):
        reader.recommend(1, n=0)


def test_a_client_that_decodes_is_refused(model_name: str) -> None:
    with redis.Redis(decode_responses=True) as decoding, pytest.raises(SettingsError, match="connect"):
        ModelReader(decoding, model_name, scoring=ByVersion())


def test_damage_is_named(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(4), range(4))))
    keys = Keys(model_name)
    blob = client.hget(keys.block("users", "seen"), "3") or b""
    client.hset(keys.block("users", "seen"), "3", blob[:-1] + bytes([blob[-1] ^ 1]))
    client.hdel(keys.block("users", "seen"), "2")
    reader = ModelReader(client, model_name, scoring=ByVersion())
    with pytest.raises(SnapshotCorrupt, match=r"seen of 3 is damaged.*rebuild"):
        reader.recommend(3)
    with pytest.raises(SnapshotCorrupt, match="user 2 has no seen"):
        reader.recommend(2)
    assert reader.recommend(1).items
    client.hset(keys.catalogue, "1", "{")
    writer.write(checkpoint(2, writer.token, state(2, [1], [1])), catalogue=[CatalogueItem(1, "One")])
    client.hset(keys.catalogue, "1", "{")
    with pytest.raises(SnapshotCorrupt, match=r"catalogue of b'1' is damaged"):
        reader.recommend(1)


def test_a_reader_needs_no_right_to_write(
    client: redis.Redis, redis_url: str, model_name: str, writer: ModelWriter
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(4), range(4))), catalogue=[CatalogueItem(1, "One")])
    name = f"reader-{model_name}"
    rights = ["+@read", "+@connection", "+eval", "+evalsha", "+script|load"]
    client.acl_setuser(name, enabled=True, passwords=["+pass"], keys=["streamsvd:*"], commands=rights)
    place = redis_url.rpartition("@")[2].removeprefix("redis://")
    try:
        with connect(f"redis://{name}:pass@{place}") as limited:
            assert ModelReader(limited, model_name, scoring=ByVersion()).recommend(1).items
            forbidden = ModelWriter(limited, model_name)
            with pytest.raises(StoreError, match="permission"):
                forbidden.acquire()
            forbidden.close()
        more = [*rights, "+@write", "+@transaction", "+info", "+time"]
        client.acl_setuser(name, enabled=True, passwords=["+pass"], keys=["streamsvd:*"], commands=more)
        with connect(f"redis://{name}:pass@{place}") as limited:
            allowed = ModelWriter(limited, model_name)
            allowed.acquire()
            allowed.write(checkpoint(2, allowed.token, state(2, [1], [1])), whole=True)
            allowed.close()
        with connect(f"redis://{name}:wrong@{place}") as stranger, pytest.raises(StoreError, match="login"):
            ModelReader(stranger, model_name, scoring=ByVersion()).recommend(1)
    finally:
        client.acl_deluser(name)


def test_a_reader_that_follows_knows_what_a_new_one_knows(
    client: redis.Redis, model_name: str, writer: ModelWriter
) -> None:
    chance = random.Random(11)
    follower = ModelReader(client, model_name, scoring=ByVersion())
    writer.write(checkpoint(1, writer.token, state(1, range(3), [])))
    present: set[int] = set()
    for version in range(2, 40):
        items = chance.sample(range(60), chance.choice([0, 1, 2, 12]))
        gone = chance.sample(sorted(present), min(len(present), chance.choice([0, 0, 1, 3])))
        whole = chance.random() < 0.1
        catalogue = [CatalogueItem(k, f"{k} of {version}") for k in items] if chance.random() < 0.2 else None
        present = set(items) if whole else (present - set(gone)) | set(items)
        changes = checkpoint(version, writer.token, state(version, range(3), items))
        writer.write(changes, removed_items=gone, catalogue=catalogue, whole=whole)
        if chance.random() < 0.3:
            continue  # the follower misses this one
        newcomer = ModelReader(client, model_name, scoring=ByVersion())
        with follower.reading(1, ("factors",)) as (view, row), newcomer.reading(1, ("factors",)) as (fresh, same_row):
            assert sorted(view.table.numbers) == sorted(fresh.table.numbers) == sorted(present)
            there = fresh.table.present
            assert view.table.present[: len(there)].tolist() == there.tolist()
            assert not view.table.present[len(there) :].any()
            assert view.factors[: len(there)].tobytes() == fresh.factors.tobytes()
            assert view.table.ids[: len(there)] == fresh.table.ids
            assert (view.head, view.catalogue, view.table.numbers) == (fresh.head, fresh.catalogue, fresh.table.numbers)
            assert row["factors"].tobytes() == same_row["factors"].tobytes()


def test_versions_are_never_mixed(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    n_items, stop = 300, threading.Event()
    mixed: list[Any] = []

    class OneVersion(ByVersion):
        def approximate(self, view: View, user: Any | None) -> tuple[NDArray[np.floating[Any]], float]:
            versions = {view.head.version, int(view.globals_["version"]), *view.factors["version"].tolist()}
            versions |= set() if user is None else {int(user["version"])}
            if len(versions) != 1 or len(view.factors) != n_items:
                mixed.append(versions)
            return view.factors["version"].astype(float), 0.0

        def exact(self, *_: Any) -> NDArray[np.float64]:
            versions: NDArray[np.float64] = _[-1]["version"].astype(float)
            return versions

    def write(version: int) -> None:
        whole = version % 7 == 0
        catalogue = [CatalogueItem(k, f"of version {version}") for k in range(n_items)]
        new = checkpoint(version, writer.token, state(version, range(50), range(n_items)))
        writer.write(new, whole=whole, catalogue=catalogue)

    def ask(k: int) -> int:
        reader, seen = ModelReader(client, model_name, scoring=OneVersion()), set()
        while not stop.is_set():
            if k == 3:
                reader = ModelReader(client, model_name, scoring=OneVersion())  # always a cold start
            answer = reader.recommend(k, n=n_items)
            version = answer.provenance.version
            seen.add(version)
            found = {(item.score, item.title) for item in answer.items}
            if found != {(version, f"of version {version}")}:
                mixed.append(found)
        return len(seen)

    write(1)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, k) for k in range(4)]
        try:
            for version in range(2, 60):
                write(version)
        finally:
            stop.set()
        followed = [each.result(60) for each in asked]
    assert mixed == []
    assert min(followed) > 3


def test_a_view_that_somebody_reads_stays_as_it_is(writer: ModelWriter, reader: ModelReader) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(3), range(40))))
    with reader.reading(1) as (view, _):
        before = view.factors.tobytes(), list(view.table.ids), view.head
        for version in range(2, 7):
            changes = state(version, range(3), [version, 40 + version])
            writer.write(checkpoint(version, writer.token, changes), removed_items=[20 + version])
            assert reader.status().version == version
        assert (view.factors.tobytes(), list(view.table.ids), view.head) == before


def test_following_needs_no_more_than_two_views(writer: ModelWriter, reader: ModelReader) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(3), range(40))))
    views = []
    for version in range(2, 12):
        with reader.reading(1) as (view, _):
            views.append(view)
        writer.write(checkpoint(version, writer.token, state(version, [1], [version])))
    assert len({id(view) for view in views}) == 2
    assert [view.head.version for view in views[-2:]] == [9, 10]


def test_threads_share_one_reader(writer: ModelWriter, reader: ModelReader) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(50), range(40))))
    expected = {user: reader.recommend(user) for user in range(50)}
    with ThreadPoolExecutor(8) as pool:
        for user, answer in pool.map(lambda k: (k % 50, reader.recommend(k % 50)), range(400)):
            assert answer == expected[user]
