"""Pictures of simulations: the rolling error along the history, of one run or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluation.studies.pictures import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Drawing, dates, draw, thousands
from evaluation.studies.simulation_folder import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Column = NDArray[Any]

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, GREY)
_DASHES = ("-", "--", ":", "-.")  # when the colours are used up


def draw_run(title: str, curve: Curve, figures: dict[str, float], *, dated: bool = True) -> Drawing:
    """One run: both protocols, against ratings and against time.

    Parameters
    ----------
    title : str
    curve : dict of array
    figures : dict
        At the end.
    dated : bool
        Whether event times are dates; the second half is left out where they are not.
    """

    def paint(axes: list[Axes]) -> None:
        for column, name, colour in (("rmse_page_last_window", "page", BLUE), ("rmse_last_window", "event", ORANGE)):
            label = f"{name} protocol ({figures[f'rmse_{name}']:.4f})"
            for each, places in zip(axes, _places(curve, dated), strict=True):
                each.plot(places, _settled(curve, column, figures["window"]), color=colour, label=label)
        _finish(axes, title, int(figures["window"]))

    return draw("simulation", paint, size=(11.5, 4.2), columns=1 + dated)


def draw_runs(title: str, runs: Sequence[tuple[str, Curve, dict[str, float]]], *, dated: bool = True) -> Drawing:
    """Several runs, by the page protocol.

    Parameters
    ----------
    title : str
    runs : sequence of (label, curve, figures)
    dated : bool
        As for `draw_run`, of all of them.
    """

    def paint(axes: list[Axes]) -> None:
        for number, (name, curve, figures) in enumerate(runs):
            colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
            label = f"{name} ({figures['rmse_page']:.4f})"
            for each, places in zip(axes, _places(curve, dated), strict=True):
                line = _settled(curve, "rmse_page_last_window", figures["window"])
                each.plot(places, line, color=colour, linestyle=dash, label=label)
        _finish(axes, title, int(max(figures["window"] for _, _, figures in runs)))

    return draw("simulations", paint, size=(11.5, 4.6), columns=1 + dated)


def _places(curve: Curve, dated: bool) -> list[Column]:
    return [curve["number"], curve["event_time"].astype("datetime64[s]")][: 1 + dated]


def _settled(curve: Curve, column: str, window: float) -> Column:
    """A curve from where a whole window has been scored; the noise before is left out."""
    return np.where(curve["events"] >= window, curve[column], np.nan)


def _finish(axes: list[Axes], title: str, window: int) -> None:
    for each in axes:
        each.set_ylabel(f"RMSE over the last {window:,} ratings")
    axes[0].set_title(title)
    axes[0].set_xlabel("ratings of the history")
    thousands(axes[0].xaxis)
    for each in axes[1:]:
        each.set_title("the same by date")
        dates(each.xaxis)
    axes[-1].legend(title="RMSE over all scored ratings", title_fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1))
