"""`OnlineBaseline`: what the online baselines share: ids, checks, the running deviation, and their state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.kernels import Rows, Scale, State
from streamsvd.learner.baselines.columns import columns_of, pairs_of
from streamsvd.learner.baselines.rows import BaselineMemory, page_state, with_page_state, with_room, with_rows
from streamsvd.learner.id_index import IdIndex
from streamsvd.learner.protocol import Ids, Predictions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class OnlineBaseline(ABC):
    """An online learner on numbered rows.

    A baseline says how wide its rows are (by the memory it begins with), how they look before the first rating, and
    has kernels that learn and predict. The deviation of a prediction is the root of the mean squared error so far.
    """

    _memory: BaselineMemory

    def __init__(
        self, settings: dict[str, Any], memory: BaselineMemory, scale: tuple[float, float], seed: int = 0
    ) -> None:
        self.scale = Scale(*scale)
        self.seed = seed
        self._settings = {**settings, "scale": [*scale], "seed": seed}
        self._memory = memory
        self._users, self._items = IdIndex(), IdIndex()
        self._errors = np.array([1.0, 1.0])  # sum of squares and number, in internal stars; begins with one of 1

    def __len__(self) -> int:
        """Ratings learned."""
        return int(self._errors[1]) - 1

    @property
    def n_users(self) -> int:
        """Users with a row."""
        return len(self._users)

    @property
    def n_items(self) -> int:
        """Items with a row."""
        return len(self._items)

    def learn(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None = None) -> Predictions:
        """Predict, then learn each rating, in order; parameters and errors as for `IteratedSVD.learn`."""
        user_ids, item_ids, values, stamps = columns_of(users, items, ratings, timestamps, len(self))
        self.scale.check(values)
        user_rows, new_users = self._users.number(user_ids)
        item_rows, new_items = self._items.number(item_ids)
        self._memory = with_rows(self._memory, len(self._users), len(self._items))
        m, n_users, n_items = self._memory, len(self._users), len(self._items)
        m.users[n_users - len(new_users) : n_users] = self._first_rows(new_users, m.users.shape[1])
        m.items[n_items - len(new_items) : n_items] = self._first_rows(new_items, m.items.shape[1])
        stars, predicted = self.scale.to_internal(values), np.empty((len(values), 2))
        done = self._learn(user_rows, item_rows, stars, stamps, predicted, 0)
        while done < len(stars):
            self._memory = with_room(self._memory)
            done = self._learn(user_rows, item_rows, stars, stamps, predicted, done)
        squares = np.column_stack([(predicted[:, 0] - stars) ** 2, np.ones(len(stars))])
        errors = np.add.accumulate(np.concatenate([self._errors[None], squares]), axis=0)  # strictly in order
        self._errors = errors[-1].copy()
        deviation = np.sqrt(errors[:-1, 0] / errors[:-1, 1]) / self.scale.slope
        return Predictions(self.scale.within(predicted[:, 0]), self.scale.within(predicted[:, 1]), deviation)

    def predict(self, users: Ids, items: Ids, timestamps: ArrayLike | None = None) -> Floats:  # noqa: ARG002 - a protocol's parameter; means know no time
        """Predicted ratings within the scale, float64 of shape (n,), the same at any time; changes nothing.

        Raises
        ------
        InputError
            If there is not one user for every item, or an id is neither an int nor a str.
        """
        user_ids, item_ids = pairs_of(users, items)
        m, predicted = self._memory, np.empty(len(user_ids))
        user_rows, item_rows = self._users.find(user_ids), self._items.find(item_ids)
        sides = []
        for rows, ids, known in ((user_rows, user_ids, m.users), (item_rows, item_ids, m.items)):
            new = np.flatnonzero(rows < 0)
            found = np.empty((len(rows), known.shape[1]))
            found[rows >= 0] = known[rows[rows >= 0]]
            found[new] = self._first_rows([ids[k] for k in new], known.shape[1])
            sides.append(found)
        self._predict(sides[0], sides[1], predicted)
        return self.scale.within(predicted)

    def state(self) -> State:
        """The whole state, as arrays that share nothing with the model."""
        m = self._memory
        return State(
            settings=dict(self._settings),
            globals_={
                "errors": self._errors.copy(),
                "whole": m.whole.copy(),
                **page_state(m),
                **{name: array.copy() for name, array in self._extra().items()},
            },
            users=_rows(self._users, {"row": m.users}),
            items=_rows(self._items, {"row": m.items}),
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """A model that continues exactly where `state` was taken."""
        settings = dict(state.settings)
        low, high = settings.pop("scale")
        model = cls(**settings, scale=(low, high))
        model._users.number(state.users.ids)
        model._items.number(state.items.ids)
        users, items = np.array(state.users.fixed["row"]), np.array(state.items.fixed["row"])
        memory = with_rows(model._memory, len(users), len(items))
        memory.users[: len(users)], memory.items[: len(items)] = users, items
        memory.whole[:] = state.globals_["whole"]
        model._memory = with_page_state(memory, state.globals_)
        model._errors = state.globals_["errors"].copy()
        model._take_extra({name: state.globals_[name].copy() for name in model._extra()})
        return model

    # What a baseline says

    @abstractmethod
    def _learn(self, users: Ints, items: Ints, stars: Floats, timestamps: Ints, predicted: Floats, start: int) -> int:
        """Predict into the two columns (event, page), and learn, each rating in order from number `start` on.

        Returns the number of the first rating that was not learned, for want of room or anything else, or of all.
        """

    @abstractmethod
    def _predict(self, users: Floats, items: Floats, predicted: Floats) -> None:
        """Predict for pairs of rows."""

    def _first_rows(self, ids: list[Any], width: int) -> Floats:
        """Rows before the first rating."""
        return np.zeros((len(ids), width))

    def _extra(self) -> dict[str, NDArray[Any]]:
        """Arrays of the state beyond the memory."""
        return {}

    def _take_extra(self, extra: dict[str, NDArray[Any]]) -> None:  # noqa: B027 - most have none
        """Continue with these."""


def _rows(numbering: IdIndex, arrays: dict[str, NDArray[Any]]) -> Rows:
    """Rows of a state from the used part of each array."""
    n = len(numbering)
    return Rows(np.arange(n), numbering.taken()[1], {name: array[:n].copy() for name, array in arrays.items()}, {})
