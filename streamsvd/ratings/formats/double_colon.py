"""ml-1m and ml-10m: `ratings.dat`, `movies.dat`, `users.dat` with `::` between fields; 10M has half stars and UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings.catalogue import CatalogueItem, item_from_title
from streamsvd.ratings.reading.delimited import delimited
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format, Limits
from streamsvd.ratings.reading.movielens import HALF_STARS, ID_RULE, WHOLE_STARS, integer, users_of


def _items(file: DataFile) -> Iterator[CatalogueItem]:
    for number, line in file.lines():
        fields = line.split("::")
        if len(fields) < 3:
            raise file.wrong(number, f"found {line[:80]!r} instead of item::title::genres")
        title = "::".join(fields[1:-1])
        yield item_from_title(integer(fields[0], "item", file, number), title, fields[-1].split("|"))


def _scale(ratings: NDArray[Any]) -> Limits:
    return HALF_STARS if np.any(ratings % 1) else WHOLE_STARS  # 1M and 10M differ only in half stars


DOUBLE_COLON = Format(
    name="ratings.dat",
    first_line="four numbers between ::",
    file_names=("ratings.dat",),
    recognises=lambda sample: sample.is_four_numbers("::"),
    rows=lambda sample: delimited(sample, "::", header=False),
    id_rule=ID_RULE,
    limits=HALF_STARS,
    scale=_scale,
    items=CompanionFile("movies.dat", _items),
    users=CompanionFile("users.dat", lambda file: users_of(file, "::", ("gender", "age", "occupation", "zip_code"))),
)
