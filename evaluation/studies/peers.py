"""Peers: the models of `streamsvd compare` on one stream, in the two ways in which they are called.

*In arrays*: the whole stream in one call. *One call per event*: as a service would. Every run starts from nothing and
predicts each rating before it learns it; every prediction is clipped to the data's scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.models import REFIT_EVERY, ModelSpec, taking_part
from streamsvd.ratings import Catalogue, RatingTable

Floats = NDArray[np.float64]

INSTALL = "pip install 'streamsvd[peers]'"
"""Command that installs the peers."""
FIRST_SHARE = 0.2  # of the stream, before a batch learner is fitted for the first time


@dataclass(frozen=True)
class Stream:
    """A table as plain lists, for learners that are called once per rating."""

    table: RatingTable
    catalogue: Catalogue | None
    users: list[Any]
    items: list[Any]
    ratings: list[float]
    timestamps: list[int]
    pages: list[int]  # where each page begins, and the stream's end

    @classmethod
    def of(cls, table: RatingTable, catalogue: Catalogue | None) -> Stream:
        """Columns as plain lists, made before any clock runs."""
        first = np.ones(len(table) + 1, bool)
        first[1:-1] = (table.users[1:] != table.users[:-1]) | (table.timestamps[1:] != table.timestamps[:-1])
        columns = (table.users, table.items, table.ratings, table.timestamps)
        users, items, ratings, timestamps = (column.tolist() for column in columns)
        return cls(table, catalogue, users, items, ratings, timestamps, np.flatnonzero(first).tolist())

    @property
    def scale(self) -> tuple[float, float]:
        """Limits of the ratings."""
        return self.table.dataset.scale

    @property
    def first_fit(self) -> int:
        """The first page's beginning after the first share of the stream."""
        return next(page for page in self.pages if page >= FIRST_SHARE * len(self.users))

    def fits(self) -> list[int]:
        """Beginnings of pages at which a batch learner is fitted to everything before."""
        found = [self.first_fit]
        for page in self.pages[:-1]:
            if page >= found[-1] + REFIT_EVERY:
                found.append(page)
        return found


@dataclass(frozen=True)
class Peer:
    """One model on one stream.

    Attributes
    ----------
    spec : ModelSpec
    stream : Stream
    """

    spec: ModelSpec
    stream: Stream

    @property
    def name(self) -> str:
        """In tables and pictures."""
        return self.spec.model.compare

    @property
    def refitted(self) -> bool:
        """Whether it learns in batch: it neither learns nor predicts before `Stream.first_fit`."""
        return self.spec.model.batch

    @property
    def settings(self) -> dict[str, Any]:
        """All of them, defaults included."""
        return {"settings": self.spec.settings, "seed": self.spec.seed, "content": self.spec.model.catalogue}

    def predictions(self) -> tuple[Floats, Floats]:
        """(event, page) predictions of the whole stream, NaN where the peer has none."""
        if self.spec.model.online:
            found = self._learned()
            return found.event, found.page
        return self._refitted() if self.refitted else self._by_page()

    def forms(self) -> dict[str, Callable[[], Any]]:
        """What is timed: learns and predicts the whole stream, by the name of the form of use."""
        found: dict[str, Callable[[], Any]] = {}
        if self.spec.model.online:
            found["arrays"] = self._learned
        if self.refitted:
            found["arrays"] = self._refitted
        if self.spec.model.one_call:
            found["one_call"] = self._one_by_one
        return found

    def _learned(self) -> Any:
        t = self.stream.table
        return self.spec.make(self.stream.scale, self.stream.catalogue).learn(t.users, t.items, t.ratings, t.timestamps)

    def _one_by_one(self) -> None:
        s = self.stream
        learner = self.spec.make_one_call(s.scale, s.catalogue)
        for event in zip(s.users, s.items, s.ratings, s.timestamps, strict=True):
            learner.learn_one(*event)

    def _by_page(self) -> tuple[Floats, Floats]:
        """Both protocols in one run, for a learner that cannot predict in arrays."""
        s = self.stream
        learner = self.spec.make_one_call(s.scale, s.catalogue)
        event, page = np.empty(len(s.users)), np.empty(len(s.users))
        for begin, end in pairwise(s.pages):
            for k in range(begin, end):
                page[k] = learner.predict_one(s.users[k], s.items[k])
            for k in range(begin, end):
                event[k] = learner.learn_one(s.users[k], s.items[k], s.ratings[k], s.timestamps[k])
        return event, page

    def _refitted(self) -> tuple[Floats, Floats]:
        """Fitted again at the first page's beginning after every so many events; so both protocols are one."""
        t = self.stream.table
        predicted = np.full(len(t), np.nan)
        for begin, end in pairwise([*self.stream.fits(), len(t)]):
            learner = self.spec.make_batch(self.stream.scale, self.stream.catalogue)
            learner.fit(t.users[:begin], t.items[:begin], t.ratings[:begin], t.timestamps[:begin])
            predicted[begin:end] = learner.predict(t.users[begin:end], t.items[begin:end], t.timestamps[begin:end])
        return predicted, predicted


def installed_peers(stream: Stream) -> tuple[list[Peer], dict[str, str]]:
    """The peers that are installed, and for missing packages the reason.

    Forms of `IteratedSVD` come first, that without the catalogue before that with it.
    """
    found, missing = [], {}
    for model in sorted(taking_part("compare"), key=lambda m: (not m.iterated, m.catalogue)):
        if model.catalogue and stream.catalogue is None:
            continue
        try:
            if model.package:
                import_module(model.package)
        except ImportError as error:
            missing[model.package] = f"{error}; {INSTALL}"
        else:
            found.append(Peer(ModelSpec(model.name, model.with_changes({})), stream))
    return found, missing
