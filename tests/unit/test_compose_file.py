"""What docker-compose.yml and the image promise, read from their files; no engine is needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamsvd.service.security import find_key, read_key_file

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
OURS = ("producer", "consumer", "serve", "dashboard")
WATCHING = ("prometheus", "grafana")
GUARDED = (*OURS, "secrets", *WATCHING)
each = pytest.mark.parametrize("name", SERVICES)


def _final_stage() -> str:
    return DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_it_runs_the_whole_job() -> None:
    assert SERVICES.keys() == {"kafka", "redis", *GUARDED}


@each
def test_every_service_has_a_health_check_and_a_restart_policy(name: str) -> None:
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] in ("unless-stopped", "on-failure")


@each
def test_ports_are_for_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each
def test_images_have_one_exact_version(name: str) -> None:
    assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+(-\w+)?", SERVICES[name]["image"])


def test_the_base_images_have_one_exact_version() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert len(bases) == 2
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-[\w-]+", base) for base in bases)


def test_the_image_runs_as_a_user_without_rights() -> None:
    assert re.findall(r"^USER (.+)$", _final_stage(), re.MULTILINE) == ["10001:10001"]
    assert not any("user" in SERVICES[name] for name in (*OURS, "secrets"))


@pytest.mark.parametrize("name", GUARDED)
def test_containers_can_write_and_do_little(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name]["read_only"] is True
    if name in WATCHING:
        assert re.fullmatch(r"[1-9]\d*:\d+", SERVICES[name]["user"])
    mounted = [volume for volume in SERVICES[name]["volumes"] if volume.startswith("./")]
    assert all(volume.endswith(":ro") for volume in mounted)
    assert all((ROOT / volume.split(":")[0]).exists() for volume in mounted if volume.startswith("./deploy"))


def test_the_consumer_and_the_service_listen_where_prometheus_asks() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    command = SERVICES["consumer"]["command"]

    assert targets == {"streamsvd-consumer": ["consumer:9464"], "streamsvd-service": ["serve:8000"]}
    assert command[command.index("--metrics-port") + 1] == "9464"
    assert SERVICES["serve"]["ports"][0].endswith(":8000")
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


def test_no_password_is_in_the_file() -> None:
    given = {name: value for service in SERVICES.values() for name, value in service.get("environment", {}).items()}

    assert [name for name in given if "PASSWORD" in name or "KEY" in name] == ["GF_SECURITY_ADMIN_PASSWORD__FILE"]
    for name in ("serve", *WATCHING):
        assert "secrets:/secrets:ro" in SERVICES[name]["volumes"]
        assert SERVICES[name]["depends_on"]["secrets"] == {"condition": "service_completed_successfully"}


def test_grafana_finds_its_dashboard() -> None:
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/streamsvd.yml").read_text())
    folder = provider["providers"][0]["options"]["path"]

    assert f"./deploy/grafana/dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/streamsvd.json"
    assert (ROOT / "deploy" / "grafana" / "dashboards" / "streamsvd.json").is_file()


def test_the_secrets_are_made_once(tmp_path: Path) -> None:
    found = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{found}:{os.environ['PATH']}"}
    script = SERVICES["secrets"]["volumes"][0].split(":")[0]

    def made() -> dict[str, str]:
        subprocess.run(["sh", ROOT / script, tmp_path], env=environ, check=True, capture_output=True)
        return {path.name: path.read_text() for path in tmp_path.iterdir()}

    first = made()

    assert first.keys() == {"keys.txt", "prometheus.key", "grafana.password"}
    assert len(first["grafana.password"]) >= 24
    key = find_key(read_key_file(tmp_path / "keys.txt"), first["prometheus.key"].strip())
    assert key is not None
    assert (key.name, key.scopes) == ("prometheus", {"read"})
    assert made() == first
    (tmp_path / "prometheus.key").write_text("")  # a run that was cut short
    assert made()["grafana.password"] == first["grafana.password"]
    assert find_key(read_key_file(tmp_path / "keys.txt"), (tmp_path / "prometheus.key").read_text().strip())


@pytest.mark.parametrize("name", OURS)
def test_our_services_wait_for_healthy_ones(name: str) -> None:
    conditions = {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}

    assert conditions["kafka"] == conditions["redis"] == "service_healthy"


@pytest.mark.parametrize("name", OURS)
def test_every_setting_given_is_one_that_the_code_reads(name: str) -> None:
    code = "".join(path.read_text() for path in (ROOT / "streamsvd").rglob("*.py"))
    given = SERVICES[name]["environment"]

    assert given.keys() >= {"STREAMSVD_KAFKA", "STREAMSVD_REDIS"}
    assert all(f'"{variable}"' in code for variable in given)


def test_kafka_tells_every_client_an_address_that_it_can_reach() -> None:
    kafka = SERVICES["kafka"]["environment"]
    advertised = dict(one.split("://") for one in kafka["KAFKA_ADVERTISED_LISTENERS"].split(","))

    assert advertised == {"INSIDE": SERVICES["producer"]["environment"]["STREAMSVD_KAFKA"], "HOST": "localhost:19092"}
    assert SERVICES["kafka"]["ports"] == ["127.0.0.1:19092:19092"]


def test_what_the_image_copies_is_let_through() -> None:
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {source for line in copies for source in line.split()}

    assert copied == allowed
    assert "*" in patterns
