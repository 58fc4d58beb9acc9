"""The log and a stored model belong together: what is checked before a consumer goes on, and at each checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

from model_store import Checkpoint
from streamsvd.errors import TopicUnsafe


def check_learned_from(checkpoint: Checkpoint, topic: str, topic_id: str) -> None:
    """Refuse the model of another topic, or of one of that name that has been deleted since.

    Raises
    ------
    TopicUnsafe
    """
    learned_from = str(checkpoint.summary.get("topic", topic)), str(checkpoint.summary.get("topic_id", topic_id))
    if learned_from != (topic, topic_id):
        raise TopicUnsafe(
            f"the stored model has learned from topic {learned_from[0]} (id {learned_from[1]}), not from this {topic} "
            f"(id {topic_id}): its offsets mean nothing here. Give the model another name with --model, "
            "or learn it anew from this topic with --rebuild"
        )


def check_log_reaches(topic: str, offsets: Mapping[int, int], ends: Mapping[int, int]) -> None:
    """Refuse a log that ends before the offsets that the model has read: it has lost records.

    Raises
    ------
    TopicUnsafe
    """
    beyond = {number: offset for number, offset in offsets.items() if offset > ends.get(number, 0)}
    if beyond:
        raise TopicUnsafe(
            f"the stored model has read topic {topic} up to {beyond}, but the log ends at {dict(ends)}: it "
            "has lost records. Restore the log, or learn it anew with --rebuild"
        )


def check_same_topic(topic: str, read: str, now: str) -> None:
    """Refuse a topic that was recreated under the name of the one that was read so far.

    Parameters
    ----------
    topic : str
    read, now : str
        Kafka's id of the one that was read, and of the one of that name.

    Raises
    ------
    TopicUnsafe
    """
    if now != read:
        raise TopicUnsafe(
            f"topic {topic} was deleted and made anew while it was read (id {read}, now {now}). "
            "What is stored was learned from the old one. Give the model another name with --model, or learn it anew "
            "from this topic with --rebuild"
        )
