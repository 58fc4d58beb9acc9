"""`streamsvd consume --metrics-port`: what Prometheus sees while it runs, and the figures at the end."""

from __future__ import annotations

import json
import re
import signal
import urllib.request

from model_runs import command, consume_command, fill, heard, wait_until

from streamsvd.ratings import Synthetic


def test_prometheus_sees_the_work_and_the_end_has_the_richer_figures(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    world = Synthetic(ratings=3000, users=80, items=500)
    fill(kafka_address, topic_prefix, world.table(), world.catalogue())
    consume = consume_command(kafka_address, redis_url, topic_prefix, model_name, "--checkpoint-seconds", "0.2")
    with command(*consume, "--metrics-port", "0", "--detail", "--json") as process:
        address = heard(process, "Metrics for Prometheus").split()[-1]

        def metrics() -> str:
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - an address of ours
                return str(answer.read().decode())

        ratings = f'streamsvd_consumer_ratings_total{{model="{model_name}"}} 3000.0'
        snapshot = f'streamsvd_model_up{{model="{model_name}"}} 1.0'
        wait_until(lambda: ratings in (found := metrics()) and snapshot in found, "3,000 ratings and a snapshot", 60)
        lag = re.compile(r"^streamsvd_consumer_lag_(records|event_time_seconds)\{[^}]*\} 0\.0$", re.MULTILINE)
        wait_until(lambda: len(lag.findall(metrics())) == 2, "no lag", 60)
        process.send_signal(signal.SIGTERM)
        output, messages = process.communicate(timeout=60)
        assert process.returncode == 0, messages
    found = json.loads(output)
    assert found["events"] == found["calibration"][0]["events"] == 3000
    assert found["drift"]["adwin"] == 0
    assert {part["by"] for part in found["slices"]} == {"user", "item", "ratings of the user", "genre", "month"}
