"""Ratings, items and users of a data set: a folder, the zip that its publisher made, or the ratings file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from streamsvd.errors import DatasetError
from streamsvd.ratings.catalogue import Catalogue
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.event import Id
from streamsvd.ratings.finding import STANDARD_INPUT, find_ratings, open_ratings
from streamsvd.ratings.formats import recognise
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.fields import IdColumn, Ratings
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import CompanionFile, Format, Found
from streamsvd.ratings.reading.sample import Sample
from streamsvd.ratings.reading.table_reader import TableReader
from streamsvd.ratings.reading.times import Times
from streamsvd.ratings.sources import ProgressCallback
from streamsvd.ratings.table import RatingTable


def read_ratings(
    path: str | Path,
    columns: Columns | None = None,
    scale: tuple[float, float] | None = None,
    *,
    ids: Literal["auto", "text"] = "auto",
    drop_ratings: Collection[float] = (),
    time_format: str | None = None,
    progress: ProgressCallback | None = None,
) -> RatingTable:
    """Read all ratings and put them into the order of the stream, whatever the order of the file's lines.

    Parameters
    ----------
    path : str or Path
        Folder, zip, member of a zip (`archive.zip/ratings.csv`) or ratings file, which may be compressed (gzip, bzip2,
        xz, zstd); `-` is standard input.
    columns : Columns, optional
        Which columns hold what, for files that are not MovieLens'. Without a timestamp, the file's order stands for
        time. What stands between fields is found from the first lines.
    scale : tuple of float, optional
        Lowest and highest rating that the data set allows. Left out, it is MovieLens' own for its formats (1 to 5
        for 100k and for a `dat` file without half stars, else 0.5 to 5), and for other files the limits found in it.
    ids : {"auto", "text"}
        With `auto` the ids of a column are integers where each of them is exactly what an integer of 64 bits prints,
        else text, without white space around it; so 007 makes text of its column. With `text` they are text.
    drop_ratings : collection of float, optional
        Ratings to leave out, such as -1 where it means "seen, not rated"; NaN stands for missing ones.
    time_format : str, optional
        How times are written: `s`, `ms`, `us`, `ns`, `minutes`, `hours` or `days` since 1970, `excel` (days since
        1899-12-30), `year`, `yyyymmdd`, `yyyymmddhhmm`, `yyyymmddhhmmss`, `iso`, or a format of `strptime` such as
        `%d/%m/%Y`. Found from the column when left out.
    progress : callable, optional
        Called with the bytes (for Parquet: rows) read so far and those in all.

    Returns
    -------
    RatingTable
        In the order of `stream_order`: by (timestamp, user, item, place in the file). `dataset.sha256` is that of the
        unpacked ratings file, without the header of an atomic file, and in UTF-8 where it is in UTF-16 or UTF-32. Where
        rows were left out, it covers which ones, since the numbers of the others depend on them.

    Raises
    ------
    DatasetError
        With file, line, what was found and what to do.
    SettingsError
        There is no such `time_format`.

    Notes
    -----
    Found are seconds, milli-, micro- and nanoseconds since 1970, told apart by their size; dates as digits; and ISO
    8601, in UTC where it names no zone. Fractions of a second are dropped. All lines must be of one of them, and
    seconds that all lie in 1970 are refused, since they are something else. Memory peaks at about 50 bytes a rating.
    """
    with open_ratings(path) as file:
        sample = Sample.of(file, columns)
        form = recognise(sample)
        rows = form.rows(sample)
        if scale is not None:
            Dataset(file.dataset, "", scale)  # refuses limits that are no scale before a long read
        reader = TableReader(
            IdColumn("user", ids == "text", form.id_rule),
            IdColumn("item", ids == "text", form.id_rule),
            Ratings(form.limits if scale is None else scale, drop_ratings),
            Times(time_format) if rows.has_times else None,
        )
        digest = hashlib.sha256()
        try:
            for block in rows.blocks(file, digest.update):
                reader.add(block)
                if progress is not None:
                    progress(block.done, block.total)
        except ValueError as error:
            raise DatasetError(f"{file.label}, {error}") from error
        digest.update(reader.left_out_rows())
        return reader.table(
            file, lambda rated: Dataset(file.dataset, digest.hexdigest(), scale or form.scale_of(rated))
        )


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


def _beside(
    path: str | Path, what: Callable[[Format], CompanionFile[Found] | None]
) -> tuple[DataFile, Callable[[DataFile], Found]] | None:
    """The further file that a format has in the folder of its ratings, and what reads it; None where there is none."""
    if str(path) == STANDARD_INPUT:
        return None
    ratings = find_ratings(path)
    try:
        form = recognise(Sample.of(ratings, None))
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
