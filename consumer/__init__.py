"""The consumer: ratings from the log, each predicted, scored and learned once; checkpoints to the store."""

from consumer.loop import Consumer
from consumer.opening import ConsumerPlan, open_consumer, topic_is_filled, wait_for_topic
from consumer.progress import CheckpointStats, Lag, Progress
from consumer.schedule import Schedule
from consumer.shadows import ShadowPlan
from consumer.state import DEFAULT_SCALE

__all__ = [
    "DEFAULT_SCALE",
    "CheckpointStats",
    "Consumer",
    "ConsumerPlan",
    "Lag",
    "Progress",
    "Schedule",
    "ShadowPlan",
    "open_consumer",
    "topic_is_filled",
    "wait_for_topic",
]
