"""Data sets by name: found on this machine, or fetched and kept.

A name is looked for as a path, then in the folder that `STREAMSVD_DATA` names, then in the cache. What is not there
is fetched into the cache from the first of its sources that gives it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from streamsvd.errors import Attempt, DatasetError, DatasetUnavailable
from streamsvd.ratings.catalogue import Catalogue
from streamsvd.ratings.finding import is_there
from streamsvd.ratings.readers import read_catalogue, read_ratings
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.sources import GroupLens, Network, Progress, Source, SourceFailed, Wheel
from streamsvd.ratings.synthetic import Synthetic
from streamsvd.ratings.table import RatingTable

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
    name_or_path: str | Path,
    columns: Columns | None = None,
    scale: tuple[float, float] | None = None,
    *,
    ids: Literal["auto", "text"] = "auto",
    drop_ratings: Collection[float] = (),
    time_format: str | None = None,
    catalogue: bool = True,
    environ: Mapping[str, str],
    cache_dir: Path | None = None,
    network: Network | None = None,
    progress: Progress | None = None,
) -> tuple[RatingTable, Catalogue | None]:
    """Ratings and catalogue of a data set, by name (`synthetic` among them) or path.

    Parameters
    ----------
    name_or_path, environ, cache_dir, network
        As for `locate`.
    columns, scale, ids, drop_ratings, time_format
        As for `read_ratings`.
    catalogue : bool
        Whether the catalogue is read, where there is one.
    progress : callable, optional
        Called with bytes done and bytes in all, by the download and then by the reader.

    Raises
    ------
    DatasetError
        With what is wrong and what to do.
    """
    if str(name_or_path) == SYNTHETIC:
        world = Synthetic()
        return world.table(), world.catalogue() if catalogue else None
    path = locate(name_or_path, environ=environ, cache_dir=cache_dir, network=network, progress=progress)
    table = read_ratings(
        path, columns, scale, ids=ids, drop_ratings=drop_ratings, time_format=time_format, progress=progress
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
    progress: Progress | None = None,
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


def fetch(name: str, target: Path, network: Network, progress: Progress | None = None) -> Path:
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
