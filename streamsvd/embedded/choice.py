"""Which Kafka and which Redis are used, and why: one decision that commands and tests share.

The first of these that holds wins:

1. what ``STREAMSVD_KAFKA`` or ``STREAMSVD_REDIS`` says: an address, or ``docker`` or ``embedded`` to force
   that kind;
2. the server that already runs in the named folder (started by ``streamsvd services``, for instance);
3. a Docker engine that answers, with testcontainers installed, where nothing is to be kept: a container's
   data goes with it, so a named folder rules it out;
4. embedded: started by us, in the named folder or in a temporary one.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamsvd.embedded.containers import docker_answers, kafka_container, redis_container
from streamsvd.embedded.folder import FolderBusyError, running_in
from streamsvd.embedded.kafka import embedded_kafka
from streamsvd.embedded.redis import embedded_redis
from streamsvd.embedded.server import Server
from streamsvd.errors import SettingsError

KAFKA_VARIABLE = "STREAMSVD_KAFKA"
REDIS_VARIABLE = "STREAMSVD_REDIS"

_BROKER = r"(\[[0-9a-fA-F:]+\]|[^\s,:/\[\]]+):\d{1,5}"
_KAFKA_ADDRESS = re.compile(f"{_BROKER}(,{_BROKER})*")
_REDIS_URL = re.compile(r"(rediss?://[^\s/]+|unix://\S)\S*")
_FORCED = ("docker", "embedded")
_OTHER_STARTS_SECONDS = 90.0

Kind = Literal["given", "running", "docker", "embedded"]


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """What is used, and why.

    Attributes
    ----------
    kind
        ``given`` and ``running`` exist already, ``docker`` and ``embedded`` are started when needed.
    address
        Address or URL; None for what is not started yet.
    why
        The reason, as part of a sentence.
    """

    kind: Kind
    address: str | None
    why: str


def mask_url(url: str) -> str:
    """Return the URL with its password hidden, fit for messages and logs.

    Examples
    --------
    >>> mask_url("redis://worker:secret@db.local:6379/0")
    'redis://worker:***@db.local:6379/0'
    >>> mask_url("127.0.0.1:9092")
    '127.0.0.1:9092'
    """
    hidden = re.sub(r"(://[^:@/?]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&]password=)[^&]*", r"\1***", hidden)


def choose_kafka(
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    docker_available: Callable[[], bool] = docker_answers,
) -> ServerChoice:
    """Decide which Kafka is used; starts nothing.

    Parameters
    ----------
    environ
        Environment variables, usually `os.environ`.
    folder
        Where the data of an embedded server is kept; None for nothing to be kept.
    docker_available
        Tells whether a Docker engine answers.

    Raises
    ------
    SettingsError
        When ``STREAMSVD_KAFKA`` is neither an address nor one of the two words.

    Examples
    --------
    >>> choose_kafka({"STREAMSVD_KAFKA": "kafka:9092"})
    ServerChoice(kind='given', address='kafka:9092', why='STREAMSVD_KAFKA is set')
    >>> choose_kafka({}, docker_available=lambda: False).kind
    'embedded'
    """
    given = environ.get(KAFKA_VARIABLE, "").strip()
    if given and given not in _FORCED and not _KAFKA_ADDRESS.fullmatch(given):
        raise SettingsError(
            f"{KAFKA_VARIABLE}={given!r} is no Kafka address: give host:port (several with "
            "commas), 'docker' or 'embedded'."
        )
    return _choose(KAFKA_VARIABLE, given, folder, docker_available)


def choose_redis(
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    docker_available: Callable[[], bool] = docker_answers,
) -> ServerChoice:
    """Decide which Redis is used; starts nothing. The parameters are those of `choose_kafka`.

    Raises
    ------
    SettingsError
        When ``STREAMSVD_REDIS`` is neither a URL of Redis nor one of the two words.

    Examples
    --------
    >>> choose_redis({"STREAMSVD_REDIS": "redis://127.0.0.1:6379/0"}).kind
    'given'
    """
    given = environ.get(REDIS_VARIABLE, "").strip()
    if given and given not in _FORCED and not _REDIS_URL.fullmatch(given):
        raise SettingsError(
            f"{REDIS_VARIABLE}={mask_url(given)!r} is no Redis URL: give redis://host:port/db, 'docker' or 'embedded'."
        )
    return _choose(REDIS_VARIABLE, given, folder, docker_available)


@contextmanager
def provide_kafka(folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Provide a Kafka for the body of a `with`, started if need be, and yield its address (``host:port``).

    Parameters
    ----------
    folder
        Where an embedded server keeps its data, as ``default_folder("kafka")``; by default nothing is kept.
    environ
        Environment variables; by default those of this process.

    Raises
    ------
    SettingsError, ServiceError, JavaMissing
        When the setting is wrong, or nothing can be started.
    """
    choice = choose_kafka(os.environ if environ is None else environ, folder=folder)
    with _provide(choice, kafka_container, embedded_kafka, folder) as address:
        yield address


@contextmanager
def provide_redis(folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Provide a Redis for the body of a `with`, started if need be, and yield its URL. See `provide_kafka`."""
    choice = choose_redis(os.environ if environ is None else environ, folder=folder)
    with _provide(choice, redis_container, embedded_redis, folder) as url:
        yield url


def _choose(variable: str, given: str, folder: Path | None, docker_available: Callable[[], bool]) -> ServerChoice:
    if given == "embedded":
        return ServerChoice("embedded", None, f"{variable}=embedded")
    if given == "docker":
        return ServerChoice("docker", None, f"{variable}=docker")
    if given:
        return ServerChoice("given", given, f"{variable} is set")
    if folder is None:
        if docker_available():
            return ServerChoice("docker", None, "a Docker engine answers and testcontainers is installed")
        return ServerChoice(
            "embedded",
            None,
            f"{variable} is not set, and no Docker engine answers or testcontainers is missing",
        )
    if address := running_in(folder):
        return ServerChoice("running", address, f"one runs in {folder}")
    return ServerChoice("embedded", None, f"{variable} is not set, and none runs in {folder}, where its data is kept")


@contextmanager
def _provide(
    choice: ServerChoice,
    container: Callable[[], AbstractContextManager[str]],
    embedded: Callable[[Path | None], AbstractContextManager[Server]],
    folder: Path | None,
) -> Iterator[str]:
    if choice.address is not None:
        yield choice.address
    elif choice.kind == "docker":
        with container() as address:
            yield address
    else:
        with ExitStack() as stack:
            yield _start_or_join(stack, embedded, folder)


def _start_or_join(
    stack: ExitStack, embedded: Callable[[Path | None], AbstractContextManager[Server]], folder: Path | None
) -> str:
    """Start a server until the end of `stack`, or use the one that another process starts in the same
    folder."""
    deadline = time.monotonic() + _OTHER_STARTS_SECONDS
    while True:
        try:
            return stack.enter_context(embedded(folder)).address
        except FolderBusyError:
            if folder is not None and (address := running_in(folder)):
                return address
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # it is starting or stopping: ask again
