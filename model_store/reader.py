"""Lookups in the store: rows are fetched here, answers computed by `streamsvd.lookup`, and their provenance added.

The items of the newest version are kept in the process (`read.view_cache`); each call reads the user's row and the
version in one step of the server, so an answer always belongs to one version. Nothing here writes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Unpack

import redis

from model_store.answers import Answer, Explained, History, Prediction, Provenance, SimilarItems, SimilarUsers, Users
from model_store.client import translated
from model_store.codec.checkpoint import Head
from model_store.read.single_rows import item_row, user_row
from model_store.read.store_queries import RowQuery, StoreQueries
from model_store.read.user_cache import UserCache
from model_store.read.view import View
from model_store.read.view_cache import ViewCache
from streamsvd.errors import UnknownId
from streamsvd.kernels import as_id, as_ids
from streamsvd.lookup import (
    ABOUT_USER,
    EXPLAINING,
    FACTORS,
    MODEL_SCORING,
    PREDICTING,
    TRAINING,
    WINDOW,
    CheckedOptions,
    Explanation,
    Options,
    Reason,
    Recommendation,
    Scoring,
    UserRow,
    described,
    explain,
    how_many,
    item_blocks,
    items_by_title,
    kind_notes,
    known_as,
    known_user,
    last_time,
    listed,
    newest_ratings,
    predict,
    ranking_called,
    reasons,
    recommend_for_ratings,
    recommend_to,
    similar_items,
    similar_users,
    user_blocks,
)
from streamsvd.ratings import CatalogueItem, Id, other_kind

_LATELY = 1000
"""Users whose rows changed last, among which `users` searches."""


class ModelReader:
    """Reads one model. Thread-safe; writes nothing.

    Parameters
    ----------
    client : redis.Redis
        From `connect`.
    model : str
    scoring : Scoring, optional
        By default the learner's; tests pass their own.
    clock : callable
        Returns the time in seconds, for the age of answers.

    Notes
    -----
    An id that the model does not know is looked up as the other kind, text or integer; `notes` of the answer say so.

    Every method raises `SnapshotMissing`, `SnapshotCorrupt`, `StoreUnavailable` or `StoreError` when the store has no
    answer, `SettingsError` for an argument out of its range, and `InputError` for an invalid id. Ids and numbers may be
    NumPy's, as a table holds them. Asking for more than there is gives all.
    """

    def __init__(
        self,
        client: redis.Redis,
        model: str,
        *,
        scoring: Scoring = MODEL_SCORING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = StoreQueries(client, model)
        self._scoring = scoring
        self._view_cache = ViewCache(self._store, scoring.columns)
        self._user_cache = UserCache(self._store, self._view_cache)
        self._clock = clock

    # Recommendations

    def recommend(self, user: Id, n: int = 10, **options: Unpack[Options]) -> Answer:
        """The best `n` items for a user; ties by item id. An unknown user gets the best for all users, marked as such.

        Parameters
        ----------
        user : id
        n : int
        **options
            See `Options`: what to leave out, what to keep, how to rank.

        Raises
        ------
        InputError
            No item is of a genre that was asked for.
        """
        return self._recommended(as_ids([user]), self._checked(n, options))[0]

    def recommend_many(self, users: Sequence[Id], n: int = 10, **options: Unpack[Options]) -> list[Answer]:
        """The same for several users, all of one version, with one round trip."""
        checked, asked = self._checked(n, options), listed("users", users)
        return self._recommended(as_ids(asked), checked) if asked else []

    def recommend_for(self, ratings: Mapping[Id, float], n: int = 10, **options: Unpack[Options]) -> Answer:
        """The same for an anonymous user who has given these ratings; nothing is written.

        Parameters
        ----------
        ratings : mapping of item id to rating
            Items that the model does not know are left out.

        Raises
        ------
        InputError
            A rating is not on the scale.
        """
        given = {as_id(item): rating for item, rating in ratings.items()}
        return self._recommended_for(given, self._checked(n, options))

    def _checked(self, n: int, options: Options) -> CheckedOptions:
        """The options, ranked by rating where the snapshot lacks what another ranking needs."""
        checked = CheckedOptions(n, **options)
        return checked if _can_rank(self._view_cache.head(), checked) else replace(checked, rank_by="rating")

    def _recommended(self, asked: list[Id], options: CheckedOptions, known: list[Id] | None = None) -> list[Answer]:
        """Answers for the users who are known as `known`; at first, as they were asked for."""
        users, blocks = asked if known is None else known, user_blocks(options)
        queries = [RowQuery("users", name, tuple(users)) for name in blocks]
        with self._view_cache.reading(queries, item_blocks(options)) as (view, raw):
            rows = [user_row(view, user, blocks, blobs) for user, *blobs in zip(users, *raw, strict=True)]
            known, can_rank = self._known_as(users, rows), _can_rank(view.head, options)
            if can_rank and known == users:
                plain, noted = _excluding(view, options)
                answers = []
                for given, user, row in zip(asked, users, rows, strict=True):
                    items, notes = recommend_to(view, row, plain, self._scoring), kind_notes("user", [(given, user)])
                    answers.append(self._answer(view, user, items, notes + noted, known=bool(row)))
                return answers
        if not can_rank:  # meanwhile another model was promoted
            options = replace(options, rank_by="rating")
        return self._recommended(asked, options, known)

    def _recommended_for(self, ratings: Mapping[Id, float], options: CheckedOptions) -> Answer:
        with self._view_cache.reading((), item_blocks(options)) as (view, _):
            if _can_rank(view.head, options):
                plain, noted = _excluding(view, options)
                names = {item: view.known_as(item) for item in ratings}
                given = {names[item]: rating for item, rating in ratings.items()}
                items, known = recommend_for_ratings(view, given, plain, self._scoring)
                return self._answer(view, None, items, kind_notes("item", names.items()) + noted, known=known)
        return self._recommended_for(ratings, replace(options, rank_by="rating"))  # as in `_recommended`

    def _answer(
        self, view: View, user: Id | None, items: tuple[Recommendation, ...], notes: tuple[str, ...], *, known: bool
    ) -> Answer:
        return Answer(user, items, known, self._provenance(view.head), notes)

    # Similarity

    def similar_items(self, item: Id, n: int = 10) -> SimilarItems:
        """Items liked by the same users as this one; see `streamsvd.lookup.similarity`.

        Raises
        ------
        UnknownId
            The model does not know the item.
        """
        item, n = as_id(item), how_many(n)
        with self._view_cache.reading() as (view, _):
            known = view.known_as(item)
            found, notes = similar_items(view, known, n), kind_notes("item", [(item, known)])
            return SimilarItems(view.named(known), found, self._provenance(view.head), notes)

    def similar_users(self, user: Id, n: int = 10) -> SimilarUsers:
        """Users of the same taste; see `streamsvd.lookup.similarity`, and `read.user_cache` for what it costs.

        Raises
        ------
        UnknownId
            The model does not know the user.
        """
        user, n = as_id(user), how_many(n)
        with self._user_cache.reading() as (view, users):
            known = known_as(user, users.numbers)
            if known not in users.numbers:
                raise UnknownId("user", user)
            found = similar_users(view, users.rows(), users.ids, users.present, users.numbers[known], n)
            return SimilarUsers(known, found, self._provenance(view.head), kind_notes("user", [(user, known)]))

    # Predictions

    def predict(self, user: Id, item: Id) -> Prediction:
        """The rating that a user would give, with its standard deviation; as of the time of the user's last rating.

        Unknown ids are predicted from what is known of all users and items, and marked as such.
        """
        return self._predicted((as_id(user), as_id(item)), as_id(user), as_id(item))

    def _predicted(self, asked: tuple[Id, Id], user: Id, item: Id) -> Prediction:
        """The prediction for ids as the model knows them; at first, as they were asked for."""
        queries = [RowQuery("users", name, (user,)) for name in PREDICTING]
        queries.append(RowQuery("items", TRAINING, (item,)))
        with self._view_cache.reading(queries) as (view, (*of_user, of_item)):
            row = user_row(view, user, PREDICTING, [column[0] for column in of_user])
            known = self._known_as([user], [row])[0], view.known_as(item)
            if known == (user, item):
                training = item_row(view, item, TRAINING, of_item[0])
                covariance = None if training is None else training[0]["cov"]
                rating, deviation = predict(view, row, item, covariance, view.unrated_content(item))
                return Prediction(
                    user,
                    view.named(item),
                    rating,
                    deviation,
                    bool(row),
                    training is not None,
                    self._provenance(view.head),
                    kind_notes("user", [(asked[0], user)]) + kind_notes("item", [(asked[1], item)]),
                )
        return self._predicted(asked, *known)

    def explain(self, user: Id, item: Id) -> Explained:
        """Why the model predicts what it predicts: parts that add up to the score.

        Raises
        ------
        UnknownId
            The model does not know the item. (For an unknown user, only the parts common to all users are explained.)
        """
        user, item = as_id(user), as_id(item)
        with self._reading_known(user, EXPLAINING) as (view, known, row):
            known_item = view.known_as(item)
            found = explain(view, row, known_item)
            parts = {name: getattr(found, name) for name in Explanation.__slots__}
            notes = kind_notes("user", [(user, known)]) + kind_notes("item", [(item, known_item)])
            return Explained(**parts, user=known, provenance=self._provenance(view.head), notes=notes)

    def reasons(self, user: Id, items: Sequence[Id], n: int = 2) -> dict[Id, tuple[Reason, ...]]:
        """For each item, the `n` of the user's newest ratings that raised its score most.

        There are none for an unknown user or item.
        """
        with self._reading_known(as_id(user), EXPLAINING) as (view, _, row):
            return reasons(view, row, as_ids(items), n)

    # Users and items

    def history(self, user: Id, n: int = 10) -> History:
        """What a user has rated, newest first, as far as the model remembers it (its window).

        Raises
        ------
        UnknownId
            The model does not know the user.
        """
        user, n = as_id(user), how_many(n)
        with self._reading_known(user, (*ABOUT_USER, WINDOW)) as (view, known, row):
            if not row:
                raise UnknownId("user", user)
            about = known_user(view.scale, known, row)
            notes = kind_notes("user", [(user, known)])
            return History(about, newest_ratings(view, row, n), self._provenance(view.head), notes)

    def users(self, n: int = 10) -> Users:
        """How many users there are, and those who gave a rating last, newest first.

        They are found among the 1,000 whose rows changed last.
        """
        n = how_many(n)
        with translated(self._store.client, f"reading the users of model {self._store.keys.model}"):
            total, newest = self._store.newest_users(max(n, _LATELY))
        with self._view_cache.reading([RowQuery("users", FACTORS, tuple(newest))]) as (view, (blobs,)):
            rows = {user: user_row(view, user, [FACTORS], [blob]) for user, blob in zip(newest, blobs, strict=True)}
            times = {user: last_time(row) or 0 for user, row in rows.items() if row}  # the others were erased
        latest = sorted(times, key=lambda user: -times[user])[:n]
        queries = [RowQuery("users", name, tuple(latest)) for name in ABOUT_USER]
        with self._view_cache.reading(queries) as (view, raw):
            known = [
                known_user(view.scale, user, row)
                for user, *parts in zip(latest, *raw, strict=True)
                if (row := user_row(view, user, ABOUT_USER, parts))
            ]
            known.sort(key=lambda user: -(user.last_time or 0))
            return Users(total, tuple(known), self._provenance(view.head))

    def find(self, text: str, n: int = 10) -> tuple[CatalogueItem, ...]:
        """Items whose title holds all these words, the most rated first; an item's id finds it too."""
        n = how_many(n)
        with self._view_cache.reading() as (view, _):
            return tuple(view.named(item) for item in items_by_title(view, text, n))

    def other_kinds(self, user: Id, item: Id | None = None) -> tuple[str, ...]:
        """What to say to who writes these ids: that the model knows them as the other kind only. Nothing is assumed."""
        with self._reading_known(as_id(user), (FACTORS,)) as (view, known_user, _):
            pairs = [("user", user, known_user)]
            if item is not None:
                pairs.append(("item", item, view.known_as(as_id(item))))
        return tuple(
            f"{what} {id_!r} is new to this model, which knows {described(known)}: another {what}"
            for what, id_, known in pairs
            if id_ != known
        )

    def status(self) -> Provenance:
        """What an answer would be computed from, now."""
        with self._view_cache.reading() as (view, _):
            return self._provenance(view.head)

    # What lookups are built on

    @contextmanager
    def reading(self, user: Id, blocks: Sequence[str] = ()) -> Iterator[tuple[View, UserRow]]:
        """The items and some blocks of one user, of the same version; valid in the body of the `with`.

        The row is empty when the user is unknown.
        """
        user = as_id(user)
        with self._view_cache.reading([RowQuery("users", name, (user,)) for name in blocks]) as (view, raw):
            yield view, user_row(view, user, blocks, [column[0] for column in raw])

    @contextmanager
    def _reading_known(self, user: Id, blocks: Sequence[str]) -> Iterator[tuple[View, Id, UserRow]]:
        """As `reading`, with the id under which the model knows the user."""
        with self.reading(user, blocks) as (view, row):
            known = self._known_as([user], [row])[0]
            if known == user:
                yield view, user, row
                return
        with self.reading(known, blocks) as (view, row):
            yield view, known, row

    def _known_as(self, users: list[Id], rows: Sequence[UserRow]) -> list[Id]:
        """The ids under which the store knows users, given the rows that were found of them."""
        missing = [user for user, row in zip(users, rows, strict=True) if not row]
        others = [other for user in missing if (other := other_kind(user)) is not None]
        if not others:
            return users
        with translated(self._store.client, f"reading the users of model {self._store.keys.model}"):
            there = self._store.users_among([*missing, *others])
        return [known_as(user, there) for user in users]

    def user_blocks(self, user: Id) -> UserRow:
        """All blocks of a user, by name, of one version; empty when the user is unknown.

        A fixed block is an array of one element, a ragged one of as many as the row has.
        """
        with self.reading(user) as (view, _):
            blocks = tuple(view.head.blocks["users"])
        with self.reading(user, blocks) as (_, row):
            return row

    def _provenance(self, head: Head) -> Provenance:
        rmse = head.summary.get("rmse")
        return Provenance(
            version=head.version,
            offsets={f"{topic}/{number}": offset for (topic, number), offset in head.offsets.items()},
            event_time=head.event_time,
            written_at=head.written_at,
            age_seconds=max(0.0, self._clock() - head.written_at),
            rmse=rmse if isinstance(rmse, float) and math.isfinite(rmse) else None,  # NaN before the first rating
        )


def _excluding(view: View, options: CheckedOptions) -> tuple[CheckedOptions, tuple[str, ...]]:
    """The options with the items to leave out as the model knows them, and notes on these."""
    pairs = [(item, view.known_as(item)) for item in options.exclude]
    return replace(options, exclude=tuple(known for _, known in pairs)), kind_notes("item", pairs)


def _can_rank(head: Head, options: CheckedOptions) -> bool:
    """Whether a snapshot has what the ranking needs."""
    return set(ranking_called(options.rank_by).item_blocks) <= head.blocks["items"].keys()
