"""Data sets by name: found on this machine, or fetched and kept.

A name is looked for as a path, then in the folder that `STREAMSVD_DATA` names, then in the cache. What is not there
is fetched into the cache from the first of its sources that gives it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from streamsvd.errors import Attempt, DatasetError, DatasetUnavailable
from streamsvd.ratings.catalogue import Catalogue
from streamsvd.ratings.finding import is_there
from streamsvd.ratings.readers import read_catalogue, read_ratings
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.sources import GroupLens, Network, ProgressCallback, Source, SourceFailed, Wheel
from streamsvd.ratings.synthetic import Synthetic
from streamsvd.ratings.table import RatingTable

if TYPE_CHECKING:
    from streamsvd.ratings.in_memory import Frame, Row

SYNTHETIC = "synthetic"
"""Name of the synthetic stream."""

# MD5 as GroupLens publishes it next to each zip (<name>.zip.md5); the sets without one are renewed under their name.
SOURCES: dict[str, tuple[Source, ...]] = {
    "ml-100k": (
        GroupLens("ml-100k", "0e33842e24a9c977be4e0107933c0723"),
        Wheel("recbole", "1.2.1", "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"),
    ),
    "ml-1m": (GroupLens("ml-1m", "c4d9eecfca2ab87c1945afe126590906"),),
    "ml-10m": (GroupLens("ml-10m", "ce571fd55effeba0271552578f2648bd"),),
    "ml-20m": (GroupLens("ml-20m", "cd245b17a1ae2cc31bb14903e1204af3"),),
    "ml-25m": (GroupLens("ml-25m", "6b51fb2759a8657d3bfcbfc42b592ada"),),
    "ml-32m": (GroupLens("ml-32m", "d472be332d4daa821edc399621853b57"),),
    "ml-latest-small": (GroupLens("ml-latest-small", None),),
    "ml-latest": (GroupLens("ml-latest", None),),
}
"""Where each named set is fetched from, in this order."""

NAMES = (*SOURCES, SYNTHETIC)
"""Data sets that `load` knows by name."""


def load(
    source: str | os.PathLike[str] | Frame | Iterable[Row],
    columns: Columns | Sequence[str | int] | None = None,
    scale: tuple[float, float] | None = None,
    *,
    ids: Literal["auto", "text"] = "auto",
    drop_ratings: Collection[float] = (),
    time_format: str | None = None,
    catalogue: bool = True,
    environ: Mapping[str, str] | None = None,
    cache_dir: Path | None = None,
    network: Network | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[RatingTable, Catalogue | None]:
    """Ratings and catalogue of a data set: by name (`synthetic` among them) or path, or from memory.

    Parameters
    ----------
    source : str, path, data frame, or iterable of Rating or of tuple
        A name or path as for `locate`. A data frame is pandas' or any that hands out its columns by Arrow's PyCapsule
        interface or the data frame interchange protocol (polars, pyarrow, …). Rows of an iterable, which may be a
        generator, are `(user, item, rating)` or `(user, item, rating, time)`.
    columns : Columns or sequence, optional
        Which columns hold user, item, rating and time: of a file as for `read_ratings`; of a data frame their labels,
        found by usual names (`user_id`, `movieId`, `stars`, `date`, …) when left out. A data frame needs no time.
    scale : tuple of float, optional
        As for `read_ratings`; of ratings from memory, the limits found when left out.
    environ : mapping, optional
        The environment in which a name is looked up, as for `locate`; that of the process when left out.
    cache_dir, network
        As for `locate`.
    ids : {"auto", "text"}
        As for `read_ratings`; from memory, `text` makes text of integers.
    drop_ratings : collection of float
        As for `read_ratings`: ratings to leave out, NaN for missing ones.
    time_format : str, optional
        As for `read_ratings`.
    catalogue : bool
        Whether the catalogue is read, where there is one.
    progress : callable, optional
        Called with bytes done and bytes in all, by the download and then by the reader.

    Returns
    -------
    table : RatingTable
        The name of a data set from memory is `in-memory`, its checksum that of its columns.
    catalogue : Catalogue or None
        None where the data set has none; from memory there is none.

    Raises
    ------
    DatasetError
        With what is wrong and what to do.

    Notes
    -----
    In memory, an id's type decides what it is, as on the wire: 7 is an integer, "7" is text. Text is stripped. Dates
    and times are in UTC where they have no zone; numbers and text are times as in a file. Without a time, the order of
    the rows stands for it, and the number of a row is its timestamp. A missing value is refused with its row.

    Examples
    --------
    >>> table, catalogue = load([("ann", "Heat", 5), ("bob", "Heat", 3), ("ann", "Casino", 4)], scale=(1, 5))
    >>> len(table), table.users.tolist(), catalogue
    (3, ['ann', 'bob', 'ann'], None)
    """
    if not isinstance(source, str | os.PathLike):
        from streamsvd.ratings.in_memory import read_memory  # here, so that the workers of an engine can do without

        chosen = None if columns is None else tuple(columns)
        return read_memory(source, chosen, scale, ids=ids, drop_ratings=drop_ratings, time_format=time_format), None
    if str(source) == SYNTHETIC:
        world = Synthetic()
        return world.table(), world.catalogue() if catalogue else None
    environ = os.environ if environ is None else environ
    path = locate(Path(source), environ=environ, cache_dir=cache_dir, network=network, progress=progress)
    named = columns if columns is None or isinstance(columns, Columns) else Columns.of(columns)
    table = read_ratings(
        path, named, scale, ids=ids, drop_ratings=drop_ratings, time_format=time_format, progress=progress
    )
    return table, read_catalogue(path) if catalogue else None


def find(name_or_path: str | Path, *, environ: Mapping[str, str], cache_dir: Path | None = None) -> Path | None:
    """Where a data set lies on this machine, without the network; None where it would have to be fetched.

    A file in the cache whose checksum is wrong does not count.

    Parameters
    ----------
    name_or_path, environ, cache_dir
        As for `locate`.
    """
    name = str(name_or_path)
    places = [Path(name).expanduser()]
    if name in SOURCES and environ.get("STREAMSVD_DATA"):
        data = Path(environ["STREAMSVD_DATA"]).expanduser()
        places += [data / name, data / f"{name}.zip", *([data] if data.stem == name else [])]
    found = next((place for place in places if is_there(place)), None)
    if found is None and name in SOURCES:
        cached = _cached(name, cache_dir)
        if cached.is_file() and any(source.is_intact(cached) for source in SOURCES[name]):
            return cached
    return found


def locate(
    name_or_path: str | Path,
    *,
    environ: Mapping[str, str],
    cache_dir: Path | None = None,
    network: Network | None = None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Path of a data set: a folder, a zip or a file that exists when this returns.

    Parameters
    ----------
    name_or_path : str or Path
        A path, `-` for standard input, or one of MovieLens' names such as `ml-latest-small`.
    environ : mapping
        The environment; `STREAMSVD_DATA` names a folder that holds data sets as folders or zips of their name.
    cache_dir : Path, optional
        Where downloads are kept; the user's cache folder when left out.
    network : Network, optional
        How long servers that do not answer are waited for, over all calls that share it.
    progress : callable, optional
        Called with bytes done and bytes in all while downloading; the second is 0 while unknown.

    Raises
    ------
    DatasetUnavailable
        When none of its sources gives it; with what each of them said.
    DatasetError
        When it is neither a path that exists nor a name.
    """
    found = find(name_or_path, environ=environ, cache_dir=cache_dir)
    if found is not None:
        return found
    name = str(name_or_path)
    if name == SYNTHETIC:
        raise DatasetError(f"{name}: this set is made, not read; take it from `load` or `Synthetic`")
    if name not in SOURCES:
        raise DatasetError(f"{name}: no such path, and no data set of that name; the names are {', '.join(NAMES)}")
    return fetch(name, _cached(name, cache_dir), network or Network(), progress)


def fetch(name: str, target: Path, network: Network, progress: ProgressCallback | None = None) -> Path:
    """Fetch a named set from the first of its sources that gives it, whole and checked.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    target : Path
        The file to write or replace; its folder is made.
    network, progress
        As for `locate`.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    DatasetUnavailable
        When none of them does; what was at `target` is still there.
    """
    attempts: list[Attempt] = []
    for source in SOURCES[name]:
        try:
            source.fetch(target, network, progress)
        except SourceFailed as failure:
            attempts.append(failure.attempt)
        else:
            return target
    raise DatasetUnavailable(name, attempts)


def _cached(name: str, cache_dir: Path | None) -> Path:
    if cache_dir is None:
        import platformdirs

        cache_dir = Path(platformdirs.user_cache_dir("streamsvd")) / "data"
    return cache_dir / f"{name}.zip"
