"""Runs of a consumer on real services: what fills the log, what learns it, and what is left in the store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis
from model_states import plain
from rich.console import Console

from consumer import Consumer, ConsumerPlan, Progress, Schedule, open_consumer
from evaluation import Prequential, evaluate
from model_store import Checkpoint, ModelWriter, connect
from model_store.codec.keys import Keys
from producer import prepare, replay
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.learner import IteratedSVD, Settings, State
from streamsvd.learner.choices import Choices
from streamsvd.learner.protocol import Ids
from streamsvd.log import LogClient, RatingSink, RatingSource, Record, Topics, create_topics, log_client, read_all
from streamsvd.ratings import Catalogue, RatingTable

ROOT = Path(__file__).resolve().parents[2]
LONG_SECONDS = 120.0  # for anything but the compilation of the kernels


def wait_until(condition: Callable[[], Any], what: str, seconds: float = LONG_SECONDS, *, pause: float = 0.001) -> Any:
    """Ask until the answer is true, and return it; fails when that takes too long. A dear question wants a pause."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:g} s")
        threading.Event().wait(pause)
    return answer


# The log


def client_of(log: str | LogClient) -> LogClient:
    """The client of a Kafka by its address, or the one that is given."""
    return log_client(log) if isinstance(log, str) else log


def fill(
    kafka: str | LogClient, topic: str, table: RatingTable, catalogue: Catalogue | None = None, partitions: int = 1
) -> None:
    """Replay a table, as `streamsvd replay` does."""
    log = client_of(kafka)
    ready = prepare(log, Topics(topic), table.dataset, catalogue, partitions=partitions)
    with RatingSink(log, topic) as sink:
        replay([table], sink, log=ready.log)


def write(kafka: str | LogClient, topic: str, values: Iterable[bytes | None], partition: int = 0) -> None:
    """Put values onto a topic as they are, made if need be."""
    log = client_of(kafka)
    create_topics(log, Topics(topic))
    with closing(log.delivery()) as delivery:
        for value in values:
            delivery.send(topic, partition, b"key", value, 881250949000, "a record")


def letters(kafka: str | LogClient, topic: str) -> list[Record]:
    """The dead letters of a topic."""
    return list(read_all(client_of(kafka), Topics(topic).dead_letters))


# In this process


def plan_for(kafka: str | LogClient, store: str, topic: str, model: str, **changes: Any) -> ConsumerPlan:
    """A plan with the defaults of `streamsvd consume`."""
    schedule = changes.pop("schedule", Schedule())
    return ConsumerPlan(
        log=client_of(kafka),
        redis=store,
        topics=Topics(topic),
        model=model,
        settings=changes.pop("settings", Settings()),
        metrics=Prequential(),
        schedule=schedule,
        **changes,
    )


@contextmanager
def consuming(plan: ConsumerPlan) -> Iterator[tuple[Consumer, RatingSource]]:
    """A consumer in this process."""
    with open_consumer(plan, lambda seconds: None) as found:
        yield found


def learn_all(plan: ConsumerPlan) -> tuple[Consumer, Progress]:
    """Consume, in this process, to the end of the log as it is now."""
    with consuming(plan) as (consumer, source):
        return consumer, consumer.run(until=source.end_offsets())


def learned_in_process(table: RatingTable, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """What a model without Kafka and Redis knows at the end of a table, and its figures; comparable with `==`."""
    model = IteratedSVD(scale=table.dataset.scale, content=catalogue)
    metrics = evaluate(model, table, Prequential())
    return {"state": plain(with_choices(model, table.users, table.items)), "figures": asdict(metrics.figures())}


def with_choices(model: IteratedSVD, users: Ids, items: Ids) -> State:
    """The state of a model, as the store has it: with what these users have chosen."""
    choices = Choices()
    choices.learn(model, users, items)
    return choices.state(model)


# The store


def checkpoint_of(store: str, model: str) -> Checkpoint:
    """The newest checkpoint of a model."""
    with closing(connect(store)) as client, closing(ModelWriter(client, model)) as writer:
        writer.acquire()
        found = writer.load()
    assert found is not None, f"no checkpoint of {model}"
    return found


def final(store: str, model: str) -> dict[str, Any]:
    """All of a model that must not depend on how it was learned, as values to compare with `==`, bit for bit."""
    found = checkpoint_of(store, model)
    return {
        "state": plain(found.state),
        "metrics": {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in found.metrics.items()},
        "offsets": found.offsets,
        "marks": found.marks,
        "genres": found.genres,
        "event_time": found.event_time,
        "summary": found.summary,
    }


def version_of(client: redis.Redis, model: str) -> int:
    """Version of a model's newest checkpoint; 0 before the first."""
    return int(client.hget(Keys(model).head, "version") or 0)  # type: ignore[arg-type]


def token_of(client: redis.Redis, model: str) -> int:
    """Newest fencing token of a model."""
    return int(client.get(Keys(model).fence) or 0)  # type: ignore[arg-type]


# Processes


def environment(**changes: str) -> dict[str, str]:
    """An environment in which commands find the package, whatever folder they run in."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    plain_output = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    without = {name: text for name, text in os.environ.items() if not name.startswith("STREAMSVD_")}
    return {**without, "PYTHONPATH": path, **plain_output, **changes}


@cache
def compile_kernels() -> None:
    """Fill the cache of compiled kernels, from which other processes load them."""
    warm_up(Console(quiet=True))


@contextmanager
def command(*arguments: str, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """A `streamsvd` command in a process of its own, gone at the end of the block."""
    compile_kernels()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamsvd", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**changes),
        start_new_session=True,  # so that a signal can reach all of its processes, as from a terminal
    )
    try:
        yield process
    except BaseException as error:
        error.add_note("\n".join(["streamsvd", *arguments, f"said: {_ended(process)}"]))
        raise
    finally:
        _ended(process)


def _ended(process: subprocess.Popen[str]) -> str:
    """Kill it if it still runs; what it has said."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.kill()
    return "\n".join(process.communicate())


def consume_command(kafka: str, store: str, topic: str, model: str, *more: str) -> list[str]:
    """Arguments of `streamsvd consume`."""
    return ["consume", "--kafka", kafka, "--redis", store, "--topic", topic, "--model", model, "--quiet", *more]


def run_command(*arguments: str, seconds: float = LONG_SECONDS, **changes: str) -> tuple[int, str, str]:
    """Exit status, output and messages of a command that ends by itself."""
    with command(*arguments, **changes) as process:
        output, messages = process.communicate(timeout=seconds)
    return process.returncode, output, messages


def heard(process: subprocess.Popen[str], text: str) -> str:
    """Wait for a line of the command's messages that holds this text, and return it."""
    assert process.stderr is not None
    said = []
    # Without a buffer: what follows the line is left for `communicate`.
    with open(process.stderr.fileno(), "rb", buffering=0, closefd=False) as lines:
        for line in map(bytes.decode, lines):
            said.append(line)
            if text in line:
                return line
    return pytest.fail(f"{text!r} was never said, but: {''.join(said)}")
