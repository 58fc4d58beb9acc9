"""The part before modelling: the data set in figures and pictures."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evaluation.reporting import data_pictures as pictures
from evaluation.reporting.blocks import Block, Grid, Paragraph, Part, Picture, Section
from evaluation.reporting.formatting import Terms, count, joined, many, mean, share
from evaluation.reporting.measurements import CORE_SHARE
from evaluation.studies import data_profile as profile
from evaluation.studies import filtering
from streamsvd.ratings import RatingTable

DAMPING = 20.0
"""Ratings at the overall mean that are added to an item's own."""
FIRST_DATE, LAST_DATE = -9_000_000_000, 9_200_000_000  # what pandas can hold as dates: 1684 to 2261


def data_part(table: RatingTable, ratings: pd.DataFrame, terms: Terms) -> tuple[Part, dict[str, object]]:
    """The part, and its figures."""
    facts = profile.overview(ratings, dated=terms.dated)
    users, items = profile.per(ratings, "user"), profile.per(ratings, "item")
    sections = [
        _at_a_glance(facts, terms),
        _spread(ratings, users, items, facts, table.dataset.scale, terms),
        _tail(ratings, users, items, facts, terms),
        _time(ratings, facts, terms),
        _genres(ratings, facts, terms),
        _best(ratings, terms),
    ]
    filters, kept = _filters(table, terms)
    figures: dict[str, object] = {
        "ratings": facts.ratings,
        "users": facts.users,
        "items": facts.items,
        "density": facts.density,
        "mean": facts.mean,
        "deviation": facts.deviation,
        "gini_users": profile.gini(users["ratings"].to_numpy()),
        "gini_items": profile.gini(items["ratings"].to_numpy()),
        "duplicates": facts.repeats.duplicates,
        "re_ratings": facts.repeats.re_ratings,
        "on_pages": facts.on_pages,
        **kept,
    }
    return Part("data", "The data", [*sections, filters]), figures


def _at_a_glance(facts: profile.Overview, terms: Terms) -> Section:
    rows = [
        ["ratings", count(facts.ratings)],
        ["users", count(facts.users)],
        [terms.items, count(facts.items)],
        ["pairs of a user and an item that have a rating", share(facts.density)],
        ["ratings per user, mean", f"{facts.ratings / facts.users:,.1f}"],
        [f"ratings per {terms.item}, mean", f"{facts.ratings / facts.items:,.1f}"],
        [f"mean rating ({terms.unit})", mean(facts.mean)],
        ["median rating", f"{facts.median:g}"],
        ["standard deviation", mean(facts.deviation)],
        ["first rating", terms.moment(facts.first)],
        ["last rating", terms.moment(facts.last)],
        [
            f"exact duplicates: same user, item{', rating and second' if terms.dated else ' and rating'}",
            count(facts.repeats.duplicates),
        ],
        ["other ratings of something rated before by the same user", count(facts.repeats.re_ratings)],
        ["ratings that share user and second with a neighbour", share(facts.on_pages)],
    ]
    text = (
        f"{terms.name} holds {many(facts.ratings, 'rating')} by {many(facts.users, 'user')} of "
        f"{many(facts.items, terms.item)}. {share(1 - facts.density)} of the matrix is empty."
    )
    if facts.on_pages > 0.1:
        text += (
            f" {share(facts.on_pages)} of the ratings were given together with others in the same second: a page of "
            "ratings at once. A page's first ratings help to predict its later ones, so every error of a stream is "
            "shown by event and by page."
        )
    return Section("glance", "Overview", [Paragraph(text), Grid(f"{terms.name} in figures.", ["", ""], rows)])


def _spread(
    ratings: pd.DataFrame,
    users: pd.DataFrame,
    items: pd.DataFrame,
    facts: profile.Overview,
    scale: tuple[float, float],
    terms: Terms,
) -> Section:
    counts = profile.rating_counts(ratings["rating"], scale)
    top = counts.iloc[int(counts["ratings"].to_numpy().argmax())]
    middle = (scale[0] + scale[1]) / 2
    side = "above" if facts.mean > middle else "at or below"
    chosen = ": users mostly rate what they chose" if facts.mean > middle else ""
    given = Picture(
        "ratings-given",
        pictures.ratings_given(counts, terms),
        f"Bar chart of how often each rating was given; the most frequent is {top['rating']:g}.",
        f"The most frequent rating is {top['rating']:g}, with {share(float(top['share']))} of all. The mean, "
        f"{mean(facts.mean)}, lies {side} the middle of the scale ({middle:g}){chosen}.",
    )
    spread = Picture(
        "users-and-items",
        pictures.users_and_items(users, items, terms, scale),
        f"Four histograms: ratings per user and per {terms.item}, mean ratings of users and of {terms.items}.",
        f"Half of the users have {count(users['ratings'].median())} ratings or fewer, half of the {terms.items} "
        f"{count(items['ratings'].median())} or fewer; the largest have {count(users['ratings'].max())} and "
        f"{count(items['ratings'].max())}. Users' means spread by {mean(float(users['mean'].std(ddof=0)))} "
        f"{terms.unit} and {terms.items}' by {mean(float(items['mean'].std(ddof=0)))}: what biases "
        "can explain.",
    )
    inner = float((users["ratings"] * users["deviation"] ** 2).sum() / facts.ratings) ** 0.5
    within = float((items["ratings"] * items["deviation"] ** 2).sum() / facts.ratings) ** 0.5
    text = (
        f"Ratings deviate from their overall mean by {mean(facts.deviation)} {terms.unit}. Around the mean of their "
        f"own user they deviate by {mean(inner)}, around that of their own {terms.item} by {mean(within)}: "
        "preferences and noise."
    )
    return Section("spread", "Ratings, users and items", [given, spread, Paragraph(text)])


def _tail(
    ratings: pd.DataFrame, users: pd.DataFrame, items: pd.DataFrame, facts: profile.Overview, terms: Terms
) -> Section:
    counts = items["ratings"].to_numpy()
    few = float((counts < 5).mean())
    tail = Picture(
        "long-tail",
        pictures.tail(items, terms),
        f"Two curves: ratings by place of the {terms.item}, and the share of ratings of the most rated {terms.items}.",
        f"The most rated {share(profile.share_needed(counts, 0.8))} of the {terms.items} have 80 % of the ratings; "
        f"{share(few)} of the {terms.items} have fewer than five. Gini coefficient: {profile.gini(counts):.2f} over "
        f"{terms.items}, {profile.gini(users['ratings'].to_numpy()):.2f} over users.",
    )
    holes = Picture(
        "holes",
        pictures.holes(ratings, terms),
        "Map of the share of pairs with a rating, users and items ordered by their number of ratings.",
        f"Only {share(facts.density)} of all pairs have a rating, most of them by active users of popular "
        f"{terms.items}. Errors are measured mostly there, but most predictions are for the other pairs.",
    )
    return Section("tail", "Long tail and sparsity", [tail, holes])


def _time(ratings: pd.DataFrame, facts: profile.Overview, terms: Terms) -> Section:
    if not terms.dated:
        return Section("time", "Activity over time", [Paragraph("These ratings have no times.")])
    if not FIRST_DATE <= facts.first <= facts.last <= LAST_DATE:
        text = f"The times of these ratings, {facts.first} to {facts.last}, are not dates in seconds since 1970."
        return Section("time", "Activity over time", [Paragraph(text)])
    periods = profile.over_time(ratings)
    period = profile.period_of(facts.first, facts.last)[1]
    busiest = periods["ratings"].idxmax()
    caption = (
        f"The busiest {period} is {busiest}, with {count(periods['ratings'].max())} of {count(facts.ratings)} "
        f"ratings. Half of the users had come after {share(_half(periods['new_users'], facts.users))} of the time, "
        f"half of the {terms.items} after {share(_half(periods['new_items'], facts.items))}."
    )
    picture = Picture(
        "activity",
        pictures.activity(periods, period, terms),
        f"Ratings a {period}, users and {terms.items} seen so far, and mean rating over time.",
        caption,
    )
    return Section("time", "Activity over time", [picture])


def _half(newcomers: pd.Series[int], whole: int) -> float:
    """Share of the periods after which half of them had come."""
    return float((newcomers.cumsum() < whole / 2).sum() + 1) / len(newcomers)


def _genres(ratings: pd.DataFrame, facts: profile.Overview, terms: Terms) -> Section:
    if terms.catalogue is None or not terms.catalogue.genres:
        text = "This data set has no catalogue with genres and years."
        return Section("genres", "Genres and years", [Paragraph(text)])
    blocks: list[Block] = []
    found = profile.by_genre(ratings, terms.catalogue)
    if len(found):
        liked, most = found[found["ratings"] >= min(200, found["ratings"].max())], found.index[0]
        best, worst = liked["mean"].idxmax(), liked["mean"].idxmin()
        blocks.append(
            Picture(
                "genres",
                pictures.genres(found, terms, facts.mean),
                "Share of the ratings, mean rating and its deviation for each genre.",
                f"Items count in all their genres. {most} has the most ratings ({share(found['share'].iloc[0])}). "
                f"Among genres with 200 ratings or more {best} is rated best ({mean(float(liked['mean'].max()))}) and "
                f"{worst} worst ({mean(float(liked['mean'].min()))}): "
                f"{mean(float(liked['mean'].max() - liked['mean'].min()))} {terms.unit} apart, where single ratings "
                f"deviate by {mean(facts.deviation)} from their mean.",
            )
        )
    years = profile.by_release(ratings, terms.catalogue)
    if len(years):
        recent = years.index.repeat(years["ratings"].to_numpy()).to_series()
        blocks.append(
            Picture(
                "release-years",
                pictures.release_years(years, terms),
                "Ratings and mean rating by year of release.",
                f"Half of the ratings go to films of {recent.median():.0f} or later. {_old_and_new(years)}",
            )
        )
    return Section("genres", "Genres and years", blocks or [Paragraph("No rated film has a genre or a year.")])


def _old_and_new(years: pd.DataFrame) -> str:
    """Mean ratings of older and of newer items."""
    cut = (years["ratings"].cumsum() <= years["ratings"].sum() / 2).to_numpy()
    old, new = years[cut], years[~cut]
    if old["ratings"].sum() == 0:
        return ""
    means = [float((part["mean"] * part["ratings"]).sum() / part["ratings"].sum()) for part in (old, new)]
    return f"The older half has a mean of {mean(means[0])}, the newer half {mean(means[1])}."


def _best(ratings: pd.DataFrame, terms: Terms) -> Section:
    title = f"Most popular and best rated {terms.items}"
    how = (
        f"Best by damped mean: as if each {terms.item} had {DAMPING:g} more ratings at the overall mean, so that a few "
        "high ratings do not decide."
    )
    if terms.catalogue is not None and terms.catalogue.genres:
        found = profile.best_by_genre(ratings, terms.catalogue, damping=DAMPING)
        rows = [
            [
                row["genre"] if row["place"] == 1 else "",
                row["popular"],
                count(row["popular_ratings"]),
                row["best"],
                mean(row["best_mean"]),
                count(row["best_ratings"]),
            ]
            for row in found.to_dict("records")
        ]
        heads = ["genre", "most popular", "ratings", "best rated", "damped mean", "ratings"]
        grid = Grid("The three most popular and the three best rated films of each genre.", heads, rows, 2, wide=(3,))
        return Section("best", title, [Paragraph(how), grid])
    items = profile.per(ratings, "item")
    items["damped"] = profile.damped_means(items, float(ratings["rating"].mean()), DAMPING)
    best = items.sort_values("damped", ascending=False, kind="stable").head(10)
    rows = [
        [terms.title(popular), count(n), terms.title(name), mean(damped), count(of)]
        for popular, n, name, damped, of in zip(
            items.index[:10].tolist(),
            items["ratings"].tolist()[:10],
            best.index.tolist(),
            best["damped"].tolist(),
            best["ratings"].tolist(),
            strict=True,
        )
    ]
    heads = ["most popular", "ratings", "best rated", "damped mean", "ratings"]
    return Section("best", title, [Paragraph(how), Grid(f"Ten {terms.items} of each kind.", heads, rows, 1, wide=(2,))])


def _filters(table: RatingTable, terms: Terms) -> tuple[Section, dict[str, object]]:
    wanted = CORE_SHARE * len(table)
    k = filtering.nearest_core(table, CORE_SHARE)
    cores = filtering.cores(table, (*filtering.CORES, k))
    cuts = filtering.cuts(table)
    near = filtering.nearest_cuts(cuts, wanted)
    near_cuts = joined(
        [f"{terms.items} ≥ {cut.item_ratings} and users ≥ {cut.user_ratings} ({count(cut.left)})" for cut in near]
    )
    inner: Any = cores.loc[k]
    text = (
        "Many studies filter first: the work that this project builds on cut about 100,000 ratings down to about "
        f"47,000. {share(CORE_SHARE)} of the ratings here are {count(wanted)}. The {k}-core, in which every user and "
        f"every {terms.item} keeps {k} ratings or more, comes closest among the cores: "
        f"{many(inner['ratings'], 'rating')} by {many(inner['users'], 'user')} of {many(inner['items'], terms.item)}, "
        f"{share(inner['density'])} of the pairs filled instead of {share(cores['density'].iloc[0])}. In one pass, "
        f"with counts of the whole set, the nearest round thresholds are {near_cuts}. Errors after filtering are "
        "over other ratings, without the users who were removed."
    )
    rows = [
        [
            "everything" if n == 1 else f"{n}-core",
            count(row["ratings"]),
            share(row["share"]),
            count(row["users"]),
            count(row["items"]),
            share(row["density"]) if row["ratings"] else "–",
        ]
        for n, row in cores.iterrows()
    ]
    picture = Picture(
        "filters",
        pictures.filters(cores, cuts, wanted, len(table)),
        "Left, the shares of ratings, users and items in the k-cores; right, a table of what cuts in one pass leave.",
        f"The {k}-core keeps {share(inner['share'])} of the ratings, {share(inner['users'] / cores['users'].iloc[0])} "
        f"of the users and {share(inner['items'] / cores['items'].iloc[0])} of the {terms.items}. Framed: cuts that "
        "leave about as much.",
    )
    heads = ["filter", "ratings", "share", "users", terms.items, "pairs filled"]
    strong = frozenset(place for place, n in enumerate(cores.index) if n == k)
    grid = Grid(f"What k-cores leave; the one nearest to {share(CORE_SHARE)} is in bold.", heads, rows, strong=strong)
    figures: dict[str, object] = {
        "core": {"k": int(k), "ratings": int(inner["ratings"])},
        "cuts": [cut._asdict() for cut in near],
    }
    return Section("filters", "What a filter leaves", [Paragraph(text), picture, grid]), figures
