"""uvicorn, started and stopped as our commands are: a stop that was asked for lets requests finish."""

from __future__ import annotations

import asyncio
import socket
import uuid
from asyncio import TimerHandle, Transport
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streamsvd.errors import SettingsError
from streamsvd.service.journal import Journal
from streamsvd.service.problems import MEDIA_TYPE, problem
from streamsvd.stopping import StopRequest

HEADER_SECONDS = 10.0
_BACKLOG = 1024
_MOST_CONNECTIONS = 2048


class _Impatient(HttpToolsProtocol):
    """Closes a connection whose request does not get past its headers in time; uvicorn would wait for ever."""

    _waiting: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def send_400_response(self, msg: str) -> None:
        body = bytes(problem(400, "Not HTTP", f"{msg} An address has at most 64 kB.", request_id=uuid.uuid4().hex).body)
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._end_wait()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._end_wait()
        self._waiting = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _end_wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to `stop_on_signals`; uvicorn would end the process by the one it got."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 lets the system choose.

    Raises
    ------
    SettingsError
        The address is taken, or none of this machine's.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, number)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(_BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --host or --port"
        ) from error
    return found


def serve_until(
    app: ASGIApp, listening: socket.socket, stop: StopRequest, journal: Journal, *, patience: float
) -> None:
    """Serve until a stop is asked for; then requests under way have `patience` seconds to finish."""
    config = uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(patience)),
    )
    server = _Server(config)

    def leave() -> None:
        server.should_exit = True
        asyncio.get_running_loop().remove_reader(stop.fileno())

    async def run() -> None:
        asyncio.get_running_loop().add_reader(stop.fileno(), leave)
        host, port = listening.getsockname()[:2]
        journal.info("listening", host=host, port=port)
        await server.serve([listening])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())
    journal.info("stopped")
