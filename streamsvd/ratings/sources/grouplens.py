"""GroupLens' own server, which has every MovieLens set as a zip."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from streamsvd.ratings.sources.network import Network, within
from streamsvd.ratings.sources.source import (
    ProgressCallback,
    SourceFailed,
    digest,
    part_folder,
    record_of,
    recorded_sha256,
)

BASE_URL = "https://files.grouplens.org/datasets/movielens"
STALL_SECONDS = 10.0
"""A transfer in which nothing comes for so long is given up."""
SHARE = 1 / 3
"""The part of the run's waiting time that this server gets; the rest is for the sources after it."""


@dataclass(frozen=True, slots=True)
class GroupLens:
    """The zip of one set.

    Attributes
    ----------
    name : str
        Of the set.
    md5 : str or None
        As published; None for a set that is renewed under the same name: then the download's checksum is recorded.
    base_url : str
    """

    name: str
    md5: str | None
    base_url: str = BASE_URL

    @property
    def label(self) -> str:
        """Its name in messages."""
        return "GroupLens"

    def is_intact(self, path: Path) -> bool:
        """Whether the file has the published checksum, or the one recorded when it came."""
        if self.md5 is not None:
            return digest(path, "md5") == self.md5
        return digest(path, "sha256") == recorded_sha256(path)

    def fetch(self, target: Path, network: Network, progress: ProgressCallback | None) -> None:
        """Put the zip at `target`; see `Source.fetch`."""
        url = f"{self.base_url}/{self.name}.zip"
        if not url.startswith(("https://", "http://")):
            raise self._failed("is not asked", f"{url}: only http and https are fetched")
        if self.label in network.silent:
            raise self._failed("does not answer", f"{url}: not asked again in this run")
        with part_folder(target, self.label) as folder:
            part = folder / target.name
            with self._ask(url, network) as answer, part.open("wb") as file:
                done, total = 0, int(answer.headers.get("Content-Length") or 0)
                while chunk := self._read(answer, url):
                    file.write(chunk)
                    done += len(chunk)
                    if progress is not None:
                        progress(done, total)
            if total and done != total:
                raise self._failed("breaks off", f"{url}: {done} of {total} bytes came")
            self._check(part, url)
            if self.md5 is None:
                record_of(target).write_text(f"{digest(part, 'sha256')}  {target.name}\n")
            part.replace(target)

    def _ask(self, url: str, network: Network) -> http.client.HTTPResponse:
        """The answer, of which the head is there and the body may still travel."""
        with network.waiting(SHARE) as seconds:
            try:
                return within(seconds, lambda: _open(url), lambda late: late.close())
            except urllib.error.HTTPError as error:
                error.close()
                raise self._failed(f"answers with status {error.code}", f"{url}: {error}") from error
            except (OSError, http.client.HTTPException) as error:
                network.silent.add(self.label)
                raise self._failed("does not answer", f"{url}: {error}") from error

    def _read(self, answer: http.client.HTTPResponse, url: str) -> bytes:
        try:
            return answer.read(1 << 18)
        except (OSError, http.client.HTTPException) as error:
            raise self._failed("breaks off", f"{url}: {error}") from error

    def _check(self, part: Path, url: str) -> None:
        if not zipfile.is_zipfile(part):
            raise self._failed("sends something else", f"{url}: the answer is no zip; a proxy, or a sign-in page?")
        if self.md5 is not None and (found := digest(part, "md5")) != self.md5:
            detail = f"{url}: the MD5 checksum is {found}, the published one is {self.md5}"
            raise self._failed("sends something else", detail)

    def _failed(self, reason: str, detail: str) -> SourceFailed:
        return SourceFailed(self.label, reason, detail)


def _open(url: str) -> http.client.HTTPResponse:
    return cast("http.client.HTTPResponse", urllib.request.urlopen(url, timeout=STALL_SECONDS))  # noqa: S310  http(s)
