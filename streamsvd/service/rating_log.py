"""Events onto Kafka one at a time, each answered when the broker has confirmed it, within a bounded time.

One thread uses the sink: events keep the order in which they arrived, and a sink that has failed is replaced
with the next event. A failed sink sends nothing more (see `streamsvd.log.Delivery`), so an event is never in the log
while an earlier one of the same source is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from streamsvd.errors import DeliveryFailed, LogError
from streamsvd.log import RatingSink
from streamsvd.ratings import Event


class EventSender:
    """Sends events and waits for their offsets.

    Parameters
    ----------
    connect : callable
        Makes a sink; called again after a failure.
    seconds : float
        Most that one event may take.
    """

    def __init__(self, connect: Callable[[], RatingSink], seconds: float) -> None:
        self._connect, self._seconds = connect, seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="event-sender")
        self._sink: RatingSink | None = None
        self._failed = False

    async def send(self, event: Event) -> tuple[int, int]:
        """Partition and offset of the event in the log.

        Raises
        ------
        EventError
            The event is not valid.
        LogUnavailable
            The broker cannot be reached; the event is not in the log.
        DeliveryFailed
            Not confirmed in time; the event may or may not be in the log.
        TopicUnsafe, LogError
        """
        try:
            async with asyncio.timeout(self._seconds):
                handed_over = await asyncio.wrap_future(self._thread.submit(self._hand_over, event))
                return await asyncio.wrap_future(handed_over)
        except TimeoutError:
            raise DeliveryFailed(
                f"an event was not confirmed within {self._seconds:g} s; it may be in the log or not. Check Kafka"
            ) from None

    def begin(self) -> None:
        """Connect before the first event; a failure is not reported, the first event tries again."""
        self._thread.submit(self._reconnect)

    async def close(self) -> None:
        """Flush, for as long as one event may take, and disconnect."""
        closing = asyncio.wrap_future(self._thread.submit(self._drop))
        with suppress(TimeoutError):
            await asyncio.wait_for(closing, self._seconds)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _reconnect(self) -> RatingSink:
        if self._failed:
            self._drop()
        if self._sink is None:
            self._sink = self._connect()
        return self._sink

    def _hand_over(self, event: Event) -> Future[tuple[int, int]]:
        try:
            sent = self._reconnect().post(event)
        except DeliveryFailed:
            self._failed = True
            raise DeliveryFailed("an event sent before this one has failed; this one is not in the log") from None
        sent.add_done_callback(self._note_failure)
        return sent

    def _note_failure(self, sent: Future[tuple[int, int]]) -> None:
        if sent.exception() is not None:
            self._failed = True

    def _drop(self) -> None:
        sink, self._sink, self._failed = self._sink, None, False
        if sink is not None:
            with suppress(LogError):  # reported already to the caller of `send`
                sink.close()


@dataclass(frozen=True, slots=True)
class RatingLog:
    """The topic that ratings are sent to.

    Attributes
    ----------
    topic : str
    sender : EventSender
    scale : callable
        Lowest and highest rating, as the log's data set declares them; for a model that has no snapshot yet.
    check : callable
        Raises unless Kafka answers and has the topic.
    """

    topic: str
    sender: EventSender
    scale: Callable[[], tuple[float, float]]
    check: Callable[[], object]
