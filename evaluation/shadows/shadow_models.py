"""Shadow models learn the same stream as the served model, and are compared with it continuously.

Each predicts before it learns, by both protocols, and has its own error figures. `Comparison` compares its squared
errors of the page protocol with the served model's. A shadow that is added later starts empty; its figures cover the
ratings since then. Nothing here depends on how the stream is cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.metrics import Pages, Prequential
from evaluation.models import LEARNER, ModelSpec
from evaluation.shadows.erasure import without_user
from evaluation.shadows.sequential_test import Comparison
from streamsvd.errors import SettingsError
from streamsvd.kernels import Id
from streamsvd.learner import ContentSource, Ids, IteratedSVD, OnlineLearner, Predictions

FIRST_SERVED = "original"
"""Name of the model that a new consumer serves."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")


@dataclass(slots=True)
class Shadow:
    """A model that learns the same stream as the served one.

    Attributes
    ----------
    spec : ModelSpec
    model : OnlineLearner
    since : int
        Ratings of the stream before its first one.
    metrics : Prequential
    comparison : Comparison
        First this model, second the served one.
    """

    spec: ModelSpec
    model: OnlineLearner
    since: int
    metrics: Prequential
    comparison: Comparison

    def erase(self, user: Id, scale: tuple[float, float]) -> None:
        """Remove a user; `scale` is that of the ratings."""
        if isinstance(self.model, IteratedSVD):
            self.model.erase(user)
            return
        state = without_user(self.model.state(), user)
        if state is None:
            return
        empty = not state.users.ids  # a baseline with a replay history cannot be restored without ratings
        self.model = self.spec.make(scale, None) if empty else self.spec.restore(state, None)


@dataclass(slots=True)
class Served:
    """The served model while it has shadows.

    Attributes
    ----------
    name : str
    since : int
        Ratings of the stream before the first one of `metrics`.
    metrics : Prequential
        Of this model, since then; they stay with the model when another one is promoted.
    """

    name: str = FIRST_SERVED
    since: int = 0
    metrics: Prequential = field(default_factory=Prequential)


class Shadows:
    """All shadows of a served model.

    Parameters
    ----------
    scale : (float, float)
    served : Served, optional
    pages : Pages, optional
        Position in the stream's pages.

    Attributes
    ----------
    served : Served
    models : dict of str to Shadow
        By name, sorted.

    Examples
    --------
    >>> from evaluation.models import parse_spec
    >>> shadows, model = Shadows((1, 5)), IteratedSVD()
    >>> shadows.add("means", parse_spec("damped-means"), None, 0)
    >>> ratings = ["ann", "bob"], ["Heat", "Heat"], [5, 4], [10, 20]
    >>> shadows.learn(*ratings, model.learn(*ratings))
    >>> shadows.models["means"].metrics.figures().events
    2
    """

    def __init__(self, scale: tuple[float, float], served: Served | None = None, pages: Pages | None = None) -> None:
        self._scale = scale
        self.served = served or Served()
        self.pages = pages or Pages()
        self.models: dict[str, Shadow] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.models)

    def add(self, name: str, spec: ModelSpec, content: ContentSource | None, events: int) -> None:
        """Add an empty model.

        Parameters
        ----------
        name : str
            Letters, digits, dots, underscores, hyphens.
        spec : ModelSpec
        content : ContentSource or None
            The items' content.
        events : int
            Ratings of the stream so far.

        Raises
        ------
        SettingsError
            The name is invalid, or taken.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(f"shadow name {name!r}: use 1 to 60 letters, digits, dots, underscores or hyphens")
        if name in self.models or name == self.served.name:
            raise SettingsError(f"the name {name!r} is taken; the models are: {', '.join(self.names())}")
        if not self.models:  # figures and pages were not kept until now
            self.served = Served(self.served.name, events)
            self.pages = Pages()
        model, comparison = spec.make(self._scale, content), Comparison(self._scale, start=events)
        self.put(name, Shadow(spec, model, events, Prequential(), comparison))

    def put(self, name: str, shadow: Shadow) -> None:
        """Add a shadow as it is."""
        self.models = dict(sorted({**self.models, name: shadow}.items()))

    def names(self) -> list[str]:
        """Names of the served model and of the shadows."""
        return [self.served.name, *self.models]

    def learn(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike, served: Predictions) -> None:
        """Predict, learn and compare ratings with every shadow.

        Parameters
        ----------
        users, items, ratings, timestamps : sequences, length n
            As for `IteratedSVD.learn`.
        served : Predictions
            The served model's.
        """
        if not self.models:
            return
        given, stamps = np.asarray(ratings, np.float64), np.asarray(timestamps, np.int64)
        begins = self.pages.turn(users, stamps)[1]
        self.served.metrics.update(given, served.event, served.page)
        second = (served.page - given) ** 2
        for shadow in self.models.values():
            found = shadow.model.learn(users, items, ratings, timestamps)
            shadow.metrics.update(given, found.event, found.page)
            shadow.comparison.update(begins, (found.page - given) ** 2, second, stamps)

    def retract(self, user: Id, item: Id) -> None:
        """Retract a rating from the learners; a baseline has no single ratings and stays as it is."""
        for shadow in self.models.values():
            if isinstance(shadow.model, IteratedSVD):
                shadow.model.retract(user, item)

    def erase(self, user: Id) -> None:
        """Remove a user from every shadow."""
        self.pages.forget(user)
        for shadow in self.models.values():
            shadow.erase(user, self._scale)

    def promote(self, name: str, served: IteratedSVD, events: int) -> IteratedSVD:
        """Promote a shadow; the model that was served becomes a shadow under its own name.

        Their comparison continues with both exchanged. The comparisons of the other shadows restart, since they are
        with another model now.

        Parameters
        ----------
        name : str
        served : IteratedSVD
            The model that is served now.
        events : int
            Ratings of the stream so far.

        Returns
        -------
        IteratedSVD
            The model to serve.

        Raises
        ------
        SettingsError
            There is no such shadow, or it is a baseline.
        """
        check_promotion(name, self.served.name, {n: shadow.spec.kind for n, shadow in self.models.items()})
        shadow = self.models.pop(name)
        assert isinstance(shadow.model, IteratedSVD)
        for other in self.models.values():
            other.comparison = Comparison(self._scale, start=events)
        before = self.served
        self.served = Served(name, shadow.since, shadow.metrics)
        kept = Shadow(ModelSpec.of(served), served, before.since, before.metrics, shadow.comparison.swapped())
        self.put(before.name, kept)
        return shadow.model

    def state(self) -> dict[str, NDArray[Any]]:
        """The state that belongs to no single shadow, as arrays; empty without shadows."""
        if not self.models:
            return {}
        arrays = {f"served.{name}": array for name, array in self.served.metrics.state().items()}
        return arrays | {f"pages.{name}": array for name, array in self.pages.state().items()}


def check_promotion(name: str, served: str, kinds: dict[str, str]) -> None:
    """Check that a shadow can be promoted.

    Parameters
    ----------
    name : str
    served : str
        Name of the model that is served now.
    kinds : dict of str to str
        Kind of every shadow, by name.

    Raises
    ------
    SettingsError
        It is served already, is unknown, or is a baseline.
    """
    if name == served:
        raise SettingsError(f"{name} is the model that is served already")
    if name not in kinds:
        there = f"the shadows are: {', '.join(kinds)}" if kinds else "there are none; consume with --shadow NAME=SPEC"
        raise SettingsError(f"there is no shadow {name!r}; {there}")
    if kinds[name] != LEARNER:
        raise SettingsError(
            f"{name} is a baseline ({kinds[name]}): it can be compared with, but lookups need the learner's rows. "
            f"Promote a shadow of the kind {LEARNER}"
        )
