"""The real Kafka that we start ourselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streamsvd.embedded import embedded_kafka
from streamsvd.errors import ServiceError

_ROOT = Path(__file__).resolve().parents[2]
_STARTER = """
import sys
from streamsvd.embedded import embedded_kafka
with embedded_kafka() as server:
    print(server.pid, server.folder, flush=True)
    sys.stdin.read()
"""


def test_a_named_folder_keeps_topics_and_records_over_a_restart_on_other_ports(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    with embedded_kafka(folder) as server:
        with KafkaAdminClient(bootstrap_servers=server.address) as admin:
            admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
        producer = KafkaProducer(bootstrap_servers=server.address)
        assert producer.send("kept", b"value").get(timeout=20).offset == 0
        producer.close()
        sockets = psutil.Process(server.pid).net_connections()
        assert {one.laddr.ip.removeprefix("::ffff:") for one in sockets} <= {"127.0.0.1"}
    assert not psutil.pid_exists(server.pid)

    with embedded_kafka(folder) as again:
        consumer = KafkaConsumer(bootstrap_servers=again.address, auto_offset_reset="earliest")
        consumer.assign([TopicPartition("kept", 0)])
        records = consumer.poll(timeout_ms=20_000)
        consumer.close()
    assert [record.value for batch in records.values() for record in batch] == [b"value"]


def test_it_dies_with_a_killed_parent_and_leaves_no_folder() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        server = psutil.Process(int(pid))
        watchdog = server.parent()
        starter.kill()
    server.wait(30)
    assert watchdog is not None
    watchdog.wait(30)

    assert not Path(folder).exists()


def test_a_folder_that_kafka_refuses_shows_the_end_of_its_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "meta.properties").write_text("version=1\nnode.id=77\ncluster.id=another\n")

    with pytest.raises(ServiceError, match=r"(?s)ended while starting.*kafka\.log.*77"), embedded_kafka(tmp_path):
        pass


def test_the_shared_one_creates_no_topic_by_itself(kafka_address: str, topic_prefix: str) -> None:
    with KafkaAdminClient(bootstrap_servers=kafka_address) as admin:
        assert topic_prefix not in admin.list_topics()
    with KafkaConsumer(bootstrap_servers=kafka_address) as consumer:
        assert not consumer.partitions_for_topic(topic_prefix)
