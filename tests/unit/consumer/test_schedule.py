"""Rests between the pages of a checkpoint, and patience with a store that does not answer."""

from __future__ import annotations

import pytest

from consumer.schedule import Retry, Schedule, Throttle
from streamsvd.errors import StoreError, StoreUnavailable


class Clock:
    def __init__(self) -> None:
        self.now = 10.0
        self.waits: list[float] = []

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class Store:
    """Answers after so many attempts."""

    def __init__(self, silent: int) -> None:
        self.silent = silent

    def write(self) -> str:
        if self.silent:
            self.silent -= 1
            raise StoreUnavailable("no answer")
        return "written"


@pytest.mark.parametrize(("most", "waits"), [(10.0, [0.75, 0.375]), (1.0, [0.75, 0.25]), (0.75, [0.75]), (0.0, [])])
def test_rests(most: float, waits: list[float]) -> None:
    clock = Clock()
    rest = Throttle(lambda: clock.now, clock.pause, most)
    for work in (0.25, 0.125, 0.0):
        clock.now += work
        rest()
    assert clock.waits == waits


def test_a_checkpoint_rests_for_a_fifth_of_the_interval_and_never_in_live_mode() -> None:
    assert Schedule(seconds=5.0).throttle_seconds == 1.0
    assert Schedule(seconds=0.0).throttle_seconds == 0.0


@pytest.mark.parametrize(("silent", "waits"), [(0, []), (1, [0.1]), (8, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])])
def test_patience_waits_longer_and_longer_and_says_so_once(silent: int, waits: list[float]) -> None:
    clock, said = Clock(), list[str]()
    patience = Retry(60.0, lambda: clock.now, clock.pause, lambda: False, said.append)
    assert patience.until_done(Store(silent).write) == "written"
    assert clock.waits == pytest.approx(waits)
    assert said == (["no answer. Trying again for 60 s.", "Redis answers again."] if silent else [])


@pytest.mark.parametrize(("seconds", "stopped", "attempts"), [(1.0, False, 4), (0.0, False, 1), (60.0, True, 1)])
def test_patience_ends(seconds: float, stopped: bool, attempts: int) -> None:
    clock, store = Clock(), Store(99)
    patience = Retry(seconds, lambda: clock.now, clock.pause, lambda: stopped, lambda _: None)
    with pytest.raises(StoreUnavailable, match="Nothing is lost"):
        patience.until_done(store.write)
    assert store.silent == 99 - attempts


def test_what_the_store_refuses_is_not_tried_again() -> None:
    clock = Clock()

    def refuse() -> None:
        raise StoreError("out of memory")

    with pytest.raises(StoreError, match="out of memory"):
        Retry(60.0, lambda: clock.now, clock.pause, lambda: False, lambda _: None).until_done(refuse)
    assert not clock.waits


@pytest.mark.parametrize(
    ("schedule", "records", "waited", "took", "catching_up", "due"),
    [
        (Schedule(), 0, 99.0, 0.0, False, False),  # nothing new
        (Schedule(), 1, 4.9, 0.0, False, False),
        (Schedule(), 1, 5.0, 9.0, False, True),
        (Schedule(), 50_000, 0.0, 0.0, False, True),
        (Schedule(), 9_000_000, 4.9, 0.0, True, False),  # however many
        (Schedule(), 1, 5.0, 0.5, True, True),
        (Schedule(), 9_000_000, 17.9, 2.0, True, False),
        (Schedule(), 1, 18.0, 2.0, True, True),
        (Schedule(seconds=30.0), 1, 29.0, 2.0, True, False),
        (Schedule(events=100), 99, 0.0, 2.0, True, False),
        (Schedule(events=100), 100, 0.0, 2.0, True, True),
        (Schedule(events=90_000), 60_000, 0.0, 0.0, False, False),
        (Schedule(seconds=0.0), 1, 0.0, 2.0, True, True),  # live
        (Schedule(seconds=0.0), 0, 9.0, 0.0, False, False),
    ],
)
def test_when_a_checkpoint_is_due(
    schedule: Schedule, records: int, waited: float, took: float, catching_up: bool, due: bool
) -> None:
    assert schedule.is_due(records, waited, took, catching_up=catching_up) is due


def test_a_poll_brings_what_is_left_until_a_count_that_was_asked_for() -> None:
    assert Schedule(events=700).most_records(600, 500) == 100
    assert Schedule(events=700).most_records(0, 500) == 500
    assert Schedule().most_records(10**7, 5000) == 5000
