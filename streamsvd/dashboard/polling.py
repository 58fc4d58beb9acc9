"""Two threads that keep the board current: one polls Redis, one Kafka, so that neither waits for the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import redis

from model_store import read_head, read_shadows
from model_store.feed import FeedPoint, read_feed, read_now
from streamsvd.dashboard.board import Board, Logged, ServerStatus, Stored
from streamsvd.errors import LogError, StoreError
from streamsvd.log import Topics, log_client, log_end, newest_dead_letters

STORE_SECONDS = 0.5
LOG_SECONDS = 1.0
WARM_UP_SECONDS = 1.0
LETTERS_SHOWN = 50
_PAGE = 1_000


class StorePoller:
    """Reads what is new of the board's model from Redis."""

    def __init__(self, board: Board, client: redis.Redis, clock: Callable[[], float]) -> None:
        self._board = board
        self._client = client
        self._clock = clock
        self._points: list[FeedPoint] = []

    def poll(self) -> None:
        """Bring the board up to date, or note the error."""
        try:
            self._poll()
        except StoreError as error:
            self._board.store = self._board.store.failed(error)

    def _poll(self) -> None:
        model = self._board.model
        newest, head = read_now(self._client, model), read_head(self._client, model)
        if newest is None or head is None:
            self._board.stored = None
            self._points = []
        else:
            self._read_points()
            dataset = str(head.summary.get("dataset", "")).partition(" ")[0]
            self._board.stored = Stored(
                now=newest[0],
                detail=newest[1],
                points=tuple(self._points),
                shadows=read_shadows(self._client, model),
                offsets=head.offsets,
                dataset=dataset,
            )
        self._board.store = ServerStatus(since=self._clock(), answered=True)

    def _read_points(self) -> None:
        while True:
            page = read_feed(self._client, self._board.model, self._points[-1].id if self._points else "", _PAGE)
            self._points = page.points if page.restarted else [*self._points, *page.points]
            if len(page.points) < _PAGE:
                return


class LogPoller:
    """Reads the end of the board's topic, and its dead letters, from Kafka."""

    def __init__(self, board: Board, address: str, clock: Callable[[], float]) -> None:
        self._board = board
        self._reader, self._topics = log_client(address).reader(), Topics(board.topic)
        self._clock = clock

    def poll(self) -> None:
        """Bring the board up to date, or note the error."""
        try:
            ends, event_time = log_end(self._reader, self._topics.ratings)
            kept, letters = newest_dead_letters(self._reader, self._topics.dead_letters, LETTERS_SHOWN)
        except LogError as error:
            self._reader.close()
            self._board.log = self._board.log.failed(error)
            return
        self._board.logged = Logged(ends=ends, event_time=event_time, letters=letters, letters_kept=kept)
        now = self._clock()
        self._board.log = ServerStatus(since=now, answered=True)
        if not self._board.waiting:
            self._board.waiting_since = None
        elif self._board.waiting_since is None:
            self._board.waiting_since = now

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()


@contextmanager
def polling(
    board: Board, client: redis.Redis, kafka: str | None, clock: Callable[[], float], warm_up: Callable[[], bool]
) -> Iterator[None]:
    """Keep the board current while the body of the `with` runs.

    Parameters
    ----------
    board : Board
    client : redis.Redis
        From `connect`.
    kafka : str or None
        Address of the broker; None without one.
    clock : callable
        Wall clock in seconds.
    warm_up : callable
        Loads what a first lookup would wait for; called in its own thread until it returns true.
    """
    stop = threading.Event()
    with ExitStack() as stack:
        stack.callback(stop.set)
        threading.Thread(target=_repeat, args=(warm_up, stop), name="warm-up", daemon=True).start()
        _start("store poller", StorePoller(board, client, clock).poll, STORE_SECONDS, stop)
        if kafka is not None:
            log = LogPoller(board, kafka, clock)
            _start("log poller", log.poll, LOG_SECONDS, stop, log.close)
        yield


def _repeat(task: Callable[[], bool], stop: threading.Event) -> None:
    while not task() and not stop.wait(WARM_UP_SECONDS):
        pass


def _start(
    name: str, poll: Callable[[], None], seconds: float, stop: threading.Event, end: Callable[[], None] = lambda: None
) -> None:
    def run() -> None:
        poll()
        while not stop.wait(seconds):
            poll()
        end()

    threading.Thread(target=run, name=name, daemon=True).start()  # a silent server must not delay the exit
