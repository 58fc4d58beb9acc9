"""The producer: writes the ratings of a data set to the log, in order, each once."""

from producer.pacing import Pace
from producer.replayer import ReplaySummary, replay
from producer.resume import prepare
from producer.selection import Bound, Selection

__all__ = ["Bound", "Pace", "ReplaySummary", "Selection", "prepare", "replay"]
