"""What docker-compose.yml and the image promise, read from their files; no engine is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
OURS = ("producer", "consumer")
each = pytest.mark.parametrize("name", SERVICES)


def _final_stage() -> str:
    return DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_it_runs_the_whole_job() -> None:
    assert SERVICES.keys() == {"kafka", "redis", *OURS}


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
    assert re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+(-\w+)?", SERVICES[name]["image"])


def test_the_base_images_have_one_exact_version() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert len(bases) == 2
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-[\w-]+", base) for base in bases)


def test_the_image_runs_as_a_user_without_rights() -> None:
    assert re.findall(r"^USER (.+)$", _final_stage(), re.MULTILINE) == ["10001:10001"]
    for name in OURS:
        assert "user" not in SERVICES[name]
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["read_only"] is True


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
