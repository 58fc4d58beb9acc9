"""Rules, alerts and the Grafana dashboard ask only for metrics, labels and values that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql import asked
from real_metrics import ADDED, real_metrics

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/streamsvd.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
CONFIG: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
JOBS = {job["job_name"] for job in CONFIG["scrape_configs"]}
OPEN = {"model", "route", "status", "method", "instance", "kind", "outcome"}  # labels whose values are not a fixed list


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load((DEPLOY / "prometheus" / name).read_text()) for name in CONFIG["rule_files"]]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for note in BOARD["annotations"]["list"]:
        yield note["name"], note["expr"]
    for variable in BOARD["templating"]["list"]:
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()  # type: ignore[union-attr]
        yield variable["name"], f"sum by ({label}) ({metric})"


def labels_of(metric: str) -> dict[str, set[str]]:
    """Labels and the values seen; fails where there is no such metric."""
    added: dict[str, set[str]] = {label: set() for label in ADDED}
    if metric in RECORDED:
        return {label: set() for label in asked(RECORDED[metric]).grouping}
    if metric == "ALERTS":
        return {"alertname": set(ALERTS), "alertstate": {"pending", "firing"}, "severity": {"page", "ticket", "note"}}
    if metric == "up":
        return added
    assert metric in real_metrics(), f"nobody shows a metric {metric}"
    return added | real_metrics()[metric].labels


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_is_asked_for_exists(where: str, expression: str) -> None:
    found = asked(expression)

    assert found.metrics
    known = {metric: labels_of(metric) for metric in found.metrics}
    assert found.grouping <= {label for labels in known.values() for label in labels}
    for metric, label, operator, value in found.matchers:
        assert label in known[metric], f"{metric} has no label {label}"
        if label in OPEN:
            continue
        values = JOBS if label == "job" else known[metric][label]
        hits = {each for each in values if re.fullmatch(value if operator in ("=~", "!~") else re.escape(value), each)}
        assert hits, f"{metric}: {label} is never {value}; it is one of {sorted(values)}"


@pytest.mark.parametrize("where", ["nobody_total", 'streamsvd_consumer_rmse{protocol="side"}', "sum by (x) (up)"])
def test_what_does_not_exist_is_found(where: str) -> None:
    with pytest.raises(AssertionError):
        test_what_is_asked_for_exists("", where)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_picture_says_what_it_means_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 40
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(target["legendFormat"] for target in panel["targets"])
    for target in panel["targets"]:
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
            assert any(label in labels_of(metric) for metric in asked(target["expr"]).metrics)


def test_the_dashboard_has_a_row_for_each_subject_and_can_be_provisioned() -> None:
    rows = [panel["title"] for panel in BOARD["panels"] if panel["type"] == "row"]

    assert rows == [
        "Accuracy, by protocol and window",
        "Speed and lag",
        "Checkpoints",
        "Dead letters",
        "Drift",
        "Lookups service",
        "Alerts",
    ]
    assert "id" not in BOARD  # Grafana gives them
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    asking = [*PANELS, *(target for panel in PANELS for target in panel["targets"]), *BOARD["annotations"]["list"]]
    assert {each["datasource"]["uid"] for each in asking} == {source["uid"]}


def test_panels_lie_side_by_side() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_happened_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]

    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in ("page", "ticket", "note")
    assert alert["annotations"].keys() == {"summary", "description"}
    assert len(alert["annotations"]["description"]) > 80


def test_no_metric_names_a_user_or_an_item() -> None:
    labels = {label for sample in real_metrics().values() for label in sample.labels}

    assert not labels & {"user", "item", "user_id", "item_id", "id"}
