"""Kafka and Redis in containers, through testcontainers, where a Docker engine answers."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from streamsvd.errors import ServiceError

KAFKA_IMAGE = "confluentinc/cp-kafka:7.9.0"  # testcontainers' start script is written for this family
REDIS_IMAGE = "redis:7.4.2-alpine"
_LOCAL_ENGINE = "unix:///var/run/docker.sock"
_PING_SECONDS = 2


def docker_answers() -> bool:
    """Whether testcontainers is installed and a Docker engine answers a ping within two seconds."""
    if importlib.util.find_spec("testcontainers") is None or not _listens(os.environ.get("DOCKER_HOST", "")):
        return False
    import docker
    import requests

    try:
        with contextlib.closing(docker.from_env(timeout=_PING_SECONDS)) as client:
            return bool(client.ping())
    except (docker.errors.DockerException, requests.RequestException):
        return False


def _listens(host: str) -> bool:
    """Whether a server listens on the engine's local socket; any other host is left to the client to judge.

    Asked first because the client leaves its socket open when none does.
    """
    scheme, _, place = (host or _LOCAL_ENGINE).partition("://")
    if scheme != "unix":
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PING_SECONDS)
        return probe.connect_ex(place) == 0


@contextmanager
def kafka_container() -> Iterator[str]:
    """Run Kafka (KRaft) in a container and yield its address (``host:port``).

    Raises
    ------
    ServiceError
        When no engine answers, testcontainers is missing, or the container does not start.
    """
    _check_engine()
    from testcontainers.community.kafka import KafkaContainer

    with _started("Kafka", lambda: KafkaContainer(KAFKA_IMAGE).with_kraft()) as container:
        yield str(container.get_bootstrap_server())


@contextmanager
def redis_container() -> Iterator[str]:
    """Run Redis in a container and yield its URL; otherwise as `kafka_container`."""
    _check_engine()
    from testcontainers.community.redis import RedisContainer

    with _started("Redis", lambda: RedisContainer(REDIS_IMAGE)) as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(container.port)}/0"


def _check_engine() -> None:
    if not docker_answers():
        raise ServiceError(
            "No Docker engine answers, or testcontainers is missing: start Docker and `pip install "
            "'streamsvd[containers]'`, or unset STREAMSVD_KAFKA and STREAMSVD_REDIS for the embedded "
            "services."
        )


@contextmanager
def _started(name: str, make: Callable[[], Any]) -> Iterator[Any]:
    with ExitStack() as stack:
        try:
            container = stack.enter_context(make())
        except Exception as error:  # engine, network and image errors have no common type
            raise ServiceError(
                f"The {name} container did not start ({type(error).__name__}: {error}): look at `docker ps "
                "-a`, or unset STREAMSVD_KAFKA and STREAMSVD_REDIS to use the embedded services."
            ) from error
        yield container
