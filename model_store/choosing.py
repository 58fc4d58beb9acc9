"""Which items a lookup may give: not rated yet, of these genres and years, rated often enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from model_store.arguments import at_least, how_many, listed, whole
from model_store.facts import NO_YEAR, Facts
from model_store.ranking import DEFAULT_RANKING, ranking_called
from model_store.read.view import View
from streamsvd.errors import InputError, SettingsError
from streamsvd.kernels.inputs import as_ids
from streamsvd.ratings import Id

Explore = Literal["upper", "sampled"]
Years = tuple[int | None, int | None]


class Options(TypedDict, total=False):
    """What a caller of `recommend` may ask for beside the number of items.

    Attributes
    ----------
    exclude_seen : bool
        Leave out what the user has rated; so it is unless this is False.
    exclude : iterable of id
        Leave these out, too. An array or a column of a table is as good as a list.
    genres : iterable of str
        Only films of at least one of these; upper and lower case are the same. One text alone is refused.
    years : (int or None, int or None) or None
        Only films from the first year to the last, both included; None is open.
    min_ratings : int
        Only items that have been rated so often.
    rank_by : str
        "choice": by the probability that the user chooses an item and likes it. "rating": by the predicted rating
        alone; so are all lists of a snapshot that holds no choices, such as that of a bare learner.
    explore : "upper", "sampled" or None
        Give items of which the model knows little the benefit of the doubt; see `exploring`.
    seed : int or None
        Of "sampled".
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
class Choice:
    """`Options` with their defaults, checked and made plain: lists are tuples, numbers are ints.

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
            raise SettingsError("explore='sampled' needs a seed, so that the answer can be had again: give seed=…")
        ranking_called(self.rank_by)


def _genres(genres: Any) -> tuple[str, ...]:
    found = tuple(listed("genres", genres))
    for genre in found:
        if not isinstance(genre, str):
            raise SettingsError(f"genres hold {genre!r}; each is a text")
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


def allowed(view: View, choice: Choice, seen: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which places of a view may be shown, shape (places,).

    Raises
    ------
    InputError
        When a genre is asked for that no film has.
    """
    may = view.items.present.copy()
    may[seen] = False
    if choice.exclude:
        may[view.places(choice.exclude)] = False
    if choice.min_ratings > 0:
        may &= view.factors["count"] >= choice.min_ratings
    if choice.genres or choice.years:
        facts = view.facts
        if choice.genres:
            may &= np.any([_genre(facts, genre) for genre in choice.genres], axis=0)
        if choice.years:
            first, last = choice.years
            may &= facts.years != NO_YEAR
            if first is not None:
                may &= facts.years >= first
            if last is not None:
                may &= facts.years <= last
    return may


def _genre(facts: Facts, name: str) -> NDArray[np.bool_]:
    if name.casefold() not in facts.genres:
        known = ", ".join(sorted(facts.genres)) or "none: the model has no catalogue"
        raise InputError(f"no film is of genre {name!r}; the genres are: {known}")
    return facts.genres[name.casefold()]
