"""The learners that this one is compared with, each with every setting written down, behind two small forms of use.

*In arrays*: the whole stream in one call. *One call per event*: the way in which a service would use it. Every run
starts from nothing and predicts each rating before it learns it; every prediction is clipped to the data's scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner import IteratedSVD
from streamsvd.learner.baselines import BiasedSGD, DampedMeans
from streamsvd.ratings import Catalogue, RatingTable

Floats = NDArray[np.float64]
Run = Callable[["Stream"], Any]

RIVER = "River BiasedMF, defaults"  # what every speed is a ratio to
INSTALL = "pip install 'streamsvd[peers]'"
REFIT_EVERY = 5_000
FIRST_SHARE = 0.2  # of the stream, before Surprise is fitted for the first time

# River's settings are found in hindsight, with all ratings of both sets known: 5,000 drawn at random, then a local
# search, by a compiled copy of its algorithm that gives its defaults' error to four digits.
RIVER_TUNED = {"n_factors": 64, "rate": 0.065, "bias_rate": 0.034, "l2_bias": 0.21, "l2_latent": 0.011, "sigma": 0.033}


@dataclass(frozen=True)
class Stream:
    """A data set as every peer wants it."""

    table: RatingTable
    films: Catalogue | None
    users: list[Any]
    items: list[Any]
    ratings: list[float]
    timestamps: list[int]
    pages: list[int]  # where each page begins, and the stream's end

    @classmethod
    def of(cls, table: RatingTable, films: Catalogue | None) -> Stream:
        """Columns as plain lists, made before any clock runs."""
        first = np.ones(len(table) + 1, bool)
        first[1:-1] = (table.users[1:] != table.users[:-1]) | (table.timestamps[1:] != table.timestamps[:-1])
        columns = (table.users, table.items, table.ratings, table.timestamps)
        users, items, ratings, timestamps = (column.tolist() for column in columns)
        return cls(table, films, users, items, ratings, timestamps, np.flatnonzero(first).tolist())

    @property
    def scale(self) -> tuple[float, float]:
        """Limits of the ratings."""
        return self.table.dataset.scale

    @property
    def first_fit(self) -> int:
        """The first page's beginning after the first share of the stream."""
        return next(page for page in self.pages if page >= FIRST_SHARE * len(self.users))


@dataclass(frozen=True)
class Peer:
    """One learner.

    Attributes
    ----------
    settings : dict
        All of them, defaults included.
    predictions : callable
        (event, page) predictions of the whole stream, NaN where the peer has none.
    arrays, one_call : callable or None
        Learns and predicts the whole stream; what is timed.
    from_first_fit : bool
        It neither learns nor predicts before `Stream.first_fit`; its speed is over the events after it.
    """

    name: str
    settings: dict[str, Any]
    predictions: Callable[[Stream], tuple[Floats, Floats]]
    arrays: Run | None = None
    one_call: Run | None = None
    from_first_fit: bool = False
    rounds: int | None = None


def peers(stream: Stream) -> tuple[list[Peer], dict[str, str]]:
    """The peers that can be had here, and of the others, by package, what to do."""
    found, missing = [], {}
    for make, package in ((_ours, ""), (_baselines, ""), (_river, "river"), (_surprise, "surprise")):
        try:
            found += make(stream)
        except ImportError as error:
            missing[package or make.__name__] = f"{error}; {INSTALL}"
    return found, missing


def _ours(stream: Stream) -> list[Peer]:
    kinds: list[tuple[str, Catalogue | None]] = [("IteratedSVD, ratings only", None)]
    if stream.films is not None:
        kinds.append(("IteratedSVD, genres and year", stream.films))
    return [_iterated(name, content) for name, content in kinds]


def _iterated(name: str, content: Catalogue | None) -> Peer:
    def make(stream: Stream) -> IteratedSVD:
        return IteratedSVD(scale=stream.scale, content=content)

    def one_call(stream: Stream) -> None:
        model = make(stream)
        for event in zip(stream.users, stream.items, stream.ratings, stream.timestamps, strict=True):
            model.learn_one(*event)  # gives the prediction that was made before

    settings = {"settings": IteratedSVD().settings.to_dict(), "seed": 0, "content": content is not None}
    return Peer(name, settings, _predictions_of(make), _arrays_of(make), one_call)


def _baselines(_: Stream) -> list[Peer]:
    def means(stream: Stream) -> Any:
        return DampedMeans(scale=stream.scale)

    def sgd(stream: Stream) -> Any:
        return BiasedSGD(scale=stream.scale)

    return [
        Peer(name, kind.state().settings, _predictions_of(make), _arrays_of(make))
        for name, kind, make in (
            ("damped means", DampedMeans(), means),
            ("compiled SGD, decaying rates and replay", BiasedSGD(), sgd),
        )
    ]


def _predictions_of(make: Callable[[Stream], Any]) -> Callable[[Stream], tuple[Floats, Floats]]:
    def predictions(stream: Stream) -> tuple[Floats, Floats]:
        found = _arrays_of(make)(stream)
        return found.event, found.page

    return predictions


def _arrays_of(make: Callable[[Stream], Any]) -> Run:
    def arrays(stream: Stream) -> Any:
        t = stream.table
        return make(stream).learn(t.users, t.items, t.ratings, t.timestamps)

    return arrays


def _river(_: Stream) -> list[Peer]:
    from river import optim, reco

    def default() -> Any:
        return reco.BiasedMF(seed=0)

    def tuned() -> Any:
        s = RIVER_TUNED
        return reco.BiasedMF(
            n_factors=int(s["n_factors"]),
            bias_optimizer=optim.SGD(s["bias_rate"]),
            latent_optimizer=optim.SGD(s["rate"]),
            l2_bias=s["l2_bias"],
            l2_latent=s["l2_latent"],
            latent_initializer=optim.initializers.Normal(mu=0.0, sigma=s["sigma"], seed=0),
            seed=0,
        )

    settings = {
        RIVER: {"n_factors": 10, "rate": 0.01, "bias_rate": 0.01, "l2_bias": 0.0, "l2_latent": 0.0, "sigma": 0.1},
        "River BiasedMF, tuned in hindsight": RIVER_TUNED,
    }
    return [
        Peer(name, {**chosen, "optimizer": "SGD", "seed": 0}, _river_predictions(make), one_call=_river_run(make))
        for (name, chosen), make in zip(settings.items(), (default, tuned), strict=True)
    ]


def _river_run(make: Callable[[], Any]) -> Run:
    def run(stream: Stream) -> None:
        model, (low, high) = make(), stream.scale
        for user, item, rating in zip(stream.users, stream.items, stream.ratings, strict=True):
            min(max(model.predict_one(user, item), low), high)
            model.learn_one(user, item, rating)

    return run


def _river_predictions(make: Callable[[], Any]) -> Callable[[Stream], tuple[Floats, Floats]]:
    """Both protocols in one run: predicting makes River's rows, and does so in the same order for both."""

    def predictions(stream: Stream) -> tuple[Floats, Floats]:
        model = make()
        event, page = np.empty(len(stream.users)), np.empty(len(stream.users))
        for begin, end in zip(stream.pages, stream.pages[1:], strict=False):
            for k in range(begin, end):
                page[k] = model.predict_one(stream.users[k], stream.items[k])
            for k in range(begin, end):
                event[k] = model.predict_one(stream.users[k], stream.items[k])
                model.learn_one(stream.users[k], stream.items[k], stream.ratings[k])
        return np.clip(event, *stream.scale), np.clip(page, *stream.scale)

    return predictions


def _surprise(_: Stream) -> list[Peer]:
    import pandas as pd
    import surprise

    def predictions(stream: Stream) -> tuple[Floats, Floats]:
        """Fitted anew at the first page's beginning after every so many events; so both protocols are one."""
        predicted = np.full(len(stream.users), np.nan)
        frame = pd.DataFrame({"user": stream.users, "item": stream.items, "rating": stream.ratings})
        reader, model, next_fit = surprise.Reader(rating_scale=stream.scale), None, stream.first_fit
        for begin, end in zip(stream.pages, stream.pages[1:], strict=False):
            if begin >= next_fit:
                seen = surprise.Dataset.load_from_df(frame[:begin], reader).build_full_trainset()
                model = surprise.SVD(random_state=0).fit(seen)
                next_fit = begin + REFIT_EVERY
            if model is not None:
                for k in range(begin, end):
                    predicted[k] = model.predict(stream.users[k], stream.items[k]).est
        return predicted, predicted

    settings = {"n_factors": 100, "n_epochs": 20, "lr_all": 0.005, "reg_all": 0.02, "random_state": 0}
    name = f"Surprise SVD, fitted anew every {REFIT_EVERY:,} events"
    return [Peer(name, settings, predictions, predictions, from_first_fit=True, rounds=1)]
