"""`kill -9` of a consumer at moments of which the store, or the conversation with it, tells."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import redis
from killing_proxy import KillingProxy, killing_proxy
from model_runs import token_of, version_of, wait_until


class Killer:
    """Kills the consumer of one model.

    Attributes
    ----------
    store : str
        URL at which the consumer has to reach the store.
    """

    def __init__(self, client: redis.Redis, proxy: KillingProxy, url: str, model: str, chance: random.Random) -> None:
        login, at, _ = urlsplit(url).netloc.rpartition("@")
        self.store = urlsplit(url)._replace(netloc=f"{login}{at}127.0.0.1:{proxy.port}").geturl()
        self._client, self._proxy, self._model, self._chance = client, proxy, model, chance

    def learning(self, process: subprocess.Popen[str]) -> None:
        """Some checkpoints after its start, wherever it is by then."""
        wanted = version_of(self._client, self._model) + self._chance.randint(1, 4)
        wait_until(lambda: version_of(self._client, self._model) >= wanted, f"version {wanted}")
        process.kill()

    def taking_over(self, process: subprocess.Popen[str]) -> None:
        """As soon as it holds the fencing token."""
        self._wait_for_token()
        process.kill()

    def loading(self, process: subprocess.Popen[str]) -> None:
        """While it reads its checkpoint back; there must be one."""
        self._kill_on(b"HSCAN", process, answered=False)

    def staging(self, process: subprocess.Popen[str]) -> None:
        """While the first consumer of a model sends the rows of its first checkpoint, page by page."""
        self._kill_on(b":stage:1:users:block:window\r\n$", process, answered=False)

    def writing(self, process: subprocess.Popen[str]) -> None:
        """When it has sent a checkpoint but for the last byte."""
        self._wait_for_token()  # by an EXEC too
        self._kill_on(b"EXEC\r\n", process, answered=False)

    def written(self, process: subprocess.Popen[str]) -> None:
        """When the store holds a checkpoint, and the consumer does not know that yet."""
        self._wait_for_token()
        self._kill_on(b"EXEC\r\n", process, answered=True)

    def promoting(self, process: subprocess.Popen[str], name: str, *, written: bool) -> None:
        """When it has sent the checkpoint that serves a shadow: but for the last byte, or all of it and no answer."""
        last = f"${len(name)}\r\n{name}\r\n*1\r\n$4\r\nEXEC\r\n"  # the request that is answered ends the step
        self._kill_on(last.encode(), process, answered=written)

    def _wait_for_token(self) -> None:
        before = token_of(self._client, self._model)
        wait_until(lambda: token_of(self._client, self._model) > before, "a new token")

    def _kill_on(self, awaited: bytes, process: subprocess.Popen[str], *, answered: bool) -> None:
        assert self._proxy.act_once(awaited, process.kill, answered=answered).wait(60), f"{awaited!r} was never sent"


@contextmanager
def killer_of(client: redis.Redis, url: str, model: str, seed: int) -> Iterator[Killer]:
    """A killer whose choices depend on the seed alone."""
    place = urlsplit(url)
    with killing_proxy(place.hostname or "127.0.0.1", place.port or 6379) as proxy:
        yield Killer(client, proxy, url, model, random.Random(seed))
