"""The consumer: ratings from the log, each predicted, scored and learned once; checkpoints to the store."""

from consumer.loop import Consumer
from consumer.progress import Lag, Progress, Saved
from consumer.recovery import Resumed, StoredShadows, resume
from consumer.schedule import Schedule
from consumer.shadows import Wanted, standings

__all__ = [
    "Consumer",
    "Lag",
    "Progress",
    "Resumed",
    "Saved",
    "Schedule",
    "StoredShadows",
    "Wanted",
    "resume",
    "standings",
]
