"""The declaration of all figures: name, unit, format, help, outputs, and how each is computed from its sums.

A set of figures is a frozen dataclass whose fields carry a `Figure` each. Whatever computes, stores or displays figures
iterates over `declared()`. docs/maintaining.md describes how to add one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import Flag, auto
from functools import cache
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from streamsvd.figures import Values

Floats = NDArray[np.float64]
Protocol = Literal["event", "page"]
Over = Literal["all", "newest", "fading"]
"""Which ratings a figure is computed over: all, the newest, or all with weights that fade."""
Read = Callable[[Any], float]
"""Computes a figure from its sums; NaN where it is undefined."""


class Output(Flag):
    """Where a figure is displayed, besides Python, the head document and the report, which have all of them."""

    NONE = 0
    JSON = auto()
    """`--json` of `evaluate`, `consume` and `demo`, and the rows of shadows."""
    TABLE = auto()
    """The tables that these commands print."""
    PROMETHEUS = auto()
    """`streamsvd_consumer_MEASURE`, as listed in docs/operations.md."""
    DASHBOARD = auto()


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured.

    Attributes
    ----------
    name, title : str
        For names of metrics and fields; for display.
    help : str
        Definition, with the unit.
    format : str
        Format specification of its values.
    """

    name: str
    title: str
    help: str
    format: str = ".4f"

    def text(self, value: object, sign: str = "") -> str:
        """A value for display; a dash where it is undefined.

        Examples
        --------
        >>> RMSE.text(0.98765), RMSE.text(math.nan), BIAS.text(0.5, "+"), WITHIN_50.text(0.5012), COUNT.text(1200)
        ('0.9877', '–', '+0.5000', '50.1 %', '1,200')
        """
        if not isinstance(value, int | float) or not math.isfinite(value):
            return "–"
        return f"{value:{sign}{self.format}}".replace("%", " %")


COUNT = Measure("count", "ratings", "Number of ratings", ",")
"""The number of ratings."""
RMSE = Measure("rmse", "RMSE", "RMSE in the units of the rating scale")
"""The root of the mean squared error."""
MAE = Measure("mae", "MAE", "Mean absolute error in the units of the rating scale")
BIAS = Measure("bias", "bias", "Mean of predicted less given in the units of the rating scale")
"""The mean of predicted less given."""
WITHIN_50, WITHIN_80, WITHIN_90, WITHIN_95 = (
    Measure(f"within_{n}", f"in {n} %", f"Share of the ratings within the interval of {n} per cent", ".1%")
    for n in (50, 80, 90, 95)
)
LOG_LIKELIHOOD = Measure("log_likelihood", "log likelihood", "Mean log density, by the predicted deviation")
LOG_CONSTANT = Measure("log_likelihood_constant", "constant", "Mean log density, by the running constant deviation")
HIT_RATE = Measure("hit_rate", "hit rate", "Share of the lists with the item that was liked next")
NDCG = Measure("ndcg", "NDCG", "Mean of 1 / log2(1 + place) of the item that was liked next")
MRR = Measure("mrr", "MRR", "Mean of 1 / place of the item that was liked next")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a set.

    Attributes
    ----------
    measure : Measure
    read : callable
        See `Read`.
    protocol : {"event", "page"}
    over : {"all", "newest", "fading"}
        All ratings, the newest ones (rolling), or all with fading weights.
    outputs : Output
    name : str
        Of the dataclass's field: the key in JSON and in the store.
    """

    measure: Measure
    read: Read
    protocol: Protocol = "event"
    over: Over = "all"
    outputs: Output = Output.NONE
    name: str = ""

    def value(self, found: FigureSet) -> int | float | None:
        """Its value in a set; None where it is undefined."""
        value: float = getattr(found, self.name)
        return value if math.isfinite(value) else None

    def text(self, found: FigureSet) -> str:
        """The same for display; a dash where it is undefined."""
        return self.measure.text(self.value(found))


class FigureSet:
    """Base class of the sets of figures.

    Examples
    --------
    >>> [figure.name for figure in Errors.declared()][:3]
    ['events', 'rmse_event', 'mae_event']
    >>> Errors.read([2.0, 2.0, 2.0, 0.0, 8.0, 4.0, 4.0]).at(Output.TABLE)
    {'rmse_event': 1.0, 'bias_event': 0.0, 'rmse_page': 2.0}
    """

    __slots__ = ()

    @classmethod
    def declared(cls) -> tuple[Figure, ...]:
        """The figures, in their order."""
        return _declared(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable

    @classmethod
    def for_output(cls, output: Output) -> tuple[Figure, ...]:
        """Those of an output."""
        return _of_output(cls, output)  # type: ignore[arg-type]  # as above

    @classmethod
    def by_measure(cls, output: Output) -> dict[Measure, list[Figure]]:
        """Those of an output, by measure."""
        found: dict[Measure, list[Figure]] = {}
        for figure in cls.for_output(output):
            found.setdefault(figure.measure, []).append(figure)
        return found

    @classmethod
    def read(cls, counts: Any) -> Self:
        """The figures from their sums."""
        return cls(**{figure.name: figure.read(counts) for figure in cls.declared()})

    def values(self) -> Values:
        """All values by name; None where a figure is undefined."""
        return {figure.name: figure.value(self) for figure in self.declared()}

    def at(self, output: Output) -> Values:
        """Values of the figures of an output, by name."""
        return {figure.name: figure.value(self) for figure in self.for_output(output)}


@cache
def _of_output(kind: Any, output: Output) -> tuple[Figure, ...]:
    return tuple(figure for figure in _declared(kind) if output in figure.outputs)


@cache
def _declared(kind: Any) -> tuple[Figure, ...]:
    return tuple(replace(part.metadata["figure"], name=part.name) for part in fields(kind))


def _figure(*declaration: Any, **more: Any) -> Any:
    return field(metadata={"figure": Figure(*declaration, **more)})


# The headline, from a `Prequential`


def _mean(row: int, protocol: int) -> Read:
    return lambda found: float(found.sums[row, protocol] / found.events) if found.events else math.nan


def _root_mean(protocol: int) -> Read:
    return lambda found: math.sqrt(_mean(0, protocol)(found))


def _newest(of: Callable[[Floats], Any]) -> Read:
    return lambda found: float(of(found.recent)) if len(found.recent) else math.nan


def _newest_root(protocol: int) -> Read:
    return _newest(lambda recent: math.sqrt(np.add.accumulate(recent[:, protocol] ** 2)[-1] / len(recent)))


def _faded_root(protocol: int) -> Read:
    return lambda found: math.sqrt(found.faded[protocol] / found.faded[2]) if found.events else math.nan


_USUAL = Output.JSON | Output.TABLE
_BOTH = Output.TABLE | Output.DASHBOARD


@dataclass(frozen=True, slots=True)
class Figures(FigureSet):
    """Errors so far, in the units of the data's scale; NaN before the first rating.

    `events` is the number of ratings scored, `window` of those in the rolling window: fewer at the start of a stream.
    """

    events: int = _figure(COUNT, lambda found: found.events)
    rmse_event: float = _figure(RMSE, _root_mean(0), outputs=_USUAL | Output.PROMETHEUS)
    mae_event: float = _figure(MAE, _mean(1, 0), outputs=_USUAL)
    rmse_page: float = _figure(RMSE, _root_mean(1), "page", outputs=_USUAL | Output.PROMETHEUS)
    mae_page: float = _figure(MAE, _mean(1, 1), "page", outputs=_USUAL)
    rmse_last_window: float = _figure(RMSE, _newest_root(0), "event", "newest", _USUAL | Output.PROMETHEUS)
    mae_last_window: float = _figure(MAE, _newest(lambda recent: abs(recent[:, 0]).mean()), "event", "newest")
    rmse_page_last_window: float = _figure(RMSE, _newest_root(1), "page", "newest", _USUAL | Output.PROMETHEUS)
    rmse_fading: float = _figure(RMSE, _faded_root(0), "event", "fading")
    rmse_page_fading: float = _figure(RMSE, _faded_root(1), "page", "fading")
    window: int = _figure(COUNT, lambda found: len(found.recent), over="newest")

    def errors(self, over: Over) -> Values:
        """Those over some ratings under the names of `Errors`; None for those that are not kept."""
        kept = {
            f"{figure.measure.name}_{figure.protocol}": figure.value(self)
            for figure in self.declared()
            if figure.over == over and figure.measure is not COUNT
        }
        events = self.window if over == "newest" else self.events
        return {**dict.fromkeys(figure.name for figure in Errors.declared()), "events": events, **kept}


# Errors over any ratings, from a cell of sums; see `kernels`


def _cell_mean(column: int) -> Read:
    return lambda cell: cell[column] / cell[0] if cell[0] else math.nan


def _cell_root(column: int) -> Read:
    return lambda cell: math.sqrt(_cell_mean(column)(cell))


@dataclass(frozen=True, slots=True)
class Errors(FigureSet):
    """Errors over `events` ratings, in the units of the data's scale; NaN where there were none.

    Examples
    --------
    >>> Errors.read([4.0, 1.0, 2.0, -2.0, 4.0, 4.0, 4.0]).rmse_event
    0.5
    """

    events: int = _figure(COUNT, lambda cell: int(cell[0]))
    rmse_event: float = _figure(RMSE, _cell_root(1), outputs=_BOTH)
    mae_event: float = _figure(MAE, _cell_mean(2), outputs=Output.DASHBOARD)
    bias_event: float = _figure(BIAS, _cell_mean(3), outputs=Output.TABLE)
    rmse_page: float = _figure(RMSE, _cell_root(4), "page", outputs=_BOTH)
    mae_page: float = _figure(MAE, _cell_mean(5), "page", outputs=Output.DASHBOARD)
    bias_page: float = _figure(BIAS, _cell_mean(6), "page")


# Coverage of the prediction intervals, from a cell of sums


@dataclass(frozen=True, slots=True)
class CoverageFigures(FigureSet):
    """Coverage of the prediction intervals over `events` ratings (event protocol); NaN where there were none.

    Shares of the ratings within the intervals, and mean log densities by the predicted deviation and by the running
    constant one.
    """

    events: int = _figure(COUNT, lambda cell: int(cell[0]))
    within_50: float = _figure(WITHIN_50, _cell_mean(1), outputs=_BOTH)
    within_80: float = _figure(WITHIN_80, _cell_mean(2), outputs=_BOTH)
    within_90: float = _figure(WITHIN_90, _cell_mean(3), outputs=_BOTH)
    within_95: float = _figure(WITHIN_95, _cell_mean(4), outputs=_BOTH)
    log_likelihood: float = _figure(LOG_LIKELIHOOD, _cell_mean(5), outputs=Output.TABLE)
    log_likelihood_constant: float = _figure(LOG_CONSTANT, _cell_mean(6), outputs=Output.TABLE)


# Lists, from a `Ranking`


def _quality(cost: Callable[[Any], Any], protocol: int, *, newest: bool = False) -> Read:
    """Mean of 1 / cost of the rank; a miss counts as 0."""

    def mean(found: Any) -> float:
        places = found.places[protocol]
        if newest:
            places = np.bincount(found.recent[:, protocol], minlength=len(places))
        lists, place = int(places.sum()), np.arange(1, len(places))
        return float((places[1:] / cost(place)).sum() / lists) if lists else math.nan

    return mean


_hit = np.ones_like
_place = np.asarray


def _discount(place: Any) -> Any:
    return np.log2(1.0 + place)


@dataclass(frozen=True, slots=True)
class RankingFigures(FigureSet):
    """Quality of the lists so far, 0 to 1; NaN before the first list.

    `n` is the length of a list, `lists` the number of lists tested (by ratings of 4 or more), `unknown_items` of those
    whose item had no rating before, and `window` of those in the rolling window.
    """

    n: int = _figure(COUNT, lambda found: found.n)
    lists: int = _figure(COUNT, lambda found: found.lists)
    unknown_items: int = _figure(COUNT, lambda found: found.unknown_items)
    hit_rate_event: float = _figure(HIT_RATE, _quality(_hit, 0), outputs=Output.TABLE)
    ndcg_event: float = _figure(NDCG, _quality(_discount, 0), outputs=Output.TABLE)
    mrr_event: float = _figure(MRR, _quality(_place, 0), outputs=Output.TABLE)
    hit_rate_page: float = _figure(HIT_RATE, _quality(_hit, 1), "page", outputs=Output.TABLE)
    ndcg_page: float = _figure(NDCG, _quality(_discount, 1), "page", outputs=Output.TABLE)
    mrr_page: float = _figure(MRR, _quality(_place, 1), "page", outputs=Output.TABLE)
    hit_rate_last_window: float = _figure(HIT_RATE, _quality(_hit, 0, newest=True), over="newest")
    ndcg_last_window: float = _figure(NDCG, _quality(_discount, 0, newest=True), over="newest")
    mrr_last_window: float = _figure(MRR, _quality(_place, 0, newest=True), over="newest")
    ndcg_page_last_window: float = _figure(NDCG, _quality(_discount, 1, newest=True), "page", "newest")
    window: int = _figure(COUNT, lambda found: len(found.recent), over="newest")
