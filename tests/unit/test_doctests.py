"""Every example in the docstrings of the packages, and in docs/python.md, runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

PACKAGES = ("streamsvd", "producer", "consumer", "model_store", "evaluation")


def modules() -> list[str]:
    """All modules of the packages; `__main__` would start the program."""
    names = list(PACKAGES)
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        names += [found.name for found in pkgutil.walk_packages(path, f"{package}.")]
    return [name for name in names if not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module)
    assert failed == 0


def test_the_page_on_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the page writes a file
    failed, tried = doctest.testfile(str(Path(__file__).parents[2] / "docs" / "python.md"), module_relative=False)
    assert failed == 0
    assert tried > 10


def test_there_are_examples() -> None:
    found = sum(
        len(test.examples) for name in modules() for test in doctest.DocTestFinder().find(importlib.import_module(name))
    )
    assert found > 40
