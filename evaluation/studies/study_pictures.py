"""Pictures of a study: error along the stream, and error against seconds, as PNG and SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evaluation.models import taking_part
from evaluation.studies.pictures import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Drawing, draw, plain_log, thousands
from evaluation.studies.study import CurvePoint, OnlineResult, Study
from streamsvd.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS = "IteratedSVD"
_COLOUR_OF = {
    "damped-means": GREY,
    "fold-in": "#b0a000",
    "brand-svd": "#8c564b",
    "biased-sgd": PURPLE,
    "one-pass": SKY,
    "iterated-svd": BLUE,
    "ratings-only": "#1b3f8b",
    "truncated-svd": ORANGE,
    "soft-impute": "#7fa83a",
    "fixpoint": "#e07b91",
    "batch-fit": GREEN,
}
_COLOURS = {model.study: _COLOUR_OF.get(model.name, RED) for model in taking_part("study")}


def draw_study(study: Study, folder: Path, title: str) -> list[Path]:
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
        matplotlib is not installed, or the folder cannot be written.
    """
    drawings = {"error-against-time": draw_time(study, title), "error-against-work": draw_work(study, title)}
    return [
        _write(folder / f"{name}.{suffix}", data)
        for name, drawing in drawings.items()
        for suffix, data in (("png", drawing.png), ("svg", drawing.svg))
    ]


def draw_time(study: Study, title: str) -> Drawing:
    """The rolling error of every online learner along the stream."""
    return draw("error-against-time", lambda axes: _paint_time(axes[0], study, title), size=(10.0, 4.6))


def draw_work(study: Study, title: str) -> Drawing:
    """Error against seconds, online and offline."""
    return draw("error-against-work", lambda axes: _paint_work(axes, study, title), size=(11.5, 4.8), columns=2)


def _paint_time(axes: Axes, study: Study, title: str) -> None:
    for found in study.online:
        whole = _settled(found)
        axes.plot(
            [point.events for point in whole],
            [point.rmse_window for point in whole],
            color=_COLOURS[found.name],
            linewidth=2.0 if found.name.startswith(OURS) else 1.2,
            label=f"{found.name} ({found.figures.rmse_event:.4f})",
        )
    window = max(found.figures.window for found in study.online)
    axes.set_title(f"{title}: error on ratings not yet seen")
    axes.set_xlabel("ratings learned")
    thousands(axes.xaxis)
    axes.set_ylabel(f"RMSE over the last {window:,} ratings")
    axes.legend(title="RMSE over all ratings", title_fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1))


def _settled(found: OnlineResult) -> list[CurvePoint]:
    """The curve from where a whole window has been learned."""
    return [point for point in found.curve if point.events >= found.figures.window] or found.curve


def _paint_work(axes: list[Axes], study: Study, title: str) -> None:
    for found in study.online:
        last, curve = found.curve[-1], _settled(found)
        axes[0].plot(
            [point.seconds for point in curve],
            [point.rmse for point in curve],
            color=_COLOURS[found.name],
            linewidth=1.2,
        )
        axes[0].plot([last.seconds], [last.rmse], "o", color=_COLOURS[found.name], label=found.name)
    for held in study.offline:
        if held.curve:
            seconds, errors = [point.seconds for point in held.curve], [point.rmse for point in held.curve]
            axes[1].plot(seconds, errors, color=_COLOURS[held.name], linewidth=1.2)
        axes[1].plot([held.seconds], [held.random_rmse], "o", color=_COLOURS[held.name], label=held.name)
    lowest = min(held.random_rmse for held in study.offline)
    axes[1].set_ylim(lowest - 0.01, max(held.random_rmse for held in study.offline) + 0.03)
    axes[0].set_title(f"{title}: the stream, predicted before learning")
    axes[0].set_ylabel("RMSE over all ratings so far")
    axes[1].set_title(f"{title}: a fifth held out at random")
    axes[1].set_ylabel("RMSE on the ratings held out")
    for each in axes:
        each.set_xscale("log")
        plain_log(each.xaxis)
        each.set_xlabel("seconds of learning (logarithmic)")
        each.legend(fontsize=7.5)


def _write(path: Path, data: bytes) -> Path:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; name another folder") from error
    return path
