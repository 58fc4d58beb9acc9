"""A simulation: a model on a part of a history.

The ratings of a range of events are predicted, scored and learned in order; a warm-up at its beginning is learned but
not scored. Predictions come from a `Predictor`: the model in this process, or the whole system with Kafka. Both are
scored here, so the same predictions give the same figures to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import COUNT, Figures, Prequential
from evaluation.models import ModelSpec, compile_kernels
from evaluation.studies.tuning_tasks import Stopped
from streamsvd.errors import InputError, SettingsError
from streamsvd.ratings import Catalogue, RatingTable, utc_day

BLOCK = 5_000  # ratings between two checks of whether to stop; changes no figure
CURVE = tuple(figure.name for figure in Figures.declared() if figure.measure is not COUNT)
"""Names of the figures along a run."""

Floats = NDArray[np.float64]
Through = Literal["process", "kafka"]


@dataclass(frozen=True, slots=True)
class EventRange:
    """Part of a history, by event numbers in the whole of it.

    Attributes
    ----------
    first, end : int
        The first rating that is learned, and the one after the last.
    scored_from : int
        The first one that is scored.
    """

    first: int
    scored_from: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One simulation.

    Attributes
    ----------
    spec : ModelSpec
        The model.
    events : EventRange
    window : int
        Ratings of the rolling error.
    points : int
        Of the curve: figures at so many moments, the same number of scored ratings apart.
    through : {"process", "kafka"}
        Where the model runs: in this process, or behind Kafka.
    """

    spec: ModelSpec
    events: EventRange
    window: int = 5000
    points: int = 200
    through: Through = "process"

    def __post_init__(self) -> None:
        if self.points < 1:
            raise SettingsError(f"a curve of {self.points} points; ask for at least 1")
        if self.through == "kafka" and not self.spec.servable:
            raise SettingsError(
                f"{self.spec.text} is a baseline, and the consumer serves the learner only: simulate it in process, "
                "or as a shadow with `streamsvd consume --shadow`"
            )


class Outcome(NamedTuple):
    """Results of a simulation.

    Attributes
    ----------
    figures : dict
        At the end; they depend on the run and the history alone.
    curve : dict of array, shape (points,)
        `number`: ratings of the history so far; `event_time`, in seconds; `events`: ratings scored; and `CURVE`.
    seconds : float
        Of this run, on this machine.
    """

    figures: dict[str, float]
    curve: dict[str, NDArray[Any]]
    seconds: float


class PredictedPart(NamedTuple):
    """Some ratings in a row, with what was predicted for them; all of one length."""

    ratings: Floats
    event: Floats
    page: Floats


class Predictor(Protocol):
    """A source of predictions for a range of events, in order."""

    def __call__(
        self,
        table: RatingTable,
        catalogue: Catalogue | None,
        run: Run,
        tell: Callable[[int], None],
        stopped: Callable[[], bool],
        /,
    ) -> Iterator[PredictedPart]:
        """Parts of any length that make up the table; `tell` is called with the number of ratings learned."""


def event_range(
    table: RatingTable, start: int | None = None, until: int | None = None, scored_from: int | None = None
) -> EventRange:
    """A checked range of events of a whole history.

    Parameters
    ----------
    table : RatingTable
        The history.
    start, until, scored_from : int, optional
        Event numbers; by default the whole history, all of it scored.

    Raises
    ------
    InputError
        It holds no rating to score.
    """
    first, end = 0 if start is None else start, len(table) if until is None else until
    begin = first if scored_from is None else max(first, scored_from)
    name, n = table.dataset.name, len(table)
    if not 0 <= first < end <= n:
        days = f", from {utc_day(table.timestamps[0])} to {utc_day(table.timestamps[-1])}" if n else ""
        raise InputError(
            f"{name}: no ratings from event {first:,} until event {end:,}; there are {n:,}{days}. Give an earlier "
            "beginning or a later end within them"
        )
    if begin >= end:
        raise InputError(
            f"{name}: a warm-up until event {begin:,} leaves nothing to score before event {end:,}; shorten it"
        )
    return EventRange(first, begin, end)


def event_number(table: RatingTable, value: int, by: Literal["time", "count"]) -> int:
    """How many ratings of a history come before a moment: an event time in seconds, or such a number already.

    Examples
    --------
    >>> from streamsvd.ratings import Dataset
    >>> table = RatingTable(*(np.array(c) for c in ([1, 1], [1, 2], [3.0, 4.0], [10, 20])), Dataset("a", "0", (1, 5)))
    >>> event_number(table, 20, "time"), event_number(table, 21, "time"), event_number(table, 1, "count")
    (1, 2, 1)
    """
    return value if by == "count" else int(np.searchsorted(table.timestamps, value))


def simulate(
    table: RatingTable,
    catalogue: Catalogue | None,
    run: Run,
    *,
    predict: Predictor | None = None,
    tell: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Simulate once.

    Parameters
    ----------
    table : RatingTable
        The whole history.
    catalogue : Catalogue or None
    run : Run
    predict : Predictor, optional
        In this process, without.
    tell : callable
        Called with the number of ratings learned, now and then.
    stopped : callable
        Asked now and then; true ends it.

    Raises
    ------
    Stopped
        It was asked to stop.

    Examples
    --------
    >>> from evaluation.models import parse_spec
    >>> from streamsvd.ratings import Dataset
    >>> columns = ([1, 1, 2], [7, 8, 7], [5.0, 2.0, 5.0], [10, 20, 30])
    >>> table = RatingTable(*(np.array(column) for column in columns), Dataset("toy", "0" * 64, (1.0, 5.0)))
    >>> run = Run(spec=parse_spec("damped-means"), events=event_range(table, scored_from=1))
    >>> simulate(table, None, run).figures["events"]
    2
    """
    part = table[run.events.first : run.events.end]
    scoring = _Scoring(part, run)
    began = time.perf_counter()
    for found in (predict or in_process)(part, catalogue, run, tell, stopped):
        scoring.take(found)
    seconds = time.perf_counter() - began
    if scoring.done != len(part):
        raise InputError(f"{scoring.done:,} of {len(part):,} ratings were predicted; simulate again")
    return Outcome(scoring.figures(), scoring.columns(), seconds)


def load_kernels(runs: Iterable[Run]) -> None:
    """Load or compile what the models of these runs need, so that no run's time contains it."""
    compile_kernels(run.spec for run in runs)
    Prequential().update(*np.ones((3, 1)))


def blocks(table: RatingTable, tell: Callable[[int], None], stopped: Callable[[], bool]) -> Iterator[RatingTable]:
    """A table in blocks; between them, tells how many ratings are done.

    Raises
    ------
    Stopped
        It was asked to stop.
    """
    for start in range(0, len(table), BLOCK):
        if stopped():
            raise Stopped
        yield table[start : start + BLOCK]
        tell(min(start + BLOCK, len(table)))


def in_process(
    table: RatingTable, catalogue: Catalogue | None, run: Run, tell: Callable[[int], None], stopped: Callable[[], bool]
) -> Iterator[PredictedPart]:
    """Predictions of a model in this process; a `Predictor`."""
    model = run.spec.make(table.dataset.scale, catalogue)
    for rows in blocks(table, tell, stopped):
        found = model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        yield PredictedPart(rows.ratings.astype(np.float64), found.event, found.page)


@dataclass(slots=True)
class _Scoring:
    """Scores the predictions of a range of events, and keeps a point wherever one is due."""

    part: RatingTable
    run: Run
    done: int = 0
    metrics: Prequential = field(init=False)
    _due: list[int] = field(init=False)
    _points: list[tuple[float, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Prequential(window=self.run.window)
        begin, n = self._begin, len(self.part) - self._begin
        due = {begin + -(-n * k // self.run.points) for k in range(1, self.run.points + 1)}
        self._due = sorted(due, reverse=True)

    @property
    def _begin(self) -> int:
        return self.run.events.scored_from - self.run.events.first

    def take(self, found: PredictedPart) -> None:
        """Score some more."""
        end = self.done + len(found.ratings)
        while self.done < end:
            until = min(end, self._begin if self.done < self._begin else self._due[-1])
            n = until - self.done
            if self.done >= self._begin:
                self.metrics.update(*(column[:n] for column in found))
            found = PredictedPart(*(column[n:] for column in found))
            self.done = until
            if self._due and until == self._due[-1]:
                self._due.pop()
                figures = self.metrics.figures()
                place = (self.run.events.first + until, int(self.part.timestamps[until - 1]), figures.events)
                self._points.append((*place, *(getattr(figures, name) for name in CURVE)))

    def figures(self) -> dict[str, float]:
        """At the end."""
        users, items = (len(np.unique(ids)) for ids in (self.part.users, self.part.items))
        return {**asdict(self.metrics.figures()), "learned": self.done, "users": users, "items": items}

    def columns(self) -> dict[str, NDArray[Any]]:
        """The points."""
        names = ("number", "event_time", "events", *CURVE)
        columns = zip(names, zip(*self._points, strict=True), strict=True)
        return {name: np.array(column, np.float64 if name in CURVE else np.int64) for name, column in columns}
