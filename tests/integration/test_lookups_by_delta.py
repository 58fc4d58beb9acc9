"""A reader that follows every version reads what changed column by column, and ends with what the rows say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import redis
from model_states import ByVersion, checkpoint, state

from model_store import ModelReader, ModelWriter
from model_store.codec.keys import Keys
from streamsvd.errors import SnapshotCorrupt

_ITEMS = range(2500)


@pytest.fixture
def reader(client: redis.Redis, model_name: str) -> ModelReader:
    return ModelReader(client, model_name, scoring=ByVersion())


def write(writer: ModelWriter, version: int, items: Sequence[int], removed: Sequence[int] = ()) -> None:
    writer.write(checkpoint(version, writer.token, state(version, [1], items)), removed_items=removed)


def leave_behind(writer: ModelWriter, reader: ModelReader) -> None:
    """The reader at version 1, the store at 2, in which all items are others."""
    write(writer, 1, _ITEMS)
    reader.status()
    write(writer, 2, _ITEMS)


def same_as_a_newcomer(reader: ModelReader, client: redis.Redis, model_name: str) -> None:
    newcomer = ModelReader(client, model_name, scoring=ByVersion())
    with reader.reading(1, ("factors",)) as (view, row), newcomer.reading(1, ("factors",)) as (other, same):
        assert view.head == other.head
        assert (view.table.ids, view.table.numbers) == (other.table.ids, other.table.numbers)
        assert view.table.present.tolist() == other.table.present.tolist()
        assert view.factors.tobytes() == other.factors.tobytes()
        assert row["factors"].tobytes() == same["factors"].tobytes()


@pytest.mark.parametrize("behind", [1, 2, 3])
def test_whoever_follows_has_what_a_newcomer_has(
    client: redis.Redis, model_name: str, writer: ModelWriter, reader: ModelReader, behind: int
) -> None:
    changes = [range(1, 2500, 2), range(600, 3100), [7, 3050], range(3000), [*range(0, 3500, 2), 9999], range(3500)]
    write(writer, 1, _ITEMS)
    for version, items in enumerate(changes, 2):
        write(writer, version, items)
        if version % behind == 0:
            same_as_a_newcomer(reader, client, model_name)
    same_as_a_newcomer(reader, client, model_name)


def test_the_delta_is_what_is_read(
    client: redis.Redis, model_name: str, writer: ModelWriter, reader: ModelReader
) -> None:
    leave_behind(writer, reader)
    key = Keys(model_name).block("items", "factors")
    sound = client.hget(key, "2000") or b""
    client.hset(key, "2000", b"damaged")  # which nobody notices who need not look
    with reader.reading(0) as (view, _):
        assert set(view.factors["version"].tolist()) == {2}
    client.hset(key, "2000", sound)


@pytest.mark.parametrize("name", ["2:1:block:factors", "2:0:fields", "2:pieces"])
def test_damage_is_an_error_until_a_newer_version_has_come(
    client: redis.Redis, model_name: str, writer: ModelWriter, reader: ModelReader, name: str
) -> None:
    leave_behind(writer, reader)
    key = Keys(model_name).delta
    sound = client.hget(key, name) or b""
    client.hset(key, name, sound[:-1] + bytes([sound[-1] ^ 0x71]))
    with pytest.raises(SnapshotCorrupt, match="items:delta"):
        reader.status()
    write(writer, 3, [5])
    same_as_a_newcomer(reader, client, model_name)


@pytest.mark.parametrize("lost", ["2:pieces", "2:0:fields", "2:2:block:factors"])
def test_rows_are_read_where_a_piece_is_not_there(
    client: redis.Redis, model_name: str, writer: ModelWriter, reader: ModelReader, lost: str
) -> None:
    leave_behind(writer, reader)
    assert client.hdel(Keys(model_name).delta, lost) == 1
    same_as_a_newcomer(reader, client, model_name)


def test_it_goes_with_the_next_version(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    delta = Keys(model_name).delta
    write(writer, 1, _ITEMS)
    assert not client.exists(delta)  # a whole write says all there is
    for version, items, removed, there in [
        (2, _ITEMS, [], 1),
        (3, [5], [], 0),
        (4, _ITEMS, [], 1),
        (5, range(2000), [2200], 0),  # it could not say what went
    ]:
        write(writer, version, items, removed)
        assert client.exists(delta) == there
    write(writer, 6, _ITEMS)
    assert {name.partition(b":")[0] for name in client.hkeys(delta)} == {b"6"}


def test_an_attempt_that_left_something_does_not_stop_the_next(
    client: redis.Redis, model_name: str, writer: ModelWriter, reader: ModelReader
) -> None:
    keys = Keys(model_name)
    write(writer, 1, _ITEMS)
    reader.status()
    client.hset(keys.stage(writer.token, keys.delta), mapping={"2:0:fields": b"old", "2:7:rows": b"old"})
    write(writer, 2, _ITEMS)
    assert not client.hexists(keys.delta, "2:7:rows")
    same_as_a_newcomer(reader, client, model_name)
