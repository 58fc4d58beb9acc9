"""What a shadow model is made of: a baseline or the learner, with settings; written `rank=16` or `damped-means`.

A specification names a kind, a file with settings, or neither, and then settings, all with commas between:
`biased-sgd`, `fold-in,rank=10`, `tuned.json`, `rank=16,gamma=inf`, `catalogue=no`. Without a kind it is the learner.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamsvd.errors import SettingsError
from streamsvd.learner import ContentSource, IteratedSVD, Settings, State
from streamsvd.learner.baselines import BiasedSGD, DampedMeans, FoldIn
from streamsvd.learner.baselines.online import OnlineBaseline

LEARNER = "iterated-svd"
BASELINES: dict[str, type[OnlineBaseline]] = {
    "damped-means": DampedMeans,
    "biased-sgd": BiasedSGD,
    "fold-in": FoldIn,
}
ShadowModel = IteratedSVD | OnlineBaseline
_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class ShadowSpec:
    """How to make a model.

    Attributes
    ----------
    kind : str
        `iterated-svd` or a baseline's name.
    settings : dict
        Every setting by name, as JSON values.
    seed : int
    catalogue : bool
        Whether it is given the items' content, where there is any.

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
    def of(cls, model: IteratedSVD) -> ShadowSpec:
        """That of a learner."""
        return cls(LEARNER, model.settings.to_dict(), model.seed, model.n_content > 0)

    @property
    def servable(self) -> bool:
        """Whether lookups can use such a model."""
        return self.kind == LEARNER

    @property
    def text(self) -> str:
        """The shortest specification that says the same, but for the seed."""
        changed = [f"{k}={v}" for k, v in self.settings.items() if v != _defaults(self.kind)[k]]
        kind = [] if self.servable and changed else [self.kind]
        return ",".join([*kind, *changed, *(["catalogue=no"] if self.servable and not self.catalogue else [])])

    def make(self, scale: tuple[float, float], content: ContentSource | None) -> ShadowModel:
        """A model that has learned nothing."""
        if self.servable:
            settings = Settings.from_dict(self.settings)
            return IteratedSVD(settings, scale=scale, content=content if self.catalogue else None, seed=self.seed)
        return BASELINES[self.kind](**self.settings, scale=scale, seed=self.seed)

    def restore(self, state: State, content: ContentSource | None) -> ShadowModel:
        """The model that `state` was taken from."""
        if self.servable:
            return IteratedSVD.from_state(state, content if state.settings["content"] else None)
        return BASELINES[self.kind].from_state(state)


def parse_spec(text: str, *, seed: int = 0, read_file: Callable[[Path], Mapping[str, Any]] | None = None) -> ShadowSpec:
    """A specification from its text.

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
        Unknown kind or setting, or a value out of its range.
    """
    first, *rest = [part.strip() for part in text.split(",")]
    kind, settings = LEARNER, _defaults(LEARNER)
    if "=" in first:
        rest = [first, *rest]
    elif first in BASELINES:
        kind, settings = first, _defaults(first)
    elif first != LEARNER:
        if read_file is None or not first.endswith(".json"):
            raise SettingsError(
                f"shadow {text!r}: {first!r} is neither one of {', '.join([LEARNER, *BASELINES])}, nor a settings file "
                "that ends in .json, nor a setting such as rank=16"
            )
        settings = Settings().replace(**read_file(Path(first))).to_dict()
    given = dict(_pair(part, text) for part in rest)
    seed = _whole(given.pop("seed", seed), text)
    catalogue = _ANSWERS.get(given.pop("catalogue", "yes")) if kind == LEARNER else True
    if catalogue is None:
        raise SettingsError(f"shadow {text!r}: catalogue is yes or no")
    if kind == LEARNER:
        return ShadowSpec(kind, Settings.from_dict(settings).replace(**given).to_dict(), seed, catalogue)
    return ShadowSpec(kind, settings | _converted(given, settings, text), seed)


def _defaults(kind: str) -> dict[str, Any]:
    if kind == LEARNER:
        return Settings().to_dict()
    parameters = inspect.signature(BASELINES[kind]).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in ("scale", "seed")}


def _pair(part: str, text: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise SettingsError(f"shadow {text!r}: {part!r} is no setting; write NAME=VALUE, such as rank=16")
    return name.strip(), value.strip()


def _converted(given: Mapping[str, str], defaults: Mapping[str, Any], text: str) -> dict[str, Any]:
    found = {}
    for name, value in given.items():
        if name not in defaults:
            raise SettingsError(f"shadow {text!r}: there is no setting {name!r}; there are: {', '.join(defaults)}")
        try:
            found[name] = type(defaults[name])(value)
        except ValueError:
            raise SettingsError(f"shadow {text!r}: {name}={value!r} is no {type(defaults[name]).__name__}") from None
    return found


def _whole(value: str | int, text: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"shadow {text!r}: seed={value!r} is not a whole number") from None
