"""Topics on a broker, by kafka-python's admin client."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaTimeoutError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from streamsvd.log.kafka_python.clients import BOOTSTRAP_SECONDS, new_admin
from streamsvd.log.kafka_python.errors import kafka_errors
from streamsvd.log.ports import Admin, TopicDescription


@contextmanager
def kafka_admin(address: str, doing: str) -> Iterator[KafkaAdmin]:
    """An admin for the body of a `with`, in which the client's errors are translated."""
    with kafka_errors(address, doing):
        client = new_admin(address)
        try:
            yield KafkaAdmin(client)
        finally:
            client.close()


class KafkaAdmin(Admin):
    """Uses a `KafkaAdminClient` and raises its errors."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def topics(self) -> Collection[str]:
        names: list[str] = self._client.list_topics()
        return names

    def create(self, topic: str, partitions: int, settings: Mapping[str, str]) -> bool:
        made = False
        with suppress(TopicAlreadyExistsError):
            self._client.create_topics({topic: {"num_partitions": partitions, "configs": dict(settings)}})
            made = True
        self._client.wait_for_topics([topic])
        return made

    def describe(self, topic: str) -> TopicDescription:
        description = self._client.describe_topics([topic])[0]
        if description["error_code"] == UnknownTopicOrPartitionError.errno:
            raise UnknownTopicOrPartitionError(topic)
        return TopicDescription(str(description["topic_id"]), len(description["partitions"]))

    def settings(self, topic: str) -> Mapping[str, str]:
        self.describe(topic)  # an unknown topic would seem to have no settings
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        found = self._client.describe_configs([resource], config_filter="all")["topic"][topic]
        return {name: setting["value"] for name, setting in found.items()}

    def change_settings(self, topic: str, settings: Mapping[str, str]) -> None:
        self._client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(settings))])
        deadline = time.monotonic() + BOOTSTRAP_SECONDS
        while not settings.items() <= self.settings(topic).items():
            if time.monotonic() > deadline:
                raise KafkaTimeoutError(f"settings of topic {topic} not applied in {BOOTSTRAP_SECONDS:g} s")
