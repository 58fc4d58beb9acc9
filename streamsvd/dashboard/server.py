"""The dashboard's web server: one page, until a signal stops it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import redis
import uvicorn
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui

from streamsvd.dashboard.board import Board, ServerStatus
from streamsvd.dashboard.lookups import Lookups
from streamsvd.dashboard.page import DashboardPage
from streamsvd.dashboard.polling import polling
from streamsvd.listening import listen

_ICON = Path(__file__).parent / "icon.svg"


def serve(
    model: str,
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
    model, topic : str
    client : redis.Redis
        From `connect`.
    kafka : str or None
        Broker, for lag and dead letters; None without one.
    host : str
        Address to listen on.
    port : int
        0 for a free one.
    ready : callable
        Called with the page's URL when the server starts.

    Raises
    ------
    SettingsError
        The address is in use, or does not belong to this machine.
    """
    now = time.time()
    board = Board(
        model=model,
        topic=topic,
        has_kafka=kafka is not None,
        store=ServerStatus(since=now),
        log=ServerStatus(since=now),
    )
    lookups = Lookups(client, model)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @ui.page("/")
    def page() -> None:
        DashboardPage(board, lookups)

    ui.run_with(
        app,
        title=f"streamsvd: {model}",
        favicon=_ICON,
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        binding_refresh_interval=None,
        language="en-US",
        reconnect_timeout=30.0,
    )
    with closing(listen(host, port)) as listening, polling(board, client, kafka, time.time, lookups.warm_up):
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}/"
        nicegui_app.on_startup(lambda: ready(url))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=[listening])
