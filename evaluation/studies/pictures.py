"""One style for all pictures by matplotlib, in colours that colour-blind readers can tell apart.

A picture is painted once and kept as bytes, SVG and PNG; the same numbers give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamsvd.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, darkened where they are too pale for lines on white.
BLUE, ORANGE, GREEN, RED = "#0072b2", "#d98200", "#00805f", "#c44e00"
PURPLE, SKY, GREY, INK = "#a8478a", "#56b4e9", "#767676", "#1c2733"
DPI = 150
SHADES = "YlGnBu"  # of maps: from pale to dark in grey, too

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.edgecolor": "#8a949e",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dfe4e8",
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
}

Paint = Callable[["list[Axes]"], None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture, in both formats, and its width in inches."""

    svg: bytes
    png: bytes
    width: float


def check_pictures() -> None:
    """Check that pictures can be drawn, before long work.

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        raise InputError(
            "pictures are drawn by matplotlib, which is not installed: install the extra `streamsvd[pictures]`, "
            "or leave out the folder"
        ) from None


def draw(name: str, paint: Paint, *, size: tuple[float, float], columns: int = 1, rows: int = 1) -> Drawing:
    """Paint a figure.

    Parameters
    ----------
    name : str
        Makes the ids within the SVG.
    paint : callable
        Given the axes, row by row.
    size : (float, float)
        Width and height in inches.
    columns, rows : int

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    check_pictures()
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    written = []
    style: Any = {**STYLE, "svg.hashsalt": name}
    with rc_context(style):
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.09, w_pad=0.09, hspace=0.03))
        paint(figure.subplots(rows, columns, squeeze=False).ravel().tolist())
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, for both formats: that is most of the time
        for kind in ("svg", "png"):
            file = io.BytesIO()
            figure.savefig(file, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else None)
            written.append(file.getvalue())
    return Drawing(svg=written[0], png=written[1], width=size[0])


def thousands(axis: Any) -> None:
    """Numbers of an axis with separators."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def plain_log(axis: Any) -> None:
    """A logarithmic axis with plain numbers, and few of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def dates(axis: Any) -> None:
    """An axis of dates, labelled as shortly as can be understood."""
    from matplotlib import dates as of_dates

    locator = of_dates.AutoDateLocator(minticks=1, maxticks=9)  # type: ignore[no-untyped-call]
    axis.set_major_locator(locator)
    axis.set_major_formatter(of_dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def percent(axis: Any, digits: int = 0) -> None:
    """Shares of an axis as percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=digits))
