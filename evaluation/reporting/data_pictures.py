"""Pictures of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.reporting.formatting import Terms, share
from evaluation.studies import Drawing
from evaluation.studies.data_profile import long_tail
from evaluation.studies.pictures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SHADES,
    SKY,
    dates,
    draw,
    percent,
    plain_log,
    thousands,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 24


def ratings_given(counts: pd.DataFrame, terms: Terms) -> Drawing:
    """How often each rating was given."""

    def paint(axes: list[Axes]) -> None:
        values = counts["rating"].to_numpy()
        width = 0.8 * float(np.diff(values).min()) if len(values) > 1 else 0.5
        bars = axes[0].bar(values, counts["share"], width=width, color=BLUE)
        if len(values) <= 12:
            axes[0].bar_label(bars, [share(value) for value in counts["share"]], fontsize=8.5, padding=2)
            axes[0].set_xticks(values)
        axes[0].set_xlabel(f"rating ({terms.unit})")
        axes[0].set_ylabel("share of all ratings")
        axes[0].grid(axis="x", visible=False)
        percent(axes[0].yaxis)

    return draw("ratings-given", paint, size=(8.0, 3.4))


def users_and_items(users: pd.DataFrame, items: pd.DataFrame, terms: Terms, scale: tuple[float, float]) -> Drawing:
    """Ratings per user and item, and their means."""

    def paint(axes: list[Axes]) -> None:
        for k, (table, name, colour) in enumerate(((users, "user", BLUE), (items, terms.item, ORANGE))):
            most = int(table["ratings"].max())
            edges = np.unique(np.round(np.geomspace(1, most + 1, 28))) if most > 1 else np.array([0.5, 1.5])
            axes[k].hist(table["ratings"], edges.tolist(), color=colour, edgecolor="white", linewidth=0.5)
            axes[k].set_xscale("log")
            plain_log(axes[k].xaxis)
            axes[k].axvline(float(table["ratings"].median()), color=INK, linestyle="--", linewidth=1.2, label="median")
            axes[k].set_title(f"Ratings per {name}")
            axes[k].set_xlabel(f"ratings of one {name} (logarithmic)")
            axes[2 + k].hist(
                table["mean"], np.linspace(*scale, 37).tolist(), color=colour, edgecolor="white", linewidth=0.5
            )
            axes[2 + k].axvline(float(table["mean"].median()), color=INK, linestyle="--", linewidth=1.2, label="median")
            axes[2 + k].set_title(f"Mean rating per {name}")
            axes[2 + k].set_xlabel(f"mean rating of one {name} ({terms.unit})")
            for each in (axes[k], axes[2 + k]):
                each.set_ylabel(f"number of {name}s")
                each.legend()
                thousands(each.yaxis)

    return draw("users-and-items", paint, size=(9.6, 6.0), columns=2, rows=2)


def tail(items: pd.DataFrame, terms: Terms) -> Drawing:
    """The long tail: counts by place, and the share of all ratings that the head has."""

    def paint(axes: list[Axes]) -> None:
        counts = items["ratings"].to_numpy()
        axes[0].loglog(np.arange(1, len(counts) + 1), counts, color=BLUE, linewidth=2)
        plain_log(axes[0].xaxis)
        plain_log(axes[0].yaxis)
        axes[0].set_title(f"Ratings by place, the most rated {terms.item} first")
        axes[0].set_xlabel(f"place of the {terms.item} (logarithmic)")
        axes[0].set_ylabel("ratings (logarithmic)")
        curve = long_tail(counts)
        curve = curve.iloc[np.unique(np.linspace(0, len(curve) - 1, 400).astype(int))]
        axes[1].plot(curve["items"], curve["ratings"], color=BLUE, linewidth=2, label=terms.name)
        axes[1].plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="equal shares")
        axes[1].set_title("Concentration of ratings")
        axes[1].set_xlabel(f"share of the {terms.items}, the most rated first")
        axes[1].set_ylabel("share of all ratings")
        axes[1].legend(loc="lower right")
        for axis in (axes[1].xaxis, axes[1].yaxis):
            percent(axis)

    return draw("long-tail", paint, size=(9.6, 3.6), columns=2)


def holes(ratings: pd.DataFrame, terms: Terms, cells: int = 60) -> Drawing:
    """Density of the rating matrix, users and items ordered by their number of ratings."""
    places = []
    for column in ("user", "item"):
        order = ratings[column].value_counts(sort=True).index
        places.append(ratings[column].map(pd.Series(np.arange(len(order)), index=order)).to_numpy())
    edges = [np.linspace(0, n.max() + 1, min(cells, int(n.max()) + 1) + 1) for n in places]
    counts = np.histogram2d(places[0], places[1], edges)[0]
    density = counts / np.outer(np.diff(edges[0]), np.diff(edges[1]))

    def paint(axes: list[Axes]) -> None:
        from matplotlib.colors import PowerNorm

        mesh = axes[0].pcolormesh(
            edges[1], edges[0], density, cmap=SHADES, norm=PowerNorm(0.5, 0, max(density.max(), 1e-9)), rasterized=True
        )
        axes[0].invert_yaxis()
        axes[0].set_xlabel(f"{terms.items}, the most rated first")
        axes[0].set_ylabel("users, the most active first")
        axes[0].grid(visible=False)
        thousands(axes[0].xaxis)
        thousands(axes[0].yaxis)
        bar = axes[0].figure.colorbar(mesh, ax=axes[0], label="share of the pairs that have a rating")
        percent(bar.ax.yaxis)

    return draw("holes", paint, size=(8.0, 3.8))


def activity(periods: pd.DataFrame, period: str, terms: Terms) -> Drawing:
    """Ratings, new users and items, and mean rating over time."""

    def paint(axes: list[Axes]) -> None:
        when = periods.index.to_timestamp()  # type: ignore[attr-defined]
        days = {"day": 1, "month": 28, "year": 330}[period]
        axes[0].bar(when, periods["ratings"], width=days, color=SKY, align="edge")
        axes[0].set_title(f"Ratings a {period}")
        axes[0].set_ylabel("ratings")
        axes[1].plot(when, periods["new_users"].cumsum(), color=BLUE, linewidth=2, label="users")
        axes[1].plot(when, periods["new_items"].cumsum(), color=ORANGE, linewidth=2, label=terms.items)
        axes[1].set_title("Seen so far")
        axes[1].set_ylabel("number")
        axes[1].legend(loc="upper left")
        axes[2].plot(when, periods["mean"], color=GREEN, linewidth=1.4, marker="." if len(periods) < 80 else None)
        axes[2].set_title("Mean rating")
        axes[2].set_ylabel(terms.unit)
        axes[2].set_xlabel("date")
        for each in axes[:2]:
            thousands(each.yaxis)
        for each in axes:
            each.set_xlim(when[0], max(periods.index[-1].end_time, when[0]))
            dates(each.xaxis)

    return draw("activity", paint, size=(9.6, 6.4), rows=3)


def genres(found: pd.DataFrame, terms: Terms, overall: float) -> Drawing:
    """Share, mean and spread of the ratings of each genre."""
    shown = found.head(MOST_BARS)[::-1]

    def paint(axes: list[Axes]) -> None:
        places = np.arange(len(shown))
        axes[0].barh(places, shown["share"], color=SKY, label="of the ratings")
        axes[0].plot(shown["items"] / max(int(found["items"].sum()), 1), places, "D", color=INK, markersize=4)
        axes[0].set_title("Share of the ratings")
        axes[0].set_xlabel("share of all ratings (bars); of all entries of genres (diamonds)")
        percent(axes[0].xaxis)
        axes[1].errorbar(
            shown["mean"], places, xerr=shown["deviation"], fmt="o", color=BLUE, ecolor=SKY, elinewidth=2.4, capsize=0
        )
        axes[1].axvline(overall, color=INK, linestyle="--", linewidth=1.1, label="mean of all")
        axes[1].set_title("Mean rating, and one standard deviation")
        axes[1].set_xlabel(terms.unit)
        axes[1].legend(loc="lower left")
        for each in axes:
            each.set_yticks(places, shown.index)
            each.grid(axis="y", visible=False)

    return draw("genres", paint, size=(9.6, 1.4 + 0.22 * len(shown)), columns=2)


def release_years(found: pd.DataFrame, terms: Terms) -> Drawing:
    """Ratings and mean rating by year of release."""

    def paint(axes: list[Axes]) -> None:
        axes[0].bar(found.index, found["ratings"], color=SKY, width=0.85, label="ratings")
        axes[0].set_title("Ratings by year of release")
        axes[0].set_ylabel("ratings")
        thousands(axes[0].yaxis)
        enough = found[found["ratings"] >= 20]
        sizes = 6 + 60 * enough["ratings"] / max(float(found["ratings"].max()), 1)
        axes[1].scatter(enough.index, enough["mean"], s=sizes, color=PURPLE, alpha=0.75, linewidths=0)
        axes[1].set_title("Mean rating (years with 20 ratings or more; larger: more ratings)")
        axes[1].set_ylabel(terms.unit)
        axes[1].set_xlabel("year of release")
        for each in axes:
            each.set_xlim(found.index.min() - 1, found.index.max() + 1)

    return draw("release-years", paint, size=(9.6, 5.2), rows=2)


def filters(cores: pd.DataFrame, cuts: pd.DataFrame, wanted: float, whole: int) -> Drawing:
    """What k-cores and cuts leave."""

    def paint(axes: list[Axes]) -> None:
        left = cores[cores["ratings"] > 0]
        for column, colour, name in (
            ("ratings", BLUE, "ratings"),
            ("users", GREEN, "users"),
            ("items", ORANGE, "items"),
        ):
            axes[0].plot(left.index, left[column] / left[column].iloc[0], "o-", color=colour, markersize=4, label=name)
        axes[0].axhline(wanted / whole, color=INK, linestyle="--", linewidth=1.1, label=f"{share(wanted / whole)}")
        axes[0].set_title("What k-cores leave")
        axes[0].set_xlabel("k: ratings that every user and item has left")
        axes[0].set_ylabel("share left")
        axes[0].set_ylim(0, 1.03)
        axes[0].legend()
        percent(axes[0].yaxis)
        _heat(axes[1], cuts, wanted, whole)

    return draw("filters", paint, size=(10.4, 4.2), columns=2)


def _heat(axes: Axes, cuts: pd.DataFrame, wanted: float, whole: int) -> None:
    values = cuts.to_numpy() / whole
    axes.imshow(values, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    nearest = np.abs(values * whole - wanted) <= 0.025 * whole
    for row, column in np.ndindex(*values.shape):
        axes.text(
            column,
            row,
            share(float(values[row, column])).rstrip("\u00a0%"),
            ha="center",
            va="center",
            fontsize=8.5,
            color="white" if values[row, column] > 0.55 else INK,
            fontweight="bold" if nearest[row, column] else "normal",
            bbox={"boxstyle": "round,pad=0.25", "fill": False, "edgecolor": "#c44e00", "linewidth": 1.6}
            if nearest[row, column]
            else None,
        )
    axes.set_xticks(range(values.shape[1]), ["any" if n == "1" else f"≥ {n}" for n in map(str, cuts.columns)])
    axes.set_yticks(range(values.shape[0]), [f"≥ {n}" for n in cuts.index])
    axes.set_title("Percent of the ratings that a cut leaves")
    axes.set_xlabel("ratings of the user")
    axes.set_ylabel("ratings of the item")
    axes.grid(visible=False)
