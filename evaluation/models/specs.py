"""Specifications of models: a model of the registry with settings, written `rank=16` or `damped-means`.

A specification is a model's name, a settings file, or neither, followed by settings, separated by commas:
`biased-sgd`, `fold-in,rank=10`, `tuned.json`, `rank=16,gamma=inf`, `catalogue=no`. Without a name it is the learner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from evaluation.models.registry import LEARNER, MODELS, Model, shadow_names
from streamsvd.errors import SettingsError
from streamsvd.learner import BatchLearner, ContentSource, Id, IteratedSVD, OnlineLearner, Settings, State

_ANSWERS = {"yes": True, "no": False}
_FOUR_RATINGS = ([0, 0, 1, 1], [0, 1, 0, 1], [3.0, 4.0, 5.0, 2.0], [0, 0, 1, 1])


class OneCallLearner(Protocol):
    """Learns by one call per rating."""

    def predict_one(self, user: Id, item: Id, /) -> float:
        """Predicted rating of one item by one user."""

    def learn_one(self, user: Id, item: Id, rating: float, timestamp: int, /) -> float:
        """Predict, then learn one rating; returns the prediction."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Specification of a model.

    Attributes
    ----------
    kind : str
        Name in the registry.
    settings : dict
        Every setting by name, as JSON values.
    seed : int
    catalogue : bool
        Whether it gets the items' content, where there is any and the model uses it.

    Examples
    --------
    >>> parse_spec("rank=16,catalogue=no").text, parse_spec("fold-in,rank=10").text, parse_spec("damped-means").text
    ('rank=16,catalogue=no', 'fold-in,rank=10', 'damped-means')
    """

    kind: str
    settings: dict[str, Any]
    seed: int = 0
    catalogue: bool = True

    @classmethod
    def of(cls, model: IteratedSVD) -> ModelSpec:
        """The specification of a learner."""
        return cls(LEARNER, model.settings.to_dict(), model.seed, model.n_content > 0)

    @property
    def model(self) -> Model:
        """Its entry in the registry.

        Raises
        ------
        SettingsError
            Unknown kind.
        """
        if self.kind not in MODELS:
            raise SettingsError(f"there is no model {self.kind!r}; there are: {', '.join(MODELS)}")
        return MODELS[self.kind]

    @property
    def servable(self) -> bool:
        """Whether lookups can use such a model."""
        return self.kind == LEARNER

    @property
    def text(self) -> str:
        """The shortest equivalent specification, without the seed."""
        defaults = self.model.with_changes({})
        changed = [f"{k}={v}" for k, v in self.settings.items() if v != defaults[k]]
        kind = [] if self.servable and changed else [self.kind]
        return ",".join([*kind, *changed, *(["catalogue=no"] if self.servable and not self.catalogue else [])])

    def make(self, scale: tuple[float, float], content: ContentSource | None) -> OnlineLearner:
        """An empty online learner."""
        learner: OnlineLearner = self._made(scale, content)
        return learner

    def make_batch(self, scale: tuple[float, float], content: ContentSource | None) -> BatchLearner:
        """An empty batch learner."""
        learner: BatchLearner = self._made(scale, content)
        return learner

    def make_one_call(self, scale: tuple[float, float], content: ContentSource | None) -> OneCallLearner:
        """An empty learner by one call per rating."""
        learner: OneCallLearner = self._made(scale, content)
        return learner

    def restore(self, state: State, content: ContentSource | None) -> OnlineLearner:
        """The shadow that `state` was taken from."""
        kind: Any = self.model.kind
        args = (content if state.settings["content"] else None,) if self.model.catalogue else ()
        restored: OnlineLearner = kind.from_state(state, *args)
        return restored

    def _made(self, scale: tuple[float, float], content: ContentSource | None) -> Any:
        model = self.model
        if not model.iterated:
            return model.kind(**self.settings, scale=scale, seed=self.seed)
        settings = Settings.from_dict(self.settings).replace(**model.fixed)
        given = content if self.catalogue and model.catalogue else None
        return model.kind(settings, scale=scale, content=given, seed=self.seed)


def parse_spec(text: str, *, seed: int = 0, read_file: Callable[[Path], Mapping[str, Any]] | None = None) -> ModelSpec:
    """A specification of a model that can be a shadow, from its text.

    Parameters
    ----------
    text : str
        See the module.
    seed : int
        Used where the text gives none.
    read_file : callable, optional
        Reads settings of the learner from a file.

    Raises
    ------
    SettingsError
        Unknown model or setting, or a value out of its range.
    """
    first, *rest = [part.strip() for part in text.split(",")]
    kind, settings = LEARNER, dict[str, Any]()
    if "=" in first:
        rest = [first, *rest]
    elif first in shadow_names():
        kind = first
    elif read_file is None or not first.endswith(".json"):
        raise SettingsError(
            f"model {text!r}: {first!r} is neither one of {', '.join(shadow_names())}, nor a settings file that ends "
            "in .json, nor a setting such as rank=16"
        )
    else:
        settings = dict(read_file(Path(first)))
    given = dict(_pair(part, text) for part in rest)
    seed = _whole(given.pop("seed", seed), text)
    model = MODELS[kind]
    catalogue = _ANSWERS.get(given.pop("catalogue", "yes")) if model.catalogue else True
    if catalogue is None:
        raise SettingsError(f"model {text!r}: catalogue must be yes or no")
    return ModelSpec(kind, model.with_changes(settings | given), seed, catalogue)


def compile_kernels(specs: Iterable[ModelSpec], content: ContentSource | None = None) -> None:
    """Compile the kernels of each specification by learning four ratings, so that no measured time contains it."""
    for spec in specs:
        if spec.model.batch:
            spec.make_batch((1.0, 5.0), content).fit(*_FOUR_RATINGS).predict([0], [0])
        else:
            online = spec.make((1.0, 5.0), content)
            online.learn(*_FOUR_RATINGS)
            online.predict([0], [0])


def _pair(part: str, text: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise SettingsError(f"model {text!r}: {part!r} is not a setting; write NAME=VALUE, such as rank=16")
    return name.strip(), value.strip()


def _whole(value: str | int, text: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"model {text!r}: seed={value!r} is not a whole number") from None
