"""The folder of an embedded server: a temporary one, or a named one that keeps data and says where its
server is.

A named folder holds a lock file and a state file. The server keeps the lock's descriptor open, so the
lock is held exactly as long as the server lives, whatever becomes of the process that started it. "Does one
run here?" is therefore asked of the lock, never of a process id, and two servers never share a folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from streamsvd.errors import ServiceError

_LOCK = "lock"
_STATE = "running.json"


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """A folder made ready for one server.

    Attributes
    ----------
    path
        The folder.
    keeps
        Whether it was named, and so outlives the server.
    hold
        Descriptors that the server has to keep open.
    """

    path: Path
    keeps: bool
    hold: tuple[int, ...] = ()

    def announce(self, address: str) -> None:
        """Tell other processes the address of the server that now runs here."""
        fresh = self.path / f"{_STATE}.new"
        fresh.write_text(json.dumps({"address": address}))
        fresh.replace(self.path / _STATE)


class FolderBusyError(ServiceError):
    """A server runs in this folder already; `running_in` gives its address once it answers."""


def default_folder(name: str) -> Path:
    """Return the folder in which commands keep the data of the embedded server `name`.

    Examples
    --------
    >>> default_folder("kafka").name
    'kafka'
    """
    return platformdirs.user_data_path("streamsvd") / name


@contextmanager
def server_folder(name: str, folder: Path | None) -> Iterator[ServerFolder]:
    """Yield a folder for the server `name`: `folder`, kept afterwards, or a temporary one.

    A temporary folder is removed at the end; with a server that failed it is kept, for its log.

    Raises
    ------
    FolderBusyError
        When a server runs in the named folder already.
    """
    with _temporary(name) if folder is None else _named(name, folder) as place:
        yield place


@contextmanager
def _temporary(name: str) -> Iterator[ServerFolder]:
    path = Path(tempfile.mkdtemp(prefix=f"streamsvd-{name}-"))
    keep = False
    try:
        yield ServerFolder(path, keeps=False)
    except ServiceError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _named(name: str, folder: Path) -> Iterator[ServerFolder]:
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder) as descriptor:
        if descriptor is None:
            raise FolderBusyError(f"{name} runs in {folder} already: stop that one, or use it.")
        state = folder / _STATE
        state.unlink(missing_ok=True)  # of a process that was killed
        try:
            yield ServerFolder(folder, keeps=True, hold=(descriptor,))
        finally:
            state.unlink(missing_ok=True)


def running_in(folder: Path) -> str | None:
    """Return the address of the server that runs in a named folder; None when there is none, or it does not
    answer yet."""
    try:
        state = json.loads((folder / _STATE).read_text())
    except FileNotFoundError:
        return None
    with _locked(folder) as descriptor:
        return str(state["address"]) if descriptor is None else None


@contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """Hold the folder's lock for the body and yield its descriptor, or None when another process holds it."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of the loopback interface that were free just now.

    Another process may take one before the server does, so their user has to be ready to try again.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
