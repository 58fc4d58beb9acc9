"""Checkpoints in a real Redis: what was written is read, whole, by the right writer only."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import redis
from model_states import checkpoint, plain, state
from redis.client import Pipeline

from model_store import Checkpoint, ModelWriter, connect
from model_store.codec.keys import Keys
from streamsvd.errors import (
    SettingsError,
    SnapshotCorrupt,
    StaleWriter,
    StoreError,
    StreamSVDError,
)
from streamsvd.kernels.state import Ragged, Rows, State
from streamsvd.ratings import CatalogueItem

ITEMS = [
    CatalogueItem(1, "Amélie (2001)", ("Comedy", "Romance"), 2001),
    CatalogueItem("x-2", 'The "Quoted", Film', (), None),
]


def followed(rows: Rows, changed: Rows) -> Rows:
    """These rows with some changed or added: the plain way, row by row."""
    at = {id_: (rows, k) for k, id_ in enumerate(rows.ids)} | {id_: (changed, k) for k, id_ in enumerate(changed.ids)}
    picked = sorted(at.values(), key=lambda pair: int(pair[0].numbers[pair[1]]))

    def ragged(name: str) -> Ragged:
        parts = [part.ragged[name].row(k) for part, k in picked]
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        return Ragged(np.concatenate(parts), offsets)

    return Rows(
        np.array([part.numbers[k] for part, k in picked]),
        [part.ids[k] for part, k in picked],
        {
            name: np.array([part.fixed[name][k] for part, k in picked], block.dtype)
            for name, block in rows.fixed.items()
        },
        {name: ragged(name) for name in rows.ragged},
    )


def same(found: Checkpoint | None, expected: Checkpoint) -> None:
    assert found is not None
    assert plain(found.state) == plain(expected.state)
    assert {n: (a.dtype, a.shape, a.tobytes()) for n, a in found.metrics.items()} == {
        n: (a.dtype, a.shape, a.tobytes()) for n, a in expected.metrics.items()
    }
    nothing = state(0, [], [])
    assert replace(found, state=nothing, metrics={}) == replace(expected, state=nothing, metrics={})


def test_an_empty_store_has_no_checkpoint(writer: ModelWriter) -> None:
    assert writer.load() is None
    assert (writer.token, writer.version) == (1, 0)


def test_what_was_written_is_read_bit_for_bit(writer: ModelWriter) -> None:
    written = checkpoint(1, writer.token, state(1, range(700), range(50)))
    assert not writer.write(written).repeated
    found = writer.load()
    same(found, written)
    assert found is not None
    assert list(found.state.globals_) == list(written.state.globals_)
    assert all(block.flags.writeable for block in found.state.users.fixed.values())
    assert found.state.globals_["g"].flags.writeable


def test_changes_on_changes_equal_the_whole(writer: ModelWriter) -> None:
    whole = state(1, range(0, 60), range(20))
    writer.write(checkpoint(1, writer.token, whole))
    for version, users, items in ((2, [3, 60, 61], []), (3, [], [0, 25]), (4, [], []), (5, range(70), range(30))):
        changes = state(version, users, items)
        whole = State(
            changes.settings,
            changes.globals_,
            followed(whole.users, changes.users),
            followed(whole.items, changes.items),
        )
        writer.write(checkpoint(version, writer.token, changes))
        same(writer.load(), checkpoint(version, writer.token, whole))


def test_a_state_without_rows_is_one(writer: ModelWriter) -> None:
    written = checkpoint(1, writer.token, state(0, [], []))
    writer.write(written)
    same(writer.load(), written)
    writer.write(checkpoint(2, writer.token, state(2, [0], [])))
    same(writer.load(), checkpoint(2, writer.token, state(2, [0], [])))


def test_arrays_that_are_gone_are_not_kept(writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [0], [0])))
    writer.write(checkpoint(2, writer.token, state(2, [0], [0]), metrics={"other": np.zeros(2)}))
    found = writer.load()
    assert found is not None
    assert list(found.metrics) == ["other"]


def test_of_a_removed_user_nothing_stays(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    first = state(1, [1, 2, 77_123], [1, 2])
    writer.write(checkpoint(1, writer.token, first))
    second = checkpoint(2, writer.token, state(2, [2], []))
    writer.write(second, removed_users=[77_123, 5], removed_items=[1])
    found = writer.load()
    assert found is not None
    assert (found.state.users.ids, found.state.items.ids) == ([1, 2], [2])
    for key in client.scan_iter(f"streamsvd:{{{model_name}}}:*"):
        assert b"77123" not in (client.dump(key) or b""), key
        if client.type(key) == b"zset":
            assert client.zscore(key, "77123") is None
        elif client.type(key) == b"hash":
            assert not client.hexists(key, "77123")


def test_a_user_removed_and_back_in_one_interval_is_there(writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [1, 2], [1])))
    writer.write(checkpoint(2, writer.token, state(2, [1], [])), removed_users=[1])
    found = writer.load()
    assert found is not None
    assert found.state.users.fixed["factors"]["version"].tolist() == [2, 1]


def test_a_whole_write_leaves_nothing_of_what_was(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(30), range(30))), catalogue=ITEMS)
    other = state(2, [5], [6])
    other = replace(other, users=replace(other.users, ragged={}))  # even the layout may differ
    writer.write(checkpoint(2, writer.token, other), whole=True)
    same(writer.load(), checkpoint(2, writer.token, other))
    assert writer.catalogue() == {}
    assert not client.exists(Keys(model_name).block("users", "seen"))


def test_the_catalogue_is_stored_and_replaced(writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [0], [0])), catalogue=ITEMS)
    writer.write(checkpoint(2, writer.token, state(2, [0], [])))
    assert writer.catalogue() == {entry.item: entry for entry in ITEMS}
    writer.write(checkpoint(3, writer.token, state(2, [0], [])), catalogue=ITEMS[:1])
    assert writer.catalogue() == {1: ITEMS[0]}


def test_a_stale_writer_is_refused(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [0], [0])))
    newer = ModelWriter(client, model_name)
    assert newer.acquire() == 2
    for _ in range(2):
        with pytest.raises(StaleWriter, match="token 2, this one is 1"):
            writer.write(checkpoint(2, writer.token, state(9, [0], [0])))
    with pytest.raises(StaleWriter):
        writer.load()
    newer.write(checkpoint(2, newer.token, state(2, [0], [0])))
    same(newer.load(), checkpoint(2, 2, state(2, [0], [0])))
    newer.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_writer_overtaken_while_it_looks_is_stale_whatever_it_sees(
    client: redis.Redis, model_name: str, writer: ModelWriter, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [0], [0])))
    newer, look = ModelWriter(client, model_name), Pipeline.hmget

    def overtake() -> None:
        monkeypatch.undo()
        newer.acquire()
        newer.write(checkpoint(2, newer.token, state(2, [0], [0])))

    def looked(self: Pipeline, name: str, keys: list[str]) -> object:
        if moment == "before":
            overtake()
        found = look(self, name, keys)
        if moment == "after":
            overtake()
        return found

    monkeypatch.setattr(Pipeline, "hmget", looked)
    with pytest.raises(StaleWriter, match="token 2, this one is 1"):
        writer.write(checkpoint(2, writer.token, state(9, [0], [0])))
    same(newer.load(), checkpoint(2, 2, state(2, [0], [0])))
    newer.close()


def test_a_checkpoint_made_before_taking_over_is_refused(writer: ModelWriter) -> None:
    old = checkpoint(1, writer.token, state(1, [0], [0]))
    writer.acquire()
    with pytest.raises(StaleWriter, match="carries token 1"):
        writer.write(old)


def test_of_two_racing_writers_only_the_newest_gets_through(
    redis_url: str, model_name: str, writer: ModelWriter
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(50), range(5))))
    rounds, start = 12, threading.Barrier(2)
    landed: list[tuple[int, int]] = []
    errors: list[Exception] = []

    def race() -> None:
        with connect(redis_url) as own:
            mine = ModelWriter(own, model_name)
            start.wait(10)
            try:
                for _ in range(rounds):
                    mine.acquire()
                    try:
                        for _ in range(3):
                            version = mine.version + 1
                            mine.write(checkpoint(version, mine.token, state(version, range(50), range(5))))
                            landed.append((version, mine.token))
                    except StaleWriter:
                        continue
            except Exception as error:  # noqa: BLE001  shown by the test
                errors.append(error)
            mine.close()

    threads = [threading.Thread(target=race) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    landed.sort()
    assert [version for version, _ in landed] == list(range(2, len(landed) + 2))
    assert [token for _, token in landed] == sorted(token for _, token in landed)
    writer.acquire()
    found = writer.load()
    assert found is not None
    assert (found.version, found.token) == landed[-1]
    assert set(found.state.users.fixed["factors"]["version"].tolist()) == {found.version}


def test_a_version_is_written_once(writer: ModelWriter) -> None:
    first = checkpoint(1, writer.token, state(1, [0], [0]))
    writer.write(first, catalogue=ITEMS)
    assert writer.write(first, catalogue=ITEMS).repeated
    with pytest.raises(StoreError, match="does not follow version 1"):
        writer.write(checkpoint(3, writer.token, state(1, [0], [0])))
    with pytest.raises(StoreError, match="does not follow version 1"):
        writer.write(checkpoint(1, writer.token, state(1, [0], [0]), written_at=0.0))
    assert writer.version == 1


def test_a_writer_has_to_take_over_first(client: redis.Redis, model_name: str) -> None:
    idle = ModelWriter(client, model_name)
    with pytest.raises(StoreError, match="acquire"):
        idle.load()
    with pytest.raises(StoreError, match="acquire"):
        idle.write(checkpoint(1, 0, state(1, [0], [0])))


def test_what_cannot_be_stored_changes_nothing(writer: ModelWriter) -> None:
    written = checkpoint(1, writer.token, state(1, [0], [0]))
    writer.write(written)
    with pytest.raises(SettingsError, match="no JSON value"):
        writer.write(checkpoint(2, writer.token, replace(state(2, [0], [0]), settings={"k": np.int64(3)})))
    other = state(2, [0], [0])
    with pytest.raises(StoreError, match="not laid out"):
        writer.write(checkpoint(2, writer.token, replace(other, users=replace(other.users, ragged={}))))
    same(writer.load(), written)


def damage(key: str, name: str):
    def harm(client: redis.Redis) -> None:
        blob = client.hget(key, name)
        assert blob
        client.hset(key, name, blob[:-1] + bytes([blob[-1] ^ 4]))

    return harm


@pytest.mark.parametrize("where", ["users:block:window", "items:block:factors", "globals", "metrics", "head"])
@pytest.mark.parametrize("how", ["damaged", "lost", "of another type"])
def test_damage_is_found_and_a_rebuild_helps(
    client: redis.Redis, model_name: str, writer: ModelWriter, where: str, how: str
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(20), range(5))))
    key = f"streamsvd:{{{model_name}}}:{where}"
    name = {"globals": "g", "metrics": "errors", "head": "doc"}.get(where, "3")
    if how == "damaged":
        damage(key, name)(client)
    elif how == "lost":
        client.hdel(key, name)
    else:
        client.delete(key)
        client.set(key, "?")
    expected: type[StreamSVDError] = StoreError if how == "of another type" else SnapshotCorrupt
    with pytest.raises(expected, match=r"rebuil|WRONGTYPE"):
        writer.load()
    if how == "of another type" and where == "head":
        return  # no longer ours
    successor = ModelWriter(client, model_name)
    successor.acquire()
    if how != "of another type":
        with pytest.raises(SnapshotCorrupt, match="rebuild"):
            successor.load()
    if where == "head":
        with pytest.raises(SnapshotCorrupt, match="rebuild"):
            successor.write(checkpoint(2, successor.token, state(2, [0], [0])))
    rebuilt = checkpoint(2, successor.token, state(2, range(4), range(4)))
    successor.write(rebuilt, whole=True)
    same(successor.load(), rebuilt)
    successor.write(checkpoint(3, successor.token, state(3, [9], [])))
    successor.close()


@pytest.mark.parametrize("lost", ["fence", "head"])
def test_a_store_emptied_under_a_writer_takes_no_changes(
    client: redis.Redis, model_name: str, writer: ModelWriter, lost: str
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(20), range(5))))
    client.delete(f"streamsvd:{{{model_name}}}:{lost}")
    with pytest.raises(SnapshotCorrupt, match="rebuilt from the log"):
        writer.write(checkpoint(2, writer.token, state(2, [1], [1])))


@pytest.mark.parametrize("lost", ["users:block:seen", "globals", "metrics"])
def test_a_lost_key_is_found(client: redis.Redis, model_name: str, writer: ModelWriter, lost: str) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(20), range(5))))
    client.delete(f"streamsvd:{{{model_name}}}:{lost}")
    with pytest.raises(SnapshotCorrupt, match="rebuild"):
        writer.load()


def test_all_blocks_of_a_side_lost_is_found(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(20), range(5))))
    client.delete(*client.keys(f"streamsvd:{{{model_name}}}:users:*"))
    with pytest.raises(SnapshotCorrupt, match="counts 20 users, 0 are there"):
        writer.load()


def test_an_opened_checkpoint_reads_a_block_when_it_is_asked_for(
    client: redis.Redis, model_name: str, writer: ModelWriter
) -> None:
    assert writer.open() is None
    whole = state(1, range(2500), range(50))  # three pages
    writer.write(checkpoint(1, writer.token, whole))
    found = writer.open()
    assert found is not None
    users = found.state.users
    assert users.ids == list(range(2500))
    assert (set(users.fixed), set(users.ragged)) == ({"factors", "training"}, {"window", "seen"})
    assert users.ragged["seen"].values.tobytes() == whole.users.ragged["seen"].values.tobytes()
    assert "seen" not in users.fixed
    with pytest.raises(KeyError):
        users.fixed["seen"]
    assert plain(found.state) == plain(whole)
    client.hdel(Keys(model_name).block("users", "training"), "7")
    with pytest.raises(SnapshotCorrupt, match="users:block:training and the other blocks of the users hold different"):
        users.fixed["training"]
    assert users.fixed["factors"].tobytes() == whole.users.fixed["factors"].tobytes()  # on a connection without rests


def test_a_block_that_is_asked_for_after_a_takeover_is_refused(
    client: redis.Redis, model_name: str, writer: ModelWriter
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(9), range(9))))
    found = writer.open()
    assert found is not None
    with closing(ModelWriter(client, model_name)) as other:
        other.acquire()
        with pytest.raises(StaleWriter):
            found.state.users.fixed["factors"]
