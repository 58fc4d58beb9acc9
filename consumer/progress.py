"""Progress reports of a consumer."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation import Figures


@dataclass(frozen=True, slots=True)
class Lag:
    """Lag behind the end of the log; None where Kafka has not reported it.

    Attributes
    ----------
    records : int or None
    seconds : int or None
        In event time: the newest in the log less the newest learned.
    """

    records: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class CheckpointStats:
    """Statistics of a consumer's checkpoints.

    Attributes
    ----------
    count : int
    written_at : float or None
        Wall clock of the newest one, in seconds.
    seconds, bytes : float and int, or None
        Duration and size of the newest one.
    total_seconds, total_bytes : float and int
        Of all of them.
    """

    count: int = 0
    written_at: float | None = None
    seconds: float | None = None
    bytes: int | None = None
    total_seconds: float = 0.0
    total_bytes: int = 0

    def after(self, written_at: float, seconds: float, size: int) -> CheckpointStats:
        """With one more checkpoint."""
        return CheckpointStats(
            self.count + 1, written_at, seconds, size, self.total_seconds + seconds, self.total_bytes + size
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a consumer.

    Attributes
    ----------
    learned : int
        Ratings learned since this consumer started.
    positions : dict of int to int
        Next offset of each partition.
    figures : Figures
    event_time : int or None
        Newest event time, in seconds.
    rejected, repeated : int
        Records of the ratings topic rejected, also those that had a letter already, and repeated deliveries skipped,
        since this consumer started.
    version : int
        Of the newest checkpoint.
    dead_letters : dict of str to int
        Dead letters since the model's beginning, by reason.
    drift : dict of str to int
        Detections since the model's beginning, by detector.
    users, items : int
        Rows of the model.
    lag : Lag
        As last reported by Kafka.
    checkpoints : CheckpointStats
        Of this consumer.
    """

    learned: int
    positions: dict[int, int]
    figures: Figures
    event_time: int | None
    rejected: int
    repeated: int
    version: int
    dead_letters: dict[str, int]
    drift: dict[str, int]
    users: int
    items: int
    lag: Lag
    checkpoints: CheckpointStats
