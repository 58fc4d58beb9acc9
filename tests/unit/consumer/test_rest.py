"""Rests between the pages of a checkpoint: as long as work, times three, and not for ever."""

from __future__ import annotations

import pytest

from consumer.progress import Rest, Schedule


class Clock:
    def __init__(self) -> None:
        self.now = 10.0
        self.waits: list[float] = []

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("most", "waits"), [(10.0, [0.75, 0.375]), (1.0, [0.75, 0.25]), (0.75, [0.75]), (0.0, [])])
def test_rests(most: float, waits: list[float]) -> None:
    clock = Clock()
    rest = Rest(lambda: clock.now, clock.pause, most)
    for work in (0.25, 0.125, 0.0):
        clock.now += work
        rest()
    assert clock.waits == waits


def test_a_checkpoint_rests_for_a_fifth_of_the_interval_and_never_in_live_mode() -> None:
    assert Schedule(seconds=5.0).rest_seconds == 1.0
    assert Schedule(seconds=0.0).rest_seconds == 0.0
