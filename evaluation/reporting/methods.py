"""The part on methods: protocols, data, settings, and how to repeat the report."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.reporting.blocks import Grid, Part, Points, Section
from evaluation.reporting.formatting import Terms, seconds, share
from evaluation.reporting.measurements import CORE_SHARE, Measurements, ReportPlan
from streamsvd.learner import Settings
from streamsvd.learner.batch import BATCH_SETTINGS
from streamsvd.ratings import RatingTable


def methods_part(
    table: RatingTable, found: Measurements, plan: ReportPlan, terms: Terms, versions: Mapping[str, str], command: str
) -> Part:
    """The part."""
    return Part(
        "methods",
        "Methods",
        [
            Section("protocols", "Protocols", [Points(_protocols(found, plan, terms))]),
            Section("settings", "Data and settings", [_facts(table, found, plan, terms), _settings()]),
            Section("again", "How to repeat this report", [_again(versions, command)]),
        ],
    )


def _protocols(found: Measurements, plan: ReportPlan, terms: Terms) -> list[str]:
    fifths = "One random fifth" if plan.folds == 1 else f"{plan.folds} random fifths, each"
    means = "" if plan.folds == 1 else "; figures are means over them"
    texts = [
        "Order: ratings are sorted by time, and at one time by user and item."
        if terms.dated
        else "Order: that of the file, which has no times.",
        "Event protocol: a rating is predicted with everything learned before it. A page is all that a user rates at "
        "one timestamp. Page protocol: a rating is predicted with everything learned before its page began, so nothing "
        "learned from a page predicts its ratings.",
        "RMSE is the square root of the mean squared error, MAE the mean absolute error; predictions are clipped to "
        "the scale. Ratings of unknown users and items are included.",
        f"{fifths}, predicted after learning the other four{means}. By time: the first four fifths of the stream are "
        "learned, the last is predicted, without learning it and with.",
        f"The filtered set is the k-core that leaves closest to {share(CORE_SHARE)} of the ratings; the same study is "
        "repeated on it. It was chosen by its size alone.",
        "Seconds are wall-clock time of learning and, online, of predicting, in one thread; kernels were compiled "
        "before. Searches use two threads.",
        "By genre, an item counts in all its genres. By activity and popularity, counts are those at the moment of "
        "the prediction.",
    ]
    if found.tuned:
        texts.append(
            f"Tuning: {plan.trials} trials for each search by a tree-structured Parzen estimator, defaults first; "
            "three random folds inside four fifths of the ratings offline, the first half of the stream online. The "
            "other ratings were used once to test the defaults and once to test the settings found."
        )
    return texts


def _facts(table: RatingTable, found: Measurements, plan: ReportPlan, terms: Terms) -> Grid:
    low, high = table.dataset.scale
    content = "genres and years" if plan.catalogue and terms.catalogue is not None else "ratings only"
    rows = [
        ["data set", terms.name],
        ["SHA-256 of the ratings", table.dataset.sha256],
        ["scale", f"{low:g} to {high:g}"],
        ["learners know", content],
        ["seed", str(plan.seed)],
        ["time that the measurements took", seconds(found.seconds)],
    ]
    return Grid("The data and the run.", ["", ""], rows, 2)


def _settings() -> Grid:
    stream, batch = Settings().to_dict(), BATCH_SETTINGS.replace(window=None).to_dict()
    rows = [[name, str(stream[name]), str(batch[name])] for name in stream]
    return Grid(
        "Settings of IteratedSVD before tuning; all data sets have the same.", ["setting", "stream", "batch"], rows
    )


def _again(versions: Mapping[str, str], command: str) -> Grid:
    rows = [["command", command], *[[name, version] for name, version in versions.items()]]
    return Grid("Command and versions. The same gives the same figures, times aside.", ["", ""], rows, 2)
