"""`streamsvd serve` as a process, and models for it to serve."""

from __future__ import annotations

import io
import json
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from model_runs import command, compile_kernels, wait_until

from model_store import Checkpoint, ModelReader, ModelWriter, connect
from streamsvd.learner import IteratedSVD
from streamsvd.listening import listen
from streamsvd.ratings import Catalogue, CatalogueItem
from streamsvd.service import create_app
from streamsvd.service.journal import json_journal
from streamsvd.service.server import serve_until
from streamsvd.stopping import StopRequest

USERS, ITEMS = 40, 120
GENRES = ("Comedy", "Drama", "Crime")


def catalogue() -> Catalogue:
    """Films for every item but the last, which has no title."""
    return Catalogue(
        CatalogueItem(item, f"Film {item} ({1970 + item % 50})", (GENRES[item % 3],), 1970 + item % 50)
        for item in range(ITEMS - 1)
    )


def write_model(url: str, model: str, *, topic: str = "ratings", seed: int = 1, version: int = 1) -> None:
    """Store a small learned model; its items and users are numbers, and one of each is a text."""
    chance, items = random.Random(seed), catalogue()
    learner = IteratedSVD(scale=(1, 5), content=items)
    for number in range(1500):
        user: int | str = chance.randrange(USERS)
        learner.learn_one(user or "ann", chance.randrange(ITEMS), chance.randint(1, 5), 881_250_949 + number)
    learner.learn_one("ann", "heat", 5, 881_260_000)
    with connect(url) as client, closing(ModelWriter(client, model)) as writer:
        writer.acquire()
        writer.write(
            Checkpoint(
                version=writer.version + version,
                token=writer.token,
                offsets={(topic, 0): 1501},
                state=learner.state(),
                metrics={},
                marks={},
                genres=items.genres,
                event_time=881_260_000,
                written_at=time.time(),
                summary={"rmse": 0.93, "events": 1501, "topic": topic},
            ),
            catalogue=items.values(),
            whole=True,
        )


@contextmanager
def in_process(reader: ModelReader, **options: Any) -> Iterator[tuple[httpx.Client, io.BytesIO]]:
    """A client of the service in a thread of this process, and its journal."""
    compile_kernels()  # as `streamsvd serve` does before it listens
    with suppress(Exception):  # some readers are broken on purpose
        reader.recommend(0, 1)
        reader.predict(0, 0)
    stream, stop = io.BytesIO(), StopRequest()
    journal = json_journal(stream)
    app = create_app(reader, journal, **{"model": "films", **options})
    with listen("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(
            target=serve_until, args=(app, listening, stop, json_journal(io.BytesIO())), kwargs={"grace_seconds": 5.0}
        )
        thread.start()
        try:
            with httpx.Client(base_url=url, timeout=60.0, trust_env=False) as client:
                yield client, stream
        finally:
            stop.ask()
            thread.join(60)
            stop.close()


@dataclass(slots=True)
class Served:
    """A service that listens.

    Attributes
    ----------
    process : Popen
    url : str
    journal : list of dict
        The lines so far.
    """

    process: subprocess.Popen[str]
    url: str = ""
    raw: list[str] = field(default_factory=list)

    @property
    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in list(self.raw)]

    def heard(self, event: str, **values: Any) -> dict[str, Any]:
        """Wait for a line of the journal."""

        def found() -> dict[str, Any] | None:
            lines = (line for line in self.journal if line["event"] == event)
            return next((line for line in lines if values.items() <= line.items()), None)

        line: dict[str, Any] = wait_until(found, f"{event} {values} in the journal")
        return line

    def client(self, key: str | None = None, seconds: float = 60.0) -> httpx.Client:
        """A client of it."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=seconds, trust_env=False)


@contextmanager
def serving(*arguments: str, **changes: str) -> Iterator[Served]:
    """`streamsvd serve` on a port of the system's choice, listening; gone at the end of the block."""
    with command("serve", "--port", "0", *arguments, **changes) as process:
        served = Served(process)
        stderr = process.stderr
        assert stderr is not None
        reading = threading.Thread(target=lambda: served.raw.extend(iter(stderr.readline, "")), daemon=True)
        reading.start()
        try:
            wait_until(lambda: process.poll() is not None or served.raw, "anything from the service")
            place = served.heard("listening")
            served.url = f"http://127.0.0.1:{place['port']}"
            yield served
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            reading.join(10)
