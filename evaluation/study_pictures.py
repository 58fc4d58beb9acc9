"""A study in pictures: error against time, and error against work, each as PNG and SVG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.study import Online, Point, Study
from streamsvd.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#7f7f7f", "#bcbd22", "#8c564b", "#1f77b4", "#ff9896", "#d62728", "#e377c2", "#17becf", "#9467bd", "#2ca02c")
OURS = "IteratedSVD"
FORMATS = ("png", "svg")


def check_pictures() -> None:
    """Make sure that pictures can be drawn, before the work that they are to show.

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError(
            "the pictures of a study are drawn by matplotlib, which is not installed: "
            "install the extra `streamsvd[pictures]`, or leave out the folder"
        ) from None


def draw(study: Study, folder: Path, title: str) -> list[Path]:
    """Write `error-against-time` and `error-against-work`.

    Parameters
    ----------
    study : Study
    folder : Path
        Exists.
    title : str
        Such as the name of the data set.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    check_pictures()
    colour = {found.name: COLOURS[k % len(COLOURS)] for k, found in enumerate(study.offline)}
    return [
        *_write(folder / "error-against-time", (11.0, 5.0), 1, lambda axes: _draw_time(axes[0], study, title, colour)),
        *_write(folder / "error-against-work", (13.0, 5.0), 2, lambda axes: _draw_work(axes, study, title, colour)),
    ]


def _draw_time(axes: Axes, study: Study, title: str, colour: dict[str, str]) -> None:
    for found in study.online:
        whole = _settled(found)
        axes.plot(
            [point.events for point in whole],
            [point.rmse_window for point in whole],
            color=colour[found.name],
            linewidth=2.0 if found.name.startswith(OURS) else 1.2,
            label=f"{found.name} ({found.figures.rmse_event:.4f})",
        )
    window = max(found.figures.window for found in study.online)
    axes.set_title(f"{title}: error on ratings not yet seen")
    axes.set_xlabel("ratings learned")
    axes.set_ylabel(f"RMSE over the last {window:,} ratings")
    axes.legend(fontsize=8, title="RMSE over all ratings", title_fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _settled(found: Online) -> list[Point]:
    """The curve from where a whole window has been learned."""
    return [point for point in found.curve if point.events >= found.figures.window] or found.curve


def _draw_work(axes: list[Axes], study: Study, title: str, colour: dict[str, str]) -> None:
    for found in study.online:
        label, last, curve = found.name, found.curve[-1], _settled(found)
        axes[0].plot(
            [point.seconds for point in curve],
            [point.rmse for point in curve],
            color=colour[label],
            linewidth=1.2,
        )
        axes[0].plot([last.seconds], [last.rmse], "o", color=colour[label], label=label)
    for held in study.offline:
        if held.curve:
            seconds, errors = [point.seconds for point in held.curve], [point.rmse for point in held.curve]
            axes[1].plot(seconds, errors, color=colour[held.name], linewidth=1.2)
        axes[1].plot([held.seconds], [held.random_rmse], "o", color=colour[held.name], label=held.name)
    lowest = min(held.random_rmse for held in study.offline)
    axes[1].set_ylim(lowest - 0.01, max(held.random_rmse for held in study.offline) + 0.03)
    axes[0].set_title(f"{title}: the stream, predicted before learning")
    axes[0].set_ylabel("RMSE over all ratings so far")
    axes[1].set_title(f"{title}: a fifth held out at random (lines: round by round, first fifth)")
    axes[1].set_ylabel("RMSE on the ratings held out")
    for each in axes:
        each.set_xscale("log")
        each.set_xlabel("seconds of learning")
        each.legend(fontsize=8)


def _write(stem: Path, size: tuple[float, float], columns: int, paint: Callable[[Any], None]) -> list[Path]:
    """Paint a figure and write it in both formats; the same figures give the same bytes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    written = []
    with rc_context({"svg.hashsalt": stem.name, "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, columns, squeeze=False)[0].tolist()
        paint(panels)
        for panel in panels:
            panel.grid(alpha=0.3)
            panel.spines[["top", "right"]].set_visible(False)
        for suffix in FORMATS:
            path = stem.with_suffix(f".{suffix}")
            try:
                figure.savefig(path, dpi=150, metadata={"Date": None} if suffix == "svg" else None)
            except OSError as error:
                raise InputError(f"{path} cannot be written: {error.strerror}; name another folder") from error
            written.append(path)
    return written
