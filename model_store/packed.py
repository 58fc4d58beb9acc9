"""Commands packed by us, sent over a connection of redis-py's pool.

redis-py packs commands argument by argument: for a million small ones that takes longer than all else. Its connections
send packed ones too; login, TLS, time-outs and errors are those of every other command.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis import exceptions
from redis.connection import ConnectionInterface

from model_store.codec.row_frames import FramedPage


def run_framed(client: redis.Redis, before: list[tuple[Any, ...]], command: str, key: str, page: FramedPage) -> int:
    """Run some commands and one with framed arguments in one transaction; returns the reply to the last one.

    Parameters
    ----------
    client : redis.Redis
    before : list of tuple
        Commands.
    command, key : str
        `HSET` or `ZADD`, and the key of its arguments.
    page : FramedPage

    Raises
    ------
    redis.exceptions.RedisError
        As redis-py's own commands.
    """
    with _connection(client) as connection:
        start = _packed([command.encode(), key.encode()], more=2 * page.rows)
        packed = connection.pack_commands([("MULTI",), *before])  # type: ignore[no-untyped-call]
        end = connection.pack_command("EXEC")  # type: ignore[no-untyped-call]
        connection.send_packed_command([*packed, start, page.text, *end])  # type: ignore[no-untyped-call]
        refused: exceptions.ResponseError | None = None
        for _ in range(len(before) + 2):
            try:
                connection.read_response()
            except exceptions.ResponseError as error:
                refused = refused or error
        try:
            replies = connection.read_response()
        except exceptions.ExecAbortError as error:
            raise refused or error from None
        failed = next((reply for reply in replies if isinstance(reply, Exception)), None)
        if failed is not None:
            raise failed
        return int(replies[-1])


def read_in_pages(
    client: redis.Redis, key: str, pages: Iterable[Sequence[bytes]]
) -> Generator[list[bytes | None], None, None]:
    """The values of some fields of a hash, page by page; the server works on the next one while one is used.

    Parameters
    ----------
    client : redis.Redis
    key : str
    pages : iterable of sequence of bytes
        Fields.

    Raises
    ------
    redis.exceptions.RedisError
        As `HMGET`.
    """
    with _connection(client) as connection:
        asked = False
        for fields in pages:
            command = _packed([b"HMGET", key.encode(), *fields])
            connection.send_packed_command([command])  # type: ignore[no-untyped-call]
            if asked:
                yield connection.read_response()
            asked = True
        if asked:
            yield connection.read_response()


def _packed(words: Sequence[bytes], more: int = 0) -> bytes:
    """A command of these words, and of more that follow."""
    return b"*%d\r\n" % (len(words) + more) + b"".join([b"$%d\r\n%s\r\n" % (len(word), word) for word in words])


@contextmanager
def _connection(client: redis.Redis) -> Iterator[ConnectionInterface]:
    """A connection of the client's pool; closed after an error, or when the caller stops early."""
    pool = client.connection_pool
    connection = pool.get_connection()
    try:
        yield connection
    except BaseException:
        connection.disconnect()  # type: ignore[no-untyped-call]
        raise
    finally:
        pool.release(connection)
