"""Changes of many rows are laid down beforehand, on a copy: the step that follows is short, and as atomic as any."""

from __future__ import annotations

import pytest
import redis
from model_states import checkpoint, plain, state
from redis.client import Pipeline

from model_store import ModelWriter
from model_store.codec.keys import Keys
from model_store.read.snapshot import read_snapshot
from model_store.write import stage
from model_store.write.checkpoint_step import CheckpointStep
from model_store.write.stage import Stage
from streamsvd.errors import StaleWriter, StoreError, StoreUnavailable

_USERS, _ITEMS = range(40), range(1600)
_OTHERS = range(300, 1600)


@pytest.fixture
def writer(writer: ModelWriter) -> ModelWriter:
    """With a first version written."""
    writer.write(checkpoint(1, writer.token, state(1, _USERS, _ITEMS)))
    return writer


def content(client: redis.Redis, model: str) -> dict[bytes, object]:
    """All that is stored of a model's rows, but for the head."""
    found: dict[bytes, object] = {}
    for key in sorted(client.scan_iter(f"streamsvd:{{{model}}}:*s:*")):
        found[key.partition(b"}")[2]] = (
            client.zrange(key, 0, -1, withscores=True) if client.type(key) == b"zset" else client.hgetall(key)
        )
    return found


@pytest.mark.parametrize("page", [10_000, 5])
def test_what_is_laid_down_equals_what_is_written_in_one_step(
    client: redis.Redis, model_name: str, writer: ModelWriter, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(stage, "_KEPT", page)
    plainly = ModelWriter(client, f"{model_name}-kept", keep=1)  # whoever keeps versions writes all in the step
    plainly.acquire()
    plainly.write(checkpoint(1, plainly.token, state(1, _USERS, _ITEMS)))
    for version, items in ((2, _OTHERS), (3, range(900, 2400)), (4, [7])):
        changes = state(version, [3, 40 + version], items)
        for each in (writer, plainly):
            each.write(checkpoint(version, each.token, changes), removed_users=[version], removed_items=[version])
    assert content(client, model_name) == content(client, f"{model_name}-kept")
    assert not client.keys(f"streamsvd:{{{model_name}}}:stage*")
    found = writer.load()
    assert found is not None
    assert plain(found.state) == plain(read_snapshot(client, f"{model_name}-kept").checkpoint().state)
    plainly.close()


@pytest.mark.parametrize("whole", [False, True])
def test_who_went_and_came_back_is_there(model_name: str, writer: ModelWriter, whole: bool) -> None:
    changes = state(2, range(1200), _OTHERS)
    writer.write(checkpoint(2, writer.token, changes), removed_users=[3, 5000], removed_items=[300, 301], whole=whole)
    found = writer.load()
    assert found is not None
    assert plain(found.state)["users"] == plain(changes)["users"]
    assert {300, 301} < set(found.state.items.ids)


@pytest.mark.parametrize(
    ("items", "keep", "staged"),
    [
        (_OTHERS, 0, ("items",)),
        (_OTHERS, 1, ()),  # what was before has to be read field by field, in the step
        (range(600), 0, ()),
        (range(0, 6000, 5), 0, ()),
    ],
)
def test_what_is_laid_down(
    model_name: str, writer: ModelWriter, items: range, keep: int, staged: tuple[str, ...]
) -> None:
    writer.write(checkpoint(2, writer.token, state(2, [], [])))
    head = writer._head
    step = CheckpointStep(
        Keys(model_name), checkpoint(3, 1, state(3, _USERS, items)), head, {}, keep=keep, staging=True
    )
    assert step.staged == staged


@pytest.mark.parametrize("page", [10_000, 5])
@pytest.mark.parametrize("harm", ["lost", "taken over"])
def test_a_change_that_is_stopped_before_its_step_changes_nothing(
    client: redis.Redis, model_name: str, writer: ModelWriter, monkeypatch: pytest.MonkeyPatch, harm: str, page: int
) -> None:
    monkeypatch.setattr(stage, "_KEPT", page)
    keys, watch, other = Keys(model_name), Stage.watch, ModelWriter(client, model_name)

    def stop(self: Stage, pipe: Pipeline) -> None:
        if harm == "lost":
            client.hdel(keys.stage(writer.token, keys.block("items", "factors")), "3")
        else:
            other.acquire()
        watch(self, pipe)

    monkeypatch.setattr(Stage, "watch", stop)
    with pytest.raises((StoreError, StaleWriter)):
        writer.write(checkpoint(2, writer.token, state(2, [3], _OTHERS)), removed_users=[5])
    assert not client.keys(f"streamsvd:{{{model_name}}}:stage*")
    reading = ModelWriter(client, model_name)
    reading.acquire()
    found = reading.load()
    assert found is not None
    assert plain(found.state) == plain(state(1, _USERS, _ITEMS))
    for each in (other, reading):
        each.close()


def test_a_copy_that_is_broken_off_leaves_nothing(
    client: redis.Redis, model_name: str, writer: ModelWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_KEPT", 5)
    left = 5

    def stop() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise StoreUnavailable("the connection broke")

    changes = checkpoint(2, writer.token, state(2, [3], _OTHERS))
    with pytest.raises(StoreUnavailable):
        writer.write(changes, pause=stop)
    assert not client.keys(f"streamsvd:{{{model_name}}}:stage*")
    assert not writer.write(changes).repeated


def test_rests_come_between_the_pages_of_a_large_change_only(model_name: str, writer: ModelWriter) -> None:
    rests = []

    def write(version: int, items: range, *, whole: bool = False) -> int:
        rests.clear()
        changes = state(version, _USERS, items)
        writer.write(checkpoint(version, writer.token, changes), pause=lambda: rests.append(version), whole=whole)
        return len(rests)

    assert write(2, _OTHERS) > 5
    assert write(3, range(500)) == 0
    assert write(4, _ITEMS, whole=True) == 0
