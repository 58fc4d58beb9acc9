"""docs/operations.md names every metric and every alert, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from real_metrics import real_metrics

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
RULES = [
    rule
    for name in ("recording.yml", "alerts.yml")
    for group in yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text())["groups"]
    for rule in group["rules"]
]


def test_every_metric_is_told_with_its_type_and_labels() -> None:
    told = {
        name: (kind, set(filter(None, labels.replace(" ", "").split(","))))
        for name, kind, labels in re.findall(r"^\| `(streamsvd_\w+)` \| (\w+) \| ([^|]*)\|", PAGE, re.MULTILINE)
    }
    real: dict[str, tuple[str, set[str]]] = {}
    for sample in real_metrics().values():
        if sample.family.startswith("streamsvd_"):
            name = sample.family + ("_total" if sample.kind == "counter" else "")
            _, labels = real.setdefault(name, (sample.kind, set()))
            labels |= sample.labels.keys() - {"le"}

    assert told == real


def test_every_figure_that_prometheus_works_out_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+:streamsvd\w+:\w+)`", PAGE, re.MULTILINE)) == {
        r["record"] for r in RULES if "record" in r
    }


def test_every_alert_has_a_section_with_its_severity() -> None:
    told = re.findall(r"^### (\w+)\n\n\*(\w+)\.\*", PAGE, re.MULTILINE)

    assert told == [(rule["alert"], rule["labels"]["severity"]) for rule in RULES if "alert" in rule]


def test_every_published_port_is_told() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    published = {port.split(":")[1] for service in services for port in service.get("ports", ())}

    assert set(re.findall(r"localhost:(\d+)", PAGE)) == published
