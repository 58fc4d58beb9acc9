"""The topics of one model's life and the settings that keep every rating.

The log is the source of truth, so the ratings topic never deletes. Record timestamps are event times: a
replay of 1997 has timestamps of 1997, which Kafka's defaults would delete at the next retention check. Hence:
no retention by time or size, no compaction, segments not rolled by time, and timestamps of any age accepted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaTimeoutError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from streamsvd.errors import SettingsError, TopicUnsafe
from streamsvd.log.kafka_python.clients import BOOTSTRAP_SECONDS, admin, consumer

DEFAULT_TOPIC = "ratings"

_FOREVER = str(2**63 - 1)
_WEEK = str(7 * 24 * 3600 * 1000)
_ANY_TIMESTAMP = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": _FOREVER,
    "message.timestamp.after.max.ms": _FOREVER,
}
_KEEP = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}

# What a topic must have for no rating to be lost; Kafka's own default of the others loses nothing.
REQUIRED_SETTINGS = {
    **_KEEP,
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": _FOREVER,
}
RATINGS_SETTINGS = {**_KEEP, **_ANY_TIMESTAMP, "segment.ms": _FOREVER}
DEAD_LETTER_SETTINGS = {**RATINGS_SETTINGS, "max.message.bytes": str(4 << 20)}  # the headers come on top
CATALOGUE_SETTINGS = {
    **_ANY_TIMESTAMP,
    "cleanup.policy": "compact",
    # A reader that is under way must see either the old records or the tombstones that replace them.
    "min.compaction.lag.ms": str(24 * 3600 * 1000),
    "delete.retention.ms": _WEEK,
}
_WHY = {
    "cleanup.policy": "compaction keeps only a user's newest rating",
    "retention.ms": "ratings older than this are deleted, and record timestamps are event times",
    "retention.bytes": "the oldest ratings are deleted when the topic grows past this",
    "message.timestamp.type": "the broker overwrites event times with its own clock",
    "message.timestamp.before.max.ms": "the broker refuses ratings older than this",
}


@dataclass(frozen=True, slots=True)
class Topics:
    """The three topics that belong together, named after the first.

    Examples
    --------
    >>> topics = Topics("films")
    >>> topics.ratings, topics.catalogue, topics.dead_letters
    ('films', 'films.catalogue', 'films.dead-letters')
    """

    ratings: str = DEFAULT_TOPIC

    def __post_init__(self) -> None:
        allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        if not self.ratings or len(self.ratings) > 200 or not set(self.ratings) <= allowed:
            raise SettingsError(
                f"topic {self.ratings!r}: a name has 1 to 200 letters, digits, dots, underscores and dashes."
            )
        if self.ratings in {".", ".."}:
            raise SettingsError(f"topic {self.ratings!r}: Kafka reserves this name.")

    @property
    def catalogue(self) -> str:
        """Compacted topic of the data set and its films."""
        return f"{self.ratings}.catalogue"

    @property
    def dead_letters(self) -> str:
        """Topic of the records that could not be read."""
        return f"{self.ratings}.dead-letters"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the ratings topic stands after `create_topics`.

    Attributes
    ----------
    partitions : int
        Partitions of the ratings topic.
    notes : tuple of str
        What the user should know: what was kept or changed although something else was asked for.
    """

    partitions: int
    notes: tuple[str, ...] = ()


def create_topics(address: str, topics: Topics, partitions: int | None = None) -> Layout:
    """Create the topics that do not exist yet, with settings that never lose a rating.

    An existing topic keeps its partitions. An existing ratings topic with unsafe settings gets safe ones
    while it is empty (a broker may have created it by itself); when it holds records, it is refused.

    Parameters
    ----------
    address : str
        The broker, `host:port`.
    topics : Topics
        Their names.
    partitions : int, optional
        Partitions of a new ratings topic. One, the default, keeps the global order; with more, order holds
        per user.

    Returns
    -------
    Layout

    Raises
    ------
    TopicUnsafe
        The ratings topic exists, holds records, and would lose some.
    SettingsError, LogUnavailable, LogError
    """
    if partitions is not None and partitions < 1:
        raise SettingsError(f"partitions: at least 1 is needed, found {partitions}.")
    wanted: dict[str, dict[str, Any]] = {
        topics.ratings: {"num_partitions": partitions or 1, "configs": RATINGS_SETTINGS},
        topics.catalogue: {"num_partitions": 1, "configs": CATALOGUE_SETTINGS},
        topics.dead_letters: {"num_partitions": 1, "configs": DEAD_LETTER_SETTINGS},
    }
    notes = []
    with admin(address, f"creating topic {topics.ratings}") as client:
        existing = set(client.list_topics())
        for name, options in wanted.items():
            if name not in existing:
                try:
                    client.create_topics({name: options})
                except TopicAlreadyExistsError:  # another process was faster
                    existing.add(name)
        client.wait_for_topics(list(wanted))
        found = len(client.describe_topics([topics.ratings])[0]["partitions"])
        unsafe = topics.ratings in existing and bool(_differences(_settings(client, topics.ratings)))
        if unsafe and _is_empty(address, topics.ratings, found):
            resource = ConfigResource(ConfigResourceType.TOPIC, topics.ratings, dict(RATINGS_SETTINGS))
            client.alter_configs([resource])
            _wait_until_safe(client, topics.ratings)
            notes.append(f"topic {topics.ratings} was there, empty, with settings that lose ratings: they are mended")
        elif unsafe:
            check_ratings_topic(address, topics.ratings)
    if partitions is not None and found != partitions:
        notes.append(f"topic {topics.ratings} exists and keeps its {found} partition(s); {partitions} were asked for")
    return Layout(found, tuple(notes))


def check_ratings_topic(address: str, topic: str) -> None:
    """Make sure that a topic keeps every rating.

    Raises
    ------
    TopicUnsafe
        A setting would lose ratings; the message names it, its value, why, and the command that mends it.
    LogError
        There is no such topic.
    LogUnavailable
    """
    with admin(address, f"checking topic {topic}") as client:
        settings = _settings(client, topic)
    differences = _differences(settings)
    if not differences:
        return
    wrong = "; ".join(f"{name} is {settings.get(name)} ({_WHY[name]})" for name in differences)
    mended = ",".join(f"{name}={value}" for name, value in differences.items())
    command = (
        f"kafka-configs.sh --bootstrap-server {address} --alter --entity-type topics --entity-name {topic} "
        f"--add-config {mended}"
    )
    raise TopicUnsafe(
        f"topic {topic} at {address} would lose ratings: {wrong}. Mend it with `{command}` and check that nothing "
        "is lost already; or use `streamsvd replay --topic` with a new name: it creates topics as they must be."
    )


def topic_exists(address: str, topic: str) -> bool:
    """Whether there is a topic of this name.

    Raises
    ------
    LogUnavailable, LogError
    """
    with admin(address, f"looking for topic {topic}") as client:
        return topic in client.list_topics()


def topic_id(address: str, topic: str) -> str:
    """The id that Kafka gave the topic when it was created; one made anew under the same name has another.

    Raises
    ------
    LogError
        There is no such topic.
    LogUnavailable
    """
    with admin(address, f"looking up topic {topic}") as client:
        return str(_described(client, topic)["topic_id"])


def partition_count(address: str, topic: str) -> int:
    """How many partitions a topic has; errors as in `topic_id`."""
    with admin(address, f"looking up topic {topic}") as client:
        return len(_described(client, topic)["partitions"])


def _described(client: Any, topic: str) -> dict[str, Any]:
    description: dict[str, Any] = client.describe_topics([topic])[0]
    if description["error_code"] == UnknownTopicOrPartitionError.errno:
        raise UnknownTopicOrPartitionError(topic)
    return description


def _settings(client: Any, topic: str) -> dict[str, str]:
    _described(client, topic)  # an unknown topic has no settings, which would look unsafe
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    found = client.describe_configs([resource], config_filter="all")["topic"][topic]
    return {name: setting["value"] for name, setting in found.items()}


def _wait_until_safe(client: Any, topic: str) -> None:
    """Wait until the broker shows the settings that its controller has accepted."""
    deadline = time.monotonic() + BOOTSTRAP_SECONDS
    while _differences(_settings(client, topic)):
        if time.monotonic() > deadline:
            raise KafkaTimeoutError(f"settings of topic {topic} not applied in {BOOTSTRAP_SECONDS:g} s")


def _differences(settings: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in REQUIRED_SETTINGS.items() if settings.get(name, value) != value}


def _is_empty(address: str, topic: str, partitions: int) -> bool:
    with consumer(address) as client:
        ends = client.end_offsets([TopicPartition(topic, number) for number in range(partitions)])
    return not any(ends.values())
