"""`streamsvd services` and `streamsvd doctor` beside real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
import typer
from typer.testing import CliRunner
from web_server import web_server

from streamsvd.cli.commands.doctor import doctor
from streamsvd.embedded import choose_kafka, choose_redis, cluster_at, default_folder, embedded_redis
from streamsvd.ratings import datasets
from streamsvd.ratings.sources import GroupLens, Wheel

_ROOT = Path(__file__).resolve().parents[2]
_SERVICES = "import typer; from streamsvd.cli.commands.services import services; typer.run(services)"
_VARIABLES = ("STREAMSVD_KAFKA", "STREAMSVD_REDIS", "STREAMSVD_DATA")


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No settings, no Docker engine, and folders of this test's own."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")
    return monkeypatch


def _doctor(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(doctor)
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("clean")
def test_services_run_until_told_to_stop_and_are_found_meanwhile(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVICES], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        exports = dict(process.stdout.readline().removeprefix("export ").strip().split("=", 1) for _ in range(2))
        kafka = choose_kafka(os.environ, folder=default_folder("kafka"))
        store = choose_redis(os.environ, folder=default_folder("redis"))
        assert exports == {"STREAMSVD_KAFKA": kafka.address, "STREAMSVD_REDIS": store.address}
        assert cluster_at(exports["STREAMSVD_KAFKA"])
        with redis.Redis.from_url(exports["STREAMSVD_REDIS"]) as client:
            assert client.ping()
        servers = psutil.Process(process.pid).children(recursive=True)

        process.send_signal(number)
        _, notes = process.communicate(timeout=60)

    assert process.returncode == 0
    assert notes.rstrip().endswith("Stopped.")
    assert not any(server.is_running() for server in servers)
    assert choose_kafka(os.environ, folder=default_folder("kafka")).kind == "embedded"


@pytest.mark.usefixtures("clean")
def test_doctor_says_that_the_demo_could_run() -> None:
    status, output = _doctor("--json")

    report = json.loads(output)
    used = {one["part"]: one["used"] for one in report["findings"]}
    assert (status, report["ready"]) == (0, True)
    assert used["Kafka of demo"].startswith("embedded: Apache Kafka 4")
    assert used["Redis of demo"].startswith("embedded: Redis ")
    assert report["versions"]["python"].startswith("3.")


def test_doctor_finds_what_is_given_and_hides_the_password(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with embedded_redis() as server:
        clean.setenv("STREAMSVD_REDIS", server.address.replace("//", "//default:swordfish@"))
        (tmp_path / "ml-100k").mkdir()
        clean.setenv("STREAMSVD_DATA", str(tmp_path))
        clean.setenv("COLUMNS", "400")  # no path is folded
        status, output = _doctor()

    assert status == 0  # a server without a password takes any
    assert "swordfish" not in output
    assert "default:***@" in output.replace("\n", "")
    assert str(tmp_path / "ml-100k") in output


def test_doctor_says_what_does_not_answer(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("STREAMSVD_KAFKA", "127.0.0.1:1")
    clean.setenv("STREAMSVD_REDIS", "redis://127.0.0.1:1")
    status, output = _doctor("--json")

    why = {one["part"]: one["why"] for one in json.loads(output)["findings"] if one["works"] is False}
    assert status == 1
    assert why.keys() == {f"{name} of {who}" for name in ("Kafka", "Redis") for who in ("demo", "other commands")}
    assert all("nothing answers" in text for text in why.values())


def test_doctor_says_which_setting_is_wrong(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("STREAMSVD_KAFKA", "nonsense")

    status, output = _doctor()

    assert status == 1
    assert "STREAMSVD_KAFKA" in output


def test_doctor_asks_for_a_data_set_that_is_not_here_and_keeps_nothing(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with web_server() as server:
        wheel = Wheel("made", "1.0", "0" * 64)
        clean.setitem(datasets.SOURCES, "ml-100k", (GroupLens("ml-100k", None, server.url), wheel))
        clean.setitem(datasets.SOURCES, "ml-latest-small", (GroupLens("ml-latest-small", None, server.url),))
        for name, value in (
            ("COLUMNS", "400"),
            ("XDG_CACHE_HOME", str(tmp_path)),
            ("PIP_INDEX_URL", f"{server.url}/simple"),
        ):
            clean.setenv(name, value)
        _, quick = _doctor("--json")
        assert server.asked == []
        status, output = _doctor()

    used = {one["part"]: one["used"] for one in json.loads(quick)["findings"]}
    assert used["Data set ml-100k"] == "GroupLens, then the package index"
    said = " ".join(output.split())
    assert status == 0
    assert "GroupLens answers with status 404" in said
    assert "No matching distribution found for made==1.0" in said
    assert not list(tmp_path.rglob("*.zip"))
