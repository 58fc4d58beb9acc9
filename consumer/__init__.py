"""The consumer: ratings from the log, each predicted, scored and learned once; checkpoints to the store."""

from consumer.loop import Consumer, Progress, Schedule
from consumer.recovery import Resumed, resume

__all__ = ["Consumer", "Progress", "Resumed", "Schedule", "resume"]
