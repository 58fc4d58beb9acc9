"""`streamsvd doctor`: what the commands would use on this machine, and why."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import redis
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamsvd.cli.json_output import print_json
from streamsvd.cli.options import JsonFlag
from streamsvd.cli.tables import visible
from streamsvd.embedded import (
    KAFKA_VERSION,
    ServerChoice,
    choose_kafka,
    choose_redis,
    cluster_at,
    default_folder,
    docker_answers,
    find_java,
    find_redis_server,
    jars_folder,
    mask_url,
)
from streamsvd.errors import DatasetUnavailable, JavaMissing, ServiceError, StreamSVDError
from streamsvd.ratings import SOURCES, Network, fetch, find
from streamsvd.versions import package_versions

_PACKAGES = ("streamsvd", "numpy", "numba", "scipy", "pandas", "pyarrow", "kafka-python", "crc32c", "redis", "hiredis")
_DATA_SETS = ("ml-latest-small", "ml-100k")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what a part would be, why, and whether it works (None: not needed here)."""

    part: str
    used: str
    why: str
    works: bool | None = True


def doctor(
    as_json: JsonFlag = False,
) -> None:
    """Show which Kafka, Redis, Java and data sets the commands would use here, and why.

    Nothing is started or kept. Of a data set that is not on this machine it asks the servers whether it can be fetched;
    with --json, meant for health checks, it does not. Exits with status 0 when [bold]streamsvd demo[/] could run, else
    with status 1 and what to do.

    Example:

        streamsvd doctor
    """
    findings = list(_findings(os.environ, asking=not as_json))
    ready = all(finding.works is not False for finding in findings)
    if as_json:
        print_json({"ready": ready, "findings": findings, "versions": package_versions(*_PACKAGES)})
    else:
        _show(Console(), findings, ready=ready)
    raise typer.Exit(0 if ready else 1)


def _findings(environ: Mapping[str, str], *, asking: bool) -> Iterator[Finding]:
    for name, choose, embedded, answers in (
        ("Kafka", choose_kafka, _embedded_kafka, _kafka_answers),
        ("Redis", choose_redis, _embedded_redis, _redis_answers),
    ):
        folder = default_folder(name.lower())
        yield _service(f"{name} of demo", lambda: choose(environ), embedded, answers)  # noqa: B023  used at once
        yield _service(
            f"{name} of other commands",
            lambda: choose(environ, folder=folder),  # noqa: B023  used at once
            embedded,
            answers,
        )
    yield _java()
    yield from _data(environ, asking=asking)


def _service(
    part: str, choose: Callable[[], ServerChoice], embedded: Callable[[], str], answers: Callable[[str], bool]
) -> Finding:
    try:
        choice = choose()
        if choice.kind == "embedded":
            return Finding(part, embedded(), choice.why)
    except StreamSVDError as error:
        return Finding(part, "none", str(error), works=False)
    if choice.address is None:
        advice = "" if docker_answers() else ", but no engine answers or testcontainers is missing"
        return Finding(part, "a container", choice.why + advice, works=not advice)
    if answers(choice.address):
        return Finding(part, mask_url(choice.address), choice.why)
    advice = f"{choice.why}, but nothing answers there: start it, or unset the variable"
    return Finding(part, mask_url(choice.address), advice, works=False)


def _embedded_kafka() -> str:
    java = find_java()
    fetched = "" if jars_folder().is_dir() else ", fetched at the first start (44 MB)"
    if fetched and importlib.util.find_spec("jgo") is None:
        raise ServiceError("Kafka's jars are not here yet: `pip install 'streamsvd[embedded]'` to fetch them")
    return f"embedded: Apache Kafka {KAFKA_VERSION} on Java {java.version}{fetched}"


def _embedded_redis() -> str:
    program = find_redis_server()
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    version = next((word[2:] for word in answer.stdout.split() if word.startswith("v=")), "of unknown version")
    return f"embedded: Redis {version}, {program}"


def _kafka_answers(address: str) -> bool:
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the report says it
    return cluster_at(address, timeout_seconds=3.0) is not None


def _redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=3.0, socket_connect_timeout=3.0) as client:
            return bool(client.ping())
    except redis.ResponseError:  # such as one that cannot write its disk
        return True
    except (redis.RedisError, ValueError):
        return False


def _java() -> Finding:
    try:
        java = find_java()
    except JavaMissing as error:
        return Finding("Java", "none", str(error), works=None)
    place = "the one of the PATH is new enough" if java.origin == "PATH" else "none on the PATH is new enough"
    return Finding("Java", f"Java {java.version}, {java.program}", place)


def _data(environ: Mapping[str, str], *, asking: bool) -> Iterator[Finding]:
    network = Network()
    for name in _DATA_SETS:
        part = f"Data set {name}"
        path: Path | None = find(name, environ=environ)
        if path is not None:
            yield Finding(part, str(path), "from STREAMSVD_DATA, this folder or the cache")
        elif asking:
            yield _asked(part, name, network)
        else:
            sources = ", then ".join(source.label for source in SOURCES[name])
            yield Finding(part, sources, "not here: fetched when needed", works=None)


def _asked(part: str, name: str, network: Network) -> Finding:
    """What comes of fetching a set, into a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="streamsvd-doctor-") as folder:
        try:
            fetch(name, Path(folder) / f"{name}.zip", network)
        except DatasetUnavailable as error:
            said = "; ".join(f"{one.source} {one.reason}: {one.detail}" for one in error.attempts)
            return Finding(part, "none", f"{said}. Without it the demo takes another set.", works=None)
    return Finding(part, "fetched when needed", "not here, and a source gives it")


def _show(console: Console, findings: list[Finding], *, ready: bool) -> None:
    table = Table(box=None)
    for heading in ("", "", "is", "because"):
        table.add_column(heading, overflow="fold")
    marks = {True: "[green]✓", False: "[red]✗", None: "[yellow]–"}
    for one in findings:
        table.add_row(marks[one.works], one.part, escape(visible(one.used)), escape(visible(one.why, lines=True)))
    console.print(table)
    console.print("\nVersions: " + ", ".join(f"{name} {text}" for name, text in package_versions(*_PACKAGES).items()))
    console.print(
        "[green]streamsvd demo can run here." if ready else "[red]What is marked ✗ has to be corrected first."
    )
