"""What every source of data sets does, and how a file comes into the cache: whole, checked, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from streamsvd.errors import Attempt
from streamsvd.ratings.sources.network import Network

ProgressCallback = Callable[[int, int], None]
"""Called with what is done (bytes, rows, steps) and with how much there is in all."""

PART = ".part"
ABANDONED_SECONDS = 3600.0
"""A partial file of this age belongs to a process that was killed."""

_CREDENTIALS = re.compile(r"//[^/@\s]+@")


class SourceFailed(Exception):
    """A source does not give a set.

    Attributes
    ----------
    attempt : Attempt
    """

    def __init__(self, source: str, reason: str, detail: str) -> None:
        super().__init__(f"{source} {reason}")
        self.attempt = Attempt(source, reason, _CREDENTIALS.sub("//…@", detail))


class Source(Protocol):
    """Something that has a named set."""

    @property
    def label(self) -> str:
        """Its name in messages."""

    def is_intact(self, path: Path) -> bool:
        """Whether the file is what this source gives, to the last byte."""

    def fetch(self, target: Path, network: Network, progress: ProgressCallback | None) -> None:
        """Put the set at `target`, whole and checked.

        Raises
        ------
        SourceFailed
            With the reason; the folder of `target` is as it was.
        """


@contextmanager
def part_folder(target: Path, label: str) -> Iterator[Path]:
    """A temporary folder next to `target` for an incomplete download; it is removed at the end in any case.

    Raises
    ------
    SourceFailed
        When the cache cannot be written, if possible before the network is asked.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f"{target.stem}-", suffix=PART))
    except OSError as error:
        raise SourceFailed(label, "is not asked: the cache cannot be written", str(error)) from error
    try:
        for old in target.parent.glob(f"*{PART}"):
            with contextlib.suppress(OSError):  # another process may finish at this moment
                if old.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                    shutil.rmtree(old)
        yield folder
    except OSError as error:  # what the network did wrong has been said by SourceFailed
        raise SourceFailed(label, "is given, but cannot be kept", f"{target}: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def digest(path: Path, algorithm: str) -> str:
    """Checksum of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def record_of(path: Path) -> Path:
    """The file next to a set in the cache that holds the SHA-256 of the download."""
    return path.with_name(f"{path.name}.sha256")


def recorded_sha256(path: Path) -> str | None:
    """SHA-256 recorded when a set that changes was fetched to this path, None where none was."""
    record = record_of(path)
    return record.read_text().split()[0] if record.is_file() else None
