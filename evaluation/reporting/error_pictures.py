"""Pictures of prediction errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.reporting.formatting import Terms
from evaluation.studies import Drawing
from evaluation.studies.pictures import BLUE, GREY, INK, ORANGE, PURPLE, SHADES, SKY, dates, draw, percent, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 20


def predicted_against_given(counts: Any, given: Any, predicted: Any, by_rating: pd.DataFrame, terms: Terms) -> Drawing:
    """Distribution of the predictions for each rating given."""
    of_given = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def paint(axes: list[Axes]) -> None:
        mesh = axes[0].pcolormesh(given, predicted, of_given.T, cmap=SHADES, rasterized=True, vmin=0)
        values = by_rating.index.to_numpy(dtype=float)
        axes[0].plot(values, by_rating["predicted"], "o-", color="#c44e00", label="mean prediction", markersize=5)
        low, high = max(given[0], predicted[0]), min(given[-1], predicted[-1])
        axes[0].plot([low, high], [low, high], color=INK, linestyle="--", linewidth=1.2, label="perfect")
        axes[0].set_xlim(given[0], given[-1])
        axes[0].set_ylim(predicted[0], predicted[-1])
        if len(values) <= 12:
            axes[0].set_xticks(values)
        axes[0].set_xlabel(f"rating given ({terms.unit})")
        axes[0].set_ylabel(f"predicted ({terms.unit})")
        axes[0].grid(visible=False)
        axes[0].legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none")
        bar = axes[0].figure.colorbar(mesh, ax=axes[0], label="share of the ratings of that value")
        percent(bar.ax.yaxis)

    return draw("predicted-against-given", paint, size=(7.6, 4.4))


def distributions(scored: pd.DataFrame, counts: pd.DataFrame, scale: tuple[float, float], terms: Terms) -> Drawing:
    """Distributions of given and predicted ratings, and of the errors."""

    def paint(axes: list[Axes]) -> None:
        values = counts["rating"].to_numpy()
        step = float(np.diff(values).min()) if len(values) > 1 else 0.5
        axes[0].bar(values, counts["share"], width=0.75 * step, color=SKY, label="given")
        edges = np.arange(scale[0], scale[1] + step / 2, step / 4) if step > 0 else np.linspace(*scale, 40)
        shares, edges = np.histogram(scored["event"], edges if len(edges) > 1 else 10)
        axes[0].stairs(
            4 * shares / max(len(scored), 1), edges, color=INK, linewidth=1.6, label="predicted (per rating step)"
        )
        axes[0].set_title("Given and predicted")
        axes[0].set_xlabel(f"rating ({terms.unit})")
        axes[0].set_ylabel("share of all ratings")
        percent(axes[0].yaxis)
        axes[0].legend()
        away = scored["event"] - scored["rating"]
        axes[1].hist(
            away, 60, color=PURPLE, edgecolor="white", linewidth=0.3, weights=np.full(len(away), 1 / len(away))
        )
        axes[1].axvline(float(away.mean()), color=INK, linestyle="--", linewidth=1.2, label="mean")
        axes[1].set_title("Errors: predicted less given")
        axes[1].set_xlabel(terms.unit)
        axes[1].set_ylabel("share of all ratings")
        percent(axes[1].yaxis)
        axes[1].legend()

    return draw("distributions", paint, size=(9.6, 3.5), columns=2)


def by_rating(found: pd.DataFrame, terms: Terms) -> Drawing:
    """RMSE and bias by the rating given."""

    def paint(axes: list[Axes]) -> None:
        places = np.arange(len(found))
        labels = [f"{value:g}" for value in found.index]
        axes[0].bar(places, found["rmse"], color=BLUE)
        axes[0].set_title("RMSE")
        axes[1].bar(places, found["bias"], color=ORANGE)
        axes[1].axhline(0, color=INK, linewidth=1)
        axes[1].set_title("Bias: mean of predicted less given")
        for each in axes:
            step = max(len(places) // 10, 1)
            each.set_xticks(places[::step], labels[::step])
            each.set_xlabel(f"rating given ({terms.unit})")
            each.set_ylabel(terms.unit)
            each.grid(axis="x", visible=False)

    return draw("errors-by-rating", paint, size=(9.6, 3.1), columns=2)


def by_genre(found: pd.DataFrame, overall: float, terms: Terms) -> Drawing:
    """RMSE of each genre, both protocols."""
    shown = found.head(MOST_BARS).sort_values("rmse", ascending=False, kind="stable")

    def paint(axes: list[Axes]) -> None:
        places = np.arange(len(shown))
        axes[0].plot(shown["rmse"], places, "o", color=BLUE, markersize=6, label="event protocol")
        axes[0].plot(shown["rmse_page"], places, "D", color=ORANGE, markersize=4.5, label="page protocol")
        axes[0].axvline(overall, color=INK, linestyle="--", linewidth=1.1, label="all ratings, event")
        axes[0].set_xlabel(f"RMSE ({terms.unit})")
        axes[0].set_yticks(places, shown.index)
        axes[0].legend(loc="upper right")
        axes[1].barh(places, shown["bias"], color=SKY)
        axes[1].axvline(0, color=INK, linewidth=1)
        axes[1].set_yticks(places, [])
        axes[1].set_xlabel(f"bias, predicted less given ({terms.unit})")
        for each in axes:
            each.grid(axis="y", visible=False)

    return draw("errors-by-genre", paint, size=(9.6, 1.5 + 0.2 * len(shown)), columns=2)


def by_counts(of_user: pd.DataFrame, of_item: pd.DataFrame, terms: Terms) -> Drawing:
    """RMSE by the number of ratings of the user and of the item so far."""

    def paint(axes: list[Axes]) -> None:
        for panel, found, name in ((axes[0], of_user, "user"), (axes[1], of_item, terms.item)):
            places = np.arange(len(found))
            room = panel.twinx()
            room.bar(places, found["ratings"], color="#e4e9ed", width=0.85)
            room.set_ylabel("ratings predicted (bars)")
            room.grid(visible=False)
            room.set_ylim(0, 2.2 * max(int(found["ratings"].max()), 1))
            thousands(room.yaxis)
            panel.set_zorder(room.get_zorder() + 1)
            panel.patch.set_visible(False)
            panel.plot(places, found["rmse"], "o-", color=BLUE, label="event protocol")
            panel.plot(places, found["rmse_page"], "D-", color=ORANGE, markersize=4.5, label="page protocol")
            panel.set_xticks(places, list(found.index), rotation=40, ha="right", fontsize=8.5)
            panel.set_title(f"By what was known of the {name}")
            panel.set_xlabel(f"ratings of the {name} so far")
            panel.set_ylabel(f"RMSE ({terms.unit})")
            panel.legend(loc="upper right")

    return draw("errors-by-counts", paint, size=(10.4, 3.9), columns=2)


def over_time(found: pd.DataFrame, period: str, terms: Terms) -> Drawing:
    """RMSE by period."""
    enough = found[found["ratings"] >= 20]
    shown = enough if len(enough) else found

    def paint(axes: list[Axes]) -> None:
        when = shown.index.to_timestamp()  # type: ignore[attr-defined]
        sizes = 8 + 70 * shown["ratings"] / float(shown["ratings"].max())
        axes[0].scatter(when, shown["rmse"], s=sizes, color=BLUE, alpha=0.8, linewidths=0, label="event protocol")
        axes[0].scatter(
            when, shown["rmse_page"], s=sizes, facecolors="none", edgecolors=ORANGE, linewidths=1, label="page protocol"
        )
        axes[0].set_xlabel(f"{period} (larger dots: more ratings)")
        axes[0].set_ylabel(f"RMSE ({terms.unit})")
        axes[0].legend()
        dates(axes[0].xaxis)

    return draw("errors-over-time", paint, size=(9.6, 3.2))


def reliability(bins: pd.DataFrame, coverage: pd.DataFrame, terms: Terms) -> Drawing:
    """Calibration of predictions and of their intervals."""

    def paint(axes: list[Axes]) -> None:
        ends = [float(bins[["predicted", "given"]].min().min()), float(bins[["predicted", "given"]].max().max())]
        axes[0].plot(ends, ends, color=GREY, linestyle="--", linewidth=1.2, label="perfect")
        axes[0].plot(bins["predicted"], bins["given"], "o-", color=BLUE, label="measured")
        axes[0].set_title("Calibration of predictions")
        axes[0].set_xlabel(f"predicted, mean of a twentieth ({terms.unit})")
        axes[0].set_ylabel(f"given, mean of the same ({terms.unit})")
        axes[1].plot([0.4, 1], [0.4, 1], color=GREY, linestyle="--", linewidth=1.2, label="perfect")
        axes[1].plot(coverage["promised"], coverage["held"], "o-", color=PURPLE, label="measured")
        axes[1].set_title("Coverage of intervals")
        axes[1].set_xlabel("share promised by the predicted deviation")
        axes[1].set_ylabel("share of ratings inside")
        for axis in (axes[1].xaxis, axes[1].yaxis):
            percent(axis)
        for each in axes:
            each.legend()

    return draw("reliability", paint, size=(9.6, 3.6), columns=2)
