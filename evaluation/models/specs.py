"""Specifications of models: a model of the registry with settings, written `rank=16` or `damped-means`.

A specification names a model, a file with settings, or neither, and then settings, all with commas between:
`biased-sgd`, `fold-in,rank=10`, `tuned.json`, `rank=16,gamma=inf`, `catalogue=no`. Without a name it is the learner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.models.registry import LEARNER, MODELS, Learner, Make, Model, OneCallLearner, shadow_names
from streamsvd.errors import SettingsError
from streamsvd.learner import ContentSource, IteratedSVD, State
from streamsvd.learner.protocol import BatchLearner, OnlineLearner

_ANSWERS = {"yes": True, "no": False}
_FOUR_RATINGS = ([0, 0, 1, 1], [0, 1, 0, 1], [3.0, 4.0, 5.0, 2.0], [0, 0, 1, 1])


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """How to make a model.

    Attributes
    ----------
    kind : str
        Name in the registry.
    settings : dict
        Every setting by name, as JSON values.
    seed : int
    catalogue : bool
        Whether it is given the items' content, where there is any and the model uses it.

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
        """That of a learner."""
        return cls(LEARNER, model.settings.to_dict(), model.seed, model.n_content > 0)

    @property
    def model(self) -> Model:
        """Its entry in the registry.

        Raises
        ------
        SettingsError
            There is none.
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
        """The shortest specification that says the same, but for the seed."""
        defaults = self.model.with_changes({})
        changed = [f"{k}={v}" for k, v in self.settings.items() if v != defaults[k]]
        kind = [] if self.servable and changed else [self.kind]
        return ",".join([*kind, *changed, *(["catalogue=no"] if self.servable and not self.catalogue else [])])

    def make(self, scale: tuple[float, float], content: ContentSource | None) -> OnlineLearner:
        """An online learner that has learned nothing.

        Raises
        ------
        SettingsError
            The model does not learn online.
        """
        return self._made(self.model.online, "learn online", scale, content)

    def make_batch(self, scale: tuple[float, float], content: ContentSource | None) -> BatchLearner:
        """A batch learner that has learned nothing; raises as `make`."""
        return self._made(self.model.batch, "learn in batch", scale, content)

    def make_one_call(self, scale: tuple[float, float], content: ContentSource | None) -> OneCallLearner:
        """A learner that learns by one call per rating; raises as `make`."""
        return self._made(self.model.one_call, "learn by one call per rating", scale, content)

    def restore(self, state: State, content: ContentSource | None) -> OnlineLearner:
        """The shadow that `state` was taken from.

        Raises
        ------
        SettingsError
            The model cannot be a shadow.
        """
        restore = self.model.restore
        if restore is None:
            raise SettingsError(f"{self.kind} cannot be a shadow; these can: {', '.join(shadow_names())}")
        return restore(state, content)

    def _made(
        self, make: Make[Learner] | None, what: str, scale: tuple[float, float], content: ContentSource | None
    ) -> Learner:
        if make is None:
            raise SettingsError(f"{self.kind} does not {what}")
        given = content if self.catalogue and self.model.catalogue else None
        return make(self.settings, scale=scale, content=given, seed=self.seed)


def parse_spec(text: str, *, seed: int = 0, read_file: Callable[[Path], Mapping[str, Any]] | None = None) -> ModelSpec:
    """A specification of a model that can be a shadow, from its text.

    Parameters
    ----------
    text : str
        As the module says.
    seed : int
        Where the text gives none.
    read_file : callable, optional
        Settings of the learner by name from a file.

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
        raise SettingsError(f"model {text!r}: catalogue is yes or no")
    return ModelSpec(kind, model.with_changes(settings | given), seed, catalogue)


def compile_kernels(specs: Iterable[ModelSpec], content: ContentSource | None = None) -> None:
    """Let a model of each specification learn four ratings, so that no later time contains its compilation."""
    for spec in specs:
        learner: OnlineLearner | BatchLearner
        if spec.model.online is not None:
            learner = online = spec.make((1.0, 5.0), content)
            online.learn(*_FOUR_RATINGS)
        else:
            learner = spec.make_batch((1.0, 5.0), content).fit(*_FOUR_RATINGS)
        learner.predict([0], [0])


def _pair(part: str, text: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise SettingsError(f"model {text!r}: {part!r} is no setting; write NAME=VALUE, such as rank=16")
    return name.strip(), value.strip()


def _whole(value: str | int, text: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"model {text!r}: seed={value!r} is not a whole number") from None
