"""The model's feed: a point at fixed numbers of ratings, kept until the next checkpoint takes them along.

Where a point falls depends on the ratings alone (`model_store.feed.next_point`), so a consumer that was killed makes
the same points again, and those of a checkpoint that was written are not made twice.
"""

from __future__ import annotations

import math
from dataclasses import asdict

from evaluation import Errors, Figures, Monitor
from evaluation.shadows import Shadows
from model_store import feed
from model_store.write.step import FeedEntry
from streamsvd.learner import IteratedSVD

_CHEAP_ROWS = 100_000  # of users and items: the SVD of a larger model would hold the ratings up


class FeedWriter:
    """Points on their way into the store.

    Parameters
    ----------
    monitor : Monitor
        What the points are of.
    shadows : Shadows
        The models beside the served one.
    """

    def __init__(self, monitor: Monitor, shadows: Shadows) -> None:
        self._monitor, self._shadows = monitor, shadows
        self._due = feed.next_point(monitor.events)
        self._entries: list[FeedEntry] = []

    @property
    def room(self) -> int:
        """Ratings to learn until the next point is due."""
        return self._due - self._monitor.events

    def take(self, model: IteratedSVD, event_time: int | None, at: float, lag: int | None) -> None:
        """Keep a point when one is due; to be called after every `room` ratings, or sooner."""
        if not self.room:
            self._entries.append(feed.feed_entry(self.point(model, event_time, at, lag)))
            self._due = feed.next_point(self._monitor.events)

    def pending(self) -> list[FeedEntry]:
        """Points that no checkpoint has taken along yet."""
        return list(self._entries)

    def written(self) -> None:
        """The pending points are in the store."""
        self._entries.clear()

    def point(self, model: IteratedSVD, event_time: int | None, at: float, lag: int | None) -> feed.FeedPoint:
        """The figures as they are.

        Parameters
        ----------
        model : IteratedSVD
            The served one.
        event_time : int or None
            Newest event time learned, in seconds.
        at : float
            Wall clock, in seconds.
        lag : int or None
            Records left in the log, as far as known.
        """
        found = self._monitor.figures()
        total = self._monitor.total(found)
        return feed.FeedPoint(
            events=self._monitor.events,
            event_time=event_time,
            written_at=at,
            lag=lag,
            users=model.n_users,
            items=model.n_items,
            total=_errors(total),
            fading=feed.Errors(
                events=found.events, rmse_event=_number(found.rmse_fading), rmse_page=_number(found.rmse_page_fading)
            ),
            windows=[
                feed.Window(unit=window.unit, size=window.size, errors=_errors(errors))
                for window, errors in self._monitor.windows.errors().items()
            ],
            drift=self._monitor.drift.counts,
            shadows={name: _overall(shadow.metrics.figures()) for name, shadow in self._shadows.models.items()},
            shadows_recent={name: _recent(shadow.metrics.figures()) for name, shadow in self._shadows.models.items()},
        )

    def now(
        self, model: IteratedSVD, point: feed.FeedPoint, operation: feed.Operation, *, detailed: bool
    ) -> dict[str, bytes]:
        """The newest figures, as of a checkpoint; `detailed` with what takes longer."""
        newest = feed.Now(
            point=point,
            operation=operation,
            drifts=[feed.DriftMark(**asdict(mark)) for mark in self._monitor.drift.marks],
            calibration=self._calibration(),
        )
        return feed.now_fields(newest, self._detail(model) if detailed else None)

    def _calibration(self) -> list[feed.Calibration]:
        return [
            feed.Calibration(
                name=name,
                events=part.events,
                within_50=_number(part.within[50]),
                within_80=_number(part.within[80]),
                within_90=_number(part.within[90]),
                within_95=_number(part.within[95]),
                log_likelihood=_number(part.log_likelihood),
                log_likelihood_constant=_number(part.log_likelihood_constant),
            )
            for name, part in self._monitor.calibration.honesty().items()
        ]

    def _detail(self, model: IteratedSVD) -> feed.Detail:
        slices = [
            feed.Slice(by=by, name=name, errors=_errors(errors))
            for (by, name), errors in self._monitor.slices.errors().items()
        ]
        cheap = model.n_users + model.n_items <= _CHEAP_ROWS
        return feed.Detail(slices=slices, singular_values=model.svd().singular_values.tolist() if cheap else [])


def _errors(found: Errors) -> feed.Errors:
    return feed.Errors(
        events=found.events,
        rmse_event=_number(found.rmse_event),
        mae_event=_number(found.mae_event),
        bias_event=_number(found.bias_event),
        rmse_page=_number(found.rmse_page),
        mae_page=_number(found.mae_page),
        bias_page=_number(found.bias_page),
    )


def _overall(found: Figures) -> feed.Errors:
    return feed.Errors(
        events=found.events,
        rmse_event=_number(found.rmse_event),
        mae_event=_number(found.mae_event),
        rmse_page=_number(found.rmse_page),
        mae_page=_number(found.mae_page),
    )


def _recent(found: Figures) -> feed.Errors:
    return feed.Errors(
        events=found.window,
        rmse_event=_number(found.rmse_last_window),
        mae_event=_number(found.mae_last_window),
        rmse_page=_number(found.rmse_page_last_window),
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
