"""Ratings, items and users of a data set: a folder, the zip that its publisher made, or the ratings file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from streamsvd.errors import DatasetError
from streamsvd.ratings.catalogue import Catalogue
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.event import Id
from streamsvd.ratings.finding import find_ratings
from streamsvd.ratings.formats import recognise
from streamsvd.ratings.reading.blocks import BlockReader, read_columns
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.fields import Ids, Ratings, TextIds, Times
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, FirstLine, Format, Found
from streamsvd.ratings.sources import Progress
from streamsvd.ratings.table import RatingTable


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
    first = _first_line(file, columns)
    form = recognise(first)
    rows = form.rows(first)
    if scale is not None:
        Dataset(file.dataset, "", scale)  # refuses limits that are no scale before a long read
    ratings = Ratings(form.limits if scale is None else scale)
    text: set[str] = set()
    while True:
        users, items = (Ids(what, what in text, form.id_rule) for what in ("user", "item"))
        reader = BlockReader(rows, users, items, ratings, Times(), file.label)
        try:
            with file.open() as (stream, position, total):
                on_read = (lambda: None) if progress is None else lambda: progress(position(), total)
                found, sha256 = read_columns(reader, stream, form.header_counts, on_read)
            break
        except TextIds as signal:
            text.add(signal.what)
    timestamps = found[3].take()
    if not len(timestamps):
        raise DatasetError(f"{file.label}: no ratings in this file; give one that has some")
    order = np.argsort(timestamps, kind="stable")
    # One column after the other, so that memory stays low.
    user, item, rated = (column.take()[order] for column in found[:3])
    dataset = Dataset(file.dataset, sha256, scale or form.scale_of(rated))
    return RatingTable(users.named(user), items.named(item), rated, timestamps[order], dataset)


def read_catalogue(path: str | Path) -> Catalogue | None:
    """Read titles, genres and years of the items.

    Parameters
    ----------
    path : str or Path
        As for `read_ratings`: folder, zip, or a ratings file in whose folder the catalogue lies.

    Returns
    -------
    Catalogue or None
        None where the format of the ratings has none, or no catalogue lies in their folder.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.
    """
    companion = _beside(path, lambda form: form.items)
    if companion is None:
        return None
    file, read = companion
    found = list(read(file))
    try:
        return Catalogue(found)
    except DatasetError as error:
        raise DatasetError(f"{file.label}: {error}") from error


def read_users(path: str | Path) -> dict[Id, dict[str, str]] | None:
    """Read what a data set says of its users: for ml-100k age, gender, occupation and zip code, as text.

    Parameters
    ----------
    path : str or Path
        As for `read_ratings`.

    Returns
    -------
    dict or None
        Fields by user; None where the format has none, or no such file lies in the folder of the ratings.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.
    """
    users = _beside(path, lambda form: form.users)
    if users is None:
        return None
    file, read = users
    return read(file)


def _first_line(file: DataFile, columns: Columns | None) -> FirstLine:
    with file.open() as (stream, _, _):
        return FirstLine.of(stream.readline(1 << 16), file.label, columns)


def _beside(
    path: str | Path, what: Callable[[Format], CompanionFile[Found] | None]
) -> tuple[DataFile, Callable[[DataFile], Found]] | None:
    """The further file that a format has in the folder of its ratings, and what reads it; None where there is none."""
    ratings = find_ratings(path)
    try:
        form = recognise(_first_line(ratings, None))
    except DatasetError:  # only columns named by the caller would say what it holds
        return None
    beside = what(form)
    if beside is None:
        return None
    stem = Path(ratings.label).name
    for pattern in form.file_names:
        stem = stem.removesuffix(pattern.removeprefix("*"))
    file = ratings.beside(beside.name.replace("*", stem))
    return None if file is None else (file, beside.read)
