"""Redis clients, and the translation of their errors into ours.

redis-py's defaults are set on purpose here: replies are never decoded, the protocol is RESP3, time-outs are
short. A command whose reply was lost is sent again: twice, with a little waiting. That is right because every
command of this room is safe to repeat: reads, and a fencing token whose reply was lost is never used.
The one that needs care, the checkpoint, is written by a client without repeats (`without_retries`).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis
from redis import exceptions
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from streamsvd.errors import SettingsError, StoreError, StoreUnavailable

CONNECT_SECONDS = 3.0
SOCKET_SECONDS = 10.0
"""For one reply; a transaction of hundreds of megabytes takes a second or two."""
LOOKUP_SECONDS = 4.0
"""For one reply to a lookup; a time-out is not retried."""
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""An idle connection is checked by the system. A PING would be refused while the server cannot write to its disk,
though it can still read."""

_SCHEMES = ("redis", "rediss", "unix")
_UNAVAILABLE = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,  # a replica, after a failover that the client has not noticed
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
)
_REFUSED = (exceptions.AuthenticationError, exceptions.AuthorizationError)


def connect(url: str, *, for_lookups: bool = False) -> redis.Redis:
    """A client for the store; thread-safe, connects when first used.

    Parameters
    ----------
    url : str
        `redis://[[user]:password@]host[:port][/db]`, `rediss://…` for TLS, or `unix://path`.
    for_lookups : bool
        Give up on a server that accepts connections and never answers within five seconds, not half a minute.

    Raises
    ------
    SettingsError
        When the address cannot be understood. The password is never shown.
    """
    if urlsplit(url).scheme not in _SCHEMES:
        raise SettingsError(
            f"Redis address {masked(url)!r}: begin it with redis://, rediss:// or unix://, "
            "for example redis://127.0.0.1:6379/0"
        )
    retried = (exceptions.ConnectionError,) if for_lookups else (exceptions.ConnectionError, exceptions.TimeoutError)
    try:
        return redis.Redis.from_url(
            url,
            decode_responses=False,
            protocol=3,
            socket_timeout=LOOKUP_SECONDS if for_lookups else SOCKET_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            health_check_interval=0,
            retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), 2, retried),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **_keepalive(url),
        )
    except ValueError as error:
        raise SettingsError(
            f"Redis address {masked(url)!r} cannot be understood: write redis://host:port/db"
        ) from error


def _keepalive(url: str) -> dict[str, Any]:
    if urlsplit(url).scheme == "unix":
        return {}
    options = {getattr(socket, name): seconds for name, seconds in _KEEPALIVE.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": options}


def check_replies_are_bytes(client: redis.Redis) -> None:
    """Raise `SettingsError` for a client that decodes replies."""
    if client.connection_pool.connection_kwargs.get("decode_responses"):
        raise SettingsError("the store holds bytes: make its client with model_store.connect(url)")


def without_retries(client: redis.Redis) -> redis.Redis:
    """A client for the same server that never reconnects on its own.

    WATCH belongs to a connection. A client that checks an idle connection, finds it dead and opens
    another would send EXEC without the WATCH: a writer that was suspended during a takeover would then
    overwrite its successor.
    """
    check_replies_are_bytes(client)
    pool = client.connection_pool
    kwargs = {**pool.connection_kwargs, "retry": Retry(NoBackoff(), 0)}
    return redis.Redis.from_pool(redis.ConnectionPool(pool.connection_class, **kwargs))


def masked(url: str) -> str:
    """The address without its secrets.

    Examples
    --------
    >>> masked("redis://app:secret@db.example:6380/1")
    'redis://app:***@db.example:6380/1'
    """
    head, _, query = url.partition("?")
    scheme, separator, rest = head.rpartition("://")
    login, at, place = rest.rpartition("@")
    if at:
        login = f"{login.partition(':')[0]}:***"
    return f"{scheme}{separator}{login}{at}{place}{'?***' if query else ''}"


def address(client: redis.Redis) -> str:
    """Address of a client's server, without secrets."""
    kwargs: dict[str, Any] = client.connection_pool.connection_kwargs
    if "path" in kwargs:
        return f"unix://{kwargs['path']}"
    return f"redis://{kwargs.get('host', 'localhost')}:{kwargs.get('port', 6379)}/{kwargs.get('db') or 0}"


@contextmanager
def translated(client: redis.Redis, what: str) -> Iterator[None]:
    """Turn redis-py's errors into ours, by type.

    Parameters
    ----------
    client : redis.Redis
    what : str
        What was being done, for the message: "writing version 7 of model films".

    Raises
    ------
    StoreUnavailable
        No connection, no reply in time, a server that is loading or not in charge: the same call may
        succeed later.
    StoreError
        Refused: out of memory, no permission, wrong password, wrong type of key, …
    """
    try:
        yield
    except _REFUSED as error:
        raise StoreError(f"{what}: {address(client)} refuses the login; check user and password") from error
    except _UNAVAILABLE as error:
        raise StoreUnavailable(
            f"{what}: Redis at {address(client)} does not answer ({error}). Start it, or name another "
            "with --redis or STREAMSVD_REDIS"
        ) from error
    except exceptions.OutOfMemoryError as error:
        raise StoreError(
            f"{what}: Redis at {address(client)} has reached its `maxmemory`; nothing was written and the "
            "version before is intact. Give it more memory (CONFIG SET maxmemory …) or remove other data"
        ) from error
    except exceptions.NoPermissionError as error:
        raise StoreError(
            f"{what}: the login at {address(client)} lacks a permission ({error}); see docs/redis-layout.md"
        ) from error
    except exceptions.RedisError as error:
        raise StoreError(f"{what}: Redis at {address(client)} refused: {str(error)[:300]}") from error
