"""The part after modelling: errors of the rank-one iterated SVD over all ratings, by group."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from evaluation.reporting import error_pictures as pictures
from evaluation.reporting.blocks import Block, Grid, Paragraph, Part, Picture, Section
from evaluation.reporting.data_sections import FIRST_DATE, LAST_DATE
from evaluation.reporting.formatting import Terms, change, count, error, many, mean, share
from evaluation.studies import error_tables as tables
from evaluation.studies.data_profile import period_of, rating_counts

LEAST = 20  # ratings of a user or an item before it is shown as an example


def error_part(scored: pd.DataFrame, scale: tuple[float, float], terms: Terms) -> Part:
    """The part."""
    return Part(
        "errors",
        "After modelling",
        [
            _given(scored, scale, terms),
            _by_rating(scored, scale, terms),
            _by_genre(scored, terms),
            _by_counts(scored, terms),
            _over_time(scored, terms),
            _reliability(scored, terms),
            _failures(scored, terms),
        ],
    )


def overall(scored: pd.DataFrame) -> pd.Series[float]:
    """Errors over all ratings."""
    return tables.errors_by(scored, pd.Series(0, scored.index)).iloc[0]


def _given(scored: pd.DataFrame, scale: tuple[float, float], terms: Terms) -> Section:
    whole, found = overall(scored), tables.by_rating(scored, scale)
    counts, given, predicted = tables.joint_counts(scored, scale)
    spread = float(scored["rating"].std(ddof=0)), float(scored["event"].std(ddof=0))
    text = (
        "All predictions here are by the rank-one iterated SVD, with its defaults, made before the rating "
        f"was learned. Over all {many(len(scored), 'rating')}: RMSE {error(whole['rmse'])} by event and "
        f"{error(whole['rmse_page'])} by page, MAE {error(whole['mae'])} and {error(whole['mae_page'])}."
    )
    low, high = found["predicted"].iloc[0], found["predicted"].iloc[-1]
    joint = Picture(
        "predicted-against-given",
        pictures.predicted_against_given(counts, given, predicted, found, terms),
        "Heat map of predictions for each rating given, with the mean prediction.",
        f"Predictions go from {mean(low)} on average for the lowest rating to {mean(high)} for the highest. The "
        "dashed line is a perfect prediction; uncertain predictions stay near the mean.",
    )
    both = Picture(
        "distributions",
        pictures.distributions(scored, rating_counts(scored["rating"], scale), scale, terms),
        "Left, distributions of given and predicted ratings; right, that of the errors.",
        f"Given ratings deviate by {mean(spread[0])} {terms.unit} from their mean, predictions by {mean(spread[1])}. "
        f"The errors' mean is {change(whole['bias'], 3)}; "
        f"{share(float(((scored['event'] - scored['rating']).abs() <= 0.5).mean()))} of the predictions are within "
        f"0.5 {terms.unit}.",
    )
    return Section("given", "Predicted against given", [Paragraph(text), joint, both])


def _by_rating(scored: pd.DataFrame, scale: tuple[float, float], terms: Terms) -> Section:
    found = tables.by_rating(scored, scale)
    order = found.sort_values("rmse", kind="stable")
    best, worst = (order.iloc[k] for k in (0, -1))
    picture = Picture(
        "errors-by-rating",
        pictures.by_rating(found, terms),
        "RMSE and bias by the rating given.",
        f"Ratings of {worst.name:g} are predicted worst (RMSE {mean(worst['rmse'])}, "
        f"{share(worst['ratings'] / len(scored))} of all), those of {best.name:g} best ({mean(best['rmse'])}). "
        f"{_pull(found)}",
    )
    return Section("by-rating", "By the rating given", [picture])


def _pull(found: pd.DataFrame) -> str:
    """Whether predictions are drawn to the mean, by the signs of the biases."""
    if len(found) > 1 and found["bias"].iloc[0] > 0 > found["bias"].iloc[-1]:
        return "Low ratings are predicted too high and high ones too low."
    return ""


def _by_genre(scored: pd.DataFrame, terms: Terms) -> Section:
    if terms.catalogue is None or not terms.catalogue.genres:
        return Section("by-genre", "By genre", [Paragraph("There is no catalogue with genres.")])
    found = tables.by_genre(scored, terms.catalogue)
    if not len(found):
        return Section("by-genre", "By genre", [Paragraph("No rated film has a genre.")])
    enough = found[found["ratings"] >= min(200, found["ratings"].max())]
    picture = Picture(
        "errors-by-genre",
        pictures.by_genre(found, float(overall(scored)["rmse"]), terms),
        "RMSE and bias of each genre.",
        f"Among genres with 200 ratings or more, {enough['rmse'].idxmin()} is the easiest "
        f"({error(enough['rmse'].min())}) and {enough['rmse'].idxmax()} the hardest ({error(enough['rmse'].max())}).",
    )
    return Section("by-genre", "By genre", [picture])


def _by_counts(scored: pd.DataFrame, terms: Terms) -> Section:
    of_user, of_item = tables.by_count(scored, "of_user"), tables.by_count(scored, "of_item")

    def said(found: pd.DataFrame) -> str:
        first, last = found["rmse"].iloc[[0, -1]]
        return f"from {error(first)} at “{found.index[0]}” to {error(last)} at “{found.index[-1]}”"

    picture = Picture(
        "errors-by-counts",
        pictures.by_counts(of_user, of_item, terms),
        f"RMSE by how many ratings the user and the {terms.item} had so far.",
        f"With the user's ratings the error goes {said(of_user)}; with the {terms.item}'s {said(of_item)}. The gap "
        "between the protocols is what a page's first ratings say of its later ones.",
    )
    return Section("by-counts", "By activity and popularity", [picture])


def _over_time(scored: pd.DataFrame, terms: Terms) -> Section:
    first, last = int(scored["time"].min()), int(scored["time"].max())
    if not terms.dated:
        return Section("by-time", "Over time", [Paragraph("These ratings have no times.")])
    if not FIRST_DATE <= first <= last <= LAST_DATE:
        return Section("by-time", "Over time", [Paragraph("The times of these ratings are not dates.")])
    found, period = tables.by_time(scored), period_of(first, last)[1]
    half = len(scored) // 2
    early, late = (
        (float(overall(part)["rmse"]) for part in (scored[:half], scored[half:])) if half else (float("nan"),) * 2
    )
    picture = Picture(
        "errors-over-time",
        pictures.over_time(found, period, terms),
        f"Dots: the RMSE of each {period}, both protocols.",
        f"Each dot is a {period}; those with fewer than 20 ratings are left out where others have more. First half of "
        f"the stream {error(early)}, second half {error(late)} by event.",
    )
    return Section("by-time", "Over time", [picture])


def _reliability(scored: pd.DataFrame, terms: Terms) -> Section:
    bins, held = tables.by_prediction(scored), tables.coverage(scored)
    off = float(((bins["predicted"] - bins["given"]).abs() * bins["ratings"]).sum() / bins["ratings"].sum())
    nine = held.loc[held["promised"] == 0.9, "held"].iloc[0]
    picture = Picture(
        "reliability",
        pictures.reliability(bins, held, terms),
        "Left, mean given against mean predicted; right, coverage of predicted intervals.",
        f"Predictions are off by {off:.3f} {terms.unit} on average over twentieths of the stream by prediction. "
        f"Predicted 90 % intervals hold {share(nine)} of the ratings.",
    )
    return Section("reliability", "Reliability of predictions", [picture])


def _failures(scored: pd.DataFrame, terms: Terms) -> Section:
    blocks: list[Block] = []
    kinds: list[tuple[Literal["user", "item"], str]] = [("user", "user"), ("item", terms.item)]
    for column, name in kinds:
        found = tables.worst_of(scored, column, least=LEAST)
        if not len(found):
            blocks.append(Paragraph(f"No {name} has {LEAST} ratings, so no {name} is shown as an example."))
            continue
        rows = [
            [
                str(key) if column == "user" else terms.title(key),
                count(row["ratings"]),
                error(row["rmse"]),
                change(row["bias"], 2),
                mean(row["given"]),
                mean(row["spread"]),
            ]
            for key, row in zip(found.index.tolist(), found.to_dict("records"), strict=True)
        ]
        heads = [name, "ratings", "RMSE", "bias", "mean given", "spread"]
        blocks.append(Grid(f"The {name}s with the largest error, of those with {LEAST} ratings or more.", heads, rows))
    misses = tables.largest_misses(scored)
    rows = [
        [
            str(row["user"]),
            terms.title(row["item"]),
            f"{row['rating']:g}",
            mean(row["event"]),
            count(row["of_user"]),
            count(row["of_item"]),
            terms.moment(row["time"]),
        ]
        for row in misses.to_dict("records")
    ]
    heads = ["user", terms.item, "given", "predicted", "user had", f"{terms.item} had", "date" if terms.dated else "at"]
    known = len(misses) and int(misses[["of_user", "of_item"]].min().min()) >= LEAST
    among = f", though user and {terms.item} had {LEAST} ratings or more" if known else ""
    blocks.append(Grid(f"The largest single misses{among}.", heads, rows, 2))
    users = tables.worst_of(scored, "user", least=LEAST)
    if len(users):
        top = users.iloc[0]
        blocks.insert(
            0,
            Paragraph(
                f"The hardest user, {users.index[0]}, has an RMSE of {error(top['rmse'])} over "
                f"{many(top['ratings'], 'rating')} that spread by {mean(top['spread'])} {terms.unit}."
            ),
        )
    return Section("failures", "Largest errors", blocks)
