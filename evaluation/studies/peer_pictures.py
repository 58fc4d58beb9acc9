"""The comparison with the peers in a picture: error along the stream, and error against speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evaluation.studies.peer_comparison import WINDOW, PeerResult
from evaluation.studies.pictures import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Drawing, draw, plain_log, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (SKY, BLUE, GREY, PURPLE, ORANGE, RED, GREEN)  # in the order of the tables


def draw_peers(title: str, found: Sequence[PeerResult]) -> Drawing:
    """Draw a comparison.

    Parameters
    ----------
    title : str
        Such as the name of the data set.
    found : sequence of PeerResult

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    return draw("peers", lambda axes: _paint(axes, title, found), size=(13.0, 5.0), columns=2)


def _paint(axes: list[Axes], title: str, found: Sequence[PeerResult]) -> None:
    along, against = axes
    for number, one in enumerate(found):
        colour = _COLOURS[number % len(_COLOURS)]
        along.plot(*one.curve, color=colour, linewidth=2.0 if one.name.startswith("IteratedSVD") else 1.3)
        rate = max(form["median"] for form in one.rates.values())
        late = one.errors["rmse_page_after_first_fit"] or math.nan
        against.plot([rate], [late], "o", color=colour, markersize=8, label=f"{one.name} ({late:.4f})")
    along.set_title(f"{title}: error on ratings not yet seen")
    along.set_xlabel("ratings of the stream")
    thousands(along.xaxis)
    along.set_ylabel(f"RMSE over the last {WINDOW:,} ratings, page protocol")
    against.set_title("what it costs")
    against.set_xscale("log")
    plain_log(against.xaxis)
    against.set_xlabel("ratings a second (logarithmic)")
    against.set_ylabel("RMSE after the first fifth, page protocol")
    against.legend(title="RMSE after the first fifth", title_fontsize=8, fontsize=7, loc="best")
