"""The report of a data set: measurements first, then the sections that show them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from evaluation.reporting.blocks import Report
from evaluation.reporting.data_sections import data_part
from evaluation.reporting.error_sections import error_part, overall
from evaluation.reporting.formatting import count, terms_of
from evaluation.reporting.measurements import Measurements, ReportPlan, measure
from evaluation.reporting.methods import methods_part
from evaluation.reporting.model_sections import model_part
from evaluation.reporting.summary import summary, tiles
from evaluation.reporting.tuned_models import Progress
from evaluation.studies import Study
from evaluation.studies.data_profile import rating_frame
from evaluation.studies.error_tables import by_count, by_rating
from streamsvd.errors import InputError
from streamsvd.ratings import Catalogue, RatingTable

MEASURING = 0.85  # share of the time


def make_report(
    table: RatingTable,
    catalogue: Catalogue | None,
    plan: ReportPlan,
    *,
    versions: Mapping[str, str],
    command: str,
    progress: Progress = lambda _what, _share: None,
) -> Report:
    """Measure a data set and its models, and report on them.

    Parameters
    ----------
    table : RatingTable
    catalogue : Catalogue, optional
        Titles, genres and years.
    plan : ReportPlan
    versions : mapping
        Of the packages that decide a figure.
    command : str
        That repeats this report.
    progress : callable
        Called with what is being done and the share done so far.

    Raises
    ------
    InputError
        If there are no ratings, or a package that this needs is not installed.
    """
    if len(table) == 0:
        raise InputError(f"{table.dataset.name} has no ratings to report on; give a data set with ratings")
    found = measure(table, catalogue, plan, lambda what, share: progress(what, MEASURING * share))
    terms, ratings, scale = terms_of(table, catalogue), rating_frame(table), table.dataset.scale
    progress("drawing the data", MEASURING)
    data, kept = data_part(table, ratings, terms)
    progress("drawing the models", 0.92)
    models = model_part(found, terms)
    progress("drawing the errors", 0.96)
    errors = error_part(found.scored, scale, terms)
    methods = methods_part(table, found, plan, terms, versions, command)
    progress("done", 1.0)
    return Report(
        title=f"How well can ratings be predicted? A study of {terms.name}",
        subtitle=f"{count(len(table))} ratings, learned one at a time by an iterated SVD; with batch and baselines",
        tiles=tiles(found, terms),
        summary=summary(found, ratings, terms),
        parts=[data, models, errors, methods],
        figures=_json_values(
            {
                "dataset": table.dataset.name,
                "sha256": table.dataset.sha256,
                **table.times(),
                "plan": asdict(plan),
                "data": kept,
                "models": _models(found),
                "errors": {
                    "all": _row(overall(found.scored)),
                    "by_rating": _rows(by_rating(found.scored, scale)),
                    "by_user_ratings": _rows(by_count(found.scored, "of_user")),
                    "by_item_ratings": _rows(by_count(found.scored, "of_item")),
                },
                "versions": dict(versions),
            }
        ),
    )


def _models(found: Measurements) -> dict[str, Any]:
    return {
        "whole": None if found.whole is None else _study(found.whole),
        "core": None if found.filtered is None else {"k": found.filtered.k, **_study(found.filtered.study)},
        "tuned": [
            {
                "name": tuned.name,
                "online": tuned.online,
                "before": asdict(tuned.before),
                "after": asdict(tuned.after),
                "changes": dict(tuned.changes),
                "trials": len(tuned.trials),
                "seconds": tuned.seconds,
            }
            for tuned in found.tuned
        ],
    }


def _study(found: Study) -> dict[str, Any]:
    """A study's figures, without its curves."""
    whole, left_out = found.to_dict(), ("curve", "discarded")
    results = {
        part: [{name: value for name, value in each.items() if name not in left_out} for each in whole[part]]
        for part in ("online", "offline")
    }
    return {"folds": found.folds, **results}


def _rows(table: Any) -> list[dict[str, Any]]:
    return [{"group": str(name), **_row(row)} for name, row in table.iterrows()]


def _row(row: Any) -> dict[str, float]:
    return {str(name): float(value) for name, value in row.items()}


def _json_values(value: Any) -> Any:
    """JSON values; an undefined figure, such as an error over no ratings, is null."""
    if isinstance(value, dict):
        return {name: _json_values(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_json_values(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
