"""Apache Kafka's own jars, fetched once, several at a time, and kept in the user's cache.

Which they are, how large, and with which SHA-256, is written down in `kafka_jars.txt`: to find that out takes the Maven
resolver a quarter of a minute of work and 250 questions. `python -m streamsvd.embedded.jars` asks them again.

Each fetch has a folder of its own, which gets its name only when it is complete: neither an interrupted first start nor
two at once leave anything broken behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from streamsvd.errors import ServiceError

KAFKA_VERSION = "4.1.1"
"""Of the jars and of the container."""
_LIST = Path(__file__).with_name("kafka_jars.txt")
_AT_ONCE = 8
_TIMEOUT_SECONDS = 20.0
_PIECE = 1 << 16  # bytes

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all; what it raises ends the fetch."""


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar of Kafka's class path: its place in a Maven repository, its bytes, and their SHA-256."""

    place: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.place.rpartition("/")[2]


def listed_jars() -> list[Jar]:
    """What Kafka's class path consists of.

    >>> sum(jar.size for jar in listed_jars()) // 1_000_000
    44
    """
    lines = (line.split() for line in _LIST.read_text().splitlines())
    return [Jar(place, int(size), sha256) for place, size, sha256 in lines]


def jars_folder(cache: Path | None = None) -> Path:
    """Return the folder of Kafka's jars; it exists when they have been fetched."""
    return (cache or platformdirs.user_cache_path("streamsvd")) / f"kafka-{KAFKA_VERSION}"


def kafka_jars(cache: Path | None = None, *, progress: Progress | None = None) -> list[Path]:
    """Return the jars of Kafka's class path, fetching them (44 MB) the first time.

    Parameters
    ----------
    cache
        Folder to keep them in; by default the user's cache folder.
    progress
        Called with bytes done and bytes in all; from several threads, one at a time.

    Raises
    ------
    ServiceError
        When they are not in the cache and cannot be fetched.
    """
    folder = jars_folder(cache)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():  # no other process fetched them while we waited
                _fetch(folder, progress or (lambda _done, _total: None))
    return sorted(folder.glob("*.jar"))


def _fetch(folder: Path, progress: Progress) -> None:
    for left_over in folder.parent.glob(f"{folder.name}-*"):  # by a fetch that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as scratch:
        whole = Path(scratch, "whole")
        whole.mkdir()
        _fetch_all(listed_jars(), whole, folder, progress)
        whole.replace(folder)


def _fetch_all(jars: list[Jar], into: Path, folder: Path, progress: Progress) -> None:
    """Fetch jars side by side, the largest first; the first failure ends the others."""
    base, total = _repository(), sum(jar.size for jar in jars)
    import requests  # which jgo brings

    counting, done, ended = threading.Lock(), 0, threading.Event()

    def count(size: int) -> None:
        nonlocal done
        with counting:
            done += size
            progress(done, total)

    def fetch(jar: Jar) -> None:
        digest = hashlib.sha256()
        with (
            session.get(f"{base}/{jar.place}", stream=True, timeout=_TIMEOUT_SECONDS) as answer,
            (into / jar.name).open("wb") as file,
        ):
            answer.raise_for_status()
            for piece in answer.iter_content(_PIECE):
                if ended.is_set():
                    return
                file.write(piece)
                digest.update(piece)
                count(len(piece))
        if digest.hexdigest() != jar.sha256:
            raise ServiceError(f"{jar.name} arrived damaged: start again to fetch Kafka's jars again.")

    largest_first = sorted(jars, key=lambda jar: -jar.size)
    with requests.Session() as session, ThreadPoolExecutor(_AT_ONCE) as threads:
        waiting = [threads.submit(fetch, jar) for jar in largest_first]
        try:
            for one in waiting:
                one.result()
        except (requests.RequestException, OSError) as error:
            raise ServiceError(
                f"Kafka's jars could not be fetched into {folder} ({type(error).__name__}: {error}). The "
                "first start needs network access to Maven Central; later ones do not. Or set "
                "STREAMSVD_KAFKA to the address of a Kafka that runs already."
            ) from error
        finally:
            ended.set()
            threads.shutdown(cancel_futures=True)


def _repository() -> str:
    """Address of Maven Central, as jgo knows it."""
    try:
        from jgo.maven import MavenContext
    except ImportError:
        raise ServiceError(
            "Embedded Kafka needs the package jgo: `pip install 'streamsvd[embedded]'`, or set "
            "STREAMSVD_KAFKA to the address of a Kafka that runs already."
        ) from None
    return str(MavenContext().remote_repos["central"])


def resolve_jars() -> list[Jar]:
    """Ask Maven for the jars of `KAFKA_VERSION`, for a new list."""
    from jgo.env import EnvironmentBuilder
    from jgo.maven import MavenContext

    # Without the second one Kafka logs nothing; its "!" keeps its own list of versions from replacing Kafka's.
    endpoint = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!"
    with tempfile.TemporaryDirectory() as scratch:
        repository = Path(scratch, "repository")
        context = MavenContext(repo_cache=repository, timeout=60)
        environment = EnvironmentBuilder(context, cache_dir=Path(scratch, "jgo")).from_endpoint(endpoint)
        places = {path.name: path.relative_to(repository).as_posix() for path in repository.rglob("*.jar")}
        found = {path.name: path.read_bytes() for path in environment.all_jars}
    jars = [Jar(places[name], len(data), hashlib.sha256(data).hexdigest()) for name, data in found.items()]
    return sorted(jars, key=lambda jar: jar.place)


if __name__ == "__main__":
    sys.stdout.write("".join(f"{jar.place} {jar.size} {jar.sha256}\n" for jar in resolve_jars()))
