"""MovieLens in every format that was ever published, RecBole's atomic files, and any other table of ratings.

| set | ratings | items | layout |
| --- | --- | --- | --- |
| 100k | `u.data` | `u.item`, `u.genre` | between tabs; Latin-1 |
| 1M, 10M | `ratings.dat` | `movies.dat` | between `::`; 10M has half stars and UTF-8 |
| 20M, 25M, 32M, latest, latest-small | `ratings.csv` | `movies.csv` | csv with a header, half stars, UTF-8 |
| any set as atomic files | `NAME.inter` | `NAME.item` | between tabs, a header with types; UTF-8 |

Each of them as a folder, as the zip that GroupLens publishes, or as the path of the ratings file itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import DatasetError
from streamsvd.ratings.catalogue import Catalogue, Film, film_from_title
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.event import Id
from streamsvd.ratings.formats.atomic import films_atomic, users_atomic
from streamsvd.ratings.reading.blocks import Column, Parser, TextIds, read_columns
from streamsvd.ratings.reading.files import ATOMIC_SUFFIX, RatingsFile, find_ratings, lines_of
from streamsvd.ratings.reading.layout import HALF_STARS, WHOLE_STARS, Columns, Layout, sniff, typed_names
from streamsvd.ratings.sources import Progress
from streamsvd.ratings.table import RatingTable

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")


def read_ratings(
    path: str | Path,
    columns: Columns | None = None,
    scale: tuple[float, float] | None = None,
    *,
    progress: Progress | None = None,
) -> RatingTable:
    """Read all ratings and put them into the order in which they happened.

    Parameters
    ----------
    path : str or Path
        Folder, zip or ratings file (which may be gzipped).
    columns : Columns, optional
        Which columns hold what, for tables that are not MovieLens'. The delimiter (comma, tab, semicolon, bar) is
        found from the first line. Ids may be text; ids that are all integers are read as integers.
    scale : tuple of float, optional
        Lowest and highest rating that the data set allows. Left out, it is MovieLens' own for its formats (1 to 5
        for 100k and for a `dat` file without half stars, else 0.5 to 5), and for atomic files and other tables the
        limits found in the file.
    progress : callable, optional
        Called with the bytes read so far and the bytes in all.

    Returns
    -------
    RatingTable
        In (timestamp, file order) order; `dataset.sha256` is that of the unpacked ratings file, without the header of
        an atomic file.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.

    Notes
    -----
    Timestamps are seconds, or milliseconds when the first one is above 1e11, whole or with a fraction (which is
    dropped), or ISO dates, taken as UTC where they name no zone. Memory peaks at about 45 bytes a rating.
    """
    file = find_ratings(path)
    layout = _layout(file, columns)
    limits = _published_scale(layout) if scale is None and layout.published else scale
    if scale is not None:
        Dataset(file.name, "", scale)  # refuses limits that are no scale before a long read
    text = [False, False]
    while True:
        parser = Parser(layout, file.label, limits, (text[0], text[1]))
        try:
            with file.open() as (stream, position, total):
                on_read = (lambda: None) if progress is None else lambda: progress(position(), total)
                found, sha256 = read_columns(parser, stream, on_read)
            break
        except TextIds as signal:
            text[signal.side] = True
    users, items, ratings, timestamps = _ordered(found, parser)
    if not len(timestamps):
        raise DatasetError(f"{file.label}: no ratings in this file; give one that has some")
    if scale is None:
        scale = _scale(layout, ratings)
    return RatingTable(users, items, ratings, timestamps, Dataset(file.name, sha256, scale))


def read_catalogue(path: str | Path) -> Catalogue | None:
    """Read titles, genres and years of the items.

    Parameters
    ----------
    path : str or Path
        As for `read_ratings`: folder, zip, or a ratings file beside which the catalogue lies.

    Returns
    -------
    Catalogue or None
        None where the ratings are not in one of MovieLens' formats, or no catalogue lies beside them.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.
    """
    file = find_ratings(path)
    kind = _kind(file)
    found = _beside(file, kind, {"100k": "u.item", "dat": "movies.dat", "csv": "movies.csv", "atomic": ".item"})
    if found is None:
        return None
    label, data = found
    read = {"100k": _films_100k, "dat": _films_dat, "csv": _films_csv, "atomic": films_atomic}[kind]
    films = list(read(data, label, file))
    try:
        return Catalogue(films)
    except DatasetError as error:
        raise DatasetError(f"{label}: {error}") from error


def read_users(path: str | Path) -> dict[Id, dict[str, str]] | None:
    """Read what a data set says of its users: for ml-100k age, gender, occupation and zip code, as text.

    Parameters
    ----------
    path : str or Path
        As for `read_ratings`.

    Returns
    -------
    dict or None
        Fields by user; None where the format has none, or no such file lies beside the ratings.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.
    """
    file = find_ratings(path)
    kind = _kind(file)
    found = _beside(file, kind, {"100k": "u.user", "dat": "users.dat", "atomic": ".user"})
    if found is None:
        return None
    label, data = found
    return users_atomic(data, label) if kind == "atomic" else _users(data, label, kind)


def _kind(file: RatingsFile) -> str:
    """The kind of its layout; `table` where nothing but columns named by the caller would say what it holds."""
    first_line = _first_line(file)
    if typed_names(first_line.decode("utf-8-sig", "replace")) is not None:
        return "atomic"
    try:
        return sniff(first_line, file.label, None).kind
    except DatasetError:
        return "table"


def _beside(file: RatingsFile, kind: str, names: Mapping[str, str]) -> tuple[str, bytes] | None:
    """Label and bytes of what describes items or users, by kind; atomic files share the name of their ratings."""
    if kind not in names:
        return None
    ratings = Path(file.label).name
    name = ratings.removesuffix(ATOMIC_SUFFIX) + names[kind] if kind == "atomic" else names[kind]
    data = file.beside(name)
    return None if data is None else (file.label.removesuffix(ratings) + name, data)


def _first_line(file: RatingsFile) -> bytes:
    with file.open() as (stream, _, _):
        return stream.readline(1 << 16)


def _layout(file: RatingsFile, columns: Columns | None) -> Layout:
    first_line = _first_line(file)
    if not first_line:
        raise DatasetError(f"{file.label}: the file is empty; fetch it again")
    return sniff(first_line, file.label, columns)


def _published_scale(layout: Layout) -> tuple[float, float]:
    return WHOLE_STARS if layout.kind == "100k" else HALF_STARS


def _scale(layout: Layout, ratings: NDArray[Any]) -> tuple[float, float]:
    if not layout.published:
        return float(ratings.min()), float(ratings.max())
    if layout.kind == "dat" and not np.any(ratings % 1):  # 1M and 10M differ only in half stars
        return WHOLE_STARS
    return _published_scale(layout)


def _ordered(columns: list[Column], parser: Parser) -> Iterator[NDArray[Any]]:
    """Users, items, ratings and timestamps in the stream's order, sorted one by one, so that memory stays low."""
    timestamps = columns[3].take()
    order = np.argsort(timestamps, kind="stable")
    for side, text in enumerate(parser.text):
        column = columns[side].take()[order]
        yield np.array(list(parser.names[side]), dtype=object)[column] if text else column
    yield columns[2].take()[order]
    yield timestamps[order]


def _films_100k(data: bytes, label: str, file: RatingsFile) -> Iterator[Film]:
    names = [line.split("|")[0] for line in lines_of(file.beside("u.genre") or b"") if line.strip()]
    if not names:
        raise DatasetError(f"{label}: u.genre, which names its columns, is not beside it; fetch the set again")
    for number, line in _lines(data):
        fields = line.split("|")
        if len(fields) != 5 + len(names):
            raise _bad_film(label, number, line, f"5 fields and one for each of {len(names)} genres")
        genres = [name for name, flag in zip(names, fields[5:], strict=True) if flag == "1"]
        yield film_from_title(_item(fields[0], label, number), fields[1], genres)


def _films_dat(data: bytes, label: str, _: RatingsFile) -> Iterator[Film]:
    for number, line in _lines(data):
        fields = line.split("::")
        if len(fields) < 3:
            raise _bad_film(label, number, line, "item::title::genres")
        title = "::".join(fields[1:-1])
        yield film_from_title(_item(fields[0], label, number), title, fields[-1].split("|"))


def _films_csv(data: bytes, label: str, _: RatingsFile) -> Iterator[Film]:
    rows = csv.reader(lines_of(data))
    try:
        yield from _films_of_rows(rows, label)
    except csv.Error as error:
        raise DatasetError(f"{label}, line {rows.line_num}: {error}; correct the line") from error


def _films_of_rows(rows: Any, label: str) -> Iterator[Film]:
    header: list[str] = next(rows, [])
    if header != ["movieId", "title", "genres"]:
        raise DatasetError(
            f"{label}, line 1: found {','.join(header)[:80]!r} instead of movieId,title,genres; fetch the set again"
        )
    for row in rows:
        if not row:
            continue
        if len(row) != 3:
            raise _bad_film(label, rows.line_num, ",".join(row), "movieId,title,genres")
        yield film_from_title(_item(row[0], label, rows.line_num), row[1], row[2].split("|"))


def _users(data: bytes, label: str, kind: str) -> dict[Id, dict[str, str]]:
    """Users of 100k (`u.user`) and of 1M (`users.dat`), which have the same fields in another order."""
    delimiter, names = {
        "100k": ("|", ("age", "gender", "occupation", "zip_code")),
        "dat": ("::", ("gender", "age", "occupation", "zip_code")),
    }[kind]
    found: dict[Id, dict[str, str]] = {}
    for number, line in _lines(data):
        user, *fields = line.split(delimiter)
        if len(fields) != len(names):
            wanted = delimiter.join(("user", *names))
            raise DatasetError(f"{label}, line {number}: found {line[:80]!r} instead of {wanted}; correct the line")
        found[_integer(user, "user", label, number)] = dict(zip(names, fields, strict=True))
    return found


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines_of(data), 1):
        if line.strip():
            yield number, line.rstrip("\r\n")


def _item(text: str, label: str, number: int) -> int:
    return _integer(text, "item", label, number)


def _integer(text: str, what: str, label: str, number: int) -> int:
    if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise DatasetError(
            f"{label}, line {number}: the {what} is {text[:40]!r}, not an integer of 64 bits; correct the line"
        )
    return int(text)


def _bad_film(label: str, number: int, line: str, wanted: str) -> DatasetError:
    return DatasetError(f"{label}, line {number}: found {line[:80]!r} instead of {wanted}; correct the line")
