"""`LiveLookups`: what a live model answers besides predictions; the same functions answer from a snapshot.

See `streamsvd.lookup` for the functions, and `model_store.ModelReader` for a model in Redis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import UnknownId
from streamsvd.kernels import Id, Structured, as_id, score_items
from streamsvd.learner import saving
from streamsvd.learner.choices import Choices
from streamsvd.learner.live_items import LiveItems
from streamsvd.learner.protocol import LearnerParts
from streamsvd.lookup import (
    EXPLAINING,
    CheckedOptions,
    Explanation,
    Options,
    Recommendation,
    SimilarItem,
    SimilarUser,
    explain,
    fold_in,
    how_many,
    recommend_to,
    similar_items,
    similar_users,
    user_blocks,
)

Floats = NDArray[np.float64]


class LiveLookups:
    """Lookups of `IteratedSVD`. Nothing here changes the model."""

    def recommend(
        self: LearnerParts, user: Id, n: int = 10, *, choices: Choices | None = None, **options: Unpack[Options]
    ) -> tuple[Recommendation, ...]:
        """The best `n` items for a user, best first; ties by id. An unknown user gets the best for an average user.

        Parameters
        ----------
        user : int or str
        n : int
        choices : Choices, optional
            Learned from the same ratings; without them, items are ranked by predicted rating.
        **options
            See `Options`: what to leave out, what to keep, how to rank.

        Raises
        ------
        SettingsError
            An option is out of its range.
        InputError
            No item is of a requested genre.

        Examples
        --------
        >>> from streamsvd import IteratedSVD
        >>> model = IteratedSVD()
        >>> _ = model.learn(["ann", "ann", "bob"], ["Heat", "Babe", "Casino"], [5, 2, 4])
        >>> [item.item for item in model.recommend("ann")]
        ['Casino']
        """
        checked = CheckedOptions(n, **options)
        if choices is None:
            checked = replace(checked, rank_by="rating")
        items = LiveItems(self, choices)
        return recommend_to(items, items.user_row(as_id(user), user_blocks(checked)), checked)

    def fold_in(self: LearnerParts, ratings: Mapping[Id, float]) -> Structured:
        """The row of an anonymous user who has given these ratings; nothing is learned.

        Parameters
        ----------
        ratings : mapping of item id to rating
            In the data's own scale; items that the model does not know are left out.

        Returns
        -------
        structured array, shape (1,)
            A user's `factors`, for `predict_for`.

        Raises
        ------
        InputError
            A rating is not on the scale.

        Examples
        --------
        >>> from streamsvd import IteratedSVD
        >>> model = IteratedSVD()
        >>> _ = model.learn(["ann", "bob"], ["Heat", "Babe"], [5, 2])
        >>> fan, foe = (model.fold_in({"Heat": stars}) for stars in (5, 1))
        >>> bool(model.predict_for(fan, ["Babe"])[0] > model.predict_for(foe, ["Babe"])[0])
        True
        """
        return fold_in(LiveItems(self), ratings)

    def predict_for(self: LearnerParts, row: Structured, items: Sequence[Id]) -> Floats:
        """Predicted ratings of some items for a row from `fold_in`, clipped to the scale.

        Raises
        ------
        UnknownId
            The model does not know an item.
        """
        table = LiveItems(self)
        factors = table.factors_at([table.place(item) for item in items])
        scores = score_items(table.settings, table.globals_, row[0], factors)
        return np.clip(scores, self.scale.low, self.scale.high)

    def explain(self: LearnerParts, user: Id, item: Id) -> Explanation:
        """Why the model predicts what it predicts: parts that add up to the score.

        Raises
        ------
        UnknownId
            The model does not know the item. (Of an unknown user, only what holds for all users is explained.)
        """
        items = LiveItems(self)
        return explain(items, items.user_row(user, EXPLAINING), item)

    def similar_items(self: LearnerParts, item: Id, n: int = 10) -> tuple[SimilarItem, ...]:
        """Items that the same users like as this one, most similar first; see `similarity.similar_items`.

        Raises
        ------
        UnknownId
            The model does not know the item.
        """
        return similar_items(LiveItems(self), item, how_many(n))

    def similar_users(self: LearnerParts, user: Id, n: int = 10) -> tuple[SimilarUser, ...]:
        """Users of the same taste, most similar first; see `similarity.similar_users`.

        Raises
        ------
        UnknownId
            The model does not know the user.
        """
        if user not in self._users.rows:
            raise UnknownId("user", user)
        rows, ids = self._users.taken()
        place = int(np.searchsorted(rows, self._users.rows[user]))
        return similar_users(
            LiveItems(self), saving.user_factors(self, rows), ids, np.ones(len(ids), bool), place, how_many(n)
        )
