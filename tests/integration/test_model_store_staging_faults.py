"""What may go wrong while many rows are staged: the version before is there, whole, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from cutting_proxy import CuttingProxy, cutting_proxy
from model_states import checkpoint, plain, state

from model_store import Checkpoint, ModelWriter, connect
from model_store.read.snapshot import read_snapshot
from streamsvd.embedded import embedded_redis
from streamsvd.embedded.folder import free_ports
from streamsvd.errors import SnapshotCorrupt, StaleWriter, StoreUnavailable
from streamsvd.kernels.state import State

_USERS, _ITEMS, _CHANGED = range(40), range(1600), range(300, 1600)

_WRITE = """
import sys
from model_store import ModelWriter, connect
from test_model_store_staging_faults import first, second
writer = ModelWriter(connect(sys.argv[1]), sys.argv[2])
writer.acquire()
writer.write(first(writer))
sys.stdout.write("+")
sys.stdout.flush()
sys.stdin.read(1)
writer.write(second(writer), whole=sys.argv[3] == "whole")
"""

Awaited = Callable[[str], bytes]
"""What is sent at some moment, by the name of the model."""


def rows_sent(model: str) -> bytes:
    """The page of rows of a block."""
    return f"streamsvd:{{{model}}}:stage:1:items:block:window\r\n$".encode()


def marks_sent(model: str) -> bytes:
    """The page of marks."""
    return b"ZADD\r\n"


def others_kept(model: str) -> bytes:
    """The script that adds the rows that did not change."""
    return b"EVALSHA\r\n"


def renamed(model: str) -> bytes:
    """All rows are staged: the step itself."""
    return b"RENAME\r\n"


MOMENTS = pytest.mark.parametrize(
    ("awaited", "whole"),
    [(each, whole) for each in (rows_sent, marks_sent, renamed) for whole in (True, False)] + [(others_kept, False)],
)


def first(writer: ModelWriter) -> Checkpoint:
    return checkpoint(1, writer.token, state(1, _USERS, _ITEMS))


def second(writer: ModelWriter) -> Checkpoint:
    return checkpoint(2, writer.token, state(2, _USERS, _CHANGED))


def content(found: State) -> dict[str, Any]:
    """Versions of the rows, by id."""
    assert plain(found)
    sides = (found.users, found.items)
    return [dict(zip(rows.ids, rows.fixed["factors"]["version"].tolist(), strict=True)) for rows in sides]


def is_whole(client: redis.Redis, model: str, version: int, *, whole: bool = False) -> None:
    """Check that this version is stored, and no stage key is left."""
    found = read_snapshot(client, model).checkpoint()
    assert found.version == version
    old = {} if whole and version == 2 else dict.fromkeys(_ITEMS, 1)
    changed = dict.fromkeys(_CHANGED, 2) if version == 2 else {}
    assert content(found.state) == [dict.fromkeys(_USERS, version), {**old, **changed}]
    assert not client.keys(f"streamsvd:{{{model}}}:stage*")


@pytest.fixture
def proxy(redis_url: str) -> Iterator[CuttingProxy]:
    place = urlsplit(redis_url)
    with cutting_proxy(place.hostname or "127.0.0.1", place.port or 6379) as proxy:
        yield proxy


def through(proxy: CuttingProxy, url: str) -> str:
    """The same server by way of the proxy."""
    login, at, _ = urlsplit(url).netloc.rpartition("@")
    return urlsplit(url)._replace(netloc=f"{login}{at}127.0.0.1:{proxy.port}").geturl()


@pytest.fixture
def far_writer(redis_url: str, proxy: CuttingProxy, model_name: str) -> Iterator[ModelWriter]:
    with connect(through(proxy, redis_url)) as client, closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        writer.write(first(writer))
        yield writer


@pytest.mark.parametrize("delivered", [True, False])
@MOMENTS
def test_a_connection_that_breaks_is_no_lost_version(
    client: redis.Redis,
    far_writer: ModelWriter,
    proxy: CuttingProxy,
    model_name: str,
    awaited: Awaited,
    whole: bool,
    delivered: bool,
) -> None:
    proxy.cut_once(awaited(model_name), delivered=delivered)
    if awaited is renamed:  # the writer looks whether the step was run, and repeats it if not
        far_writer.write(second(far_writer), whole=whole)
    else:
        with pytest.raises(StoreUnavailable):
            far_writer.write(second(far_writer), whole=whole)
        is_whole(client, model_name, 1)
        assert not far_writer.write(second(far_writer), whole=whole).repeated
    assert proxy.cuts == 1
    is_whole(client, model_name, 2, whole=whole)


@MOMENTS
def test_a_writer_that_is_killed_changes_nothing(
    client: redis.Redis, redis_url: str, proxy: CuttingProxy, model_name: str, awaited: Awaited, whole: bool
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", _WRITE, through(proxy, redis_url), model_name, "whole" if whole else "changes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.read(1) == b"+"

        def kill() -> None:
            process.kill()
            process.wait()
            raise OSError  # what was sent with it does not arrive

        proxy.before_once(awaited(model_name), kill)
        process.stdin.write(b"!")
        process.stdin.flush()
        assert process.wait(60) == -9
    with closing(ModelWriter(client, model_name)) as writer:
        assert writer.acquire() == 2
        is_whole(client, model_name, 1)
        writer.write(second(writer), whole=whole)
    is_whole(client, model_name, 2, whole=whole)


@MOMENTS
def test_a_writer_that_is_overtaken_changes_nothing(
    client: redis.Redis,
    far_writer: ModelWriter,
    proxy: CuttingProxy,
    model_name: str,
    awaited: Awaited,
    whole: bool,
) -> None:
    with closing(ModelWriter(client, model_name)) as other:

        def take_over() -> None:
            other.acquire()
            other.write(second(other))

        proxy.before_once(awaited(model_name), take_over)
        with pytest.raises(StaleWriter, match="another writer has taken over"):
            far_writer.write(checkpoint(2, far_writer.token, state(7, _USERS, _CHANGED)), whole=whole)
    is_whole(client, model_name, 2)


@MOMENTS
def test_a_server_that_stops_has_the_version_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_name: str, awaited: Awaited, whole: bool
) -> None:
    ports = free_ports(1)
    monkeypatch.setattr("streamsvd.embedded.redis.free_ports", lambda count: ports)
    with ExitStack() as running, cutting_proxy("127.0.0.1", ports[0]) as proxy:
        url = running.enter_context(embedded_redis(tmp_path / "redis")).address
        with connect(through(proxy, url)) as far, closing(ModelWriter(far, model_name)) as writer:
            writer.acquire()
            writer.write(first(writer))
            proxy.before_once(awaited(model_name), running.close)
            with pytest.raises(StoreUnavailable, match="does not answer"):
                writer.write(second(writer), whole=whole)
            with embedded_redis(tmp_path / "redis") as server, connect(server.address) as client:
                found = read_snapshot(client, model_name).checkpoint()
                assert content(found.state) == content(first(writer).state)
                assert not writer.write(second(writer), whole=whole).repeated
                is_whole(client, model_name, 2, whole=whole)


def test_rows_whose_marks_were_lost_are_not_dropped(client: redis.Redis, writer: ModelWriter, model_name: str) -> None:
    writer.write(first(writer))
    client.delete(f"streamsvd:{{{model_name}}}:items:versions")
    with pytest.raises(SnapshotCorrupt, match=r"items:versions has lost rows .*rebuild"):
        writer.write(second(writer))
    is_whole(client, model_name, 1)
