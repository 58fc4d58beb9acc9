"""From a server program to a server that answers, and back: what Kafka and Redis have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from streamsvd.embedded.folder import ServerFolder
from streamsvd.embedded.process import ServerProcess
from streamsvd.errors import ServiceError

_ATTEMPTS = 5
_PORT_TAKEN = "Address already in use"
_CLEAN = (0, 143)  # 143: a Java that our SIGTERM ended


@dataclass(frozen=True, slots=True)
class StartedServer:
    """A server process just started, the address that it should have, and how to find out that it answers
    there."""

    process: ServerProcess
    address: str
    answers: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Server:
    """An embedded server that answers.

    Attributes
    ----------
    address
        What a client connects to: ``127.0.0.1:port`` for Kafka, a ``redis://`` URL for Redis.
    pid
        Process id of the server.
    folder
        Where its data, its settings and its log lie.
    """

    address: str
    pid: int
    folder: Path
    _process: ServerProcess = field(repr=False, compare=False)

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.exit_code is None

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the server's end, for so long at most; return whether it has ended."""
        return self._process.wait(timeout_seconds)


@contextmanager
def serving(place: ServerFolder, attempt: Callable[[], StartedServer], timeout_seconds: float) -> Iterator[Server]:
    """Start a server, yield it, stop it.

    Parameters
    ----------
    place
        The folder that it works in. Other processes can find the server there when the folder is a named one.
    attempt
        Starts the server on ports of its own choice; called again when another process took one of them in
        between.
    timeout_seconds
        How long one attempt may take until the server answers.

    Raises
    ------
    ServiceError
        When it does not start, died in between, or did not stop cleanly. When the body fails, its
        error gets the latter two as a note.
    """
    started = _start(attempt, timeout_seconds)
    try:
        if place.keeps:
            place.announce(started.address)
        yield Server(started.address, started.process.pid, place.path, started.process)
    except BaseException as error:
        if complaint := _stop(started.process):
            error.add_note(complaint)
        raise
    if complaint := _stop(started.process):
        raise ServiceError(complaint)


def _start(attempt: Callable[[], StartedServer], timeout_seconds: float) -> StartedServer:
    for left in reversed(range(_ATTEMPTS)):
        current = attempt()
        try:
            current.process.wait_until(current.answers, timeout_seconds)
        except BaseException as error:
            current.process.stop()
            if left and isinstance(error, ServiceError) and _PORT_TAKEN in current.process.output():
                continue
            raise
        return current
    raise AssertionError("the last attempt returns or raises")


def _stop(process: ServerProcess) -> str | None:
    """Stop the process and return what there is to complain about."""
    gone = process.exit_code is not None
    code = process.stop()
    if code in _CLEAN and not gone:
        return None
    return f"{process.name} ended too early, or had to be killed (exit code {code}). {process.log_tail()}"
