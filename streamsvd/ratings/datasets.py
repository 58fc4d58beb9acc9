"""Data sets by name: found on this machine, or fetched from GroupLens and kept.

A name is looked for as a path, then in the folder that `STREAMSVD_DATA` names, then in the cache, and then
downloaded into the cache. A download counts only once its checksum is right; until then it has another name.
"""

from __future__ import annotations

import hashlib
import http.client
import tempfile
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from streamsvd.errors import DatasetError
from streamsvd.ratings._layout import Columns
from streamsvd.ratings.catalogue import Catalogue
from streamsvd.ratings.movielens import Progress, read_catalogue, read_ratings
from streamsvd.ratings.synthetic import Synthetic
from streamsvd.ratings.table import RatingTable

BASE_URL = "https://files.grouplens.org/datasets/movielens"
SYNTHETIC = "synthetic"
TIMEOUT_SECONDS = 30.0

# MD5 of each zip as GroupLens publishes it beside the zip (<name>.zip.md5); these sets never change.
FIXED = {
    "ml-100k": "0e33842e24a9c977be4e0107933c0723",
    "ml-1m": "c4d9eecfca2ab87c1945afe126590906",
    "ml-10m": "ce571fd55effeba0271552578f2648bd",
    "ml-20m": "cd245b17a1ae2cc31bb14903e1204af3",
    "ml-25m": "6b51fb2759a8657d3bfcbfc42b592ada",
    "ml-32m": "d472be332d4daa821edc399621853b57",
}
CHANGING = ("ml-latest-small", "ml-latest")
"""Sets that GroupLens renews under the same name: what was fetched is recorded, not known beforehand."""

NAMES = (*FIXED, *CHANGING, SYNTHETIC)


def load(
    name_or_path: str | Path,
    columns: Columns | None = None,
    scale: tuple[float, float] | None = None,
    *,
    environ: Mapping[str, str],
    cache_dir: Path | None = None,
    base_url: str = BASE_URL,
    progress: Progress | None = None,
) -> tuple[RatingTable, Catalogue | None]:
    """Ratings and catalogue of a data set, by name (`synthetic` among them) or path.

    Parameters
    ----------
    name_or_path, environ, cache_dir, base_url
        As for `locate`.
    columns, scale
        As for `read_ratings`.
    progress : callable, optional
        Called with bytes done and bytes in all, by the download and then by the reader.

    Raises
    ------
    DatasetError
        With what is wrong and what to do.
    """
    if str(name_or_path) == SYNTHETIC:
        world = Synthetic()
        return world.table(), world.catalogue()
    path = locate(name_or_path, environ=environ, cache_dir=cache_dir, base_url=base_url, progress=progress)
    return read_ratings(path, columns, scale, progress=progress), read_catalogue(path)


def find(name_or_path: str | Path, *, environ: Mapping[str, str], cache_dir: Path | None = None) -> Path | None:
    """Where a data set lies on this machine, without the network; None where it would have to be fetched.

    Parameters
    ----------
    name_or_path, environ, cache_dir
        As for `locate`.
    """
    name = str(name_or_path)
    places = [Path(name).expanduser()]
    if name in FIXED or name in CHANGING:
        if environ.get("STREAMSVD_DATA"):
            data = Path(environ["STREAMSVD_DATA"]).expanduser()
            places += [data / name, data / f"{name}.zip", *([data] if data.stem == name else [])]
        places.append(_cache(cache_dir) / f"{name}.zip")
    return next((place for place in places if place.exists()), None)


def locate(
    name_or_path: str | Path,
    *,
    environ: Mapping[str, str],
    cache_dir: Path | None = None,
    base_url: str = BASE_URL,
    progress: Progress | None = None,
) -> Path:
    """Path of a data set: a folder, a zip or a file that exists when this returns.

    Parameters
    ----------
    name_or_path : str or Path
        A path, or one of MovieLens' names such as `ml-latest-small`.
    environ : mapping
        The environment; `STREAMSVD_DATA` names a folder that holds data sets as folders or zips of their name.
    cache_dir : Path, optional
        Where downloads are kept; the user's cache folder when left out.
    base_url : str
        Where they come from.
    progress : callable, optional
        Called with bytes done and bytes in all while downloading; the second is 0 while unknown.

    Raises
    ------
    DatasetError
        When it is neither a path that exists nor a name, or the download fails.
    """
    found = find(name_or_path, environ=environ, cache_dir=cache_dir)
    if found is not None:
        return found
    name = str(name_or_path)
    if name == SYNTHETIC:
        raise DatasetError(f"{name}: this set is made, not read; take it from `load` or `Synthetic`")
    if name not in FIXED and name not in CHANGING:
        raise DatasetError(f"{name}: no such path, and no data set of that name; the names are {', '.join(NAMES)}")
    return download(name, _cache(cache_dir), base_url=base_url, progress=progress)


def download(name: str, cache_dir: Path, *, base_url: str = BASE_URL, progress: Progress | None = None) -> Path:
    """Fetch a named set into the cache, whole and checked, or leave the cache as it was.

    The checksum of a fixed set must be the published one. For a set that changes, the SHA-256 of what came is written
    beside it (`recorded_sha256` reads it).

    Raises
    ------
    DatasetError
        When it cannot be fetched, came incomplete, or has another checksum.
    """
    url = f"{base_url}/{name}.zip"
    if not url.startswith(("https://", "http://")):
        raise DatasetError(f"{url}: only http and https are fetched; give the path of the file instead")
    target = cache_dir / f"{name}.zip"
    part: Path | None = None
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache_dir, prefix=f"{name}-", suffix=".part", delete=False) as file:
            part = Path(file.name)
            md5, sha256 = _fetch(url, file, progress)  # type: ignore[arg-type]
        if name in FIXED and md5 != FIXED[name]:
            raise DatasetError(
                f"{url}: the checksum is {md5}, the published one is {FIXED[name]}; try again later, "
                "or fetch the file yourself and give its path"
            )
        if not zipfile.is_zipfile(part):
            raise DatasetError(f"{url}: what came is not a zip; check the network (a sign-in page?) and try again")
        if name in CHANGING:
            _record(target).write_text(f"{sha256}  {target.name}\n")
        part.replace(target)
    except (OSError, http.client.HTTPException) as error:
        raise DatasetError(
            f"{url}: cannot be fetched ({error}); check the network, or give a path, or set STREAMSVD_DATA to a "
            f"folder that holds {name}"
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return target


def recorded_sha256(path: Path) -> str | None:
    """SHA-256 recorded when a set that changes was fetched to this path, None where none was."""
    record = _record(path)
    return record.read_text().split()[0] if record.is_file() else None


def _fetch(url: str, file: BinaryIO, progress: Progress | None) -> tuple[str, str]:
    """Copy the answer into the file; MD5 and SHA-256 of its bytes."""
    md5, sha256, done = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http(s) only, checked
        total = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(1 << 18):
            file.write(chunk)
            md5.update(chunk)
            sha256.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    if total and done != total:
        raise OSError(f"{done} of {total} bytes came")
    return md5.hexdigest(), sha256.hexdigest()


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _cache(cache_dir: Path | None) -> Path:
    if cache_dir is not None:
        return cache_dir
    import platformdirs

    return Path(platformdirs.user_cache_dir("streamsvd")) / "data"
