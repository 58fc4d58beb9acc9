"""Charts as ECharts options: plain dictionaries, computed from the points of the feed.

Colours are names of the stylesheet's variables, so one drawing serves light and dark. A long history is thinned before
it is sent, to about the resolution of a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from model_store.feed import FeedPoint
from streamsvd.figures import DriftDetection, Values

MOST_POINTS = 400
"""Points of a line: about one for every two pixels of a wide chart."""

_SMOOTHED = 4  # points: those of one checkpoint lie close together

Axis = Literal["events", "event time", "wall clock"]
Options = dict[str, Any]

_COLOURS = ("--third", "--fourth", "--fifth", "--sixth")
_FONT = "Roboto, system-ui, sans-serif"


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One line of the error chart: name, style, and its value at a point."""

    name: str
    colour: str
    dashed: bool
    value: Callable[[FeedPoint], float | None]


def thinned(points: Sequence[FeedPoint], most: int = MOST_POINTS) -> list[FeedPoint]:
    """Every 2nd, 4th, 8th, … point, at most `most`, and the last.

    By powers of two, so that the same points stay while others are added, and the line does not flicker.
    """
    stride = 1
    while len(points) > most * stride:
        stride *= 2
    left = list(points[::stride])
    return left if not left or left[-1] is points[-1] else [*left, points[-1]]


def colour_of(position: int) -> str:
    """Colour of the shadow at this position."""
    return _COLOURS[position % len(_COLOURS)]


def error_options(
    points: Sequence[FeedPoint], lines: Sequence[ChartLine], axis: Axis, drifts: Sequence[DriftDetection]
) -> Options:
    """Error over time.

    Parameters
    ----------
    points : sequence of FeedPoint
        Oldest first; any number.
    lines : sequence of ChartLine
    axis : str
        The horizontal axis.
    drifts : sequence of DriftDetection
        Drawn as vertical lines.
    """
    shown = thinned(points)
    along = [_place(point, axis) for point in shown]
    series = [_series(line, along, shown) for line in lines]
    if series:
        series[0]["markLine"] = _marks(drifts, points, axis)
    return {
        **_base(),
        "grid": {"left": 4, "right": 24, "top": 22, "bottom": 4, "containLabel": True},
        "xAxis": _along(axis),
        "yAxis": {**_axis(), "type": "value", "scale": True},
        "series": series,
    }


def speed_options(points: Sequence[FeedPoint]) -> Options:
    """Ratings learned per second, over a few points each, as a sparkline."""
    shown = thinned(points, 120)
    data: list[list[float | None]] = []
    for before, after in zip(shown, shown[_SMOOTHED:], strict=False):
        seconds = after.written_at - before.written_at
        data.append([after.events, round((after.events - before.events) / seconds, 1) if seconds > 0 else None])
    return _spark([_spark_line(data, "--event", filled=True)])


def counts_options(points: Sequence[FeedPoint]) -> Options:
    """Numbers of users and items, as sparklines."""
    shown = thinned(points, 120)
    users = _spark_line([[point.events, point.users] for point in shown], "--event")
    items = _spark_line([[point.events, point.items] for point in shown], "--third", dashed=True)
    items["yAxisIndex"] = 1
    options = _spark([users, items])
    return {**options, "yAxis": [options["yAxis"]] * 2}  # each line has its own scale


def _spark(series: list[Options]) -> Options:
    return {
        **_base(),
        "tooltip": {"show": False},
        "grid": {"left": 1, "right": 1, "top": 4, "bottom": 2},
        "xAxis": {"type": "value", "show": False, "min": "dataMin", "max": "dataMax"},
        "yAxis": {"type": "value", "show": False, "min": 0},
        "series": series,
    }


def _spark_line(data: list[list[float | None]], colour: str, *, filled: bool = False, dashed: bool = False) -> Options:
    return {
        "type": "line",
        "data": data,
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"width": 1.8, "color": f"var({colour})", "type": "dashed" if dashed else "solid"},
        "areaStyle": {"color": f"var({colour})", "opacity": 0.14 if filled else 0.0},
    }


def singular_options(values: Sequence[float]) -> Options:
    """Singular values as bars, largest first."""
    values = [round(value, 2) for value in values]
    return {
        **_base(),
        "grid": {"left": 4, "right": 8, "top": 22, "bottom": 4, "containLabel": True},
        "xAxis": {**_axis(), "type": "category", "data": [str(k + 1) for k in range(len(values))]},
        "yAxis": {**_axis(), "type": "value"},
        "series": [
            {
                "type": "bar",
                "name": "singular value",
                "data": values,
                "barMaxWidth": 34,
                "itemStyle": {"color": "var(--event)", "borderRadius": [4, 4, 0, 0]},
                "label": {"show": len(values) <= 12, "position": "top", **_text("--soft", 11)},
            }
        ],
    }


def value_of(of: Callable[[FeedPoint], Values | None], name: str) -> Callable[[FeedPoint], float | None]:
    """The named figure among the errors that `of` selects from a point."""
    return lambda point: (of(point) or {}).get(name)


def _series(line: ChartLine, along: list[float | None], points: Sequence[FeedPoint]) -> Options:
    return {
        "type": "line",
        "name": line.name,
        "data": [[x, line.value(point)] for x, point in zip(along, points, strict=True)],
        "symbol": "circle" if len(points) < 3 else "none",
        "symbolSize": 6,
        "connectNulls": False,
        "lineStyle": {"width": 2, "color": f"var({line.colour})", "type": "dashed" if line.dashed else "solid"},
        "itemStyle": {"color": f"var({line.colour})"},
        "emphasis": {"disabled": True},
    }


def _place(point: FeedPoint, axis: Axis) -> float | None:
    if axis == "events":
        return point.events
    if axis == "wall clock":
        return round(point.written_at * 1000)
    return None if point.event_time is None else point.event_time * 1000


def _marks(drifts: Sequence[DriftDetection], points: Sequence[FeedPoint], axis: Axis) -> Options:
    data = []
    for drift in drifts:
        if axis == "events":
            place: float | None = drift.events
        elif axis == "event time":
            place = drift.event_time * 1000
        else:
            place = next((point.written_at * 1000 for point in points if point.events >= drift.events), None)
        if place is not None:
            text = "drift ↑" if drift.rose else "drift ↓"
            data.append({"xAxis": place, "label": {"formatter": text, **_text("--soft", 11)}})
    return {
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": "var(--bad)", "type": "dotted", "width": 1.5},
        "data": data,
    }


def _along(axis: Axis) -> Options:
    if axis == "events":
        return {**_axis(), "type": "value", "min": 0, "max": "dataMax", "splitLine": {"show": False}}
    return {**_axis(), "type": "time", "splitLine": {"show": False}}


def _axis() -> Options:
    return {
        "axisLabel": {**_text("--soft", 12), "hideOverlap": True},
        "axisLine": {"lineStyle": {"color": "var(--line)"}},
        "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": "var(--line)"}},
    }


def _base() -> Options:
    return {
        "animation": False,
        "textStyle": {"fontFamily": _FONT},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": "var(--card)",
            "borderColor": "var(--line)",
            "textStyle": _text("--ink", 13),
            "axisPointer": {"lineStyle": {"color": "var(--strong-line)"}},
            "confine": True,
        },
    }


def _text(colour: str, size: float) -> Options:
    return {"color": f"var({colour})", "fontSize": size, "fontFamily": _FONT}
