"""The registry of models to compare: each is declared here once, and every command takes those with what it needs.

A further model is one `Model` in `MODELS`; docs/maintaining.md says how.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from evaluation.models.batch import BATCH_SETTINGS, BatchFit, Fixpoint
from evaluation.models.libraries import RiverBiasedMF, SurpriseSVD
from streamsvd.errors import SettingsError
from streamsvd.learner import ContentSource, Id, IteratedSVD, Settings, State
from streamsvd.learner.baselines import BiasedSGD, BrandSVD, DampedMeans, FoldIn, SoftImpute, TruncatedSVD
from streamsvd.learner.protocol import BatchLearner, OnlineLearner

LEARNER = "iterated-svd"
RATINGS_ONLY = "ratings-only"
RIVER = "river"
REFIT_EVERY = 5_000  # ratings between two fits of a batch model in `streamsvd compare`

Use = Literal["study", "compare", "tune"]
Learner = TypeVar("Learner", covariant=True)


class OneCallLearner(Protocol):
    """Learns by one call per rating, as a service would."""

    def predict_one(self, user: Id, item: Id, /) -> float:
        """Predicted rating of one item by one user."""

    def learn_one(self, user: Id, item: Id, rating: float, timestamp: int, /) -> float:
        """Predict, then learn one rating; returns the prediction."""


class Make(Protocol[Learner]):
    """Makes a learner that has learned nothing."""

    def __call__(
        self, settings: Mapping[str, Any], *, scale: tuple[float, float], content: ContentSource | None, seed: int
    ) -> Learner:
        """With every setting by name, as JSON values."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values of one setting, searched on a logarithmic scale."""

    name: str
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model to compare.

    Attributes
    ----------
    name : str
        As users type it.
    description : str
        What it is, in one line of help and reports.
    labels : dict of str to str
        The commands that it takes part in, and its name in their tables and pictures.
    settings : Settings or dict
        Defaults: of `IteratedSVD` for its forms, which `--set` changes; else keywords of the constructor.
    online, batch, one_call : callable or None
        How to make a learner that learns each rating as it comes, that is fitted to all ratings at once, and that
        learns by one call per rating; None where it cannot.
    restore : callable or None
        Makes a shadow of it again from its `state()` in a checkpoint; None where it cannot be a shadow.
    catalogue : bool
        Whether it uses the items' content.
    package : str
        Optional package that it needs, or "".
    small : dict
        Settings with which four ratings are enough to run all its kernels.
    space : tuple of Range
        What a search changes.
    grid : (str, tuple of float) or None
        One setting with the values that tuning tries, where there is no search.
    """

    name: str
    description: str
    settings: Settings | Mapping[str, Any]
    labels: Mapping[Use, str] = field(default_factory=dict)
    online: Make[OnlineLearner] | None = None
    batch: Make[BatchLearner] | None = None
    one_call: Make[OneCallLearner] | None = None
    restore: Callable[[State, ContentSource | None], OnlineLearner] | None = None
    catalogue: bool = False
    package: str = ""
    small: Mapping[str, Any] = field(default_factory=dict)
    space: tuple[Range, ...] = ()
    grid: tuple[str, tuple[float, ...]] | None = None

    @property
    def iterated(self) -> bool:
        """Whether it is a form of `IteratedSVD`."""
        return isinstance(self.settings, Settings)

    def with_changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """All settings as JSON values, some of them changed; changes may be texts.

        Raises
        ------
        SettingsError
            Unknown setting, or a value that it cannot have.

        Examples
        --------
        >>> MODELS["damped-means"].with_changes({"user_damping": "7"})
        {'user_damping': 7.0, 'item_damping': 3.0}
        """
        if isinstance(self.settings, Settings):
            return self.settings.replace(**changes).to_dict()
        settings = dict(self.settings)
        for name, value in changes.items():
            if name not in settings:
                known = ", ".join(settings)
                raise SettingsError(f"{self.name}: there is no setting {name!r}; there are: {known}")
            kind = type(settings[name])
            try:
                settings[name] = kind(value)
            except ValueError:
                raise SettingsError(f"{self.name}: {name}={value!r} is no {kind.__name__}") from None
        return settings


def _iterated(kind: Callable[..., Learner], **fixed: Any) -> Make[Learner]:
    """Makes a form of `IteratedSVD`; `fixed` are settings that nobody changes."""

    def make(
        settings: Mapping[str, Any], *, scale: tuple[float, float], content: ContentSource | None, seed: int
    ) -> Learner:
        return kind(Settings.from_dict(dict(settings)).replace(**fixed), scale=scale, content=content, seed=seed)

    return make


def _keywords(kind: Callable[..., Learner]) -> Make[Learner]:
    """Makes a learner whose settings are keywords, and that knows no content."""

    def make(
        settings: Mapping[str, Any],
        *,
        scale: tuple[float, float],
        content: ContentSource | None,  # noqa: ARG001 - for those that use the catalogue
        seed: int,
    ) -> Learner:
        return kind(**settings, scale=scale, seed=seed)

    return make


def _defaults(kind: Callable[..., Any], **other: Any) -> dict[str, Any]:
    """Defaults of a constructor's keywords, some of them replaced."""
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in ("scale", "seed")} | other


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

_ALL = (
    Model(
        name="damped-means",
        description="means of users and items, damped towards the overall mean",
        labels={"study": "damped means", "compare": "damped means"},
        settings=_defaults(DampedMeans),
        online=_keywords(DampedMeans),
        restore=lambda state, _: DampedMeans.from_state(state),
    ),
    Model(
        name="fold-in",
        description="users folded into item factors that are fixed after a warm-up",
        labels={"study": "fold-in only"},
        settings=_defaults(FoldIn),
        online=_keywords(FoldIn),
        restore=lambda state, _: FoldIn.from_state(state),
        small={"rank": 1, "warm_up": 2},
    ),
    Model(
        name="brand-svd",
        description="a truncated SVD with Brand's rank-one update for each rating",
        labels={"study": "Brand's rank-one SVD"},
        settings=_defaults(BrandSVD),
        online=_keywords(BrandSVD),
        small={"rank": 1, "every": 2},
    ),
    Model(
        name="biased-sgd",
        description="biased matrix factorisation by stochastic gradient descent, with decaying rates and replay",
        labels={"study": "biased SGD, replay", "compare": "compiled SGD, decaying rates and replay"},
        settings=_defaults(BiasedSGD),
        online=_keywords(BiasedSGD),
        restore=lambda state, _: BiasedSGD.from_state(state),
        small={"rank": 1},
    ),
    Model(
        name="one-pass",
        description="IteratedSVD without refits: each rating is two rank-one updates",
        labels={"study": "IteratedSVD, one pass"},
        settings=Settings(),
        online=_iterated(IteratedSVD, gamma=math.inf),
        catalogue=True,
    ),
    Model(
        name=LEARNER,
        description="IteratedSVD as it is served: two rank-one updates for each rating, and refits of rows that grew",
        labels={
            "study": "IteratedSVD, refits",
            "compare": "IteratedSVD, genres and year",
            "tune": "IteratedSVD, stream",
        },
        settings=Settings(),
        online=_iterated(IteratedSVD),
        one_call=_iterated(IteratedSVD),
        restore=lambda state, content: IteratedSVD.from_state(state, content if state.settings["content"] else None),
        catalogue=True,
        space=_ROWS + _STREAM,
    ),
    Model(
        name=RATINGS_ONLY,
        description="IteratedSVD with refits, without the catalogue",
        labels={"study": "refits, no catalogue", "compare": "IteratedSVD, ratings only"},
        settings=Settings(),
        online=_iterated(IteratedSVD),
        one_call=_iterated(IteratedSVD),
    ),
    Model(
        name="truncated-svd",
        description="baseline SVD: missing ratings are filled with damped means once, the largest singular values kept",
        labels={"study": "truncated SVD", "tune": "truncated SVD"},
        settings=_defaults(TruncatedSVD),
        batch=_keywords(TruncatedSVD),
        small={"rank": 1},
        grid=("rank", (1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50)),
    ),
    Model(
        name="soft-impute",
        description="classic iterated SVD: missing ratings are filled with its own predictions until they settle",
        labels={"study": "soft-impute", "tune": "soft-impute"},
        settings=_defaults(SoftImpute),
        batch=_keywords(SoftImpute),
        small={"rank": 1},
        grid=("shrinkage", (5.0, 8.0, 10.0, 13.0, 16.0, 20.0, 26.0)),
    ),
    Model(
        name="fixpoint",
        description="IteratedSVD with refits, and further sweeps over all rows after the pass",
        labels={"study": "IteratedSVD, fixpoint"},
        settings=Settings(),
        batch=_iterated(Fixpoint),
        catalogue=True,
    ),
    Model(
        name="batch-fit",
        description="IteratedSVD fitted to all ratings at once, in no order, with sweeps towards its fixpoint",
        labels={"study": "IteratedSVD, batch", "tune": "IteratedSVD, batch"},
        settings=BATCH_SETTINGS,
        batch=_iterated(BatchFit),
        catalogue=True,
        space=_ROWS,
    ),
    Model(
        name=RIVER,
        description="BiasedMF of River, with its defaults",
        labels={"compare": "River BiasedMF, defaults"},
        settings=_defaults(RiverBiasedMF),
        one_call=_keywords(RiverBiasedMF),
        package="river",
    ),
    Model(  # 5,000 settings drawn at random, then a local search, by a compiled copy of River's algorithm
        name="river-tuned",
        description="BiasedMF of River, with settings found in hindsight, all ratings of both MovieLens sets known",
        labels={"compare": "River BiasedMF, tuned in hindsight"},
        settings=_defaults(
            RiverBiasedMF, n_factors=64, rate=0.065, bias_rate=0.034, l2_bias=0.21, l2_latent=0.011, sigma=0.033
        ),
        one_call=_keywords(RiverBiasedMF),
        package="river",
    ),
    Model(
        name="surprise",
        description=f"SVD of Surprise, fitted again every {REFIT_EVERY:,} ratings after the first fifth",
        labels={"compare": f"Surprise SVD, fitted anew every {REFIT_EVERY:,} events"},
        settings=_defaults(SurpriseSVD),
        batch=_keywords(SurpriseSVD),
        package="surprise",
    ),
)

MODELS: dict[str, Model] = {model.name: model for model in _ALL}
"""By name, in the order of tables."""


def taking_part(use: Use) -> list[Model]:
    """The models of a command."""
    return [model for model in MODELS.values() if use in model.labels]


def shadow_names(*, baselines: bool = False) -> list[str]:
    """Names of the models that can be shadows; of the baselines among them only, if asked for."""
    return [m.name for m in MODELS.values() if m.restore is not None and not (baselines and m.iterated)]


def described(use: Use) -> str:
    """The models of a command, with what each is, for its help."""
    return "; ".join(f"{model.labels[use]}: {model.description}" for model in taking_part(use))
