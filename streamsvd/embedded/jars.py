"""Apache Kafka's own jars, fetched once by the pure-Python Maven resolver jgo and kept in the user's cache.

jgo writes a jar under its final name while it downloads, and takes a half-built environment for a whole one.
Each fetch has a folder of its own, which gets its name only when it is complete: neither an interrupted first
start nor two at once leave anything broken behind.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from streamsvd.errors import ServiceError

KAFKA_VERSION = "4.1.1"
# Without the second one Kafka logs nothing; its "!" keeps its own list of versions from replacing Kafka's.
_ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!"


def jars_folder(cache: Path | None = None) -> Path:
    """Return the folder of Kafka's jars; it exists when they have been fetched."""
    return (cache or platformdirs.user_cache_path("streamsvd")) / f"kafka-{KAFKA_VERSION}"


def kafka_jars(cache: Path | None = None) -> list[Path]:
    """Return the jars of Kafka's class path, fetching them (44 MB) the first time.

    Parameters
    ----------
    cache
        Folder to keep them in; by default the user's cache folder.

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
            if not folder.is_dir():  # nobody else fetched them while we waited
                _fetch(folder)
    return sorted(folder.glob("*.jar"))


def _fetch(folder: Path) -> None:
    try:
        from jgo.env import EnvironmentBuilder
        from jgo.maven import MavenContext
    except ImportError:
        raise ServiceError(
            "Embedded Kafka needs the package jgo: `pip install 'streamsvd[embedded]'`, or set "
            "STREAMSVD_KAFKA to the address of a Kafka that runs already."
        ) from None
    logging.getLogger("jgo").setLevel(logging.ERROR)
    for left_over in folder.parent.glob(f"{folder.name}-*"):  # by a fetch that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as scratch:
        context = MavenContext(repo_cache=Path(scratch, "repository"), timeout=60)
        try:
            environment = EnvironmentBuilder(context, cache_dir=Path(scratch, "jgo")).from_endpoint(_ENDPOINT)
        except Exception as error:  # jgo has no error type of its own
            raise ServiceError(
                f"Kafka's jars could not be fetched into {folder} ({type(error).__name__}: {error}). The "
                "first start needs network access to Maven Central; later ones do not. Or set "
                "STREAMSVD_KAFKA to the address of a Kafka that runs already."
            ) from error
        whole = Path(scratch, "whole")
        whole.mkdir()
        for jar in environment.all_jars:
            if not zipfile.is_zipfile(jar):
                raise ServiceError(f"{jar.name} arrived damaged: start again to fetch Kafka's jars anew.")
            shutil.move(jar, whole / jar.name)
        whole.replace(folder)
