"""The real Redis that we start ourselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import psutil
import pytest
import redis

from streamsvd.embedded import embedded_redis, provide_redis
from streamsvd.embedded.folder import FolderBusyError

_ROOT = Path(__file__).resolve().parents[2]
_STARTER = """
import sys
from pathlib import Path
from streamsvd.embedded import embedded_redis
with embedded_redis(Path(sys.argv[1]) if sys.argv[1] else None) as server:
    print(server.pid, server.address, server.folder, flush=True)
    sys.stdin.read()
"""


@contextmanager
def _elsewhere(folder: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Another process that runs a server until its standard input closes."""
    command = [sys.executable, "-c", _STARTER, folder]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        yield starter, starter.stdout.readline().split()


def test_it_is_a_redis_of_our_own_that_ends_with_the_block() -> None:
    with embedded_redis() as server:
        with redis.Redis.from_url(server.address) as client:
            assert client.info("server")["process_id"] == server.pid
        assert server.running
        sockets = psutil.Process(server.pid).net_connections()
        assert {one.laddr.ip for one in sockets} == {"127.0.0.1"}

    assert not psutil.pid_exists(server.pid)
    assert not server.folder.exists()


def test_a_named_folder_keeps_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    with embedded_redis(folder) as server, redis.Redis.from_url(server.address) as client:
        client.set("key", b"\x00\xff")
    with embedded_redis(folder) as server, redis.Redis.from_url(server.address) as client:
        assert client.get("key") == b"\x00\xff"


def test_it_dies_with_a_killed_parent_and_leaves_no_folder() -> None:
    with _elsewhere("") as (starter, (pid, _, folder)):
        server = psutil.Process(int(pid))
        watchdog = server.parent()
        starter.kill()
        server.wait(20)
        assert watchdog is not None
        watchdog.wait(20)

    assert not Path(folder).exists()


def test_a_killed_parents_folder_can_be_used_at_once(tmp_path: Path) -> None:
    with _elsewhere(str(tmp_path)) as (starter, (_, address, _)):
        with redis.Redis.from_url(address) as client:
            client.set("key", "kept")
        starter.kill()
    with provide_redis(tmp_path, environ={}) as url, redis.Redis.from_url(url) as client:
        assert client.get("key") == b"kept"


def test_the_server_of_another_process_is_used_and_left_running(tmp_path: Path) -> None:
    with _elsewhere(str(tmp_path)) as (_, (pid, address, _)):
        with provide_redis(tmp_path, environ={}) as url:
            assert url == address
        assert psutil.pid_exists(int(pid))
        with pytest.raises(FolderBusyError, match="already"), embedded_redis(tmp_path):
            pass


def test_two_that_start_at_once_share_one_server(tmp_path: Path) -> None:
    def process_id() -> int:
        with provide_redis(tmp_path, environ={}) as url, redis.Redis.from_url(url) as client:
            together.wait(20)
            found = int(client.info("server")["process_id"])
            together.wait(20)  # nobody stops it before the other has looked
            return found

    together = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(process_id), pool.submit(process_id)
        assert first.result() == second.result()
