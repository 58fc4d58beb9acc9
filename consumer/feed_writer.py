"""The model's feed: a point at fixed numbers of ratings, buffered until the next checkpoint writes them.

The position of a point depends on the ratings alone (`model_store.feed.next_point`), so a restarted consumer makes the
same points again, and none of a written checkpoint twice.
"""

from __future__ import annotations

from evaluation import Monitor
from evaluation.metrics import Output
from evaluation.shadows import Shadows
from model_store import FeedEntry, feed
from streamsvd.learner import IteratedSVD

_CHEAP_ROWS = 100_000  # users and items; the SVD of a larger model would delay the ratings


class FeedWriter:
    """Makes points and buffers them.

    Parameters
    ----------
    monitor : Monitor
        Metrics of the served model.
    shadows : Shadows
        Models compared with the served one.
    """

    def __init__(self, monitor: Monitor, shadows: Shadows) -> None:
        self._monitor, self._shadows = monitor, shadows
        self._due = feed.next_point(monitor.events)
        self._entries: list[FeedEntry] = []

    @property
    def until_due(self) -> int:
        """Ratings until the next point is due."""
        return self._due - self._monitor.events

    def add_if_due(self, model: IteratedSVD, event_time: int | None, at: float, lag: int | None) -> None:
        """Add a point when one is due; call it after at most `until_due` ratings."""
        if not self.until_due:
            self._entries.append(feed.feed_entry(self.point(model, event_time, at, lag)))
            self._due = feed.next_point(self._monitor.events)

    def pending(self) -> list[FeedEntry]:
        """Points that are not in the store yet."""
        return list(self._entries)

    def clear(self) -> None:
        """Drop the pending points, which are in the store now."""
        self._entries.clear()

    def point(self, model: IteratedSVD, event_time: int | None, at: float, lag: int | None) -> feed.FeedPoint:
        """The current figures.

        Parameters
        ----------
        model : IteratedSVD
            The served one.
        event_time : int or None
            Newest event time learned, in seconds.
        at : float
            Wall clock, in seconds.
        lag : int or None
            Records left in the log, if known.
        """
        monitor, found = self._monitor, self._monitor.figures()
        shadows = {name: shadow.metrics.figures() for name, shadow in self._shadows.models.items()}
        return feed.FeedPoint(
            events=monitor.events,
            event_time=event_time,
            written_at=at,
            lag=lag,
            users=model.n_users,
            items=model.n_items,
            total=monitor.total().values(),
            fading=found.errors("fading"),
            windows=[
                feed.WindowErrors(unit=window.unit, size=window.size, errors=errors.values())
                for window, errors in monitor.windows.errors().items()
            ],
            drift=monitor.drift.counts,
            figures=found.at(Output.DASHBOARD),
            shadows={name: figures.errors("all") for name, figures in shadows.items()},
            shadows_recent={name: figures.errors("newest") for name, figures in shadows.items()},
        )

    def now(
        self, model: IteratedSVD, point: feed.FeedPoint, operation: feed.Operation, *, detailed: bool
    ) -> dict[str, bytes]:
        """The newest figures, as of a checkpoint; `detailed` with slices and singular values, which take longer."""
        newest = feed.Now(
            point=point,
            operation=operation,
            drifts=self._monitor.drift.detections,
            calibration=[
                {"name": name, **figures.values()} for name, figures in self._monitor.coverage.figures().items()
            ],
        )
        return feed.now_fields(newest, self._detail(model) if detailed else None)

    def _detail(self, model: IteratedSVD) -> feed.Detail:
        slices = [
            feed.Slice(by=by, name=name, errors=errors.values())
            for (by, name), errors in self._monitor.slices.errors().items()
        ]
        cheap = model.n_users + model.n_items <= _CHEAP_ROWS
        return feed.Detail(slices=slices, singular_values=model.svd().singular_values.tolist() if cheap else [])
