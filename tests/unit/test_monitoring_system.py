"""Prometheus' own program on our configuration and rules, and its tests of every alert."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
TESTS = FOLDER / "tests" / "alerts_test.yml"

pytestmark = pytest.mark.system


def promtool(*arguments: str | Path) -> str:
    answer = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_it_accepts_configuration_and_rules(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "prometheus")
    (tmp_path / "prometheus.key").write_text("a key")
    config = folder / "prometheus.yml"
    config.write_text(config.read_text().replace("/secrets/", f"{tmp_path}/"))

    assert "2 rule files found" in promtool("check", "config", config)
    promtool("check", "rules", "--lint=all", "--lint-fatal", folder / "recording.yml", folder / "alerts.yml")


def test_every_alert_fires_when_it_should_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", TESTS)


def test_every_alert_has_such_a_test() -> None:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}

    assert set(re.findall(r'alertname="(\w+)"', TESTS.read_text())) == alerts


def test_it_accepts_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    board = json.loads((ROOT / "deploy/grafana/dashboards/streamsvd.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    asked += [note["expr"] for note in board["annotations"]["list"]]
    rules = [
        {"record": f"picture:{number}", "expr": expr.replace("$__rate_interval", "1m")}
        for number, expr in enumerate(asked)
    ]
    file = tmp_path / "pictures.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "pictures", "rules": rules}]}))

    assert f"{len(asked)} rules found" in promtool("check", "rules", file)
