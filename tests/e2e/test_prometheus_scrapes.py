"""A real Prometheus with deploy/'s configuration, on a consumer and a service that run."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from model_runs import command, consume_command, fill, heard, wait_until
from services import serving

from streamsvd.ratings import Synthetic
from streamsvd.service.security import add_key

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.system


@contextmanager
def prometheus(folder: Path, targets: dict[str, str], key: Path) -> Iterator[httpx.Client]:
    """Prometheus as deploy/ configures it, but asking these targets with this key, and every second."""
    home = shutil.copytree(ROOT / "deploy" / "prometheus", folder / "prometheus")
    config: dict[str, Any] = yaml.safe_load((home / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        job["static_configs"][0]["targets"] = [targets[job["job_name"]]]
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(key)
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = ["prometheus", f"--config.file={home}/prometheus.yml", f"--web.listen-address={address}"]
    process = subprocess.Popen([*program, f"--storage.tsdb.path={folder}/data"], stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(60)


def values(client: httpx.Client, expression: str) -> dict[str, float]:
    """What an expression is now, by job; nothing while Prometheus starts."""
    try:
        answer = client.get("/api/v1/query", params={"query": expression})
    except httpx.TransportError:
        return {}
    if answer.status_code != 200:
        return {}
    return {one["metric"].get("job", ""): float(one["value"][1]) for one in answer.json()["data"]["result"]}


def rule_states(client: httpx.Client) -> list[str]:
    """Of every rule: ok, unknown or err."""
    groups = client.get("/api/v1/rules").json()["data"]["groups"]
    return [rule["health"] for group in groups for rule in group["rules"]]


def test_it_reads_both_with_its_key_and_no_alert_fires(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str, tmp_path: Path
) -> None:
    world = Synthetic(ratings=3000, users=80, items=500)
    fill(kafka_address, topic_prefix, world.table(), world.catalogue())
    key, keys = tmp_path / "prometheus.key", tmp_path / "keys.txt"
    key.write_text(add_key(keys, "prometheus", ["read"]) + "\n")
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--metrics-port", "0")
    serve = ("--lookups-only", "--model", model_name, "--redis", redis_url, "--keys", str(keys))
    with command(*consume) as process, serving(*serve) as service:
        shown = heard(process, "Metrics for Prometheus").split()[-1]
        urls = {"streamsvd-consumer": shown, "streamsvd-service": service.url}
        targets = {job: httpx.URL(url).netloc.decode() for job, url in urls.items()}
        with prometheus(tmp_path, targets, key) as client:
            both = {"streamsvd-consumer": 1.0, "streamsvd-service": 1.0}
            wait_until(lambda: values(client, "up") == both, "both targets", 60)
            wait_until(lambda: values(client, "streamsvd_model_up") == both, "a snapshot seen by both", 60)
            learned = "streamsvd_consumer_ratings_total"
            wait_until(lambda: values(client, learned) == {"streamsvd-consumer": 3000.0}, "3,000 ratings", 60)
            answered = 'streamsvd_http_requests_total{route="/metrics", status="200"} > 0'
            wait_until(lambda: values(client, answered).keys() == {"streamsvd-service"}, "its own requests", 60)
            wait_until(lambda: set(rule_states(client)) == {"ok"}, "every rule worked out", 60)
            assert values(client, 'ALERTS{alertstate="firing"}') == {}
