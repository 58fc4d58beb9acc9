"""A TCP proxy on the loopback interface that cuts a connection, or holds it up, at a chosen moment."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class CuttingProxy:
    """Passes bytes both ways, until it is told to cut.

    Attributes
    ----------
    port : int
    cuts : int
        How many connections were cut.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.cuts = 0
        self._when: bytes | None = None
        self._delivered = True
        self._before: tuple[bytes, Callable[[], object]] | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_once(self, when: bytes, *, delivered: bool) -> None:
        """Cut the next connection on which these bytes are sent: after the server got and answered them, or before."""
        self._delivered, self._when = delivered, when

    def before_once(self, when: bytes, act: Callable[[], object]) -> None:
        """Do something before the next data that hold these bytes are passed on."""
        self._before = (when, act)

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                inside, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(inside,), daemon=True).start()

    def _serve(self, inside: socket.socket) -> None:
        with inside, contextlib.suppress(ConnectionRefusedError), socket.create_connection(self._target) as outside:
            cutting = threading.Event()
            answers = threading.Thread(target=self._answer, args=(outside, inside, cutting), daemon=True)
            answers.start()
            tail = b""
            with contextlib.suppress(OSError):
                while data := inside.recv(65536):
                    if self._before and self._before[0] in data:
                        act, self._before = self._before[1], None
                        act()
                    when = self._when
                    if when is not None and when in tail + data:
                        self._when, self.cuts = None, self.cuts + 1
                        if self._delivered:
                            cutting.set()  # answers are dropped from here on
                            outside.sendall(data)
                            outside.shutdown(socket.SHUT_WR)
                            answers.join(10)  # the server has run everything when it closes its side
                        else:
                            outside.sendall(data[:-1])
                        break
                    tail = data[-len(when) :] if when else b""
                    outside.sendall(data)
            for side in (inside, outside):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            answers.join(10)

    @staticmethod
    def _answer(outside: socket.socket, inside: socket.socket, cutting: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := outside.recv(65536):
                if not cutting.is_set():
                    inside.sendall(data)


@contextlib.contextmanager
def cutting_proxy(host: str, port: int) -> Iterator[CuttingProxy]:
    """A proxy for as long as the block lasts."""
    proxy = CuttingProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
