"""The gauges of a model that every command's /metrics shows: names, units, and what is left out."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from streamsvd.service.model_gauges import ModelGauges, ModelPoint

NAMES = {
    "streamsvd_model_up",
    "streamsvd_model_snapshot_version",
    "streamsvd_model_snapshot_age_seconds",
    "streamsvd_model_event_time_seconds",
    "streamsvd_model_rolling_rmse",
}


def samples(point: ModelPoint | None) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(ModelGauges("films", lambda: point, lambda: 1_000.0))
    assert b'model="films"' in generate_latest(registry)
    return {sample.name: sample.value for family in registry.collect() for sample in family.samples}


def test_all_that_is_known() -> None:
    found = samples(ModelPoint(version=7, written_at=990.0, event_time=900, rmse=0.91))
    assert found == {
        "streamsvd_model_up": 1.0,
        "streamsvd_model_snapshot_version": 7.0,
        "streamsvd_model_snapshot_age_seconds": 10.0,
        "streamsvd_model_event_time_seconds": 900.0,
        "streamsvd_model_rolling_rmse": 0.91,
    }
    assert found.keys() == NAMES


def test_what_is_not_known_is_left_out() -> None:
    assert samples(None) == {"streamsvd_model_up": 0.0}
    assert samples(ModelPoint(1, 2_000.0, None, None)).keys() == NAMES - {
        "streamsvd_model_event_time_seconds",
        "streamsvd_model_rolling_rmse",
    }
    assert samples(ModelPoint(1, 2_000.0, None, None))["streamsvd_model_snapshot_age_seconds"] == 0.0


def test_two_of_a_kind_are_refused() -> None:
    registry = CollectorRegistry()
    registry.register(ModelGauges("films", lambda: None, lambda: 0.0))
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(ModelGauges("books", lambda: None, lambda: 0.0))
