"""uvicorn with limits on connections, and a stop that lets requests finish."""

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

from streamsvd.service.journal import Journal
from streamsvd.service.problems import MEDIA_TYPE, problem
from streamsvd.stopping import StopRequest

HEADER_SECONDS = 10.0
_MOST_CONNECTIONS = 2048


class _HeaderTimeout(HttpToolsProtocol):
    """Closes a connection whose request headers do not arrive in time; uvicorn would wait for ever."""

    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def send_400_response(self, msg: str) -> None:
        body = bytes(problem(uuid.uuid4().hex, 400, "Not HTTP", f"{msg} An address has at most 64 kB.").body)
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_timer()

    def on_headers_complete(self) -> None:
        self._cancel_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self._cancel_timer()
        self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to `stop_on_signals`; uvicorn would raise the one that it received again."""
        yield


def serve_until(
    app: ASGIApp, listening: socket.socket, stop: StopRequest, journal: Journal, *, grace_seconds: float
) -> None:
    """Serve until a stop is requested; then requests in progress have `grace_seconds` to finish."""
    config = uvicorn.Config(
        app,
        http=_HeaderTimeout,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(grace_seconds)),
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
