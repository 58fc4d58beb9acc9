"""Run a command in whose network one host is out of reach: `python proxy_without.py HOST COMMAND …`.

The command finds a proxy in its environment, which connects it with every host but that one.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 60.0


def main(host: str, *command: str) -> int:
    """Exit status of the command."""

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            name, _, port = self.path.rpartition(":")
            if name == host:
                self.send_error(403)
                return
            try:
                with socket.create_connection((name, int(port)), SECONDS) as far:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.flush()
                    _join(self.connection, far)
            except OSError as error:
                self.log_error("%s: %s", self.path, error)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        proxy = {"https_proxy": f"http://127.0.0.1:{server.server_port}", "no_proxy": "localhost,127.0.0.1"}
        try:
            return subprocess.run(command, env={**os.environ, **proxy}, check=False).returncode
        finally:
            server.shutdown()


def _join(near: socket.socket, far: socket.socket) -> None:
    """Copy bytes both ways until one side ends."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(near, selectors.EVENT_READ, far)
        waiting.register(far, selectors.EVENT_READ, near)
        while ready := waiting.select(SECONDS):
            for key, _ in ready:
                piece = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]  # only sockets are registered
                if not piece:
                    return
                key.data.sendall(piece)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
