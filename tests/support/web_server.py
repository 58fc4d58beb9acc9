"""A web server of our own, for what is fetched over a network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """Serves `files` by path; `cut` bytes are missing at the end of each answer; while `held`, no answer comes."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: int = 0
    asked: list[str] = field(default_factory=list)
    url: str = ""
    held: threading.Event = field(default_factory=threading.Event)


@contextmanager
def web_server() -> Iterator[Server]:
    """Run one on a port of the system's choice."""
    state = Server()
    state.held.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.held.wait()
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) - state.cut])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            state.held.set()
            http.shutdown()
            thread.join()
