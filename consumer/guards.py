"""Guards: the log and a stored model belong together; checked at the start of a consumer and at each checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from model_store import Checkpoint
from streamsvd.errors import TopicUnsafe
from streamsvd.log import new_topic_advice


def check_learned_from(checkpoint: Checkpoint, topic: str, topic_id: str) -> None:
    """Refuse a model that was learned from another topic, or from a deleted one of the same name.

    Raises
    ------
    TopicUnsafe
    """
    learned_from = str(checkpoint.summary.get("topic", topic)), str(checkpoint.summary.get("topic_id", topic_id))
    if learned_from != (topic, topic_id):
        raise TopicUnsafe(
            f"topic {topic} (id {topic_id}): the stored model was learned from topic {learned_from[0]} "
            f"(id {learned_from[1]}), so its offsets are not valid here. Use another model name (--model), or relearn "
            "the model from this topic (--rebuild)"
        )


def check_log_reaches(topic: str, offsets: Mapping[int, int], ends: Mapping[int, int]) -> None:
    """Refuse a log that ends before the offsets of the checkpoint: it has lost records.

    Raises
    ------
    TopicUnsafe
    """
    beyond = {number: offset for number, offset in offsets.items() if offset > ends.get(number, 0)}
    if beyond:
        raise TopicUnsafe(
            f"topic {topic}: the stored model was learned up to offsets {beyond}, but the log ends at {dict(ends)}: it "
            "has lost records. Restore the log, or relearn the model (--rebuild)"
        )


def check_same_partitions(topic: str, learned: Collection[int], now: Collection[int]) -> None:
    """Refuse a topic to which partitions were added since the model's first checkpoint.

    Parameters
    ----------
    topic : str
    learned, now : collection of int
        Numbers of the partitions that the model is learned from, and of those that the topic has.

    Raises
    ------
    TopicUnsafe
    """
    if len(learned) != len(now):
        raise TopicUnsafe(
            f"topic {topic} has {len(now)} partition(s), but the model is learned from {len(learned)}: partitions were "
            "added, and the new ratings of many users lie in another partition than their old ones, so their order is "
            f"lost. {new_topic_advice(len(now))}"
        )


def check_same_topic(topic: str, read: str, now: str) -> None:
    """Refuse a topic that was recreated while it was read.

    Parameters
    ----------
    topic : str
    read, now : str
        Kafka's id of the topic that was read, and of the one that has this name now.

    Raises
    ------
    TopicUnsafe
    """
    if now != read:
        raise TopicUnsafe(
            f"topic {topic} was deleted and recreated while it was read (id {read}, now {now}). The stored model was "
            "learned from the old one. Use another model name (--model), or relearn the model from this one (--rebuild)"
        )
