"""How likely a user is to choose an item at all: what a rating prediction leaves out.

The best predicted ratings belong to items that few users come across, so a list of them is seldom right about what the
user takes next. `Choices` learns this from the same stream, one rating at a time, from which items are rated and not
from how: items that users rate within a few steps of each other, and what is popular now. Then

    chance of an item = 0.8 · (what follows the user's last 6 items, the newest weighing most) + 0.2 · (its share of
    recent ratings)

and the list is in the order of chance × probability that the user likes the item, which comes from the predicted
rating. Popularity alone ranks for a user without ratings. All constants are the same for every data set.

Rows have the numbers of the learner of the same stream, and its state is stored as further blocks of the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import SettingsError
from streamsvd.kernels import CHOICE_BLOCK, CLOCK, RECENT_BLOCK, Id, State, Structured, plain_ids
from streamsvd.kernels import choices as kernels
from streamsvd.kernels.choices import COUNT_ROW, ITEM_ROW, RECENT, RECENT_ROW
from streamsvd.kernels.memory import CHANGED
from streamsvd.learner.protocol import LearnerParts
from streamsvd.lookup import chances, popularity

Floats = NDArray[np.float64]


class Choices:
    """Learns what is chosen next, from the same stream as an `IteratedSVD`.

    Examples
    --------
    >>> from streamsvd import IteratedSVD
    >>> model, choices = IteratedSVD(), Choices()
    >>> for user, item in [("ann", "Heat"), ("ann", "Casino"), ("bob", "Babe"), ("bob", "Heat")]:
    ...     _ = model.learn([user], [item], [4])
    ...     choices.learn(model, [user], [item])
    >>> model.recommend("bob", 1, choices=choices)[0].item
    'Casino'
    """

    def __init__(self) -> None:
        self._recent = np.full((0, RECENT), -1, np.int32)
        self._rows: Structured = _new_rows(0)
        self._counts: Structured = np.zeros(0, COUNT_ROW)  # of the rows: all of them are read for each list
        self._changed = np.zeros(0, np.uint8)
        self._clock = np.zeros(1, np.int64)

    def learn(
        self, model: LearnerParts, users: Sequence[Id] | NDArray[Any], items: Sequence[Id] | NDArray[Any]
    ) -> None:
        """Take up that these users have rated these items, in order; the model has learned the ratings already.

        A rating that is taken back leaves its trace here: the item was chosen all the same.
        """
        self._make_room(len(model._users.ids), len(model._items.ids))
        user_rows, item_rows = model._users.find(plain_ids(users)), model._items.find(plain_ids(items))
        kernels.learn(self._recent, self._rows, self._counts, self._changed, self._clock, user_rows, item_rows)

    def erase(self, model: LearnerParts, user: Id) -> None:
        """Forget a user's last items; to be called before the model forgets the user."""
        row = model._users.rows.get(user)
        if row is not None and row < len(self._recent):
            self._recent[row] = -1

    def follow(self, before: LearnerParts, now: LearnerParts) -> None:
        """Go on with another learner of the same stream, whose rows have other numbers.

        Users and items that it does not know are forgotten; the neighbours of the others go with them.
        """
        self._make_room(len(before._users.ids), len(before._items.ids))
        old = self._recent, self._rows
        self._recent, self._rows, self._changed = old[0][:0], _new_rows(0), np.zeros(0, np.uint8)
        self._counts = self._counts[:0]
        self._make_room(len(now._users.ids), len(now._items.ids))
        new_number = np.full(len(old[1]) + 1, -1, np.int32)  # the last one is what -1 becomes
        new_number[: len(before._items.ids)] = now._items.find(before._items.taken()[1])
        for name, number in now._users.rows.items():
            if name in before._users.rows:
                kept = new_number[old[0][before._users.rows[name]]]
                kept = kept[kept >= 0]
                self._recent[number, : len(kept)] = kept
        for name, number in now._items.rows.items():
            if name in before._items.rows:
                kernels.renumber(old[1], before._items.rows[name], self._rows, number, new_number)
        self._copy_counts()

    # Looking up: nothing below changes anything but the count of changes.

    def popularity(self, model: LearnerParts) -> Floats:
        """Each item's share of recent ratings, by row numbers."""
        self._make_room(len(model._users.ids), len(model._items.ids))
        return popularity(self._counts[: model.n_items], int(self._clock[0]))

    def chances(self, model: LearnerParts, user: Id) -> Floats:
        """How likely each item is to be the next one that the user chooses, by row numbers."""
        number = model._users.rows.get(user)
        recent = np.zeros(0, np.int32) if number is None else self.user_rows(model, np.array([number]))["items"][0]
        return chances(recent, self.item_rows(model), self.popularity(model))

    def item_rows(self, model: LearnerParts) -> Structured:
        """The items' `choice` block, by row number; not to be written to."""
        self._make_room(len(model._users.ids), len(model._items.ids))
        return self._rows[: model.n_items]

    def user_rows(self, model: LearnerParts, rows: NDArray[np.int64]) -> Structured:
        """The `recent` block of some users."""
        self._make_room(len(model._users.ids), len(model._items.ids))
        recent: Structured = np.zeros(len(rows), RECENT_ROW)
        recent["items"] = self._recent[rows]
        return recent

    # State

    def state(self, model: LearnerParts) -> State:
        """The model's whole state with this one in it."""
        return self._joined(model, model.state())

    def changes(self, model: LearnerParts) -> State:
        """The model's changes with these in them; starts a new count of changes in both."""
        self._make_room(len(model._users.ids), len(model._items.ids))
        model._memory.item_ints[np.flatnonzero(self._changed), CHANGED] = 1  # one row, all of its blocks
        self._changed[:] = 0
        return self._joined(model, model.changes())

    @classmethod
    def from_state(cls, state: State) -> Choices:
        """The choices that `state` was taken from; they continue exactly from there.

        Raises
        ------
        SettingsError
            The state has no such blocks.
        """
        if CLOCK not in state.globals_:
            raise SettingsError("this state was saved without what users choose: learn it again from the log")
        choices, users, items = cls(), state.users, state.items
        choices._make_room(int(users.numbers.max(initial=-1)) + 1, len(items))
        if len(users):
            choices._recent[users.numbers] = users.fixed[RECENT_BLOCK]["items"]
        if len(items):
            choices._rows[items.numbers] = items.fixed[CHOICE_BLOCK]
            choices._copy_counts()
        choices._clock = state.globals_[CLOCK].copy()
        return choices

    def _joined(self, model: LearnerParts, state: State) -> State:
        users, items = state.users, state.items
        recent, chosen = self.user_rows(model, users.numbers), self.item_rows(model)[items.numbers]
        return replace(
            state,
            globals_={**state.globals_, CLOCK: self._clock.copy()},
            users=replace(users, fixed={**users.fixed, RECENT_BLOCK: recent}),
            items=replace(items, fixed={**items.fixed, CHOICE_BLOCK: chosen}),
        )

    def _copy_counts(self) -> None:
        for name in ("count", "at"):
            self._counts[name] = self._rows[name]

    def _make_room(self, users: int, items: int) -> None:
        if users > len(self._recent):
            more = max(users, 2 * len(self._recent)) - len(self._recent)
            self._recent = np.concatenate([self._recent, np.full((more, RECENT), -1, np.int32)])
        if items > len(self._rows):
            more = max(items, 2 * len(self._rows)) - len(self._rows)
            self._rows = np.concatenate([self._rows, _new_rows(more)])
            self._counts = np.append(self._counts, np.zeros(more, COUNT_ROW))
            self._changed = np.append(self._changed, np.zeros(more, np.uint8))


def _new_rows(n: int) -> Structured:
    rows: Structured = np.zeros(n, ITEM_ROW)
    rows["near"] = -1
    return rows
