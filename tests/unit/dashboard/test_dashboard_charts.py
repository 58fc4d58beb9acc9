"""Points of the feed as lines of a chart."""

from __future__ import annotations

import json

from boards import NOW, errors, point
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.dashboard.charts import (
    MOST_POINTS,
    ChartLine,
    counts_options,
    error_options,
    singular_options,
    speed_options,
    thinned,
    value_of,
)
from streamsvd.dashboard.windows import ALL, errors_over, picking, window_names
from streamsvd.figures import DriftDetection

EVENT = ChartLine("event", "--event", False, value_of(picking(ALL), "rmse_event"))


@given(st.integers(0, 3000), st.integers(1, 500))
def test_thinning_keeps_order_both_ends_and_the_limit(n: int, most: int) -> None:
    points = [point(1000 * k) for k in range(n)]
    left = thinned(points, most)
    assert len(left) <= most + 1
    assert [p.events for p in left] == sorted({p.events for p in left})
    assert left[:1] == points[:1]
    assert left[-1:] == points[-1:]


@given(st.integers(1, 3000))
def test_what_is_left_stays_while_a_point_is_added(n: int) -> None:
    points = [point(1000 * k) for k in range(n + 1)]
    before, after = thinned(points[:-1]), thinned(points)
    if len(points) <= MOST_POINTS or len(after) > len(before) // 2 + 2:  # the stride has not just doubled
        assert [p.events for p in before[:-1]] == [p.events for p in after][: len(before) - 1]


def test_an_error_line_along_each_axis() -> None:
    points = [point(1000 * k, at=NOW + k, event_time=900_000_000 + 60 * k) for k in range(1, 5)]
    for axis, first in (("events", 1000), ("event time", 900_000_060_000), ("wall clock", round((NOW + 1) * 1000))):
        drawn = error_options(points, [EVENT], axis, [])["series"][0]  # type: ignore[arg-type]
        assert drawn["name"] == "event"
        assert drawn["data"][0] == [first, points[0].total["rmse_event"]]
        assert len(drawn["data"]) == 4


def test_drift_marks_stand_where_they_fired() -> None:
    points = [point(1000 * k, at=NOW + k, event_time=900_000_000 + 60 * k) for k in range(1, 5)]
    drift = DriftDetection(detector="adwin", events=2500, event_time=900_000_150, rose=True)
    for axis, place in (("events", 2500), ("event time", 900_000_150_000), ("wall clock", (NOW + 3) * 1000)):
        (mark,) = error_options(points, [EVENT], axis, [drift])["series"][0]["markLine"]["data"]  # type: ignore[arg-type]
        assert mark["xAxis"] == place
        assert mark["label"]["formatter"] == "drift ↑"


def test_a_chart_of_a_long_history_stays_small_and_is_json() -> None:
    points = [point(1000 * k, at=NOW + k / 7) for k in range(1, 10_001)]
    lines = [EVENT] * 6
    assert len(json.dumps(error_options(points, lines, "events", []))) < 150_000
    assert len(json.dumps(speed_options(points))) < 10_000
    assert len(json.dumps(counts_options(points))) < 10_000


def test_charts_of_nothing() -> None:
    assert error_options([], [EVENT], "events", [])["series"][0]["data"] == []
    assert speed_options([])["series"][0]["data"] == []
    assert singular_options([])["series"][0]["data"] == []


def test_speed_is_events_by_wall_clock() -> None:
    points = [point(1000 * k, at=NOW + min(k, 7)) for k in range(12)]
    drawn = speed_options(points)["series"][0]["data"]
    assert drawn[0] == [4000, 1000.0]
    assert drawn[-1] == [11_000, None]  # no time has passed


def test_windows_have_names_and_figures() -> None:
    one = point(10_000)
    assert window_names(one) == ["all ratings", "last 5,000", "last 7 days", "fading"]
    assert all(errors_over(one, name) is not None for name in window_names(one))
    assert errors_over(one, "last 1") is None
    total = one.total["rmse_event"]
    assert total is not None
    assert value_of(lambda p: p.shadows.get("damped-means"), "rmse_page")(one) == errors(total + 0.05)["rmse_page"]
    assert value_of(lambda p: p.shadows.get("another"), "rmse_page")(one) is None
