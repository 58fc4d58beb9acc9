"""Server processes under their watchdog, with small programs in the servers' place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from streamsvd.embedded.folder import ServerFolder
from streamsvd.embedded.process import ServerProcess
from streamsvd.embedded.server import Server, StartedServer, serving
from streamsvd.errors import ServiceError

_SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
_STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)",
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[ServerFolder]:
    before = psutil.Process().children(recursive=True)
    yield ServerFolder(tmp_path, keeps=True)
    assert psutil.Process().children(recursive=True) == before


def test_stop_ends_it(place: ServerFolder) -> None:
    process = ServerProcess("Sleeper", _SLEEPER, place)
    assert process.exit_code is None

    assert process.stop() == 143
    assert not psutil.pid_exists(process.pid)


def test_one_that_will_not_stop_is_killed(place: ServerFolder) -> None:
    process = ServerProcess("Stubborn", _STUBBORN, place, grace_seconds=0.05)
    process.wait_until(lambda: "up" in process.output(), 20)

    assert process.stop() == 137


def test_a_program_that_is_not_there(place: ServerFolder) -> None:
    with pytest.raises(ServiceError, match=r"(?s)Nothing could not be run.*No such file"):
        ServerProcess("Nothing", [place.path / "nothing"], place)


def test_one_that_ends_while_starting_shows_the_end_of_its_log(place: ServerFolder) -> None:
    process = ServerProcess("Failing", ["sh", "-c", "echo one >&2; echo two; exit 7"], place)

    with pytest.raises(ServiceError, match=r"(?s)Failing ended while starting \(code 7\).*failing\.log.*one\n +two"):
        process.wait_until(lambda: False, 20)
    assert process.stop() == 7


def test_one_that_never_answers(place: ServerFolder) -> None:
    process = ServerProcess("Silent", _SLEEPER, place)

    with pytest.raises(ServiceError, match=r"does not answer 0\.05 s"):
        process.wait_until(lambda: False, 0.05)
    process.stop()


def _sleeper(place: ServerFolder) -> StartedServer:
    return StartedServer(ServerProcess("Sleeper", _SLEEPER, place), "here:1", lambda: True)


def test_a_taken_port_makes_it_try_again(place: ServerFolder) -> None:
    attempts = []

    def attempt() -> StartedServer:
        attempts.append(1)
        if len(attempts) < 3:
            taken = ["sh", "-c", "echo 'bind: Address already in use'; exit 1"]
            return StartedServer(ServerProcess("Sleeper", taken, place), "taken:1", lambda: False)
        return _sleeper(place)

    with serving(place, attempt, 20) as server:
        assert (server.address, len(attempts)) == ("here:1", 3)


def test_other_failures_are_not_tried_again(place: ServerFolder) -> None:
    attempts = []

    def attempt() -> StartedServer:
        attempts.append(1)
        return StartedServer(ServerProcess("Failing", ["false"], place), "here:1", lambda: False)

    with pytest.raises(ServiceError, match="code 1"), serving(place, attempt, 20):
        pass
    assert len(attempts) == 1


def _kill(server: Server) -> None:
    process = psutil.Process(server.pid)
    process.kill()
    process.wait(20)


def test_a_death_in_between_is_told(place: ServerFolder) -> None:
    with (
        pytest.raises(ServiceError, match="ended too early"),
        serving(place, lambda: _sleeper(place), 20) as server,
    ):
        _kill(server)


def test_a_death_in_between_is_told_beside_what_it_caused(place: ServerFolder) -> None:
    with (  # noqa: PT012
        pytest.raises(ZeroDivisionError) as caught,
        serving(place, lambda: _sleeper(place), 20) as server,
    ):
        _kill(server)
        raise ZeroDivisionError

    assert "ended too early" in caught.value.__notes__[0]
