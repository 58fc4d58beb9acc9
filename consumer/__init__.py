"""The consumer: ratings from the log, each predicted, scored and learned once; checkpoints to the store."""

from consumer.loop import Consumer
from consumer.opening import ConsumerPlan, open_consumer, wait_for_topic
from consumer.progress import Lag, Progress, Saved
from consumer.schedule import Schedule
from consumer.shadows import Wanted, standings
from consumer.state import DEFAULT_SCALE

__all__ = [
    "DEFAULT_SCALE",
    "Consumer",
    "ConsumerPlan",
    "Lag",
    "Progress",
    "Saved",
    "Schedule",
    "Wanted",
    "open_consumer",
    "standings",
    "wait_for_topic",
]
