"""The consumer: ratings from the log, each predicted, scored and learned once; checkpoints to the store."""

from consumer.loop import Consumer
from consumer.opening import ConsumerPlan, open_consumer, wait_for_topic
from consumer.progress import Lag, Progress, Saved
from consumer.resume import StoredShadows, resume
from consumer.schedule import Schedule
from consumer.shadows import Wanted, standings
from consumer.state import DEFAULT_SCALE, ConsumerState

__all__ = [
    "DEFAULT_SCALE",
    "Consumer",
    "ConsumerPlan",
    "ConsumerState",
    "Lag",
    "Progress",
    "Saved",
    "Schedule",
    "StoredShadows",
    "Wanted",
    "open_consumer",
    "resume",
    "standings",
    "wait_for_topic",
]
