"""Pictures of the models: offline errors, and tuning."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from evaluation.reporting.formatting import Terms, error
from evaluation.reporting.tuned_models import TunedModel
from evaluation.studies import Drawing, Study
from evaluation.studies.pictures import BLUE, GREEN, GREY, INK, ORANGE, draw, plain_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def offline(whole: Study, core: Study | None, terms: Terms, k: int | None) -> Drawing:
    """RMSE of every learner on random fifths, on the whole set and on the core."""
    order = sorted(whole.offline, key=lambda held: -held.random_rmse)
    names = [held.name for held in order]
    inner = {held.name: held.random_rmse for held in core.offline} if core is not None else {}

    def paint(axes: list[Axes]) -> None:
        places = np.arange(len(names))
        for name, place in zip(names, places, strict=True):
            if name in inner:
                outer = whole.offline[[held.name for held in whole.offline].index(name)].random_rmse
                axes[0].plot([outer, inner[name]], [place, place], color="#c3cbd2", linewidth=1.4, zorder=1)
        axes[0].plot([held.random_rmse for held in order], places, "o", color=BLUE, markersize=7, label="whole set")
        for held, place in zip(order, places, strict=True):
            axes[0].annotate(
                error(held.random_rmse),
                (held.random_rmse, place),
                xytext=(7, -3),
                textcoords="offset points",
                fontsize=8,
            )
        if inner:
            axes[0].plot(
                [inner[name] for name in names], places, "s", color=ORANGE, markersize=6, label=f"{k}-core of it"
            )
        axes[0].set_yticks(places, names)
        axes[0].set_xlabel(f"RMSE on ratings held out at random ({terms.unit}); further left is better")
        axes[0].margins(x=0.09)
        axes[0].grid(axis="y", visible=False)
        axes[0].legend(loc="lower left")

    return draw("offline", paint, size=(9.0, 1.3 + 0.29 * len(names)))


def searches(tuned: list[TunedModel], terms: Terms) -> Drawing:
    """Trials of each search and their errors."""

    def paint(axes: list[Axes]) -> None:
        from matplotlib.ticker import MaxNLocator

        for each, found in zip(axes, tuned, strict=True):
            errors = [trial.error for trial in found.trials]
            if found.setting is not None:
                values = [trial.changes[found.setting] for trial in found.trials]
                each.plot(values, errors, "o-", color=BLUE, markersize=5)
                each.axvline(found.defaults[found.setting], color=INK, linestyle="--", linewidth=1.1, label="default")
                each.set_xscale("log")
                each.set_xticks(values, [f"{value:g}" for value in values], fontsize=8)
                each.minorticks_off()
                each.set_xlabel(f"{found.setting} (logarithmic)")
            else:
                numbers = range(1, len(errors) + 1)
                each.plot(numbers, errors, "o", color=GREY, markersize=5, label="one trial")
                each.plot(numbers, list(accumulate(errors, min)), color=BLUE, label="best so far")
                each.axhline(errors[0], color=INK, linestyle="--", linewidth=1.1, label="defaults")
                each.set_xlabel("trial")
                each.set_xlim(0.5, len(errors) + 0.5)
                each.xaxis.set_major_locator(MaxNLocator(integer=True))
            each.set_title(found.name)
            each.set_ylabel(f"RMSE of the search ({terms.unit})")
            each.legend()

    return draw("searches", paint, size=(9.6, 6.4), columns=2, rows=2)


def before_and_after(tuned: list[TunedModel], terms: Terms) -> Drawing:
    """Error on the test ratings and learning time, before and after tuning."""

    def paint(axes: list[Axes]) -> None:
        names = [f"{found.name} ({'online' if found.online else 'offline'})" for found in tuned][::-1]
        places = np.arange(len(names))
        for panel, pick in ((axes[0], "rmse"), (axes[1], "seconds")):
            pairs = [(getattr(found.before, pick), getattr(found.after, pick)) for found in tuned][::-1]
            panel.hlines(places, [p[0] for p in pairs], [p[1] for p in pairs], color="#c3cbd2", linewidth=2, zorder=1)
            panel.plot([p[0] for p in pairs], places, "o", color=GREY, markersize=8, label="defaults")
            panel.plot([p[1] for p in pairs], places, "D", color=GREEN, markersize=6, label="tuned")
            panel.set_yticks(places, names)
            panel.margins(x=0.15, y=0.12)
            panel.grid(axis="y", visible=False)
        axes[0].set_title("Error on the test ratings")
        axes[0].set_xlabel(f"RMSE ({terms.unit})")
        axes[0].legend()
        axes[1].set_title("Time to learn")
        axes[1].set_xlabel("seconds (logarithmic)")
        axes[1].set_xscale("log")
        plain_log(axes[1].xaxis)
        axes[1].set_yticklabels([])

    return draw("before-and-after", paint, size=(9.6, 2.7), columns=2)
