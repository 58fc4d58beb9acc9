"""The producer: writes the ratings of a data set to the log, in order, each once."""

from producer.pacing import Pace
from producer.replay import Progress, ReplaySummary, replay
from producer.resume import LogState, Prepared, inspect_log, prepare
from producer.selection import Bound, Selection

__all__ = [
    "Bound",
    "LogState",
    "Pace",
    "Prepared",
    "Progress",
    "ReplaySummary",
    "Selection",
    "inspect_log",
    "prepare",
    "replay",
]
