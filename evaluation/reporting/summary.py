"""The report's first page: a few figures, and the results in sentences."""

from __future__ import annotations

import pandas as pd

from evaluation.models import MODELS
from evaluation.reporting.blocks import Tile
from evaluation.reporting.error_sections import overall
from evaluation.reporting.formatting import Terms, change, count, error, many, seconds, share
from evaluation.reporting.measurements import Measurements
from evaluation.reporting.model_sections import BASELINE, BATCH, STREAM, held_out, streamed
from evaluation.studies.data_profile import overview, per, share_needed
from evaluation.studies.error_tables import by_count


def tiles(found: Measurements, terms: Terms) -> list[Tile]:
    """The main figures."""
    whole = overall(found.scored)
    shown = [
        Tile(count(len(found.scored)), "ratings"),
        Tile(error(whole["rmse"]), f"RMSE by event ({terms.unit})"),
        Tile(error(whole["rmse_page"]), f"RMSE by page ({terms.unit})"),
        Tile(error(whole["mae"]), f"MAE by event ({terms.unit})"),
    ]
    if found.whole is not None:
        shown.append(Tile(count(streamed(found.whole, STREAM).events_per_second), "ratings learned a second"))
    return shown


def summary(found: Measurements, ratings: pd.DataFrame, terms: Terms) -> list[str]:
    """The results in sentences."""
    facts, items = overview(ratings), per(ratings, "item")
    sentences = [
        f"{terms.name} has {many(facts.ratings, 'rating')} by {many(facts.users, 'user')} of "
        f"{many(facts.items, terms.item)}: {share(facts.density)} of the matrix. The most rated "
        f"{share(share_needed(items['ratings'].to_numpy(), 0.8))} of the {terms.items} have 80 % of the ratings."
    ]
    if found.whole is not None:
        sentences += [_offline(found), _online(found), *_core(found)]
        sentences += _tuning(found)
    sentences.append(_errors(found.scored, terms))
    return sentences


def _offline(found: Measurements) -> str:
    assert found.whole is not None
    base, batch, stream = (held_out(found.whole, name) for name in (BASELINE, BATCH, STREAM))
    place = "below" if batch.random_rmse < base.random_rmse else "above"
    return (
        f"Offline, on ratings held out at random, iterated SVD in batch has an RMSE of {error(batch.random_rmse)}, "
        f"{abs(batch.random_rmse - base.random_rmse):.4f} {place} the baseline SVD ({error(base.random_rmse)}), after "
        f"{seconds(batch.seconds)} of learning instead of {seconds(base.seconds)}; the rank-one stream, in one pass "
        f"over the same ratings, {error(stream.random_rmse)} in {seconds(stream.seconds)}."
    )


def _online(found: Measurements) -> str:
    assert found.whole is not None
    stream = streamed(found.whole, STREAM)
    means = streamed(found.whole, MODELS["damped-means"].study)
    best = min(found.whole.online, key=lambda each: each.figures.rmse_event)
    leads = (
        "the best of all models" if best.name == STREAM else f"behind {best.name} ({error(best.figures.rmse_event)})"
    )
    return (
        "Online, each rating predicted before it was learned, the updated rank-one iterated SVD has an RMSE of "
        f"{error(stream.figures.rmse_event)} by event and {error(stream.figures.rmse_page)} by page, {leads}; damped "
        f"means have {error(means.figures.rmse_event)}. It learns {count(stream.events_per_second)} ratings a second."
    )


def _core(found: Measurements) -> list[str]:
    if found.filtered is None or found.whole is None:
        return []
    inner, outer = (held_out(of, BATCH).random_rmse for of in (found.filtered.study, found.whole))
    return [
        f"Filtered to its {found.filtered.k}-core ({many(found.filtered.ratings, 'rating')}, "
        f"{share(found.filtered.ratings / len(found.scored))}), the batch model's RMSE is {error(inner)} "
        f"({change(inner - outer)}): figures compare only within one set."
    ]


def _tuning(found: Measurements) -> list[str]:
    if not found.tuned:
        return []
    parts = [f"{tuned.name} {change(tuned.after.rmse - tuned.before.rmse)}" for tuned in found.tuned]
    return [f"Tuning changed the RMSE on test ratings: {', '.join(parts)}."]


def _errors(scored: pd.DataFrame, terms: Terms) -> str:
    of_user, of_item = by_count(scored, "of_user"), by_count(scored, "of_item")
    new_user, new_item = of_user["rmse"].iloc[0], of_item["rmse"].iloc[0]
    return (
        f"A user's first rating is predicted with an RMSE of {error(new_user)}, those of users with "
        f"“{of_user.index[-1]}” ratings with {error(of_user['rmse'].iloc[-1])}; for {terms.items} it is "
        f"{error(new_item)} and {error(of_item['rmse'].iloc[-1])} (“{of_item.index[-1]}”)."
    )
