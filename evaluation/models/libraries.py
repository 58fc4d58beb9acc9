"""Adapters of other libraries' learners; a library is imported when its learner is constructed."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.learner import Id, Ids


class RiverBiasedMF:
    """`river.reco.BiasedMF`, one rating at a time; `rate` and `bias_rate` are of stochastic gradient descent.

    Predicting creates rows for unknown ids, so results depend on the order of the calls.
    """

    def __init__(
        self,
        n_factors: int = 10,
        rate: float = 0.01,
        bias_rate: float = 0.01,
        l2_bias: float = 0.0,
        l2_latent: float = 0.0,
        sigma: float = 0.1,
        *,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        from river import optim, reco

        self._low, self._high = scale
        self._model: Any = reco.BiasedMF(
            n_factors=n_factors,
            bias_optimizer=optim.SGD(bias_rate),
            latent_optimizer=optim.SGD(rate),
            l2_bias=l2_bias,
            l2_latent=l2_latent,
            latent_initializer=optim.initializers.Normal(mu=0.0, sigma=sigma, seed=seed),
            seed=seed,
        )

    def predict_one(self, user: Id, item: Id) -> float:
        """Predicted rating of one item by one user, within the scale."""
        return float(min(max(self._model.predict_one(user, item), self._low), self._high))

    def learn_one(self, user: Id, item: Id, rating: float, _timestamp: int) -> float:
        """Predict, then learn one rating; returns the prediction."""
        predicted = self.predict_one(user, item)
        self._model.learn_one(user, item, rating)
        return predicted


class SurpriseSVD:
    """`surprise.SVD`, fitted to all ratings at once."""

    def __init__(
        self,
        n_factors: int = 100,
        n_epochs: int = 20,
        lr_all: float = 0.005,
        reg_all: float = 0.02,
        *,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        import surprise

        self._scale = scale
        self._model = surprise.SVD(n_factors, n_epochs, lr_all=lr_all, reg_all=reg_all, random_state=seed)

    def fit(self, users: Ids, items: Ids, ratings: ArrayLike, _timestamps: ArrayLike | None = None) -> Self:
        """Learn these ratings and no others."""
        import pandas as pd
        import surprise

        frame = pd.DataFrame({"user": np.asarray(users), "item": np.asarray(items), "rating": np.asarray(ratings)})
        known = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=self._scale))
        self._model.fit(known.build_full_trainset())
        return self

    def predict(self, users: Ids, items: Ids, _timestamps: ArrayLike | None = None) -> NDArray[np.float64]:
        """Predicted ratings within the scale; ids may be unknown."""
        pairs = zip(np.asarray(users).tolist(), np.asarray(items).tolist(), strict=True)
        return np.array([self._model.predict(*pair).est for pair in pairs], np.float64)
