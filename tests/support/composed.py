"""What docker-compose.yml describes, running: its ratings, its addresses, and what its containers say."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from container_engine import ROOT, SERVICES, Engine, run
from model_runs import wait_until

from streamsvd.ratings import Synthetic

WORLD = Synthetic(ratings=20_000, users=300, items=1_500)
_PROJECT = "streamsvd-under-test"
_START_SECONDS = 240.0  # three processes compile the kernels on the first start
_PAUSE = 0.3  # a question to the engine starts a process


@dataclass(frozen=True, slots=True)
class Composed:
    """The services, healthy at first.

    Attributes
    ----------
    engine : Engine
    services : list of str
        All but Grafana where the images are stand-ins: there is none of it.
    files : list of str
        Options of `docker compose` that name the project and its files.
    """

    engine: Engine
    services: list[str]
    files: list[str]

    def compose(self, *arguments: str) -> str:
        """What `docker compose` answers."""
        return run(*self.engine.compose, *self.files, *arguments)

    def streamsvd(self, *arguments: str, service: str = "consumer", options: tuple[str, ...] = ()) -> str:
        """What a command says in a container of its own, as in the compose file's first lines."""
        return self.compose("run", "--rm", "--no-deps", "-T", *options, service, *arguments)

    def inside(self, service: str, *command: str) -> str:
        """What a program says in a service's container."""
        return self.compose("exec", "-T", service, *command)

    def states(self) -> dict[str, str]:
        """State of each service's container, as ``Up 2 minutes (healthy)`` or ``Exited (0) 3 seconds ago``."""
        labels = (f"--filter=label=com.docker.compose.{name}" for name in (f"project={_PROJECT}", "oneoff=False"))
        form = '{{.Label "com.docker.compose.service"}}\t{{.Status}}'
        lines = self.engine.docker("ps", "--all", *labels, "--format", form).splitlines()
        return dict(line.split("\t") for line in lines)

    def wait_until_healthy(self) -> None:
        """Wait until all servers are healthy and all others have ended well."""

        def good() -> bool:
            states = self.states()
            return states.keys() == set(self.services) and all(
                "(healthy)" in state or "Exited (0)" in state for state in states.values()
            )

        self.wait(good, "all are healthy", _START_SECONDS)

    def wait(self, condition: Any, what: str, seconds: float = 120.0) -> Any:
        """Wait; what the containers say goes with a failure."""
        try:
            return wait_until(condition, what, seconds, pause=_PAUSE)
        except BaseException as error:
            error.add_note("\n".join(f"{name}: {state}" for name, state in self.states().items()))
            error.add_note(self.compose("logs", "--tail", "20"))
            raise

    def learned(self) -> dict[str, float]:
        """The consumer's own count of ratings and dead letters, over its restarts; empty while it does not answer."""
        ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9464/metrics', timeout=8).read().decode())"
        answer = self.inside("consumer", "python", "-c", ask)
        found = re.findall(r"^streamsvd_consumer_(ratings|dead_letters)_total\{.*\} (\S+)$", answer, re.MULTILINE)
        return {name: float(count) for name, count in found}


@dataclass(frozen=True, slots=True)
class Shop:
    """An application with a key of its own, on this machine, outside the containers."""

    client: httpx.Client

    def asked(self, path: str, **query: Any) -> dict[str, Any] | None:
        """The service's answer; None while it gives none."""
        try:
            answer = self.client.get(path, params=query)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def rate(self, user: int | str, item: int, rating: float) -> int | None:
        """Send a rating; its place in the log once that is confirmed."""
        try:
            answer = self.client.post("/ratings", json={"user": user, "item": item, "rating": rating})
        except httpx.TransportError:
            return None
        return int(answer.json()["offset"]) if answer.status_code == 201 else None

    def taken_up(self) -> int:
        """How many records of the log are in the snapshot that the service reads."""
        status = self.asked("/status")
        return 0 if status is None else int(status["offsets"].get("ratings/0", 0))


@contextmanager
def composed(engine: Engine, folder: Path) -> Iterator[Composed]:
    """`docker compose up` of the shipped file, `down` at the end; only the ratings are ours."""
    _write_ratings(folder / "data" / "ml-100k")
    reading = [name for name, service in SERVICES.items() if "./data:/data:ro" in service.get("volumes", ())]
    data = {"volumes": [f"{folder / 'data'}:/data:ro"]}
    (folder / "data.yml").write_text(yaml.safe_dump({"services": dict.fromkeys(reading, data)}))
    files = ["--project-name", _PROJECT, "--project-directory", str(ROOT)]
    files += ["--file", str(ROOT / "docker-compose.yml"), "--file", str(folder / "data.yml")]
    services = [name for name in SERVICES if not (engine.own and name == "grafana")]
    system = Composed(engine, services, files)
    system.compose("down", "--volumes")  # of a run that was killed
    try:
        system.compose("up", "--detach", "--no-build", *services)
        system.wait_until_healthy()
        yield system
    finally:
        system.compose("down", "--volumes")
    left = engine.docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={_PROJECT}")
    assert (system.states(), left) == ({}, "")


@contextmanager
def shop_of(system: Composed) -> Iterator[Shop]:
    """An application whose key was made as docs/operations.md says."""
    options = ("--entrypoint", "streamsvd")
    key = ("key", "shop", "--scope", "read", "--scope", "write", "--file", "/secrets/keys.txt")
    secret = system.streamsvd(*key, service="secrets", options=options).strip()
    system.compose("restart", "serve")
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url="http://localhost:18000", headers=headers, timeout=30.0, trust_env=False) as client:
        shop = Shop(client)
        system.wait(lambda: shop.asked("/status"), "the service knows the key")
        yield shop


def _write_ratings(folder: Path) -> None:
    """A synthetic stream, as files of MovieLens, under the name of ml-100k."""
    folder.mkdir(parents=True)
    table = WORLD.table()
    with (folder / "ratings.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("userId", "movieId", "rating", "timestamp"))
        rows.writerows(zip(table.users, table.items, table.ratings, table.timestamps, strict=True))
    with (folder / "movies.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("movieId", "title", "genres"))
        rows.writerows((entry.item, entry.title, "|".join(entry.genres)) for entry in WORLD.catalogue().values())
