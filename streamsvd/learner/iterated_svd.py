"""`IteratedSVD`: the regularised SVD of a rating matrix with holes, kept current one rating at a time.

Each rating is predicted, then learned by two rank-one updates; rows that have grown are refitted. Ids are ints or
strings; `LearnerRows` gives them row numbers, and everything below this class works on numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.errors import InputError
from streamsvd.kernels import Id, Scale, Settings, State, as_column, plain_ids, retraction
from streamsvd.kernels import learning as kernels
from streamsvd.kernels.handles import Events, Handle
from streamsvd.kernels.memory import CHANGED, EVENTS
from streamsvd.learner import files, saving
from streamsvd.learner.learner_rows import LearnerRows
from streamsvd.learner.live_lookups import LiveLookups
from streamsvd.learner.predicting import predict_pairs
from streamsvd.learner.protocol import ContentSource, Predictions
from streamsvd.learner.svd_form import SVDForm, svd_form

Floats = NDArray[np.float64]
_IDS, _NUMBERS = (int, str), (int, float, np.float64)


class IteratedSVD(LearnerRows, LiveLookups):
    """Online matrix factorisation with item content, drift tracking and calibration.

    Parameters
    ----------
    settings : Settings, optional
        Rank, ridges, refit interval …; `Settings()` by default.
    scale : (float, float)
        Lowest and highest rating, in the data's own unit. (1, 5) and (0.5, 5) are stars and taken as they are; any
        other scale is mapped linearly onto 1–5 stars. Predictions and deviations are in the data's own unit.
    content : ContentSource, optional
        Features of the items without unit (genres, release year); without one, the model has ratings only.
    seed : int
        Decides, with an item's id, its factors before its first rating.

    Notes
    -----
    Prediction, in stars: biased factors [1]_ (eq. 4) with content and global weights g. The user's row is
    x = [b_u, w_u, p_u], with a bias, weights of what is known of items and factors, the item's y = [b_i, q_i]; n_u and
    n_i count their ratings so far::

        φ = [1, content, (ln(1 + n_i) − 2) / 2, b_i, q_i],    z = [1, content, ln(1 + n_i) − 2, ln(1 + n_u) − 3]
        s = g·z + b_i + x·φ,    r̂ = clip(s + c·h, low, high)

    Rank-one update of x: recursive least squares, with P by Sherman & Morrison's formula [2]_::

        e = r − s,    K = P φ,    τ = 1 + φ·K,    x ← x + K e / τ,    P ← P − K Kᵀ / τ

    The same updates c on h (e = r − s − c·h) and g on z (e = r − g·z) before it, and y on ψ = [1, p_u] after it
    (e = r − g·z − b_i − x·φ with the new x). Only rows of the new rating change, as in [3]_ and [4]_.

    Refit of a row whose count has grown by the factor 1 + γ: the ridge solution over its newest `window` ratings with
    the other side's rows as they are now, one step of batch iterated SVD ([5]_, section 5; [6]_, algorithm 3.1)::

        P = (Λ + Σ φ φᵀ)⁻¹,    x = P Σ φ (r − g·z − b_i)    (an item: on ψ, less x·φ without factors)

    Λ is the diagonal Λ₀ of the ridges; for users, from rating `prior_from` on, Λ = σ² M⁻¹, with the second moments
    of the N users with 5 ratings or more, M = (ν σ² Λ₀⁻¹ + Σ (x xᵀ + σ² P)) / (ν + N), and ν = `prior_weight`.

    Calibration c·h: 24 terms h, such as running means of r − s by user and item, and powers of s − 3.5
    (`CalibrationTerm`). Deviation: √(σ² (1 + φ·Pφ + ψ·Pψ) · noise_u · noise_i), with a learned σ² and noise.

    Every prediction is made before its rating is learned, so errors are prequential [7]_. `svd` is by [8]_, section 3.

    References
    ----------
    .. [1] Koren, Bell & Volinsky 2009, Matrix factorization techniques for recommender systems, Computer 42(8).
    .. [2] Sherman & Morrison 1950, Adjustment of an inverse matrix …, Annals of Mathematical Statistics 21(1).
    .. [3] Rendle & Schmidt-Thieme 2008, Online-updating regularized kernel matrix factorization models …, RecSys.
    .. [4] He, Zhang, Kan & Chua 2016, Fast matrix factorization for online recommendation …, SIGIR.
    .. [5] Mazumder, Hastie & Tibshirani 2010, Spectral regularization algorithms …, JMLR 11.
    .. [6] Hastie, Mazumder, Lee & Zadeh 2015, Matrix completion and low-rank SVD via fast ALS, JMLR 16.
    .. [7] Gama, Sebastião & Rodrigues 2013, On evaluating stream learning algorithms, Machine Learning 90(3).
    .. [8] Brand 2006, Fast low-rank modifications of the thin SVD, Linear Algebra and its Applications 415(1).

    Examples
    --------
    >>> model = IteratedSVD(scale=(1, 5))
    >>> before = model.predict_one("ann", "Heat")
    >>> for item, stars in [("Heat", 5), ("Casino", 5), ("Babe", 2)]:
    ...     _ = model.learn_one("ann", item, stars)
    >>> model.predict_one("ann", "Heat") > before
    True
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        scale: tuple[float, float] = (1.0, 5.0),
        content: ContentSource | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(settings or Settings(), Scale(*scale), content, seed)
        self._erased: list[Id] = []
        self._one = Events(
            users=np.zeros(1, np.int64),
            items=np.zeros(1, np.int64),
            ratings=np.zeros(1),
            timestamps=np.zeros(1, np.int64),
            predictions=np.zeros((1, 5)),
        )
        self._one_handle = Handle(self._one)

    def __len__(self) -> int:
        """Ratings learned."""
        return int(self._memory.counters[EVENTS])

    # Learning

    def learn(
        self,
        users: Sequence[Id] | NDArray[Any],
        items: Sequence[Id] | NDArray[Any],
        ratings: ArrayLike,
        timestamps: ArrayLike | None = None,
    ) -> Predictions:
        """Predict, then learn each rating, in order; a second rating of an item by a user replaces the first.

        Parameters
        ----------
        users, items : sequences of int or str, length n
        ratings : array_like of float, length n
            In the data's own scale.
        timestamps : array_like of int, length n, optional
            Seconds; all that a user rates at one timestamp is a page, which the next rating of another timestamp ends.
            Without them, each rating is its own page.

        Returns
        -------
        Predictions
            Made before each rating was learned; the same bits whether ratings come one by one or in arrays.

        Raises
        ------
        InputError
            If the lengths differ, an id is neither an int nor a str, a rating is not a number within the scale, or the
            content of a new item is not finite numbers of the right shape; nothing has been learned then.
        """
        values = as_column("ratings", ratings, np.float64)
        stamps = self._timestamps(timestamps, len(values))
        user_ids, item_ids = plain_ids(users), plain_ids(items)
        if not len(user_ids) == len(item_ids) == len(values) == len(stamps):
            lengths = f"{len(user_ids)} users, {len(item_ids)} items, {len(values)} ratings, {len(stamps)} timestamps"
            raise InputError(f"one of each is needed for every rating, found {lengths}")
        self.scale.check(values)
        item_rows, _ = self._items.number(item_ids, self._add_items)  # first: its content source may refuse an id
        user_rows, _ = self._users.number(user_ids, self._add_users)
        predictions = np.empty((len(values), 5))
        internal = self.scale.to_internal(values)
        self._run(Handle(Events(user_rows, item_rows, internal, stamps, predictions)), len(values))
        return Predictions(
            self.scale.within(predictions[:, 0]),
            self.scale.within(predictions[:, 1]),
            np.sqrt(predictions[:, 2]) / self.scale.slope,
            predictions[:, 3].astype(np.int64),
            predictions[:, 4].astype(np.int64),
        )

    def learn_one(self, user: Id, item: Id, rating: float, timestamp: int | None = None) -> float:
        """Predict, then learn one rating, as `learn` does.

        Parameters
        ----------
        user, item : int or str
        rating : float
            In the data's own scale.
        timestamp : int, optional
            Seconds, as for `learn`.

        Returns
        -------
        float
            The event prediction, in the data's own scale.

        Raises
        ------
        InputError
            As for `learn`.
        """
        plain = type(user) in _IDS and type(item) in _IDS and type(rating) in _NUMBERS and type(timestamp) is int
        if not (plain and self.scale.low <= rating <= self.scale.high and -(2**63) <= (timestamp or 0) < 2**63):
            stamps = None if timestamp is None else [timestamp]
            return float(self.learn([user], [item], [rating], stamps).event[0])
        i, u = self._items.rows.get(item), self._users.rows.get(user)
        if i is None:
            i = self._add_items([item]).item()
        if u is None:
            u = self._add_users([user]).item()
        one = self._one  # the usual case makes no arrays
        one.users[0], one.items[0], one.timestamps[0] = u, i, timestamp  # type: ignore[assignment]  # it is an int
        one.ratings[0] = self.scale.to_internal(rating)
        self._run(self._one_handle, 1)
        return float(self.scale.within(one.predictions.item(0)))

    def retract(self, user: Id, item: Id) -> bool:
        """Take a rating back and refit both rows from the ratings that remain.

        Parameters
        ----------
        user, item : int or str

        Returns
        -------
        bool
            Whether there was such a rating.
        """
        u, i = self._users.rows.get(user), self._items.rows.get(item)
        if u is None or i is None:
            return False
        self._make_room()
        return bool(retraction.retract(self._handle.address, u, i))

    def erase(self, user: Id) -> bool:
        """Remove a user: row, ratings and id go, and the items it had rated are refitted without it.

        What stays is the user's share in the global weights and in other rows' past updates.

        Parameters
        ----------
        user : int or str

        Returns
        -------
        bool
            Whether there was such a user.
        """
        u = self._users.remove(user)
        if u is None:
            return False
        self._make_room()
        retraction.erase(self._handle.address, u)
        self._erased.append(user)
        return True

    # Predicting: nothing below changes the model.

    def predict(
        self,
        users: Sequence[Id] | NDArray[Any],
        items: Sequence[Id] | NDArray[Any],
        timestamps: ArrayLike | None = None,
    ) -> Floats:
        """Predicted ratings, clipped to the scale; unknown ids are predicted from what is known of all users and items.

        Parameters
        ----------
        users, items : sequences of int or str, length n
        timestamps : array_like of int, length n, optional
            When, in seconds; by default the time of each user's last rating.

        Returns
        -------
        float64 array, shape (n,)
            In the data's own scale; with its timestamp, exactly what `learn` would predict next.

        Raises
        ------
        InputError
            If the lengths differ, or an id is neither an int nor a str.
        """
        return predict_pairs(self, users, items, timestamps, with_variance=False)[0]

    def predict_with_deviation(
        self,
        users: Sequence[Id] | NDArray[Any],
        items: Sequence[Id] | NDArray[Any],
        timestamps: ArrayLike | None = None,
    ) -> tuple[Floats, Floats]:
        """Predicted ratings and their standard deviations.

        Parameters
        ----------
        users, items, timestamps
            As for `predict`.

        Returns
        -------
        predicted, deviation : float64 arrays, shape (n,)
            In the data's own scale; deviations are of the rating, its noise included.

        Raises
        ------
        InputError
            As for `predict`.
        """
        return predict_pairs(self, users, items, timestamps, with_variance=True)

    def predict_one(self, user: Id, item: Id, timestamp: int | None = None) -> float:
        """Predicted rating of one item by one user.

        Parameters
        ----------
        user, item : int or str
        timestamp : int, optional
            Seconds, as for `predict`.

        Returns
        -------
        float
            In the data's own scale, clipped to it.

        Raises
        ------
        InputError
            As for `predict`.
        """
        return float(self.predict([user], [item], None if timestamp is None else [timestamp])[0])

    def svd(self) -> SVDForm:
        """The factors as U Σ Vᵀ = P Qᵀ, with orthonormal U and V."""
        m, rank, first = self._memory, self.settings.rank, 3 + self.n_content
        rows, ids = self._users.taken()
        return svd_form(m.x[rows, first : first + rank], m.y[: self.n_items, 1 : 1 + rank], ids, self._items.taken()[1])

    # State

    def state(self) -> State:
        """The whole state, as arrays that share nothing with the model."""
        return saving.export_state(self, changed_only=False)

    def changes(self) -> State:
        """Global state and the rows that changed since the last call; starts a new count of changes."""
        state = saving.export_state(self, changed_only=True)
        self._memory.user_ints[:, CHANGED] = 0
        self._memory.item_ints[:, CHANGED] = 0
        self._erased = []
        return state

    def save(self, path: Path | str) -> None:
        """Write the whole state to one file; see `files.save`."""
        files.save(self.state(), Path(path))

    @classmethod
    def load(cls, path: Path | str, content: ContentSource | None = None) -> IteratedSVD:
        """A model that continues exactly where it was saved; `content` as for `from_state`."""
        return cls.from_state(files.load(Path(path)), content)

    @classmethod
    def from_state(cls, state: State, content: ContentSource | None = None) -> IteratedSVD:
        """A model that continues exactly where `state` was taken.

        Parameters
        ----------
        state : State
            A whole state.
        content : ContentSource, optional
            The one that the model was created with; used for items that are rated for the first time from now on.

        Raises
        ------
        SettingsError
            If the content is not of the width that the state was made with.
        SnapshotCorrupt
            If rows are missing.
        """
        saving.check_state(state, content)
        made_with = state.settings
        low, high = made_with["scale"]
        settings = Settings.from_dict(made_with["settings"])
        model = cls(settings, scale=(low, high), content=content, seed=made_with["seed"])
        saving.restore_state(model, state)
        return model

    def _run(self, events: Handle, n: int) -> None:
        done = kernels.learn(self._handle.address, events.address, 0)
        while done < n:
            self._make_room(n - done)
            done = kernels.learn(self._handle.address, events.address, done)

    def _timestamps(self, timestamps: ArrayLike | None, n: int) -> NDArray[np.int64]:
        if timestamps is None:  # negative and counting down: no two events share a page
            return -2 - len(self) - np.arange(n, dtype=np.int64)
        return as_column("timestamps", timestamps, np.int64)
