"""Kafka and Redis for a command: the one it was given, or the one that `streamsvd.embedded` chooses."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from streamsvd.embedded import choose_kafka, default_folder, provide_kafka, provide_redis


def open_kafka(given: str | None, environ: Mapping[str, str]) -> AbstractContextManager[str]:
    """An address, for the body of a `with`; an embedded Kafka keeps its data for the next command."""
    return provide_kafka(default_folder("kafka"), environ=_with(environ, "STREAMSVD_KAFKA", given))


def open_redis(given: str | None, environ: Mapping[str, str]) -> AbstractContextManager[str]:
    """A URL, likewise."""
    return provide_redis(default_folder("redis"), environ=_with(environ, "STREAMSVD_REDIS", given))


def known_kafka(given: str | None, environ: Mapping[str, str]) -> str | None:
    """The address of a Kafka that is named or runs already; None where one would have to be started."""
    return choose_kafka(_with(environ, "STREAMSVD_KAFKA", given), folder=default_folder("kafka")).address


def _with(environ: Mapping[str, str], name: str, value: str | None) -> Mapping[str, str]:
    return environ if value is None else {**environ, name: value}
