"""Answers of lookups as tables, each with what it was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from model_store import Answer, Explained, History, Prediction, Provenance, SimilarItems, Users
from streamsvd.cli.tables import as_text, new_table, plain_text, visible
from streamsvd.lookup import Reason, SimilarUser
from streamsvd.ratings import CatalogueItem, Id, utc_day

_PARTS = 10
"""Ratings of an explanation that get a line of their own."""


def answer_table(answer: Answer, reasons: Mapping[Id, tuple[Reason, ...]]) -> Group:
    """Recommendations with titles, predicted ratings and reasons."""
    title = "For these ratings" if answer.user is None else f"For user {answer.user}"
    if not answer.known_user:
        title += ", who is unknown: the best for an average user"
    explained = any(reasons.values())
    table = _table(title, "predicted", "item", "title", *(["because of"] if explained else []))
    for item in answer.items:
        cells = [f"{item.score:.2f}", str(item.item), item.title or "–"]
        if explained:
            why = reasons.get(item.item, ())
            cells.append(", ".join(f"{one.title or one.item} (+{one.raised_by:.2f})" for one in why) or "–")
        table.add_row(*cells)
    return _with_source(table, answer.provenance, answer.notes)


def similar_table(answer: SimilarItems) -> Group:
    """Items like one."""
    table = _table(f"Like {_name(answer.item)}", "similarity", "item", "title", "genres")
    for item in answer.items:
        table.add_row(f"{item.similarity:.2f}", str(item.item), item.title or "–", ", ".join(item.genres) or "–")
    return _with_source(table, answer.provenance, answer.notes)


def prediction_table(answer: Prediction) -> Group:
    """One prediction."""
    table = _table(f"User {answer.user} and {_name(answer.item)}", "predicted", "± deviation", "note")
    unknown = [what for what, known in (("user", answer.known_user), ("item", answer.known_item)) if not known]
    note = f"unknown {' and '.join(unknown)}: predicted from the averages over all" if unknown else ""
    table.add_row(f"{answer.rating:.2f}", f"{answer.deviation:.2f}", note)
    return _with_source(table, answer.provenance, answer.notes)


def explained_table(answer: Explained) -> Group:
    """A prediction taken apart; the lines add up to the last."""
    table = _table(f"Why user {answer.user} and {_name(answer.item)}", "stars", "from")
    table.add_row(f"{answer.everybody:+.2f}", "expected of any user, for an item of this content and popularity")
    table.add_row(f"{answer.own:+.2f}", "the item's bias: how much better than that it is liked")
    for moved in answer.ratings[:_PARTS]:
        table.add_row(f"{moved.moved:+.2f}", f"the user's rating of {_name(moved)}")
    others = answer.ratings[_PARTS:]
    if others:
        table.add_row(f"{sum(one.moved for one in others):+.2f}", f"{len(others)} more of the user's ratings")
    table.add_row(f"{answer.rest:+.2f}", "the rest: drift, calibration, ratings long ago")
    table.add_section()
    table.add_row(f"{answer.score:.2f}", "predicted, before it is clipped to the scale")
    return _with_source(table, answer.provenance, answer.notes)


def users_table(answer: Users) -> Group:
    """Users of a model."""
    table = _table(f"{answer.total:,} users; the latest", "user", "ratings", "mean", "last rating")
    for user in answer.users:
        mean = "–" if user.mean is None else f"{user.mean:.2f}"
        table.add_row(str(user.user), f"{user.ratings:,}", mean, utc_day(user.last_time))
    return _with_source(table, answer.provenance)


def user_table(history: History, alike: tuple[SimilarUser, ...]) -> Group:
    """One user: what was rated, and who has the same taste."""
    user = history.user
    mean = "" if user.mean is None else f", {user.mean:.2f} on average, the last on {utc_day(user.last_time)}"
    newest = _table(f"User {user.user}: {user.ratings:,} ratings{mean}", "beyond expected", "item", "title", "genres")
    for rated in history.newest:
        newest.add_row(f"{rated.above:+.2f}", str(rated.item), rated.title or "–", ", ".join(rated.genres) or "–")
    similar = _table("Users of the same taste", "similarity", "user", "ratings")
    for other in alike:
        similar.add_row(f"{other.similarity:.2f}", str(other.user), f"{other.ratings:,}")
    return _with_source(Group(newest, similar), history.provenance, history.notes)


def provenance_line(provenance: Provenance) -> str:
    """What an answer was computed from, in one line."""
    p = provenance
    offsets = ", ".join(f"{place}: {offset}" for place, offset in sorted(p.offsets.items()))
    rmse, until = as_text(p.rmse), utc_day(p.event_time)
    return f"snapshot {p.version}, {p.age_seconds:.1f} s old, ratings until {until}, RMSE {rmse} ({offsets})"


def _table(title: str, *columns: str) -> Table:
    """A table whose first column holds figures."""
    table = new_table(plain_text(title, no_wrap=True), *columns, left=len(columns))
    table.columns[0].justify, table.columns[0].min_width = "right", 9
    table.min_width = min(len(visible(title)) + 1, 78)  # a title is never broken for the sake of a narrow table
    return table


def _with_source(table: RenderableType, provenance: Provenance, notes: Sequence[str] = ()) -> Group:
    return Group(table, *map(plain_text, notes), plain_text(provenance_line(provenance), "dim"))


def _name(item: CatalogueItem) -> str:
    return item.title or f"item {item.item}"
