"""What a caller of `recommend` may ask for, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from streamsvd.errors import SettingsError
from streamsvd.kernels import as_ids
from streamsvd.lookup.arguments import at_least, how_many, listed
from streamsvd.lookup.item_filters import CheckedFilters, ItemFilters
from streamsvd.lookup.ranking import DEFAULT_RANKING, ranking_called
from streamsvd.ratings import Id

Explore = Literal["upper", "sampled"]


class Options(ItemFilters, total=False):
    """Options of `recommend` besides the number of items; `genres` and `years` are those of `ItemFilters`.

    Attributes
    ----------
    exclude_seen : bool
        Leave out what the user has rated; True by default.
    exclude : iterable of id
        Leave these out, too: a list, an array or a column of a table.
    min_ratings : int
        Only items with at least so many ratings.
    rank_by : str
        "choice": by the probability that the user chooses an item and likes it. "rating": by the predicted rating
        alone; so are all lists of a snapshot that holds no choices, such as that of a bare learner.
    explore : "upper", "sampled" or None
        Rank items that the model knows little of higher; see `exploration`.
    seed : int or None
        Of the random numbers of "sampled".
    """

    exclude_seen: bool
    exclude: Iterable[Id]
    min_ratings: int
    rank_by: str
    explore: Explore | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class CheckedOptions(CheckedFilters):
    """`Options` with their defaults, checked and converted: lists are tuples, numbers are ints.

    Raises
    ------
    SettingsError
        When a value is out of its range.
    InputError
        When `exclude` holds something that is no id.
    """

    n: int
    exclude_seen: bool = True
    exclude: Iterable[Id] = ()
    min_ratings: int = 0
    rank_by: str = DEFAULT_RANKING
    explore: Explore | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        super(CheckedOptions, self).__post_init__()  # with slots, the class is not the one that `super()` knows
        plain = {
            "n": how_many(self.n),
            "exclude": tuple(as_ids(listed("exclude", self.exclude))),
            "min_ratings": at_least(0, "min_ratings", self.min_ratings),
            "seed": None if self.seed is None else at_least(0, "seed", self.seed),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.explore not in (None, "upper", "sampled"):
            raise SettingsError(f"explore is {self.explore!r}; it can be 'upper', 'sampled' or None")
        if self.explore == "sampled" and self.seed is None:
            raise SettingsError("explore='sampled' needs a seed, so that the answer can be repeated: give seed=…")
        ranking_called(self.rank_by)
