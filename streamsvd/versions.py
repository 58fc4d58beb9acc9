"""Versions of packages, for what is written with figures."""

from __future__ import annotations

import platform
from importlib import metadata


def package_versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of packages, by their names; "not installed" for one that is missing.

    Examples
    --------
    >>> list(package_versions("numpy")), package_versions("no-such-package")["no-such-package"]
    (['python', 'numpy'], 'not installed')
    """
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
