"""A TCP proxy on the loopback interface that acts at an exact moment of a conversation: by killing, for instance."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class KillingProxy:
    """Passes bytes both ways; when the awaited ones are sent, it acts in their midst.

    Attributes
    ----------
    port : int
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._awaited = b""
        self._act: Callable[[], object] = lambda: None
        self._answered = False
        self._acted = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def act_once(self, awaited: bytes, act: Callable[[], object], *, answered: bool) -> threading.Event:
        """Act when these bytes come next: before the server has the last of them, or once it has answered them.

        The client hears nothing more on that connection. The event is set when it has been done.
        """
        self._acted = threading.Event()
        self._act, self._answered, self._awaited = act, answered, awaited
        return self._acted

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                inside, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(inside,), daemon=True).start()

    def _serve(self, inside: socket.socket) -> None:
        with inside, socket.create_connection(self._target) as outside:
            muted = threading.Event()
            answers = threading.Thread(target=_answer, args=(outside, inside, muted), daemon=True)
            answers.start()
            tail = b""
            with contextlib.suppress(OSError):
                while data := inside.recv(65536):
                    awaited = self._awaited
                    if awaited and awaited in tail + data:
                        self._awaited = b""
                        muted.set()
                        outside.sendall(data if self._answered else data[:-1])
                        if self._answered:
                            outside.shutdown(socket.SHUT_WR)
                            answers.join(10)  # the server has run everything when it closes its side
                        self._act()
                        self._acted.set()
                        break
                    tail = data[-len(awaited) :] if awaited else b""
                    outside.sendall(data)
            for side in (inside, outside):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            answers.join(10)


def _answer(outside: socket.socket, inside: socket.socket, muted: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := outside.recv(65536):
            if not muted.is_set():
                inside.sendall(data)


@contextlib.contextmanager
def killing_proxy(host: str, port: int) -> Iterator[KillingProxy]:
    """A proxy for as long as the block lasts."""
    proxy = KillingProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
