"""The dashboard in a process of its own, while a command learns in this one."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from streamsvd.embedded import ServerProcess, server_folder
from streamsvd.log import Topics

_URL = re.compile(r"^http://\S+$", re.MULTILINE)


class DashboardProcess:
    """A dashboard in a process of its own, or none; it never delays the command.

    Parameters
    ----------
    process : ServerProcess or None
    notify : callable
        Called with the page's URL once it answers, or with the reason why there is none.
    """

    def __init__(self, process: ServerProcess | None, notify: Callable[[str], None]) -> None:
        self._process = process
        self._notify = notify
        self._notified = process is None

    def notify_url(self, more: str = "") -> None:
        """Notify of the URL, the first time that it is known; ask again and again, it costs little."""
        if self._notified or self._process is None:
            return
        if found := _URL.search(self._process.output()):
            self._notify(f"Dashboard: {found.group()}{more}")
            self._notified = True
        elif self._process.exit_code is not None:
            self._notify(f"The dashboard did not start. {self._process.log_tail()}")
            self._notified = True

    def wait_for_url(self, more: str = "") -> None:
        """Wait for that."""
        while not self._notified and self._process is not None:
            self.notify_url(more)
            self._process.wait(0.05)


@contextmanager
def run_dashboard(
    kafka: str, redis: str, topics: Topics, model: str, notify: Callable[[str], None], *, wanted: bool
) -> Iterator[DashboardProcess]:
    """Run a dashboard on a free port while the body runs; it ends with this process, however that ends.

    Where its library is not installed there is none, and `notify` gets a note.
    """
    if wanted and find_spec("nicegui") is None:
        notify("No dashboard: pip install 'streamsvd[dashboard]' brings it.")
        wanted = False
    if not wanted:
        yield DashboardProcess(None, notify)
        return
    command = [sys.executable, "-m", "streamsvd", "dashboard", "--port", "0"]
    command += ["--kafka", kafka, "--topic", topics.ratings, "--model", model]
    if os.environ.get("STREAMSVD_REDIS") != redis:  # one that was given may hold a password: the child inherits it
        command += ["--redis", redis]
    with server_folder("dashboard", None) as place:
        process = ServerProcess("dashboard", command, place, grace_seconds=5.0)
        try:
            yield DashboardProcess(process, notify)
        finally:
            process.stop()
