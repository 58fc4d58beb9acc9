"""The lag that is shown: asked for now and then, and never a reason to stop."""

from __future__ import annotations

from consumer import Lag
from consumer.lag import ASK_AGAIN_SECONDS, ASK_EVERY_SECONDS, LagMonitor
from streamsvd.errors import LogUnavailable


class FadingSource:
    """A log whose end is known only while its broker answers."""

    def __init__(self) -> None:
        self.end = 10
        self.answers = True
        self.asked = 0

    def newest_time(self) -> int | None:
        return 100

    def end_offsets(self) -> dict[int, int]:
        self.asked += 1
        if not self.answers:
            raise LogUnavailable("no answer.")
        return {0: self.end}


def test_a_broker_that_is_away_is_told_once_and_asked_less_often() -> None:
    source, said, now = FadingSource(), [], 0.0
    monitor = LagMonitor(source, lambda: now, said.append, lambda: 1000)  # type: ignore[arg-type]
    assert monitor.behind({0: 4}, 90).records == 6
    source.end = 20
    assert monitor.behind({0: 4}, 90).records == 6  # not asked again yet
    now += ASK_EVERY_SECONDS
    assert monitor.behind({0: 4}, 90).records == 16

    source.answers = False
    for _ in range(3):
        now += ASK_AGAIN_SECONDS
        assert monitor.behind({0: 5}, 90).records == 15
        assert monitor.behind({0: 30}, 90).records == 0
    assert said == ["no answer. Waiting for it; nothing is lost."]
    assert source.asked == 5

    source.answers = True
    now += ASK_AGAIN_SECONDS
    assert monitor.behind({0: 5}, 90).records == 15
    assert said[1:] == ["Kafka answers again."]


def test_the_lag_in_event_time_is_that_to_the_newest_rating_of_the_log() -> None:
    now = 0.0
    source = FadingSource()
    monitor = LagMonitor(source, lambda: now, lambda _: None, lambda: 1000)  # type: ignore[arg-type]
    assert monitor.behind({0: 4}, 70) == Lag(6, 30)
    assert monitor.behind({0: 4}, None) == Lag(6, None)
    assert monitor.behind({0: 4}, 200) == Lag(6, 0)
    assert monitor.behind({0: 10}, 70) == Lag(0, 0)  # all of it is read, whatever the order of its times
    source.answers = False
    assert LagMonitor(source, lambda: now, lambda _: None, lambda: 1000).behind({0: 4}, 70) == Lag()  # type: ignore[arg-type]


def test_a_record_ahead_of_the_clock_is_no_end_to_be_behind_of() -> None:
    monitor = LagMonitor(FadingSource(), lambda: 0.0, lambda _: None, lambda: 99)  # type: ignore[arg-type]
    assert monitor.behind({0: 4}, 70) == Lag(6, None)
