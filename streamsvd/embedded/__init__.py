"""Real Kafka and Redis, started by us, for as long as a `with` block lasts."""

from streamsvd.embedded.choice import ServerChoice, choose_kafka, choose_redis, mask_url, provide_kafka, provide_redis
from streamsvd.embedded.containers import docker_answers
from streamsvd.embedded.folder import default_folder, server_folder
from streamsvd.embedded.jars import KAFKA_VERSION, jars_folder, kafka_jars
from streamsvd.embedded.java import find_java
from streamsvd.embedded.kafka import cluster_at, embedded_kafka
from streamsvd.embedded.process import ServerProcess
from streamsvd.embedded.redis import embedded_redis, find_redis_server
from streamsvd.embedded.server import Server

__all__ = [
    "KAFKA_VERSION",
    "Server",
    "ServerChoice",
    "ServerProcess",
    "choose_kafka",
    "choose_redis",
    "cluster_at",
    "default_folder",
    "docker_answers",
    "embedded_kafka",
    "embedded_redis",
    "find_java",
    "find_redis_server",
    "jars_folder",
    "kafka_jars",
    "mask_url",
    "provide_kafka",
    "provide_redis",
    "server_folder",
]
