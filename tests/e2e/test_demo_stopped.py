"""An interrupted demonstration leaves nothing behind: no process, no file."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest
from model_runs import command, heard, run_command, wait_until


def replays(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The producer that a demo has started."""
    return [child for child in psutil.Process(process.pid).children() if "replay" in child.cmdline()]


def compilers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that compile for a demo."""
    return [
        child for child in psutil.Process(process.pid).children() if "streamsvd.cli.kernel_compiler" in child.cmdline()
    ]


def stop(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Send a signal as a terminal does; it ends all processes, and says so."""
    begun = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, number)
    output, messages = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, ""), messages
    assert "Stopped on request; everything that was started is stopped too." in messages
    assert "Traceback" not in messages
    assert not any(child.is_running() for child in begun)


@pytest.mark.parametrize(("moment", "number"), [("starting", signal.SIGTERM), ("learning", signal.SIGINT)])
def test_an_interrupted_demo_leaves_nothing_behind(
    ml_100k: Path, tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    changes = {"TMPDIR": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with command("demo", str(ml_100k), "--rate", "1000", **changes) as process:
        heard(process, "Starting Kafka and Redis" if moment == "starting" else "Redis is up")
        if moment == "learning":
            wait_until(lambda: replays(process), "the producer")
            page = heard(process, "Dashboard: http://127.0.0.1:").split()[-1]
            assert httpx.get(page).status_code == 200
        stop(process, number)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nor_does_one_that_still_fetches_and_compiles(ml_100k: Path, tmp_path: Path, number: signal.Signals) -> None:
    cache, temporary = tmp_path / "cache", tmp_path / "tmp"
    temporary.mkdir()
    changes = {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": str(cache / "streamsvd")}
    changes["STREAMSVD_KAFKA"] = changes["STREAMSVD_REDIS"] = "embedded"
    with command("demo", str(ml_100k), **changes) as process:
        heard(process, "Compiling the learner's kernels")
        wait_until(lambda: compilers(process), "a process that compiles")
        stop(process, number)
    assert list(temporary.iterdir()) == []
    assert not list(cache.glob("streamsvd/kafka-*-*"))


def test_a_part_that_fails_ends_the_others(tmp_path: Path) -> None:
    changes = {"TMPDIR": str(tmp_path), "STREAMSVD_KAFKA": "embedded", "STREAMSVD_REDIS": "embedded"}
    status, output, messages = run_command("demo", str(tmp_path / "nowhere"), **changes)

    assert (status, output) == (1, "")
    assert "DatasetError: " in messages
    assert "Traceback" not in messages
    assert list(tmp_path.iterdir()) == []
