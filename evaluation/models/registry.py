"""The registry of models to compare; every command takes those that it can use.

A new model is one `Model` in the table; see docs/maintaining.md.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

from evaluation.models.batch import BatchFit, Fixpoint
from evaluation.models.libraries import RiverBiasedMF, SurpriseSVD
from streamsvd.errors import SettingsError
from streamsvd.learner import IteratedSVD, Settings
from streamsvd.learner.baselines import BiasedSGD, BrandSVD, DampedMeans, FoldIn, SoftImpute, TruncatedSVD
from streamsvd.learner.batch import BATCH_SETTINGS

LEARNER, RATINGS_ONLY, BATCH, RIVER = "iterated-svd", "ratings-only", "batch-fit", "river"
"""Kinds: the learner, the learner without a catalogue, the batch algorithm that it follows, and the basis of speeds."""
REFIT_EVERY = 5_000
"""Ratings between two fits of a batch learner in `streamsvd compare`."""

Command = Literal["study", "compare", "tune"]


@dataclass(frozen=True, slots=True)
class Range:
    """Values of one setting, searched on a logarithmic scale."""

    name: str
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model to compare.

    Attributes
    ----------
    name : str
        As users type it.
    kind : type
        Class of its learners: an `OnlineLearner` (`learn`), a `BatchLearner` (`fit`) or an `OneCallLearner`
        (`learn_one`). Its constructor takes `scale`, `seed` and its settings: as keywords, or as a `Settings`.
    description : str
        One line for help and reports.
    settings : Settings or dict
        Defaults, for a form of `IteratedSVD`; else values that differ from the constructor's.
    fixed : dict
        Settings of a form of `IteratedSVD` that cannot be changed.
    study, compare, tune : str
        Name in the tables and pictures of that command, `tune` in those of `streamsvd report`; empty: not included.
    shadow : bool
        Whether it can be a shadow: checkpoints hold its `state()`, and `kind.from_state` restores it.
    catalogue : bool
        Whether it uses the items' content.
    package : str
        Optional package that it needs.
    small : dict
        Settings with which four ratings run all its kernels.
    space : tuple of Range
        Settings that a search changes.
    grid : dict of str to tuple of float
        One setting and its values to try, in place of a search.
    """

    name: str
    kind: type[Any]
    description: str
    _: KW_ONLY
    settings: Settings | Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    study: str = ""
    compare: str = ""
    tune: str = ""
    shadow: bool = False
    catalogue: bool = False
    package: str = ""
    small: Mapping[str, Any] = field(default_factory=dict)
    space: tuple[Range, ...] = ()
    grid: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def iterated(self) -> bool:
        """Whether it is a form of `IteratedSVD`."""
        return isinstance(self.settings, Settings)

    @property
    def online(self) -> bool:
        """Whether it learns ratings as they arrive, in arrays."""
        return hasattr(self.kind, "learn")

    @property
    def batch(self) -> bool:
        """Whether it is fitted to all ratings at once."""
        return hasattr(self.kind, "fit")

    @property
    def one_call(self) -> bool:
        """Whether it can learn by one call per rating."""
        return hasattr(self.kind, "learn_one")

    def with_changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """All settings as JSON values, with changes; values of changes may be texts.

        Raises
        ------
        SettingsError
            Unknown setting, or invalid value.

        Examples
        --------
        >>> MODELS["damped-means"].with_changes({"user_damping": "7"})
        {'user_damping': 7.0, 'item_damping': 3.0}
        """
        if isinstance(self.settings, Settings):
            return self.settings.replace(**changes).to_dict()
        parameters = inspect.signature(self.kind).parameters.values()
        settings = {p.name: p.default for p in parameters if p.name not in ("scale", "seed")} | dict(self.settings)
        for name, value in changes.items():
            if name not in settings:
                raise SettingsError(f"{self.name}: there is no setting {name!r}; there are: {', '.join(settings)}")
            kind = type(settings[name])
            try:
                settings[name] = kind(value)
            except ValueError:
                raise SettingsError(f"{self.name}: {name}={value!r} is not of type {kind.__name__}") from None
        return settings


_ROWS = (
    Range("rank", 3, 24, whole=True),
    Range("ridge_user_bias", 1, 10),
    Range("ridge_item_bias", 1.5, 20),
    Range("ridge", 4, 40),
    Range("noise", 0.4, 1.2),
    Range("prior_weight", 30, 30_000),
    Range("factor_scale", 0.03, 0.3),
)
_STREAM = (Range("gamma", 0.1, 1), Range("window", 80, 800, whole=True), Range("calibration_leak", 1e-6, 1e-4))

# Found in hindsight, on all ratings of both sets: 5,000 random draws, then a local search, by a compiled copy of
# River's algorithm, which reproduces the error of its defaults to four digits.
_RIVER_TUNED = {"n_factors": 64, "rate": 0.065, "bias_rate": 0.034, "l2_bias": 0.21, "l2_latent": 0.011, "sigma": 0.033}

# fmt: off
_TABLE = (
    Model("damped-means", DampedMeans, "means of users and items, damped towards the overall mean",
          study="damped means", compare="damped means", shadow=True),
    Model("fold-in", FoldIn, "users folded into item factors that are fixed after a warm-up",
          study="fold-in only", shadow=True, small={"rank": 1, "warm_up": 2}),
    Model("brand-svd", BrandSVD, "a truncated SVD with Brand's rank-one update for each rating",
          study="Brand's rank-one SVD", small={"rank": 1, "every": 2}),
    Model("biased-sgd", BiasedSGD, "matrix factorisation with biases by stochastic gradient descent with replay",
          study="biased SGD, replay", compare="compiled SGD, decaying rates and replay", shadow=True,
          small={"rank": 1}),
    Model("one-pass", IteratedSVD, "two rank-one updates for each rating, no refits",
          settings=Settings(), fixed={"gamma": "inf"}, study="IteratedSVD, one pass", catalogue=True),
    Model(LEARNER, IteratedSVD, "two rank-one updates for each rating, and refits of rows that grew; this is served",
          settings=Settings(), study="IteratedSVD, refits", compare="IteratedSVD, genres and year",
          tune="IteratedSVD, stream", shadow=True, catalogue=True, space=_ROWS + _STREAM),
    Model(RATINGS_ONLY, IteratedSVD, "the same without the catalogue",
          settings=Settings(), study="refits, no catalogue", compare="IteratedSVD, ratings only"),
    Model("truncated-svd", TruncatedSVD, "baseline SVD: the matrix, filled with damped means once, cut to a low rank",
          study="truncated SVD", tune="truncated SVD", small={"rank": 1},
          grid={"rank": (1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50)}),
    Model("soft-impute", SoftImpute, "classic iterated SVD: the matrix, filled with its own predictions in rounds",
          study="soft-impute", tune="soft-impute", small={"rank": 1},
          grid={"shrinkage": (5.0, 8.0, 10.0, 13.0, 16.0, 20.0, 26.0)}),
    Model("fixpoint", Fixpoint, "the pass with refits, then sweeps over all rows",
          settings=Settings(), study="IteratedSVD, fixpoint", catalogue=True),
    Model(BATCH, BatchFit, "fitted to all ratings at once, in no order, and swept towards the fixpoint",
          settings=BATCH_SETTINGS, study="IteratedSVD, batch", tune="IteratedSVD, batch", catalogue=True, space=_ROWS),
    Model(RIVER, RiverBiasedMF, "its defaults",
          compare="River BiasedMF, defaults", package="river"),
    Model("river-tuned", RiverBiasedMF, "settings found in hindsight, all ratings of both MovieLens sets known",
          settings=_RIVER_TUNED, compare="River BiasedMF, tuned in hindsight", package="river"),
    Model("surprise", SurpriseSVD, "its defaults, from the first fifth of the stream on",
          compare=f"Surprise SVD, refitted every {REFIT_EVERY:,} events", package="surprise"),
)
# fmt: on

MODELS = {model.name: model for model in _TABLE}
"""All models by name, in the order of the tables."""


def taking_part(command: Command) -> list[Model]:
    """The models of a command."""
    return [model for model in MODELS.values() if getattr(model, command)]


def shadow_names(*, baselines: bool = False) -> list[str]:
    """Names of the models that can be shadows; with `baselines`, only the baselines."""
    return [model.name for model in MODELS.values() if model.shadow and not (baselines and model.iterated)]


def descriptions(command: Command) -> list[str]:
    """Names and descriptions of a command's models, for help and reports."""
    return [f"{getattr(model, command)}: {model.description}." for model in taking_part(command)]
