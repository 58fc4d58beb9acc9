"""Versions that are kept, versions in files: each is read back whole, byte for byte, or refused clearly."""

from __future__ import annotations

import runpy
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from model_runs import wait_until
from model_states import checkpoint, plain, state

from model_store import ModelWriter, connect
from model_store.codec.keys import Keys
from model_store.files.export import export_snapshot
from model_store.files.snapshot_file import SnapshotFile
from model_store.read.snapshot import kept_versions, read_head, read_snapshot
from streamsvd.embedded import embedded_redis
from streamsvd.errors import InputError, SnapshotCorrupt, SnapshotMissing, StaleWriter, StoreError
from streamsvd.ratings import CatalogueItem

ITEMS = [
    CatalogueItem(1, "Amélie (2001)", ("Comedy", "Romance"), 2001),
    CatalogueItem("x-2", 'The "Quoted", Film', (), None),
]


@pytest.fixture
def writer(client: redis.Redis, model_name: str) -> Iterator[ModelWriter]:
    writer = ModelWriter(client, model_name, keep=3)
    writer.acquire()
    yield writer
    writer.close()


def whole(client: redis.Redis, model: str, version: int | None = None) -> dict[str, object]:
    """All of a version, as values to compare with ==."""
    found = read_snapshot(client, model, version)
    catalogue = found.catalogue()
    read = found.checkpoint()
    metrics = {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in read.metrics.items()}
    rest = replace(read, state=state(0, [], []), metrics={})
    return {"state": plain(read.state), "metrics": metrics, "films": catalogue, "rest": str(rest)}


def write_six(writer: ModelWriter) -> None:
    """A whole write and five changes: new rows, new catalogue, a removed item, other metrics, another writer's turn."""
    writer.write(checkpoint(1, writer.token, state(1, range(30), range(12))), catalogue=ITEMS)
    writer.write(checkpoint(2, writer.token, state(2, [3, 30, 31], [2])))
    writer.write(checkpoint(3, writer.token, state(3, [], [0, 12])), removed_items=[5], catalogue=ITEMS[:1])
    writer.write(checkpoint(4, writer.token, state(4, [], []), metrics={"other": state(4, [], []).globals_["g"]}))
    writer.acquire()
    writer.write(checkpoint(5, writer.token, state(5, [3], [5])))
    writer.write(checkpoint(6, writer.token, state(6, [3], [5, 2])), removed_items=[2])


def undo_keys(client: redis.Redis, model: str) -> set[str]:
    return {key.decode().rpartition(":")[2] for key in client.keys(f"streamsvd:{{{model}}}:undo:*")}


def test_every_kept_version_is_read_as_it_was(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    was: dict[int, dict[str, object]] = {}

    class Watched(ModelWriter):
        def write(self, *arguments, **more):
            written = super().write(*arguments, **more)
            was[written.version] = whole(client, model_name)
            return written

    watched = Watched(client, model_name, keep=3)
    watched.acquire()
    write_six(watched)
    watched.close()
    assert list(kept_versions(client, model_name)) == [6, 5, 4, 3]
    assert read_head(client, model_name) == kept_versions(client, model_name)[6]
    assert read_head(client, "unknown") is None
    for version in (6, 5, 4, 3):
        assert whole(client, model_name, version) == was[version]
    for version in (0, 1, 2, 7):
        with pytest.raises(SnapshotMissing, match=f"version {version} of model .* is not kept"):
            read_snapshot(client, model_name, version)
    assert undo_keys(client, model_name) == {"5", "4", "3"}
    assert {head.version for head in kept_versions(client, model_name).values()} == {6, 5, 4, 3}


def test_fewer_are_kept_when_fewer_are_wanted_and_none_after_a_whole_write(
    client: redis.Redis, model_name: str, writer: ModelWriter
) -> None:
    write_six(writer)
    fewer = ModelWriter(client, model_name, keep=1)
    fewer.acquire()
    fewer.write(checkpoint(7, fewer.token, state(7, [1], [])))
    assert undo_keys(client, model_name) == {"6"}
    fewer.write(checkpoint(8, fewer.token, state(8, range(3), range(2))), whole=True)
    fewer.close()
    assert undo_keys(client, model_name) == set()
    assert list(kept_versions(client, model_name)) == [8]
    none = ModelWriter(client, model_name)
    none.acquire()
    none.write(checkpoint(9, none.token, state(9, [1], [])))
    none.close()
    assert undo_keys(client, model_name) == set()


def test_a_user_who_is_forgotten_is_in_no_version(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    writer.write(checkpoint(1, writer.token, state(1, [1, 77_123], [1])))
    writer.write(checkpoint(2, writer.token, state(2, [77_123], [1])))
    assert undo_keys(client, model_name) == {"1"}
    writer.write(checkpoint(3, writer.token, state(3, [1], [1])), removed_users=[77_123])
    assert undo_keys(client, model_name) == set()
    for key in client.scan_iter(f"streamsvd:{{{model_name}}}:*"):
        assert b"77123" not in (client.dump(key) or b""), key
    writer.write(checkpoint(4, writer.token, state(4, [1], [])))
    assert undo_keys(client, model_name) == {"3"}


def test_undo_records_are_the_golden_bytes(client: redis.Redis, model_name: str) -> None:
    folder = Path(__file__).parents[1] / "unit" / "model_store"
    made = runpy.run_path(str(folder / "make_golden.py"))["undo_record"](client, model_name)
    assert made == (folder / "golden" / "undo-v1.txt").read_bytes()


@pytest.mark.parametrize("harm", ["lost", "damaged", "head lost"])
def test_a_damaged_undo_record_is_found(client: redis.Redis, model_name: str, writer: ModelWriter, harm: str) -> None:
    write_six(writer)
    record, place = Keys(model_name).undo(5), "users:block:factors 3"
    if harm == "lost":
        client.delete(record)
    elif harm == "head lost":
        client.hdel(Keys(model_name).undo(4), "head version")
    else:
        blob = client.hget(record, place)
        assert blob
        client.hset(record, place, blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises((SnapshotMissing, SnapshotCorrupt), match=r"not kept|damaged"):
        whole(client, model_name, 5 if harm == "damaged" else 4)
    assert whole(client, model_name, 6)


def test_a_version_is_whole_however_fast_the_writer_is(
    redis_url: str, client: redis.Redis, model_name: str, writer: ModelWriter
) -> None:
    users, items = range(3000), range(500)
    writer.write(checkpoint(1, writer.token, state(1, users, items)))
    stop = threading.Event()

    def write_on() -> None:
        with connect(redis_url) as own:
            second = ModelWriter(own, model_name)
            second.acquire()
            while not stop.is_set():
                version = second.version + 1
                kind = version % 3
                changed = state(version, users if kind else [1], items)
                gone = [7] if version % 5 == 0 and kind == 0 else []
                second.write(checkpoint(version, second.token, changed), removed_users=gone, whole=version % 7 == 0)
            second.close()

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        versions = set()
        while len(versions) < 4:
            read = read_snapshot(client, model_name).checkpoint()
            versions.add(read.version)
            assert set(read.state.items.fixed["factors"]["version"].tolist()) == {read.version}
            assert read.metrics["errors"].shape == (read.version,)
    finally:
        stop.set()
        thread.join(60)


def test_export_and_import_give_the_same_bytes(
    client: redis.Redis, model_name: str, writer: ModelWriter, tmp_path: Path
) -> None:
    write_six(writer)
    first, second, other = tmp_path / "first.snapshot", tmp_path / "second.snapshot", f"{model_name}-other"
    size = export_snapshot(read_snapshot(client, model_name), first)
    assert first.stat().st_size == size
    importer = ModelWriter(client, other)
    importer.acquire()
    assert importer.replace(SnapshotFile(first)).version == 6
    export_snapshot(read_snapshot(client, other), second)
    assert first.read_bytes() == second.read_bytes()
    expected, found = whole(client, model_name), whole(client, other)
    assert (found["state"], found["metrics"], found["films"]) == (
        expected["state"],
        expected["metrics"],
        expected["films"],
    )
    importer.write(checkpoint(7, importer.token, state(7, [3], [])))  # a consumer goes on from there
    assert importer.replace(SnapshotFile(first)).version == 8
    importer.close()
    assert plain(SnapshotFile(first).snapshot().checkpoint().state) == expected["state"]


def test_an_import_is_fenced(client: redis.Redis, model_name: str, writer: ModelWriter, tmp_path: Path) -> None:
    write_six(writer)
    path = tmp_path / "a.snapshot"
    export_snapshot(read_snapshot(client, model_name, 4), path)
    newer = ModelWriter(client, model_name)
    newer.acquire()
    with pytest.raises(StaleWriter):
        writer.replace(SnapshotFile(path))
    newer.replace(SnapshotFile(path))
    with pytest.raises(StaleWriter):
        writer.write(checkpoint(7, writer.token, state(7, [1], [])))
    assert not client.keys(f"streamsvd:{{{model_name}}}:stage*")
    newer.close()


def damaged_files(good: bytes) -> dict[str, bytes]:
    newer = good[:7] + bytes([9]) + good[8:]
    doubled = good + good[-17:]
    head_at = 8
    length = struct.unpack_from("<I", good, head_at + 5)[0]
    pages = good[head_at + 9 + length :]
    first_page = 9 + struct.unpack_from("<I", pages, 5)[0]
    frame = bytearray(pages[:first_page])
    frame[-1] ^= 1
    struct.pack_into("<I", frame, 0, zlib.crc32(bytes(frame[4:])))  # a sound frame of a page that is not
    return {
        "cut short": good[:-3],
        "end lost": good[:-17],
        "a bit": good[: len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1 :],
        "more after the end": doubled,
        "newer": newer,
        "head only": good[: head_at + 9 + length],
        "a page lost": good[: head_at + 9 + length] + pages[first_page:],
    }


def test_damaged_and_foreign_files_are_refused(
    client: redis.Redis, model_name: str, writer: ModelWriter, tmp_path: Path
) -> None:
    write_six(writer)
    good = tmp_path / "good.snapshot"
    export_snapshot(read_snapshot(client, model_name), good)
    for name, content in damaged_files(good.read_bytes()).items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SnapshotCorrupt, match=r"damaged|format 9, this release reads format 1"):
            SnapshotFile(path)
    for name, content in {"empty": b"", "csv": b"userId,movieId\n", "zip": b"PK\x03\x04" + bytes(100)}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a streamsvd snapshot"):
            SnapshotFile(path)
    with pytest.raises(InputError, match="cannot be read"):
        SnapshotFile(tmp_path / "nothing")
    with pytest.raises(InputError, match="cannot be written"):
        export_snapshot(read_snapshot(client, model_name), tmp_path / "no folder" / "x")


@pytest.mark.parametrize("harm", ["damaged", "lost"])
def test_a_damaged_store_is_not_exported(
    client: redis.Redis, model_name: str, writer: ModelWriter, tmp_path: Path, harm: str
) -> None:
    writer.write(checkpoint(1, writer.token, state(1, range(20), range(5))))
    key = Keys(model_name).block("users", "training")
    blob = client.hget(key, "3")
    assert blob
    if harm == "lost":
        client.hdel(key, "3")
    else:
        client.hset(key, "3", blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(SnapshotCorrupt, match="rebuild"):
        export_snapshot(read_snapshot(client, model_name), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_writer_laid_down_is_removed(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    keys = Keys(model_name)
    staged = keys.stage(writer.token, keys.block("users", "factors"))
    client.sadd(keys.stages, staged)
    client.hset(staged, "1", b"half a snapshot")
    writer.acquire()
    assert not client.exists(staged, keys.stages)


def test_a_stage_that_is_lost_is_not_switched_to(
    client: redis.Redis, model_name: str, writer: ModelWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_store.write.stage import Stage

    written = checkpoint(1, writer.token, state(1, range(20), range(5)))
    writer.write(written)
    keys, watch = Keys(model_name), Stage.watch

    def lose(self: Stage, pipe: redis.client.Pipeline) -> None:
        client.hdel(keys.stage(writer.token, keys.block("users", "factors")), "3")
        watch(self, pipe)

    monkeypatch.setattr(Stage, "watch", lose)
    with pytest.raises(StoreError, match="was lost while the snapshot was written"):
        writer.write(checkpoint(2, writer.token, state(2, range(9), range(5))), whole=True)
    assert not client.keys(f"streamsvd:{{{model_name}}}:stage*")
    found = writer.load()
    assert found is not None
    assert plain(found.state) == plain(written.state)


def test_a_full_server_refuses_an_import_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "big.snapshot"
    with embedded_redis() as server, connect(server.address) as client:
        writer = ModelWriter(client, "big")
        writer.acquire()
        writer.write(checkpoint(1, writer.token, state(1, range(20_000), range(5))))
        export_snapshot(read_snapshot(client, "big"), path)
        small = ModelWriter(client, "small", keep=2)
        small.acquire()
        small.write(checkpoint(1, small.token, state(1, range(20), range(5))))
        writer.write(checkpoint(2, writer.token, state(1, range(5), range(5))), whole=True)
        wait_until(lambda: client.info("memory")["lazyfree_pending_objects"] == 0, "what was removed to be freed")
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + 2_000_000)
        with pytest.raises(StoreError, match="reached its `maxmemory`"):
            small.replace(SnapshotFile(path))
        assert not client.keys("*:stage*")
        found = small.load()
        assert found is not None
        assert plain(found.state) == plain(state(1, range(20), range(5)))
        client.config_set("maxmemory", 0)
        assert small.replace(SnapshotFile(path)).version == 2
        before = whole(client, "small")
        small.write(checkpoint(3, small.token, state(3, range(500), range(5))))
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreError, match="reached its `maxmemory`"):
            small.write(checkpoint(4, small.token, state(4, [1], [1])))
        client.config_set("maxmemory", 0)
        assert list(kept_versions(client, "small")) == [3, 2]
        assert whole(client, "small", 2) == before
        small.close()
        writer.close()
