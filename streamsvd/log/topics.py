"""The topics of a model and the settings that keep every rating.

The log is the source of truth, so the ratings topic never deletes. Record timestamps are event times: a replay of 1997
has timestamps of 1997, which Kafka's defaults would delete at the next retention check. So there is no retention by
time or size, no compaction, no segment roll by time, and timestamps of any age are accepted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from streamsvd.errors import LogError, SettingsError, TopicUnsafe
from streamsvd.log.ports import LogClient, TopicDescription

_MOST_NAMED = 10  # topics in a message
_FOREVER = str(2**63 - 1)
_WEEK = str(7 * 24 * 3600 * 1000)
_ANY_TIMESTAMP = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": _FOREVER,
    "message.timestamp.after.max.ms": _FOREVER,
}
_KEEP = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}

# Without these a topic loses ratings; Kafka's defaults of the other settings lose none.
REQUIRED_SETTINGS = {
    **_KEEP,
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": _FOREVER,
}
RATINGS_SETTINGS = {**_KEEP, **_ANY_TIMESTAMP, "segment.ms": _FOREVER}
CATALOGUE_SETTINGS = {
    **_ANY_TIMESTAMP,
    "cleanup.policy": "compact",
    # A reader must see either the old records or the tombstones that replace them.
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
    """A ratings topic and its two others, named after it.

    Examples
    --------
    >>> topics = Topics("films")
    >>> topics.ratings, topics.catalogue, topics.dead_letters
    ('films', 'films.catalogue', 'films.dead-letters')
    """

    ratings: str = "ratings"

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
        """Compacted topic of the data set and its catalogue."""
        return f"{self.ratings}.catalogue"

    @property
    def dead_letters(self) -> str:
        """Topic of the invalid records."""
        return f"{self.ratings}.dead-letters"


@dataclass(frozen=True, slots=True)
class Layout:
    """The ratings topic after `create_topics`.

    Attributes
    ----------
    partitions : int
        Partitions of the ratings topic.
    notes : tuple of str
        Notes for the user: settings that were changed, requests that were not met.
    """

    partitions: int
    notes: tuple[str, ...] = ()


def create_topics(log: LogClient, topics: Topics, partitions: int | None = None) -> Layout:
    """Create the missing topics, with settings that never lose a rating.

    An existing topic keeps its partitions. A ratings topic with unsafe settings gets safe ones while it is empty (a
    broker may have created it automatically); with records, it is refused.

    Parameters
    ----------
    log : LogClient
    topics : Topics
        Their names.
    partitions : int, optional
        Of a new ratings topic. One, the default, keeps the global order; more keep the order per user.

    Returns
    -------
    Layout

    Raises
    ------
    TopicUnsafe
        The ratings topic has records and would lose some.
    SettingsError, LogUnavailable, LogError
    """
    if partitions is not None and partitions < 1:
        raise SettingsError(f"partitions: at least 1 is needed, found {partitions}.")
    notes = []
    with log.admin(f"creating topic {topics.ratings}") as admin:
        existing = admin.topics()
        made = topics.ratings not in existing and admin.create(topics.ratings, partitions or 1, RATINGS_SETTINGS)
        for name, settings in ((topics.catalogue, CATALOGUE_SETTINGS), (topics.dead_letters, RATINGS_SETTINGS)):
            if name not in existing:
                admin.create(name, 1, settings)
        found = admin.describe(topics.ratings).partitions
        unsafe = {} if made else _differences(admin.settings(topics.ratings))
        if unsafe and _is_empty(log, topics.ratings):
            admin.change_settings(topics.ratings, RATINGS_SETTINGS)
            notes.append(f"topic {topics.ratings} existed, empty, with settings that lose ratings: they were corrected")
        elif unsafe:
            check_ratings_topic(log, topics.ratings)
    if partitions is not None and found != partitions:
        notes.append(f"topic {topics.ratings} exists and keeps its {found} partition(s); {partitions} were asked for")
    return Layout(found, tuple(notes))


def check_ratings_topic(log: LogClient, topic: str) -> None:
    """Check that a topic keeps every rating.

    Raises
    ------
    TopicUnsafe
        A setting would lose ratings; the message has its value, the reason, and the command that corrects it.
    LogError
        The topic does not exist.
    LogUnavailable
    """
    with log.admin(f"checking topic {topic}") as admin:
        settings = admin.settings(topic)
    differences = _differences(settings)
    if not differences:
        return
    wrong = "; ".join(f"{name} is {settings.get(name)} ({_WHY[name]})" for name in differences)
    corrected = ",".join(f"{name}={value}" for name, value in differences.items())
    command = (
        f"kafka-configs.sh --bootstrap-server {log.address} --alter --entity-type topics --entity-name {topic} "
        f"--add-config {corrected}"
    )
    raise TopicUnsafe(
        f"topic {topic} at {log.address} would lose ratings: {wrong}. Correct it with `{command}` and check that no "
        "ratings are lost already; or use `streamsvd replay --topic` with a new name, which creates safe topics."
    )


def new_topic_advice(partitions: int) -> str:
    """What to do with a topic to which partitions were added, as a part of messages."""
    return (
        "Partitions cannot be removed: replay into another topic (streamsvd replay --topic NEW --partitions "
        f"{partitions}), and relearn the model from it (streamsvd consume --topic NEW --rebuild)"
    )


def topic_exists(log: LogClient, topic: str) -> bool:
    """Whether a topic exists.

    Raises
    ------
    LogUnavailable, LogError
    """
    with log.admin(f"looking for topic {topic}") as admin:
        return topic in admin.topics()


def require_topic(log: LogClient, topic: str) -> None:
    """Refuse a topic that does not exist.

    Raises
    ------
    LogError
        With the ratings topics that do exist.
    LogUnavailable
    """
    with log.admin(f"looking for topic {topic}") as admin:
        names = set(admin.topics())
    if topic not in names:
        others = sorted(name for name in names if not name.startswith("__") and not _belongs_to_another(name, names))
        there = f"its topics are {', '.join(others[:_MOST_NAMED])}" if others else "it has no topic yet"
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        raise LogError(
            f"topic {topic}: Kafka at {log.address} has no such topic; {there}{more}. Correct the name, or fill it: "
            f"streamsvd replay ml-latest-small --topic {topic}"
        )


def _belongs_to_another(name: str, names: Collection[str]) -> bool:
    """Whether a topic is the catalogue or the dead letters of another one."""
    ratings, _, kind = name.rpartition(".")
    return kind in ("catalogue", "dead-letters") and ratings in names


def describe_topic(log: LogClient, topic: str) -> TopicDescription:
    """Id and number of partitions of a topic.

    Raises
    ------
    LogError
        The topic does not exist.
    LogUnavailable
    """
    with log.admin(f"looking up topic {topic}") as admin:
        return admin.describe(topic)


def _differences(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in REQUIRED_SETTINGS.items() if settings.get(name, value) != value}


def _is_empty(log: LogClient, topic: str) -> bool:
    with closing(log.reader()) as reader:
        return not any(part.end for part in reader.ranges(topic))
