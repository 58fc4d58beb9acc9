"""A server process: it ends with this process, writes a log, and counts as started only when it answers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from streamsvd.embedded import watchdog
from streamsvd.embedded.folder import ServerFolder
from streamsvd.errors import ServiceError

_PAUSE_SECONDS = 0.02


class ServerProcess:
    """One server under a watchdog, which ends it when this process asks for it, or dies.

    Parameters
    ----------
    name
        What the server is called in messages and in the name of its log.
    command
        Program and arguments.
    place
        The folder that it works in; its lock stays held for as long as the server lives.
    grace_seconds
        How long it may take to stop before it is killed.

    Raises
    ------
    ServiceError
        When the program cannot be run.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], place: ServerFolder, *, grace_seconds: float = 15.0
    ) -> None:
        self.name = name
        self.log = place.path / f"{name.lower()}.log"
        hold = ",".join(map(str, place.hold))
        rubbish = "" if place.keeps else place.path
        script = [sys.executable, "-I", "-S", watchdog.__file__, grace_seconds, hold, rubbish]
        with self.log.open("wb") as output:
            self._watchdog = subprocess.Popen(
                [str(part) for part in (*script, *command)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                pass_fds=place.hold,
                start_new_session=True,  # a Ctrl-C of the terminal is for us alone
            )
        assert self._watchdog.stdin is not None
        assert self._watchdog.stdout is not None
        self._pipe = self._watchdog.stdin
        with self._watchdog.stdout as answer:
            line = answer.readline()
        if not line:
            self.stop()
            raise ServiceError(f"{name} could not be run. {self.log_tail()}")
        self.pid = int(line)

    @property
    def exit_code(self) -> int | None:
        """Exit code of the server, None while it runs."""
        return self._watchdog.poll()

    def output(self) -> str:
        """Return what the server has written so far."""
        return self.log.read_text(errors="replace")

    def log_tail(self) -> str:
        """Return the end of the log and where it lies, as part of a message."""
        end = "".join(f"\n    {line}" for line in self.output().splitlines()[-15:])
        return f"End of its log {self.log}:{end}" if end else f"Its log {self.log} is empty."

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait until `ready` returns True.

        Raises
        ------
        ServiceError
            When the server ends first, or the time is over; with the end of its log.
        """
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if self.exit_code is not None:
                raise ServiceError(f"{self.name} ended while starting (code {self.exit_code}). {self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{self.name} does not answer {timeout_seconds:g} s after its start: is the machine "
                    f"overloaded? {self.log_tail()}"
                )
            self.wait(_PAUSE_SECONDS)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the server's end, for so long at most; return whether it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._watchdog.wait(timeout_seconds)
        return self.exit_code is not None

    def stop(self) -> int:
        """Ask the server to stop, kill it after the grace time, and return its exit code."""
        with contextlib.suppress(BrokenPipeError), self._pipe as pipe:
            pipe.write(watchdog.STOP)
        return self._watchdog.wait()
