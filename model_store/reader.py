"""Lookups: an application asks, the snapshot answers, and says what it was computed from.

The items of the newest version are kept in the process (`following`); each call reads the user's row and the version in
one step of the server, so an answer is always made of one version. Nothing here writes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import redis
from numpy.typing import NDArray

from model_store.answers import (
    Answer,
    Explained,
    History,
    Moved,
    NamedItem,
    Prediction,
    Provenance,
    Rated,
    SimilarItem,
    SimilarItems,
    SimilarUsers,
    Users,
)
from model_store.arguments import how_many, listed
from model_store.choosing import Choice, Options
from model_store.client import translated
from model_store.codec.checkpoint import Head
from model_store.predicting import predicted
from model_store.ranking import Asker, best, ranking_called
from model_store.read.row_table import FACTORS, SEEN, TRAINING, WINDOW
from model_store.read.store_queries import Asking, Wanted
from model_store.read.user_cache import People
from model_store.read.user_row import UserRow, item_row, known_user, user_row
from model_store.read.view import View
from model_store.read.view_cache import Following
from model_store.recommending import NOTHING, asker_of, asker_without_account, item_blocks, recommended, user_blocks
from model_store.scoring import LearnersScoring, Scoring
from model_store.titles import items_called
from streamsvd.errors import UnknownId
from streamsvd.kernels.inputs import as_id, as_ids
from streamsvd.kernels.scale import Scale
from streamsvd.learner import from_rows
from streamsvd.ratings import Id

_LATELY = 1000
"""Users among whom `users` looks for the last ones."""


class ModelReader:
    """Reads one model. Thread-safe; writes nothing.

    Parameters
    ----------
    client : redis.Redis
        From `connect`.
    model : str
    scoring : Scoring, optional
        The learner's, unless a test has its own.
    clock : callable
        Gives the time in seconds, for the age of answers.

    Notes
    -----
    Every method raises `SnapshotMissing`, `SnapshotCorrupt`, `StoreUnavailable` or `StoreError` when the store has no
    answer, `SettingsError` for an argument out of its range, and `InputError` for what is no id. Ids and numbers may be
    NumPy's, as a table holds them. Whoever asks for more than there is gets all.
    """

    def __init__(
        self,
        client: redis.Redis,
        model: str,
        *,
        scoring: Scoring | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._asking = Asking(client, model)
        self._scoring = scoring or LearnersScoring()
        self._following = Following(self._asking, self._scoring.columns)
        self._people = People(self._asking, self._following)
        self._clock = clock

    # What to show

    def recommend(
        self,
        user: Id,
        n: int = 10,
        **options: Unpack[Options],
    ) -> Answer:
        """The best `n` items for a user; ties by item id. Somebody unknown gets the best for everybody, marked as such.

        Parameters
        ----------
        user : id
        n : int
        **options
            See `Options`: what to leave out, what to keep, how to rank.

        Raises
        ------
        InputError
            No film is of that genre.
        """
        choice = self._choice(n, options)
        return self._recommended([user], choice)[0]

    def recommend_many(
        self,
        users: Sequence[Id],
        n: int = 10,
        **options: Unpack[Options],
    ) -> list[Answer]:
        """The same for several users, all of one version, with one round trip."""
        choice = self._choice(n, options)
        wanted = listed("users", users)
        return self._recommended(wanted, choice) if wanted else []

    def recommend_for(
        self,
        ratings: Mapping[Id, float],
        n: int = 10,
        **options: Unpack[Options],
    ) -> Answer:
        """The same for somebody without an account who has given these ratings; nothing is written.

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
        return self._recommended_for(given, self._choice(n, options))

    def _choice(self, n: int, options: Options) -> Choice:
        """What is asked for; ranked by rating where the snapshot lacks what another ranking needs."""
        choice = Choice(n, **options)
        return choice if _can_rank(self._following.head(), choice) else replace(choice, rank_by="rating")

    def _recommended(self, asked: list[Id], choice: Choice) -> list[Answer]:
        users, blocks = as_ids(asked), user_blocks(choice)
        wanted = [Wanted("users", name, tuple(users)) for name in blocks]
        with self._following.reading(wanted, item_blocks(choice)) as (view, raw):
            if _can_rank(view.head, choice):
                answers = []
                for user, *blobs in zip(users, *raw, strict=True):
                    row = user_row(view, user, blocks, blobs)
                    seen = row.get(SEEN, NOTHING)
                    answers.append(self._answer(view, user, asker_of(view, row, choice), seen[view.here(seen)], choice))
                return answers
        return self._recommended(users, replace(choice, rank_by="rating"))  # another model is served by now

    def _recommended_for(self, ratings: Mapping[Id, float], choice: Choice) -> Answer:
        with self._following.reading((), item_blocks(choice)) as (view, _):
            if _can_rank(view.head, choice):
                asker = asker_without_account(view, ratings, choice)
                return self._answer(view, None, asker, asker.given, choice)
        return self._recommended_for(ratings, replace(choice, rank_by="rating"))  # as in `_recommended`

    def _answer(
        self, view: View, user: Id | None, asker: Asker, seen: NDArray[np.integer[Any]], choice: Choice
    ) -> Answer:
        items = recommended(view, self._scoring, asker, seen if choice.exclude_seen else NOTHING, choice)
        return Answer(user, items, asker.factors is not None, self._provenance(view.head))

    # What is alike

    def similar_items(self, item: Id, n: int = 10) -> SimilarItems:
        """Items that people like together with this one; see `streamsvd.learner.queries.similar_items`.

        Raises
        ------
        UnknownId
            The model does not know the item.
        """
        item, n = as_id(item), how_many(n)
        with self._following.reading() as (view, _):
            place = view.place(item)
            settings, globals_ = view.head.settings, view.globals_
            metric = from_rows.item_metric(settings, globals_)
            alike = from_rows.correlations(from_rows.tastes_of(view.factors), metric, place)
            may = view.items.present.copy()
            may[place] = False
            found = best(alike, n, may, view.items.ids)
            items = tuple(SimilarItem(*view.about(int(k)), float(alike[k])) for k in found)
            return SimilarItems(view.named(item), items, self._provenance(view.head))

    def similar_users(self, user: Id, n: int = 10) -> SimilarUsers:
        """Users of the same taste; see `streamsvd.learner.queries.similar_users`, and `people` for what it costs.

        Raises
        ------
        UnknownId
            The model does not know the user.
        """
        user, n = as_id(user), how_many(n)
        head, users = self._people.like(user, n)
        return SimilarUsers(user, users, self._provenance(head))

    # Why, and how sure

    def predict(self, user: Id, item: Id) -> Prediction:
        """The rating that a user would give, with its standard deviation; as of the time of the user's last rating.

        Unknown ids are predicted from what is known of everybody, and marked as such.
        """
        user, item = as_id(user), as_id(item)
        wanted = [Wanted("users", name, (user,)) for name in (FACTORS, TRAINING)]
        wanted.append(Wanted("items", TRAINING, (item,)))
        with self._following.reading(wanted) as (view, raw):
            row = user_row(view, user, [FACTORS, TRAINING], [raw[0][0], raw[1][0]])
            training = item_row(view, item, TRAINING, raw[2][0])
            rating, deviation = predicted(
                view,
                item,
                (row[FACTORS][0], row[TRAINING][0]["cov"]) if row else None,
                None if training is None else training[0]["cov"],
            )
            known = training is not None
            return Prediction(user, view.named(item), rating, deviation, bool(row), known, self._provenance(view.head))

    def explain(self, user: Id, item: Id) -> Explained:
        """Why the model predicts what it predicts: parts that add up to the score.

        Raises
        ------
        UnknownId
            The model does not know the item. (Of an unknown user, only what holds for everybody is told.)
        """
        user, item, blocks = as_id(user), as_id(item), [FACTORS, TRAINING, WINDOW]
        with self.reading(user, blocks) as (view, row):
            place = view.place(item)
            known = None
            if row:
                window = row[WINDOW][view.here(row[WINDOW]["item"])]
                ids = [view.about(int(place))[0] for place in window["item"]]
                rated = view.factors[window["item"]]
                known = (row[FACTORS][0], row[TRAINING][0]["cov"], window, rated, ids)
            found = from_rows.explained(
                view.head.settings,
                view.globals_,
                view.factors[place : place + 1],
                known,
            )
            moved = tuple(Moved(*view.about(view.items.numbers[id_]), value) for id_, value in found.ratings)
            return Explained(
                user=user,
                item=view.named(item),
                score=found.score,
                everybody=found.everybody,
                own=found.item,
                ratings=moved,
                rest=found.rest,
                known_user=bool(row),
                provenance=self._provenance(view.head),
            )

    # What is there

    def history(self, user: Id, n: int = 10) -> History:
        """What a user has rated, newest first, as far as the model remembers it (its window).

        Raises
        ------
        UnknownId
            The model does not know the user.
        """
        user, n = as_id(user), how_many(n)
        with self.reading(user, (FACTORS, WINDOW)) as (view, row):
            if not row:
                raise UnknownId("user", user)
            scale = Scale(*view.head.settings["scale"])
            window = row[WINDOW][view.here(row[WINDOW]["item"])][::-1][:n]
            newest = tuple(
                Rated(*view.about(int(entry["item"])), float(entry["target"]) / scale.slope) for entry in window
            )
            return History(known_user(view, user, row[FACTORS][0]), newest, self._provenance(view.head))

    def users(self, n: int = 10) -> Users:
        """How many users there are, and those who gave a rating last, newest first.

        They are looked for among the 1,000 whose rows changed last.
        """
        n = how_many(n)
        with translated(self._asking.client, f"reading the users of model {self._asking.keys.model}"):
            total, newest = self._asking.newest_users(max(n, _LATELY))
        with self._following.reading([Wanted("users", FACTORS, tuple(newest))]) as (view, raw):
            rows = [(user, user_row(view, user, [FACTORS], [blob])) for user, blob in zip(newest, raw[0], strict=True)]
            known = [known_user(view, user, row[FACTORS][0]) for user, row in rows if row]  # one may have gone since
            known.sort(key=lambda user: -(user.last_time or 0))
            return Users(total, tuple(known[:n]), self._provenance(view.head))

    def find(self, text: str, n: int = 10) -> tuple[NamedItem, ...]:
        """Items whose title holds all these words, the most rated first; an item's id finds it too."""
        n = how_many(n)
        with self._following.reading() as (view, _):
            return tuple(view.named(item) for item in items_called(view, text, n))

    def status(self) -> Provenance:
        """What an answer would be computed from, now."""
        with self._following.reading() as (view, _):
            return self._provenance(view.head)

    # What lookups are built on

    @contextmanager
    def reading(self, user: Id, blocks: Sequence[str] = ()) -> Iterator[tuple[View, UserRow]]:
        """Lend the items and some blocks of one user, both of the same version, for the body of a `with`.

        The row is empty when the user is unknown.
        """
        user = as_id(user)
        with self._following.reading([Wanted("users", name, (user,)) for name in blocks]) as (view, raw):
            yield view, user_row(view, user, blocks, [column[0] for column in raw])

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
            offsets=dict(head.offsets),
            event_time=head.event_time,
            written_at=head.written_at,
            age_seconds=max(0.0, self._clock() - head.written_at),
            rmse=rmse if isinstance(rmse, float) and math.isfinite(rmse) else None,  # NaN before the first rating
        )


def _can_rank(head: Head, choice: Choice) -> bool:
    """Whether a snapshot has what the ranking needs."""
    return set(ranking_called(choice.rank_by).item_blocks) <= head.blocks["items"].keys()
