"""A listening TCP socket, for the web servers."""

from __future__ import annotations

import socket

from streamsvd.errors import SettingsError


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 lets the system choose.

    Raises
    ------
    SettingsError
        The address is in use, or does not belong to this machine.

    Examples
    --------
    >>> with listen("127.0.0.1", 0) as listening:
    ...     listening.getsockname()[1] > 0
    True
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, number)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(1024)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --host or --port"
        ) from error
    return found
