"""Commands whose arguments are packed already, sent over a connection of redis-py's pool.

redis-py packs commands from Python objects: for a million small ones that takes longer than all else. Its connections
send packed ones too; login, TLS, time-outs and errors are those of every other command.
"""

from __future__ import annotations

from typing import Any

import redis
from redis import exceptions

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
    pool = client.connection_pool
    connection = pool.get_connection()
    try:
        words = [command.encode(), key.encode()]
        start = b"*%d\r\n" % (len(words) + 2 * page.rows) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
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
    except BaseException:
        connection.disconnect()  # type: ignore[no-untyped-call]  # replies may be on their way
        raise
    finally:
        pool.release(connection)
