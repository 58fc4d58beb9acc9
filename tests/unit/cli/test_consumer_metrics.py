"""`/metrics` of a consumer: the names that alert rules and pictures rely on, their types, labels and values."""

from __future__ import annotations

import urllib.request

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from consumer import CheckpointStats, Lag, Progress
from evaluation import Prequential
from streamsvd.cli.commands.consume import metrics_endpoint
from streamsvd.cli.consumer_metrics import ConsumerMetrics, served_metrics
from streamsvd.errors import SettingsError

NAMES = {  # family → type and labels
    "streamsvd_consumer_ratings": ("counter", {"model"}),
    "streamsvd_consumer_repeated": ("counter", {"model"}),
    "streamsvd_consumer_dead_letters": ("counter", {"model", "reason"}),
    "streamsvd_consumer_drift": ("counter", {"model", "detector"}),
    "streamsvd_consumer_lag_records": ("gauge", {"model"}),
    "streamsvd_consumer_lag_event_time_seconds": ("gauge", {"model"}),
    "streamsvd_consumer_users": ("gauge", {"model"}),
    "streamsvd_consumer_items": ("gauge", {"model"}),
    "streamsvd_consumer_rmse": ("gauge", {"model", "protocol", "over"}),
    "streamsvd_consumer_checkpoint_duration_seconds": ("summary", {"model"}),
    "streamsvd_consumer_checkpoint_size_bytes": ("summary", {"model"}),
    "streamsvd_model_up": ("gauge", {"model"}),
    "streamsvd_model_snapshot_version": ("gauge", {"model"}),
    "streamsvd_model_snapshot_age_seconds": ("gauge", {"model"}),
    "streamsvd_model_event_time_seconds": ("gauge", {"model"}),
    "streamsvd_model_rolling_rmse": ("gauge", {"model"}),
}


def progress(lag: Lag) -> Progress:
    metrics = Prequential()
    metrics.update(np.array([3.0, 4.0]), np.array([3.5, 4.5]), np.array([4.0, 5.0]))
    return Progress(
        learned=2,
        positions={0: 7},
        figures=metrics.figures(),
        event_time=900,
        rejected=1,
        repeated=3,
        version=5,
        dead_letters={"not JSON": 4, "empty": 0},
        drift={"adwin": 1, "page-hinkley": 0},
        users=8,
        items=9,
        lag=lag,
        checkpoints=CheckpointStats().after(990.0, 0.5, 1000).after(998.0, 0.25, 2000),
    )


def scraped(port: int) -> dict[str, tuple[str, dict[tuple[str, ...], float], set[str]]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        found = {}
        for family in families:
            values = {
                (s.name, *(v for k, v in sorted(s.labels.items()) if k != "model")): s.value for s in family.samples
            }
            found[family.name] = (family.type, values, {label for s in family.samples for label in s.labels})
        return found


def test_names_types_labels_and_values() -> None:
    metrics = ConsumerMetrics("films")
    with served_metrics(metrics, "films", "127.0.0.1", 0, lambda: 1000.0) as port:
        before = scraped(port)
        assert {name: kind for name, (kind, _, _) in before.items()}["streamsvd_consumer_ratings"] == "counter"
        assert before["streamsvd_model_up"][1] == {("streamsvd_model_up",): 0.0}
        metrics.progress = progress(Lag(12, 3600))
        found = scraped(port)
    assert {name: (kind, labels) for name, (kind, _, labels) in found.items()} == NAMES
    values = {key: value for _, samples, _ in found.values() for key, value in samples.items()}
    assert values["streamsvd_consumer_ratings_total",] == 2
    assert values["streamsvd_consumer_dead_letters_total", "not JSON"] == 4
    assert values["streamsvd_consumer_drift_total", "adwin"] == 1
    assert values["streamsvd_consumer_lag_records",] == 12
    assert values["streamsvd_consumer_lag_event_time_seconds",] == 3600
    assert values["streamsvd_consumer_rmse", "all", "event"] == 0.5
    assert values["streamsvd_consumer_rmse", "newest", "page"] == 1.0
    assert values["streamsvd_consumer_checkpoint_duration_seconds_sum",] == 0.75
    assert values["streamsvd_consumer_checkpoint_size_bytes_count",] == 2
    assert values["streamsvd_model_snapshot_age_seconds",] == 2.0
    assert values["streamsvd_model_snapshot_version",] == 5


def test_what_is_not_known_is_left_out() -> None:
    metrics = ConsumerMetrics("films")
    metrics.progress = progress(Lag(4, None))
    with served_metrics(metrics, "films", "127.0.0.1", 0, lambda: 1000.0) as port:
        found = scraped(port)
        assert found["streamsvd_consumer_lag_event_time_seconds"][1] == {}
        assert found["streamsvd_consumer_lag_records"][1] == {("streamsvd_consumer_lag_records",): 4.0}


def test_a_port_that_is_taken_is_said() -> None:
    metrics = ConsumerMetrics("films")
    with (
        served_metrics(metrics, "films", "127.0.0.1", 0, lambda: 0.0) as port,
        pytest.raises(SettingsError, match=f"--metrics-port {port}: .* choose another port"),
        served_metrics(metrics, "films", "127.0.0.1", port, lambda: 0.0),
    ):
        pass


def test_without_a_port_nobody_listens() -> None:
    said: list[str] = []
    with metrics_endpoint(None, "127.0.0.1", "films", lambda: 0.0, said.append) as update:
        update(progress(Lag()))
    assert said == []
    with metrics_endpoint(0, "127.0.0.1", "films", lambda: 0.0, said.append) as update:
        update(progress(Lag()))
        (line,) = said
        port = int(line.rpartition(":")[2].removesuffix("/metrics"))
        assert scraped(port)["streamsvd_consumer_users"][1] == {("streamsvd_consumer_users",): 8.0}
