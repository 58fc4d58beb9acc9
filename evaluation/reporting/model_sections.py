"""The part on modelling: all models offline and online, on the whole set and on its core, before and after tuning."""

from __future__ import annotations

from evaluation.models import LEARNER, MODELS, descriptions, taking_part
from evaluation.reporting import model_pictures as pictures
from evaluation.reporting.blocks import Block, Grid, Paragraph, Part, Picture, Points, Section
from evaluation.reporting.formatting import Terms, change, count, error, many, seconds, share
from evaluation.reporting.measurements import LEAST, Measurements
from evaluation.reporting.tuned_models import TunedModel
from evaluation.studies import FOLDS, Study
from evaluation.studies.study import OfflineResult, OnlineResult
from evaluation.studies.study_pictures import draw_time, draw_work

BASELINE, BATCH, STREAM = (MODELS[name].study for name in ("truncated-svd", "batch-fit", LEARNER))
THREE = (BASELINE, BATCH, STREAM)
"""The main comparison: baseline SVD, iterated SVD in batch, iterated SVD by rank-one updates."""


def model_part(found: Measurements, terms: Terms) -> Part:
    """The part; one section that says why, where there are too few ratings."""
    if found.whole is None:
        text = f"With fewer than {LEAST} ratings nothing can be held out; only the whole stream is evaluated below."
        return Part("models", "Modelling", [Section("learners", "Models compared", [Paragraph(text)])])
    sections = [
        Section("learners", "Models compared", [Points(descriptions("study"))]),
        _offline(found, found.whole, terms),
        _online(found.whole, terms),
        _work(found.whole, terms),
        _tuning(found.tuned, terms),
    ]
    return Part("models", "Modelling", sections)


def _offline(found: Measurements, whole: Study, terms: Terms) -> Section:
    core = found.filtered
    inner = {held.name: held for held in core.study.offline} if core is not None else {}
    rows = []
    for held in whole.offline:
        of_core = inner.get(held.name)
        rows.append(
            [
                held.name,
                error(held.random_rmse),
                error(held.random_mae),
                seconds(held.seconds),
                *((error(of_core.random_rmse), error(of_core.random_mae), seconds(of_core.seconds)) if of_core else ()),
            ]
        )
    stress = frozenset(k for k, held in enumerate(whole.offline) if held.name in THREE)
    heads = ["learner", "RMSE", "MAE", "to learn"]
    name = "the whole set"
    if core is not None:
        heads += [f"RMSE, {core.k}-core", "MAE", "to learn"]
        name += f", and on its {core.k}-core ({many(core.ratings, 'rating')})"
    split = "one random fifth held out" if whole.folds == 1 else f"{whole.folds} random fifths held out in turn"
    blocks: list[Block] = [
        Paragraph(_offline_text(whole)),
        Grid(
            f"{split.capitalize()}, on {name}; in {terms.unit}. The three main models are in bold.",
            heads,
            rows,
            strong=stress,
        ),
        Picture(
            "offline",
            pictures.offline(
                whole, core.study if core is not None else None, terms, core.k if core is not None else None
            ),
            "Dot plot of the RMSE of every learner on ratings held out at random.",
            _offline_caption(whole, core.study if core is not None else None),
        ),
        *_temporal(found, whole, terms),
    ]
    return Section("offline", "Offline: learn a part, predict the rest", blocks)


def _offline_text(whole: Study) -> str:
    held = {each.name: each for each in whole.offline}
    base, batch, stream = (held[name] for name in THREE)
    best = min(whole.offline, key=lambda each: each.random_rmse)
    return (
        "With a fifth of the ratings held out at random, the baseline SVD has an RMSE of "
        f"{error(base.random_rmse)}, iterated SVD in batch {error(batch.random_rmse)} "
        f"({change(batch.random_rmse - base.random_rmse)}), and the rank-one stream, which sees each rating once and "
        f"in order, {error(stream.random_rmse)} ({change(stream.random_rmse - base.random_rmse)}). The best model is "
        f"{best.name}. A random split lets a model learn from ratings given after the one it predicts; the split by "
        "time below does not."
    )


def _offline_caption(whole: Study, core: Study | None) -> str:
    best = min(whole.offline, key=lambda each: each.random_rmse)
    text = f"Best to worst from top to bottom; {best.name} leads with {error(best.random_rmse)}."
    if core is None:
        return text
    inner = {held.name: held.random_rmse for held in core.offline}
    gains = [held.random_rmse - inner[held.name] for held in whole.offline]
    if min(gains) > 0:
        text += f" On the core all errors are smaller, by {min(gains):.3f} to {max(gains):.3f}."
    winner = min(core.offline, key=lambda each: each.random_rmse)
    same = "too" if winner.name == best.name else "instead"
    return f"{text} On the core {winner.name} leads {same}, with {error(winner.random_rmse)}."


def _temporal(found: Measurements, whole: Study, terms: Terms) -> list[Block]:
    new_users, new_items = found.unknown
    online = [held for held in whole.offline if held.further_rmse is not None]
    gain = {held.name: held.temporal_rmse - (held.further_rmse or 0) for held in online}
    most = max(gain, key=lambda name: gain[name])
    text = (
        f"In the last {100 // FOLDS} % of the stream, held out by time, {share(new_users)} of the ratings are by new "
        f"users and {share(new_items)} of new {terms.items}. A model that stops learning knows nothing of them. "
        f"Learning on while being tested lowers the RMSE of {most} by {gain[most]:.3f}."
    )
    held = {each.name: each.temporal_rmse for each in whole.offline}
    if held[BATCH] > held[BASELINE] + 0.02:
        text += (
            f" {BATCH} does worse here than the baseline: its weights for how active a user is were learned from "
            "users with many ratings, and do not carry over to users with none."
        )
    rows = [
        [
            held.name,
            error(held.temporal_rmse),
            error(held.temporal_mae),
            error(held.further_rmse),
            error(held.further_mae),
        ]
        for held in whole.offline
    ]
    stress = frozenset(k for k, held in enumerate(whole.offline) if held.name in THREE)
    heads = ["learner", "RMSE, stopped", "MAE, stopped", "RMSE, learning on", "MAE, learning on"]
    caption = f"The last fifth of the stream, predicted after learning the rest; in {terms.unit}. A dash: batch only."
    return [Paragraph(text), Grid(caption, heads, rows, strong=stress)]


def _online(whole: Study, terms: Terms) -> Section:
    rows = [
        [
            each.name,
            error(each.figures.rmse_event),
            error(each.figures.rmse_page),
            error(each.figures.mae_event),
            error(each.figures.mae_page),
            seconds(each.seconds),
            count(each.events_per_second),
        ]
        for each in whole.online
    ]
    stress = frozenset(k for k, each in enumerate(whole.online) if each.name == STREAM)
    heads = ["learner", "RMSE, event", "RMSE, page", "MAE, event", "MAE, page", "to learn", "ratings/s"]
    caption = (
        f"Every rating of the stream, predicted before it was learned, from the first one on; errors in {terms.unit}."
    )
    stream = streamed(whole, STREAM)
    ours = [model.study for model in taking_part("study") if model.iterated]
    others = [each for each in whole.online if each.name not in ours]
    rival = min(others, key=lambda each: each.figures.rmse_event)
    costs = [each.figures.rmse_page - each.figures.rmse_event for each in whole.online]
    text = (
        "Online, each rating is predicted, scored and then learned. The rank-one iterated SVD "
        f"has an RMSE of {error(stream.figures.rmse_event)} by event and {error(stream.figures.rmse_page)} by page; "
        f"the best of the others, {rival.name}, {error(rival.figures.rmse_event)} and "
        f"{error(rival.figures.rmse_page)}. Predicting a page before any of it is learned costs {min(costs):.4f} to "
        f"{max(costs):.4f}."
    )
    picture = Picture(
        "error-against-time",
        draw_time(whole, terms.name),
        "Rolling RMSE of every online learner along the stream.",
        _race(whole),
    )
    return Section(
        "online", "Online: predict, score, learn", [Paragraph(text), Grid(caption, heads, rows, strong=stress), picture]
    )


def _race(whole: Study) -> str:
    stream = streamed(whole, STREAM)
    window = stream.figures.window
    curve = [point.rmse_window for point in stream.curve if point.events >= window] or [stream.curve[-1].rmse_window]
    others = [
        [point.rmse_window for point in each.curve if point.events >= window]
        for each in whole.online
        if each is not stream
    ]
    ahead = [all(mine <= other[k] + 1e-9 for other in others if k < len(other)) for k, mine in enumerate(curve)]
    return (
        f"All curves vary with the users of the moment; compare the distances between them. {STREAM} has the least "
        f"error at {share(sum(ahead) / len(ahead))} of the points; over the last {count(window)} ratings its RMSE is "
        f"{error(curve[-1])}."
    )


def _work(whole: Study, terms: Terms) -> Section:
    stream, held = streamed(whole, STREAM), {each.name: each for each in whole.offline}
    ratio = held[BATCH].seconds / max(held[STREAM].seconds, 1e-9)
    text = (
        f"The stream learns {count(stream.events_per_second)} ratings a second in one thread, "
        f"{1e6 / stream.events_per_second:.1f} microseconds each. A batch fit takes {ratio:.1f} times as long as one "
        "pass of the stream, and must be repeated to take in new ratings. Times are of this run on this machine, "
        "without compilation."
    )
    picture = Picture(
        "error-against-work",
        draw_work(whole, terms.name),
        "Error against seconds of learning, online on the left, offline on the right.",
        "Lower left is better. On the left, each curve is a whole stream; on the right, lines show rounds or sweeps "
        "of the learners that iterate.",
    )
    return Section("work", "What accuracy costs", [Paragraph(text), picture])


def _tuning(tuned: list[TunedModel], terms: Terms) -> Section:
    if not tuned:
        return Section("tuning", "Before and after tuning", [Paragraph("Tuning was left out of this report.")])
    rows = []
    for found in tuned:
        for when, score in (("defaults", found.before), ("tuned", found.after)):
            rows.append(
                [
                    found.name if when == "defaults" else "",
                    when,
                    error(score.rmse),
                    error(score.mae),
                    error(score.rmse_page),
                    error(score.mae_page),
                    seconds(score.seconds),
                    seconds(found.seconds) if when == "tuned" else "",
                ]
            )
    heads = ["learner", "settings", "RMSE", "MAE", "RMSE, page", "MAE, page", "to learn", "search"]
    caption = (
        f"Errors on test ratings that the search had not seen: {many(tuned[0].tested_on, 'rating')} held out at random "
        f"offline, the last {many(tuned[-1].tested_on, 'rating')} of the stream online (event protocol, and by page); "
        f"in {terms.unit}."
    )
    return Section(
        "tuning",
        "Before and after tuning",
        [
            Paragraph(_tuning_text(tuned)),
            Grid(caption, heads, rows, 2),
            Picture(
                "before-and-after",
                pictures.before_and_after(tuned, terms),
                "Error and learning time of four learners with default and tuned settings.",
                "Grey and green at one place: the settings found are no better than the defaults on the test ratings.",
            ),
            Points([_changes(found) for found in tuned]),
            Picture(
                "searches",
                pictures.searches(tuned, terms),
                "Four panels: the error that each search saw, by setting or by trial.",
                "Errors on the ratings that are searched on. For the batch baselines, a grid over their most important "
                "setting; for IteratedSVD, a Parzen estimator over all settings, the defaults first.",
            ),
        ],
    )


def _tuning_text(tuned: list[TunedModel]) -> str:
    gains = [found.before.rmse - found.after.rmse for found in tuned]
    best = max(range(len(tuned)), key=lambda k: gains[k])
    worse = [tuned[k].name for k in range(len(tuned)) if gains[k] < -5e-5]
    text = "Settings were searched on one part of the ratings and tested once on another. " + (
        f"{tuned[best].name} improved most: {change(-gains[best])} RMSE. "
        if gains[best] >= 5e-5
        else "No model improved on its defaults. "
    )
    if worse:
        text += f"Worse on the test ratings than the defaults: {', '.join(worse)}; the search overfitted."
    return text


def _changes(found: TunedModel) -> str:
    tried = many(len(found.trials), "value" if found.setting else "trial")
    if not found.changes:
        return f"{found.name}: nothing better than the defaults in {tried}."
    pairs = ", ".join(
        f"{name} {_short(found.defaults[name])} → {_short(value)}" for name, value in found.changes.items()
    )
    return f"{found.name}, after {tried}: {pairs}."


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def held_out(whole: Study, name: str) -> OfflineResult:
    """Offline results of one model."""
    return next(each for each in whole.offline if each.name == name)


def streamed(whole: Study, name: str) -> OnlineResult:
    """Online results of one model."""
    return next(each for each in whole.online if each.name == name)
