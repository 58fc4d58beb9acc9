"""A real Kafka on the loopback interface, for as long as a `with` block lasts.

Apache Kafka's own jars in KRaft mode: one process is broker and controller. It is ready when a
metadata call names our own cluster. Every file of it lies in one folder, so a second node would be a second
folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamsvd.embedded.folder import free_ports, server_folder
from streamsvd.embedded.jars import jars_folder, kafka_jars
from streamsvd.embedded.java import find_java
from streamsvd.embedded.process import ServerProcess
from streamsvd.embedded.server import Server, StartedServer, serving
from streamsvd.errors import ServiceError

# A small heap, one collector thread and no optimising compiler halve the start.
_JVM = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
)
_NODE = 1
_CHECKPOINT = "bootstrap.checkpoint"
_LOG_SETTINGS = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
"""


@contextmanager
def embedded_kafka(folder: Path | None = None, *, timeout_seconds: float = 90.0) -> Iterator[Server]:
    """Run an Apache Kafka broker.

    Parameters
    ----------
    folder
        Keeps the topics over restarts. By default a temporary folder, and nothing is kept.
    timeout_seconds
        How long it may take until it answers a metadata call.

    Yields
    ------
    Server
        With ``127.0.0.1:port`` as its address.

    Raises
    ------
    JavaMissing
        When no Java 17 or newer can be had.
    ServiceError
        When Kafka's jars cannot be fetched, or the broker does not start; with the end of its log.
    """
    with server_folder("kafka", folder) as place:
        logging = place.path / "log4j2.properties"
        logging.write_text(_LOG_SETTINGS)
        classes = os.pathsep.join(map(str, kafka_jars()))
        java = [str(find_java().program), *_JVM, f"-Dlog4j2.configurationFile={logging}", "-cp", classes]
        cluster = _cluster_id(place.path)

        def attempt() -> StartedServer:
            port, controller = free_ports(2)
            settings = _write_settings(place.path, port, controller)
            if not (place.path / "data" / "meta.properties").exists():
                _make_data_folder(java, settings, cluster)
            process = ServerProcess("Kafka", [*java, "kafka.Kafka", settings], place)
            address = f"127.0.0.1:{port}"
            return StartedServer(process, address, lambda: cluster_at(address) == cluster)

        with serving(place, attempt, timeout_seconds) as server:
            yield server


def _cluster_id(folder: Path) -> str:
    """Return the cluster's id: the one that the folder was formatted with, else a new one."""
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / "data" / "meta.properties").read_text().splitlines():
            if line.startswith("cluster.id="):
                return line.removeprefix("cluster.id=")
    return _new_id()


def _new_id() -> str:
    return urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


def _write_settings(folder: Path, port: int, controller: int) -> Path:
    settings = {
        "process.roles": "broker,controller",
        "node.id": _NODE,
        "controller.quorum.voters": f"{_NODE}@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",  # a misspelt topic is an error, not a new topic
        "num.partitions": 1,
        # one broker: nothing to replicate to
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # small and quick
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 8 << 20,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }
    path = folder / "server.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return path


def _make_data_folder(java: list[str], settings: Path, cluster: str) -> None:
    """Format the folder of the data: by Kafka's tool the first time, and then like that.

    What the tool writes besides ids depends on Kafka's version only, and to start Java for it takes as long as half a
    start of the server.
    """
    data, kept = settings.parent / "data", jars_folder() / _CHECKPOINT
    if not kept.is_file():
        _format(java, settings, cluster)
        fresh = kept.with_name(f"{_CHECKPOINT}.{_new_id()}")
        with contextlib.suppress(OSError):  # then the tool is asked the next time, too
            shutil.copy(data / _CHECKPOINT, fresh)
            fresh.replace(kept)
        return
    data.mkdir(exist_ok=True)
    shutil.copy(kept, data / _CHECKPOINT)
    fresh = data / "meta.properties.new"
    fresh.write_text(f"version=1\nnode.id={_NODE}\ncluster.id={cluster}\ndirectory.id={_new_id()}\n")
    fresh.replace(data / "meta.properties")  # last: it says that the folder is formatted


def _format(java: list[str], settings: Path, cluster: str) -> None:
    # Written with "=", because an id may begin with "-".
    command = [
        *java,
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster}",
        "--config",
        str(settings),
    ]
    try:
        subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise ServiceError(
            f"Kafka's folder {settings.parent} could not be formatted: {error}\n{error.output}"
        ) from None


def cluster_at(address: str, *, timeout_seconds: float = 5.0) -> str | None:
    """Return the id of the Kafka cluster at an address (``host:port``, several with commas).

    None when it does not answer a metadata call, or has no broker yet.
    """
    brokers = address.split(",")
    if not any(_listens(broker, timeout_seconds) for broker in brokers):
        return None  # the client would wait the whole time, and leave its sockets open
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    milliseconds = int(timeout_seconds * 1000)
    try:
        with KafkaAdminClient(
            bootstrap_servers=brokers, bootstrap_timeout_ms=milliseconds, request_timeout_ms=milliseconds
        ) as client:
            answer = client.describe_cluster()
    except KafkaError:
        return None
    return str(answer["cluster_id"]) if answer["brokers"] else None


def _listens(broker: str, timeout_seconds: float) -> bool:
    host, _, port = broker.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout_seconds).close()
    except (OSError, OverflowError):  # the latter: no such port can be
        return False
    return True
