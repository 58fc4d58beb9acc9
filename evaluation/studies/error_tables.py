"""Errors of a prequential run as tables: by rating, user, item, genre and time.

Counts are those at the moment of the prediction: how many ratings a user or an item had then.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.studies.data_profile import genre_pairs, over_time, rating_bins
from streamsvd.learner import Predictions
from streamsvd.ratings import Catalogue, RatingTable

COUNT_EDGES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def scored_frame(ratings: pd.DataFrame, predictions: Predictions) -> pd.DataFrame:
    """Ratings with their predictions.

    Parameters
    ----------
    ratings : DataFrame
        As `rating_frame` makes it.
    predictions : Predictions
        Of all its rows.

    Returns
    -------
    DataFrame
        The ratings' columns, `event`, `page`, `deviation`, and `of_user`, `of_item`: ratings that each had before.
    """
    return ratings.assign(
        event=predictions.event,
        page=predictions.page,
        deviation=predictions.deviation,
        of_user=ratings.groupby("user", sort=False).cumcount(),
        of_item=ratings.groupby("item", sort=False).cumcount(),
    )


def errors_by(scored: pd.DataFrame, groups: Any) -> pd.DataFrame:
    """Errors of each group, in the groups' order; groups without ratings are left out.

    Parameters
    ----------
    scored : DataFrame
    groups : Series or Categorical
        Each row's group.

    Returns
    -------
    DataFrame
        `ratings`, `rmse`, `mae`, `rmse_page`, `mae_page`, `bias` (mean of predicted less given, event protocol),
        `given`, `predicted` (means).
    """
    event, page = scored["event"] - scored["rating"], scored["page"] - scored["rating"]
    parts = pd.DataFrame(
        {
            "ratings": np.ones(len(scored), np.int64),
            "rmse": event**2,
            "mae": event.abs(),
            "rmse_page": page**2,
            "mae_page": page.abs(),
            "bias": event,
            "given": scored["rating"],
            "predicted": scored["event"],
        }
    )
    grouped = parts.groupby(groups, observed=True)
    found = grouped.mean()
    found["ratings"] = grouped["ratings"].sum()
    found[["rmse", "rmse_page"]] = np.sqrt(found[["rmse", "rmse_page"]])
    return found


def by_rating(scored: pd.DataFrame, scale: tuple[float, float]) -> pd.DataFrame:
    """Errors by the rating that was given."""
    edges, single = rating_bins(scored["rating"], scale)
    labels = np.unique(scored["rating"]) if single else (edges[1:] + edges[:-1]) / 2
    return errors_by(scored, _binned(scored["rating"], edges, labels.tolist()))


def by_count(scored: pd.DataFrame, column: Literal["of_user", "of_item"]) -> pd.DataFrame:
    """Errors by how many ratings the user or the item had."""
    labels = [_span(low, high) for low, high in itertools.pairwise([*COUNT_EDGES, np.inf])]
    return errors_by(scored, _binned(scored[column], [*COUNT_EDGES, np.inf], labels))


def by_genre(scored: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Errors by genre, most ratings first; an item's ratings count in all its genres."""
    joined = scored.merge(genre_pairs(scored["item"], catalogue), on="item")
    return errors_by(joined, joined["genre"]).sort_values("ratings", ascending=False, kind="stable")


def by_time(scored: pd.DataFrame) -> pd.DataFrame:
    """Errors by the periods in which activity is counted."""
    frequency = over_time(scored[["user", "item", "rating", "time"]]).index.freqstr  # type: ignore[attr-defined]
    return errors_by(scored, pd.to_datetime(scored["time"], unit="s").dt.to_period(frequency))


def by_prediction(scored: pd.DataFrame) -> pd.DataFrame:
    """Errors by what was predicted, in twenty bins of equal numbers of ratings."""
    edges = np.unique(np.quantile(scored["event"], np.linspace(0, 1, 21)))
    places = max(len(edges) - 1, 1)  # one where all predictions are the same
    return errors_by(scored, _binned(scored["event"], edges, list(range(places))))


def joint_counts(scored: pd.DataFrame, scale: tuple[float, float]) -> tuple[Any, Any, Any]:
    """How often each rating was given and each value predicted.

    Returns
    -------
    counts : int64 array, shape (n_given, 36)
    given, predicted : float64 arrays
        Edges of the bins.
    """
    given = rating_bins(scored["rating"], scale)[0]
    predicted = np.linspace(*scale, 37)
    counts = np.histogram2d(scored["rating"], scored["event"], (given, predicted))[0]
    return counts.astype(np.int64), given, predicted


def worst_of(scored: pd.DataFrame, column: Literal["user", "item"], *, least: int) -> pd.DataFrame:
    """The ten users or items with the largest RMSE among those with at least `least` ratings; see `errors_by`."""
    found = errors_by(scored, scored[column])
    found["spread"] = scored.groupby(column)["rating"].std(ddof=0)
    return found[found["ratings"] >= least].sort_values("rmse", ascending=False, kind="stable").head(10)


def largest_misses(scored: pd.DataFrame, *, top: int = 10, least: int = 20) -> pd.DataFrame:
    """Ratings furthest from their predictions, where user and item had `least` ratings; if there are none, of all."""
    known = scored[(scored["of_user"] >= least) & (scored["of_item"] >= least)]
    among = known if len(known) else scored
    order = (among["event"] - among["rating"]).abs().sort_values(ascending=False, kind="stable").index
    return among.loc[order[:top]]


def coverage(scored: pd.DataFrame, quantiles: Sequence[float] = (0.5, 0.8, 0.9, 0.95)) -> pd.DataFrame:
    """Share of ratings within the interval that the predicted deviation promises.

    Returns
    -------
    DataFrame
        `promised`, `held`.
    """
    from scipy.special import ndtri

    away = (scored["rating"] - scored["event"]).abs() / scored["deviation"]
    return pd.DataFrame(
        {"promised": list(quantiles), "held": [float((away <= ndtri((1 + q) / 2)).mean()) for q in quantiles]}
    )


def unknown_shares(table: RatingTable, start: int) -> tuple[float, float]:
    """Shares of the ratings from `start` on by users, and of items, that have none before; 0 where there are none."""
    if start >= len(table):
        return 0.0, 0.0
    shares = []
    for ids in (table.users, table.items):
        seen = set(ids[:start].tolist())
        shares.append(float(np.mean([name not in seen for name in ids[start:].tolist()])))
    return shares[0], shares[1]


def _binned(values: pd.Series[Any], edges: Sequence[float] | NDArray[np.float64], labels: list[Any]) -> Any:
    """Values by bin: each from its lower edge up to, not including, its upper edge; the last one takes that, too."""
    codes = np.searchsorted(np.asarray(edges, np.float64), values, side="right") - 1
    places: list[int] = np.clip(codes, 0, len(labels) - 1).tolist()
    return pd.Categorical.from_codes(places, pd.Index(labels), ordered=True)


def _span(low: float, high: float) -> str:
    if high == low + 1:
        return f"{low:,}"
    return f"{low:,}+" if np.isinf(high) else f"{low:,}–{high - 1:,}"
