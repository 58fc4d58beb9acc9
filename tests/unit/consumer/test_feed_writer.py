"""What a feed and a shadow's row hold: names, order and nulls, on which readers of other releases and languages rely.

Names may be added, as with a new figure; those below stay, in their order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumer.feed_writer import FeedWriter
from evaluation import Monitor, Prequential
from evaluation.metrics import Window
from evaluation.models import parse_spec
from evaluation.shadows import comparison_rows
from evaluation.shadows.shadow_models import Shadows
from model_store.feed import Operation, feed_entry
from model_store.shadow_rows import encode_row
from streamsvd import IteratedSVD

ERRORS = {"events": 1, "rmse_event": 0.5, "mae_event": 0.5, "bias_event": 0.5, "rmse_page": 1.0, "mae_page": 1.0}
ERRORS |= {"bias_page": -1.0}
NONE = {"events": 0, **{name: None for name in ERRORS if name != "events"}}
FADING = {**ERRORS, "mae_event": None, "bias_event": None, "mae_page": None, "bias_page": None}
SHADOW = {**ERRORS, "bias_event": None, "rmse_page": 0.5, "mae_page": 0.5, "bias_page": None}
POINT = {
    "events": 1,
    "event_time": 7,
    "written_at": 1.5,
    "users": 1,
    "items": 1,
    "total": ERRORS,
    "fading": FADING,
    "windows": [{"unit": "seconds", "size": 1000, "errors": ERRORS}],
    "drift": {"adwin": 0, "page-hinkley": 0},
    "shadows": {"means": SHADOW},
    "shadows_recent": {"means": {**SHADOW, "mae_page": None}},
}
CALIBRATION = {
    "name": "all",
    "events": 1,
    "within_50": 1.0,
    "within_80": 1.0,
    "within_90": 1.0,
    "within_95": 1.0,
    "log_likelihood": -1.0439385332046727,
    "log_likelihood_constant": -1.0439385332046727,
}
SLICES = [
    {"by": by, "name": name, "errors": ERRORS if name in ("new", "0", "1970-01") else NONE}
    for by, names in {
        "user": ("new", "known"),
        "item": ("new", "known"),
        "ratings of the user": ("0", "1-4", "5-19", "20-99", "100+"),
        "month": ("1970-01",),
    }.items()
    for name in names
]
ROW = {
    "name": "means",
    "served": False,
    "kind": "damped-means",
    "spec": "damped-means",
    "made_of": {
        "kind": "damped-means",
        "settings": {"user_damping": 5.0, "item_damping": 3.0},
        "seed": 0,
        "catalogue": True,
    },
    "since": 0,
    "events": 1,
    "users": 1,
    "items": 1,
    "rmse_event": 0.5,
    "mae_event": 0.5,
    "rmse_page": 0.5,
    "mae_page": 0.5,
    "rmse_last_window": 0.5,
    "rmse_page_last_window": 0.5,
    "against_served": {
        "ratings": 0,
        "blocks": 0,
        "rmse": None,
        "rmse_served": None,
        "squared": None,
        "squared_low": -16,
        "squared_high": 16,
        "difference": None,
        "low": None,
        "high": None,
        "better": None,
        "since_event": None,
        "since_time": None,
    },
}


def known(found: Any, expected: Any) -> Any:
    """What was found, without names that are not expected."""
    if isinstance(expected, dict):
        return {name: known(value, expected[name]) for name, value in found.items() if name in expected}
    if isinstance(expected, list):
        return [known(one, like) for one, like in zip(found, expected, strict=True)]
    return found


def check(raw: bytes, expected: Any) -> None:
    assert json.dumps(known(json.loads(raw), expected)) == json.dumps(expected)  # with the order of the names


@pytest.fixture
def learned() -> tuple[IteratedSVD, Monitor, Shadows]:
    """One rating of 3, predicted as 3.5 by event and 2 by page, with a shadow that predicted 3.5."""
    model = IteratedSVD()
    monitor = Monitor(Prequential(window=1), windows=(Window("seconds", 1000),))
    shadows = Shadows((1, 5))
    shadows.add("means", parse_spec("damped-means"), None, 0)
    columns = ["ann"], ["Heat"], [3.0], [0]
    found = model.learn(*columns)
    event, page, deviation = (0 * found.event + value for value in (3.5, 2.0, 1.0))
    monitor.score(*columns[1:], found._replace(event=event, page=page, deviation=deviation))
    shadows.learn(*columns, found)
    return model, monitor, shadows


def test_a_point_and_the_newest_figures(learned: tuple[IteratedSVD, Monitor, Shadows]) -> None:
    model, monitor, shadows = learned
    writer = FeedWriter(monitor, shadows)
    point = writer.point(model, 7, 1.5, None)
    name, fields = feed_entry(point)
    now = writer.now(model, point, Operation(version=3), detailed=True)

    assert name == "1-0"
    check(fields["point"], POINT)
    check(now["now"], {"point": POINT, "operation": json.loads(now["now"])["operation"]})
    calibration = json.loads(now["now"])["calibration"]
    check(json.dumps(calibration[0]).encode(), CALIBRATION)
    assert [part["name"] for part in calibration] == ["all", "0", "1-4", "5-19", "20-99", "100+"]
    assert calibration[2]["within_50"] is None
    check(now["detail"], {"slices": SLICES})


def test_a_row_of_a_shadow(learned: tuple[IteratedSVD, Monitor, Shadows]) -> None:
    model, _, shadows = learned
    check(encode_row(comparison_rows(shadows, model)[1]), ROW)
