"""A data set as tables: pure functions of its ratings.

All take the frame that `rating_frame` makes, a row for each rating in the order of the stream; those of genres and
years take the catalogue, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streamsvd.ratings import Catalogue, RatingTable, Repeats, count_repeats

MOST_VALUES = 20  # different ratings that are shown one by one; more are counted in bins
DAY_SECONDS = 86_400

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Overview:
    """A data set in figures.

    Attributes
    ----------
    ratings, users, items : int
    density : float
        Share of all pairs of a user and an item that have a rating.
    mean, median, deviation : float
        Of the ratings, in their own units.
    first, last : int
        Event times in seconds.
    repeats : Repeats
        Ratings of an item by a user who had rated it before.
    on_pages : float
        Share of the ratings that have another one by the same user at the same second next to them.
    """

    ratings: int
    users: int
    items: int
    density: float
    mean: float
    median: float
    deviation: float
    first: int
    last: int
    repeats: Repeats
    on_pages: float


def rating_frame(table: RatingTable) -> pd.DataFrame:
    """A table of ratings as a frame.

    Returns
    -------
    DataFrame
        Columns `user` and `item` (int64, or object of str), `rating` (float64) and `time` (int64, seconds).
    """
    return pd.DataFrame(
        {
            "user": table.users,
            "item": table.items,
            "rating": np.asarray(table.ratings, np.float64),
            "time": table.timestamps,
        }
    )


def overview(ratings: pd.DataFrame, *, dated: bool = True) -> Overview:
    """The data set in figures; it has one rating at least. Where times are none, duplicates are counted without them.

    Examples
    --------
    >>> toy = pd.DataFrame({"user": [1, 1, 2], "item": [7, 8, 7], "rating": [4.0, 2.0, 3.0], "time": [5, 5, 9]})
    >>> found = overview(toy)
    >>> found.density, found.mean, round(found.on_pages, 3)
    (0.75, 3.0, 0.667)
    """
    users, items = ratings["user"].nunique(), ratings["item"].nunique()
    users_of, items_of, rated, times = (ratings[column].to_numpy() for column in ("user", "item", "rating", "time"))
    repeats = count_repeats(users_of, items_of, rated, times if dated else None)
    same = (ratings["user"].shift() == ratings["user"]) & (ratings["time"].shift() == ratings["time"])
    together = same | same.shift(-1, fill_value=False)
    return Overview(
        ratings=len(ratings),
        users=users,
        items=items,
        density=(len(ratings) - repeats.total) / (users * items),
        mean=float(ratings["rating"].mean()),
        median=float(ratings["rating"].median()),
        deviation=float(ratings["rating"].std(ddof=0)),
        first=int(ratings["time"].min()),
        last=int(ratings["time"].max()),
        repeats=repeats,
        on_pages=float(together.mean()),
    )


def rating_bins(values: pd.Series[float], scale: tuple[float, float]) -> tuple[NDArray[np.float64], bool]:
    """Edges between the ratings that a data set gives, and whether each bin holds one value only.

    Examples
    --------
    >>> rating_bins(pd.Series([1.0, 2.0, 2.0, 4.0]), (1, 5))
    (array([0.5, 1.5, 3. , 5. ]), True)
    """
    given = np.unique(values)
    if len(given) > MOST_VALUES:
        return np.linspace(*scale, MOST_VALUES + 1), False
    if len(given) == 1:
        return np.array([given[0] - 0.5, given[0] + 0.5]), True
    between = (given[1:] + given[:-1]) / 2
    return np.concatenate([[2 * given[0] - between[0]], between, [2 * given[-1] - between[-1]]]), True


def rating_counts(values: pd.Series[float], scale: tuple[float, float]) -> pd.DataFrame:
    """How often each rating was given.

    Returns
    -------
    DataFrame
        Columns `rating` (the middle of its bin, where there are too many different ones), `ratings` and `share`.
    """
    edges, single = rating_bins(values, scale)
    counts = np.histogram(values, edges)[0]
    middle = np.unique(values) if single else (edges[1:] + edges[:-1]) / 2
    return pd.DataFrame({"rating": middle, "ratings": counts, "share": counts / max(len(values), 1)})


def per(ratings: pd.DataFrame, column: Literal["user", "item"]) -> pd.DataFrame:
    """Each user's or item's ratings, most of them first.

    Returns
    -------
    DataFrame
        By id: `ratings`, `mean`, `deviation` (of the population: 0 where there is one rating).
    """
    grouped = ratings.groupby(column, sort=False)["rating"]
    found = pd.DataFrame({"ratings": grouped.size(), "mean": grouped.mean(), "deviation": grouped.std(ddof=0)})
    return found.sort_values("ratings", ascending=False, kind="stable")


def by_genre(ratings: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Each genre's items and ratings; an item counts in all its genres.

    Returns
    -------
    DataFrame
        By genre, most ratings first: `items`, `ratings`, `share`, `mean`, `deviation`.
    """
    pairs = genre_pairs(ratings["item"], catalogue)
    joined = pairs.merge(ratings[["item", "rating"]], on="item")
    grouped = joined.groupby("genre")
    found = pd.DataFrame(
        {
            "items": pairs.groupby("genre")["item"].nunique(),
            "ratings": grouped.size(),
            "share": grouped.size() / len(ratings),
            "mean": grouped["rating"].mean(),
            "deviation": grouped["rating"].std(ddof=0),
        }
    )
    return found.sort_values("ratings", ascending=False, kind="stable")


def genre_pairs(items: pd.Series[Any], catalogue: Catalogue) -> pd.DataFrame:
    """A row for each rated item and genre of it: `item`, `genre`."""
    rows = [(item, genre) for item in items.unique().tolist() if item in catalogue for genre in catalogue[item].genres]
    pairs = pd.DataFrame(rows, columns=["item", "genre"])
    return pairs.astype({"item": items.dtype}) if rows else pairs


def by_release(ratings: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Each year of release: `items`, `ratings`, `mean`, `deviation`; items without one are left out."""
    years = {item: catalogue[item].year for item in ratings["item"].unique().tolist() if item in catalogue}
    dated = ratings.assign(year=ratings["item"].map(years)).dropna(subset=["year"]).astype({"year": np.int64})
    grouped = dated.groupby("year")
    return pd.DataFrame(
        {
            "items": grouped["item"].nunique(),
            "ratings": grouped.size(),
            "mean": grouped["rating"].mean(),
            "deviation": grouped["rating"].std(ddof=0),
        }
    )


def period_of(first: int, last: int) -> tuple[str, str]:
    """Length of the periods in which activity is counted, as pandas names it and in words, by the time spanned."""
    days = (last - first) / DAY_SECONDS
    if days <= 400:
        return "D", "day"
    return ("M", "month") if days <= 30 * 366 else ("Y", "year")


def over_time(ratings: pd.DataFrame) -> pd.DataFrame:
    """Activity by period.

    Returns
    -------
    DataFrame
        By the period's start, without gaps: `ratings`, `users`, `new_users`, `new_items`, `mean` (NaN where nothing
        was rated).
    """
    period = period_of(int(ratings["time"].min()), int(ratings["time"].max()))[0]
    when = pd.to_datetime(ratings["time"], unit="s").dt.to_period(period)
    grouped = ratings.groupby(when)
    found = pd.DataFrame(
        {
            "ratings": grouped.size(),
            "users": grouped["user"].nunique(),
            "new_users": when[~ratings["user"].duplicated()].value_counts(),
            "new_items": when[~ratings["item"].duplicated()].value_counts(),
            "mean": grouped["rating"].mean(),
        }
    )
    found = found.reindex(pd.period_range(found.index.min(), found.index.max(), freq=period))
    counted = ["ratings", "users", "new_users", "new_items"]
    found[counted] = found[counted].fillna(0).astype(np.int64)
    return found


def long_tail(counts: Sequence[int] | Counts) -> pd.DataFrame:
    """Share of all ratings that the most rated items have, from none of the items to all of them.

    Returns
    -------
    DataFrame
        `items` and `ratings`, both shares from 0 to 1.

    Examples
    --------
    >>> long_tail([1, 3])["ratings"].tolist()
    [0.0, 0.75, 1.0]
    """
    most = np.sort(np.asarray(counts))[::-1]
    shares = np.concatenate([[0.0], np.cumsum(most) / most.sum()])
    return pd.DataFrame({"items": np.linspace(0, 1, len(shares)), "ratings": shares})


def gini(counts: Sequence[int] | Counts) -> float:
    """How unequal counts are: 0 where all are equal, towards 1 where one has everything.

    Examples
    --------
    >>> gini([5, 5, 5]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    tail = long_tail(counts)
    return round(2 * float(np.trapezoid(tail["ratings"], tail["items"])) - 1, 12)


def share_needed(counts: Sequence[int] | Counts, share: float) -> float:
    """Smallest share of the items that has this share of the ratings.

    Examples
    --------
    >>> share_needed([6, 2, 1, 1], 0.8)
    0.5
    """
    tail = long_tail(counts)
    return float(tail["items"][int(np.searchsorted(tail["ratings"], share - 1e-12))])


def damped_means(items: pd.DataFrame, mean: float, damping: float) -> pd.Series[float]:
    """Means as if each item had `damping` more ratings, all at the overall mean.

    Examples
    --------
    >>> damped_means(pd.DataFrame({"ratings": [1, 9], "mean": [5.0, 4.0]}), 3.0, 1.0).tolist()
    [4.0, 3.9]
    """
    damped: pd.Series[float] = (items["ratings"] * items["mean"] + damping * mean) / (items["ratings"] + damping)
    return damped


def best_by_genre(ratings: pd.DataFrame, catalogue: Catalogue, *, damping: float, top: int = 3) -> pd.DataFrame:
    """The most rated and the best rated items of each genre.

    Returns
    -------
    DataFrame
        `genre`, `place` (from 1), and the columns `popular`, `popular_ratings`, `best`, `best_mean` (damped),
        `best_ratings`; titles, genres in the order of their ratings.
    """
    items = per(ratings, "item")
    items["damped"] = damped_means(items, float(ratings["rating"].mean()), damping)
    pairs = genre_pairs(ratings["item"], catalogue)
    rows = []
    for genre in by_genre(ratings, catalogue).index:
        mine = items.loc[pairs.loc[pairs["genre"] == genre, "item"]]
        popular = mine.sort_values("ratings", ascending=False, kind="stable").head(top)
        best = mine.sort_values("damped", ascending=False, kind="stable").head(top)
        rows += [
            {
                "genre": genre,
                "place": place + 1,
                "popular": catalogue[popular.index[place]].title,
                "popular_ratings": int(popular["ratings"].iloc[place]),
                "best": catalogue[best.index[place]].title,
                "best_mean": float(best["damped"].iloc[place]),
                "best_ratings": int(best["ratings"].iloc[place]),
            }
            for place in range(len(best))
        ]
    return pd.DataFrame(rows)
