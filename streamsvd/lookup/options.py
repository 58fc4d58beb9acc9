"""What a caller of `recommend` may ask for, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from streamsvd.errors import SettingsError
from streamsvd.kernels.inputs import as_ids
from streamsvd.lookup.arguments import at_least, how_many, listed, whole
from streamsvd.lookup.ranking import DEFAULT_RANKING, ranking_called
from streamsvd.ratings import Id

Explore = Literal["upper", "sampled"]
Years = tuple[int | None, int | None]


class Options(TypedDict, total=False):
    """Options of `recommend` beside the number of items.

    Attributes
    ----------
    exclude_seen : bool
        Leave out what the user has rated; True by default.
    exclude : iterable of id
        Leave these out, too: a list, an array or a column of a table.
    genres : iterable of str
        Only items of at least one of these; case does not matter. A single string is refused.
    years : (int or None, int or None) or None
        Only items from the first year to the last, both included; None is open.
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
    genres: Iterable[str]
    years: Years | None
    min_ratings: int
    rank_by: str
    explore: Explore | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class CheckedOptions:
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
    genres: Iterable[str] = ()
    years: Years | None = None
    min_ratings: int = 0
    rank_by: str = DEFAULT_RANKING
    explore: Explore | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        plain = {
            "n": how_many(self.n),
            "exclude": tuple(as_ids(listed("exclude", self.exclude))),
            "genres": _genres(self.genres),
            "years": _years(self.years),
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


def _genres(genres: Any) -> tuple[str, ...]:
    found = tuple(listed("genres", genres))
    for genre in found:
        if not isinstance(genre, str):
            raise SettingsError(f"genres hold {genre!r}; each is a string")
    return found


def _years(years: Any) -> Years | None:
    if years is None:
        return None
    try:
        first, last = (None if year is None else whole("a year", year) for year in years)
    except (TypeError, ValueError):
        raise SettingsError(f"years are {years!r}; give the first and the last, or None for either") from None
    if first is not None and last is not None and first > last:
        raise SettingsError(f"years are {first} to {last}: give the earlier one first")
    return first, last
