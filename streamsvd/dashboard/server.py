"""The dashboard's web server: one page, on one address, until asked to stop."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import redis
import uvicorn
from fastapi import FastAPI
from nicegui import ui

from streamsvd.dashboard.board import Board, Contact
from streamsvd.dashboard.lookups import Lookups
from streamsvd.dashboard.page import Page
from streamsvd.dashboard.polling import watching
from streamsvd.errors import ServiceError

_ICON = Path(__file__).parent / "icon.svg"


def serve(
    board_model: str,
    topic: str,
    client: redis.Redis,
    kafka: str | None,
    host: str,
    port: int,
    ready: Callable[[str], None],
) -> None:
    """Serve the dashboard until SIGINT or SIGTERM.

    Parameters
    ----------
    board_model, topic : str
    client : redis.Redis
        From `connect`.
    kafka : str or None
        Broker to ask for lag and dead letters; None for neither.
    host : str
        Address to listen on.
    port : int
        0 for a free one.
    ready : callable
        Told the page's URL as soon as it answers.

    Raises
    ------
    ServiceError
        The port is taken, or the address is not ours.
    """
    now = time.time()
    board = Board(
        model=board_model,
        topic=topic,
        watches_log=kafka is not None,
        store=Contact(since=now),
        log=Contact(since=now),
    )
    lookups = Lookups(client, board_model)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @ui.page("/")
    def page() -> None:
        Page(board, lookups)

    ui.run_with(
        app,
        title=f"streamsvd: {board_model}",
        favicon=_ICON,
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        binding_refresh_interval=None,
        language="en-US",
        reconnect_timeout=30.0,
    )
    with closing(_listening(host, port)) as listener, watching(board, client, kafka, time.time, lookups.warm_up):
        bound = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        _Telling(config, lambda: ready(f"http://{shown}:{bound}/")).run(sockets=[listener])


class _Telling(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ServiceError(
            f"the dashboard cannot listen on {host}, port {port}: {error.strerror}. Choose another with --port, "
            "or 0 for any free one"
        ) from error
    return listener
